// Package review is the desk at which people look at records of which the resolver was not sure, and decide.
//
// [Open] reads what the last night left. [Desk.Lines] lists pairs, those worth most first; [Desk.Find] gives one that a
// person names; [Desk.Show] sets what its two records say side by side; [Desk.Look] notes who looked at values, before
// they are shown. [Desk.Decide] writes decisions, which later nights heed, and refuses those that contradict earlier ones;
// [Desk.Import] takes them from a sheet, and accounts for every row. [Desk.Draw] draws a sample of links, and
// [Desk.Estimate] says how many links are right, as far as the sample was reviewed.
//
// Nothing here changes who is who: the next night does. Who writes holds the nightly's lease. Clock and randomness are
// passed in.
package review

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/clerical"
	"uoma/transforms/resolve"
)

var (
	errNoNight = fault.New("UOMA-REV-NONE", "no night has left pairs to review", "run the nightly first")
	errNoPair  = fault.New("UOMA-REV-PAIR", "there is no such pair",
		"name it by its number in uoma review list, by s and its number in a sample, or by the tokens of two records with a colon between")
	errOtherList = fault.New("UOMA-REV-LIST", "the list is of another night than the one that was named, and its numbers mean other pairs",
		"list again, or name the pair by the tokens of its records")
)

// Desk is what is on the desk. It is read once and for one person.
type Desk struct {
	ws        *workspace.Workspace
	left      nightly.Reviewed
	decisions []ledger.Decision
	samples   []ledger.Sampled
	book      *clerical.Book
	listed    map[clerical.Pair]int // place in left.Rows
	known     *known                // once asked for
}

// known is what the resolver knows of the records. It holds personal data.
type known struct {
	keys     map[string]resolve.Key // by token
	subjects map[resolve.Key]string
	sizes    map[string]int // records by subject
}

// Open reads what the last night of a pipeline left, and what was decided since.
func Open(ctx context.Context, ws *workspace.Workspace, pipeline string) (*Desk, error) {
	d := &Desk{ws: ws, listed: map[clerical.Pair]int{}}
	var err error
	if d.left, err = nightly.Recall(ctx, ws, pipeline); err != nil {
		return nil, err
	}
	if d.left.Run == "" {
		return nil, errNoNight
	}
	for i := range d.left.Rows {
		d.listed[d.left.Rows[i].Pair()] = i
	}
	if d.decisions, err = ledger.Decisions(ctx, ws.RegisterDB); err != nil {
		return nil, err
	}
	if d.samples, err = ledger.Samples(ctx, ws.RegisterDB); err != nil {
		return nil, err
	}
	d.book = clerical.NewBook(nil)
	for i := range d.decisions {
		d.book.Add(decision(&d.decisions[i]))
	}
	return d, nil
}

func decision(d *ledger.Decision) clerical.Decision {
	return clerical.Decision{Number: d.Number, Pair: clerical.Pair{A: d.A, B: d.B}, Verdict: clerical.Verdict(d.Decision)}
}

// Run gives the run that left the list.
func (d *Desk) Run() string { return d.left.Run }

// Expect fails when the list is not the one of a run; "" expects nothing.
func (d *Desk) Expect(run string) error {
	if run != "" && run != d.left.Run {
		return errOtherList
	}
	return nil
}

// Decisions gives all decisions in the order in which they were made.
func (d *Desk) Decisions() []ledger.Decision { return d.decisions }

// know finds the records that the resolver knows.
func (d *Desk) know() *known {
	if d.known != nil {
		return d.known
	}
	k := &known{keys: nightly.RecordsByToken(d.ws, d.left.Members, nil), subjects: map[resolve.Key]string{}, sizes: map[string]int{}}
	for i := range d.left.Members {
		m := &d.left.Members[i]
		if of := m.RecordOf(); k.subjects[of] == "" {
			k.subjects[of] = m.Subject
			k.sizes[m.Subject]++
		}
	}
	d.known = k
	return k
}

// Filter says which pairs are listed.
type Filter struct {
	Systems [2]string // of the two records, in any order; "" is any
	Linked  *bool     // in one cluster, or not; nil is both
	Why     string    // see [clerical.Why]; "" is any
	Least   float64   // probability
	Most    float64   // 0 is 1
	Decided bool      // also pairs that somebody has decided
}

func (f *Filter) takes(l *clerical.Line) bool {
	p := clerical.Probability(l.Weight)
	switch {
	case !f.Decided && l.Verdict != "", f.Linked != nil && *f.Linked != l.Linked, f.Why != "" && f.Why != l.Why:
		return false
	case p < f.Least || f.Most > 0 && p > f.Most:
		return false
	}
	within := func(a, b string) bool { return (a == "" || a == l.SystemA) && (b == "" || b == l.SystemB) }
	return within(f.Systems[0], f.Systems[1]) || within(f.Systems[1], f.Systems[0])
}

// Lines gives the pairs that a filter takes, those worth most first, each under its number in the whole list.
func (d *Desk) Lines(f Filter) []clerical.Line {
	out := []clerical.Line{}
	for i := range d.left.Rows {
		if l := d.line(i); f.takes(&l) {
			out = append(out, l)
		}
	}
	return out
}

// Worth gives what deciding a listed pair is worth, 0 of others.
func (d *Desk) Worth(p clerical.Pair) float64 {
	i, ok := d.listed[p]
	if !ok {
		return 0
	}
	return d.left.Rows[i].Worth()
}

func (d *Desk) line(i int) clerical.Line {
	r := &d.left.Rows[i]
	l := clerical.Line{Ref: strconv.Itoa(i + 1), Pair: r.Pair(), SystemA: r.SystemA, SystemB: r.SystemB, Weight: r.Weight(), Known: true,
		SizeA: int(r.SizeA), SizeB: int(r.SizeB), Linked: r.Linked == 1, Why: clerical.Why(r.Weight(), r.Linked == 1)}
	d.judge(&l)
	return l
}

// judge fills in what was decided.
func (d *Desk) judge(l *clerical.Line) {
	x, ok := d.book.Of(l.Pair)
	if !ok {
		return
	}
	l.Verdict = x.Verdict
	for _, of := range d.decisions {
		if of.Number == x.Number {
			l.DecidedWith = of.Reason
		}
	}
}

// Find gives the pair that a person names: 17, s3 of a sample, or TOKEN:TOKEN.
func (d *Desk) Find(ref string) (clerical.Line, error) {
	if n, err := strconv.Atoi(ref); err == nil {
		if n < 1 || n > len(d.left.Rows) {
			return clerical.Line{}, errNoPair
		}
		return d.line(n - 1), nil
	}
	if rest, ok := strings.CutPrefix(ref, "s"); ok {
		if n, err := strconv.ParseInt(rest, 10, 64); err == nil {
			return d.sampled(n)
		}
	}
	a, b, ok := strings.Cut(ref, ":")
	if !ok || a == b {
		return clerical.Line{}, errNoPair
	}
	return d.pair(clerical.NewPair(a, b), clerical.NewPair(a, b).A+":"+clerical.NewPair(a, b).B)
}

func (d *Desk) sampled(number int64) (clerical.Line, error) {
	for _, s := range d.samples {
		if s.Number == number {
			return d.pair(clerical.Pair{A: s.A, B: s.B}, sampleRef(number))
		}
	}
	return clerical.Line{}, errNoPair
}

func sampleRef(number int64) string { return "s" + strconv.FormatInt(number, 10) }

// pair describes a pair of records that the resolver knows, whether it is listed or not.
func (d *Desk) pair(p clerical.Pair, ref string) (clerical.Line, error) {
	if i, ok := d.listed[p]; ok {
		l := d.line(i)
		l.Ref = ref
		return l, nil
	}
	k := d.know()
	a, okA := k.keys[p.A]
	b, okB := k.keys[p.B]
	if !okA || !okB {
		return clerical.Line{}, errNoPair
	}
	l := clerical.Line{Ref: ref, Pair: p, SystemA: a.System, SystemB: b.System, SizeA: k.sizes[k.subjects[a]], SizeB: k.sizes[k.subjects[b]],
		Linked: k.subjects[a] == k.subjects[b]}
	d.judge(&l)
	return l, nil
}

// Look notes that somebody looks at the values of a pair, in the book of looks and in the audit log, where actor stands.
// Values are shown only when it has returned.
func (d *Desk) Look(ctx context.Context, l *clerical.Line, a ledger.Access, actor string) error {
	if err := clerical.CheckReason(a.Reason, clerical.Purposes()); err != nil || a.Reason == "" {
		return errPurpose
	}
	if err := CheckWho(a.SeenBy); err != nil {
		return err
	}
	a.A, a.B = l.Pair.A, l.Pair.B
	return d.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		if err := ledger.AddAccess(ctx, tx, a); err != nil {
			return err
		}
		for _, record := range []string{a.A, a.B} {
			e := ledger.Entry{At: a.SeenAt, Actor: actor, Verb: ledger.ReviewValues, Subject: record, Reason: a.Reason, Run: d.Run()}
			if err := d.ws.Audit.Append(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

var errPurpose = fault.New("UOMA-REV-PURPOSE", "values are shown for a reason of the list alone",
	"add --reason with a code that uoma review show --help lists; the look is written down under it")

// rowsOf gives the resolver's rows of some records.
func (d *Desk) rowsOf(of ...resolve.Key) []resolve.Member {
	var out []resolve.Member
	for i := range d.left.Members {
		if slices.Contains(of, d.left.Members[i].RecordOf()) {
			out = append(out, d.left.Members[i])
		}
	}
	return out
}
