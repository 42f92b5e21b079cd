package outgoing

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/outfile"
	"uoma/connectors/register"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/anonymous"
	"uoma/transforms/golden"
	"uoma/transforms/policy"
	"uoma/transforms/target"
)

var (
	errMoved     = fault.New("UOMA-OUT-MOVED", "a nightly run began while people were selected", "run again when it has finished")
	errAnonymous = fault.New("UOMA-OUT-ANONYMOUS", "the notice lets the recipient have anonymous data alone, and the target's rows are about people", "let its rows be counts of people ({people}), or ask the controller for an entry of the notice")
	errTransport = fault.New("UOMA-OUT-TRANSPORT", "the notice wants an encrypted transport, and the file is not sealed", "seal it (seal: age), lay it at a server (url:), or say under targets: in uoma.yaml that what fetches it from the folder is encrypted (transport: encrypted)")
	errEmpty     = fault.New("UOMA-OUT-EMPTY", "nobody would be in the file", "a recipient may take an empty file for everybody's end, so that none is sent; the run with --dry-run says who is left out and why")
)

// choice is who goes out, at one moment.
type choice struct {
	gate     survey.Gate
	cut      time.Time // words recorded up to here were heard
	records  []*record
	people   int64
	eligible int64
	withheld map[Withheld]int64
	rows     map[string]int64 // left out of people who are in the file, by reason
	lacking  map[string]int64 // incomplete rows, by what they lack
	closed   []Closed
	formulas int64
	unknown  int64
	lines    []int64
	orders   *OrderFacts            // of a target of orders
	book     []ledger.DeletionOrder // of it: what has to stand in the ledger before the file is seen
	digest   string                 // of everything that goes out
}

// Reasons why somebody is left out that no policy gives.
const (
	incomplete = "incomplete" // something is missing without which there is no row
	ambiguous  = "ambiguous"  // several people are known by what the recipient asks for
	unwritable = "unwritable" // a character is not of the file's encoding
	few        = "few"        // of a file of counts: in no group that is large enough to be told
)

// lost counts rows that cannot be written of somebody of whom others are.
func (c *choice) lost(reason string, n int64) { c.rows[reason] += n }

// account lists the counts by reason and clause.
func (c *choice) account() []Withheld {
	out := []Withheld{}
	for w, n := range c.withheld {
		w.N = n
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b Withheld) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Clause, b.Clause))
	})
	return out
}

// chooser makes a choice.
type chooser struct {
	f      *File
	c      *choice
	at     canon.Date
	crowd  *policy.Crowd
	loader *policy.Loader
	frame  *frame
	asked  *askedList // nil where the target has none
	blocks []target.Block
	merge  *golden.Merger
	form   outfile.Form
	points []string                        // tables of contact points that the file takes from
	gives  func(table, column string) bool // the disclosure lets the column go
	counts *policy.Disclosure              // of a recipient who has anonymous data alone

	answers map[question]policy.Answers
	closed  map[question]bool          // to whomever: what goes of nobody
	back    string                     // until when the recipient may keep the file
	called  func(person string) string // pseudonyms, where the file has any
	random  bool                       // they are
}

// question is what is asked once for all people: whether a category may go to a recipient, of what was given for an event.
type question struct{ recipient, category, given string }

// choose works the rows out as the stores stand now.
func (f *File) choose(ctx context.Context, r *pipelines.Run) (*choice, error) {
	if err := workspace.EventOf(f.pack, f.t); err != nil {
		return nil, err
	}
	if f.t.Orders != nil {
		return f.chooseOrders(ctx, r)
	}
	c := &choice{cut: r.Now().UTC().Truncate(time.Microsecond), withheld: map[Withheld]int64{}, rows: map[string]int64{}, lacking: map[string]int64{}, closed: []Closed{}}
	h := &chooser{f: f, c: c, at: survey.AsOf(r), blocks: f.t.Blocks(), form: f.form(), answers: map[question]policy.Answers{}, closed: map[question]bool{}}
	var err error
	if c.gate, err = survey.CheckGate(ctx, f.ws); err != nil {
		return nil, err
	}
	if f.t.Asked != nil {
		if h.asked, err = f.readAsked(ctx, r.Date); err != nil {
			return nil, err
		}
	}
	err = f.ws.Register.See(ctx, func(v *register.View) error {
		h.frame, err = f.see(ctx, v, h.at)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := h.prepare(r); err != nil {
		return nil, err
	}
	if err := f.step("vault"); err != nil {
		return nil, err
	}
	if err := h.people(ctx, r.Dry); err != nil {
		return nil, err
	}
	// The vault is another store than the register: a night that began in between could have changed it alone.
	if again, err := survey.CheckGate(ctx, f.ws); err != nil || again != c.gate {
		return nil, errMoved.Wrap(err)
	}
	h.finish()
	c.digest, err = f.digest(c)
	return c, err
}

func (h *chooser) prepare(r *pipelines.Run) error {
	f := h.f
	h.loader = f.pack.Loader(h.at)
	h.gives = func(string, string) bool { return true } // the controller's own system
	if d, ok := f.pack.Disclosure(f.t.Recipient, f.t.Purpose); ok && f.t.Recipient != "" {
		if err := f.terms(d); err != nil {
			return err
		}
		h.gives = d.Sends
		if d.Form == "anonymous" {
			h.counts = d
		}
		if d.Form == "pseudonymous" {
			h.gives = func(table, column string) bool { return d.Sends(table, column) && !target.Names(table, column) }
		}
	}
	rules, ok := golden.Shipped(f.pack.ID)
	if !ok {
		rules, _ = golden.Shipped("default")
	}
	if len(f.t.From) > 0 {
		for _, field := range []string{"person", "email", "phone", "address"} {
			rules = rules.Prefer(field, f.t.From...)
		}
	}
	h.merge = golden.New(rules, 0)
	for _, table := range []string{"email", "phone", "address"} {
		if slices.Contains(f.t.Tables(), table) {
			h.points = append(h.points, table)
		}
	}
	if day, ok := f.t.ReturnBy(r.Date); ok {
		h.back = day.String()
	}
	h.crowd = f.pack.Crowd(h.at, len(h.frame.people))
	for n, person := range slices.Sorted(maps.Keys(h.frame.people)) {
		h.frame.people[person].number = n
	}
	return nil
}

// terms holds the target to how the notice lets the recipient have the data.
func (f *File) terms(d *policy.Disclosure) error {
	place := fault.Place{Field: f.t.Name}
	switch {
	case d.Form == "anonymous" && !f.t.Counted():
		return errAnonymous.At(place)
	case d.Transport == "encrypted" && !f.t.Sealed() && !f.ws.Settings.Targets[f.t.Name].OverEncrypted():
		return errTransport.At(place)
	}
	return nil
}

// query asks about the target's use of a category.
func (f *File) query(at canon.Date) policy.Query {
	channel, _ := policy.ParseChannel(f.t.Channel)
	return policy.Query{Purpose: f.t.Purpose, Recipient: f.t.Recipient, Channel: channel, Event: f.event(), IncludeProtected: f.t.Protected == "include", At: at}
}

// event names the event that the file is for.
func (f *File) event() string {
	if f.t.Event == nil {
		return ""
	}
	return f.t.Event.System + "/" + f.t.Event.Key
}

// may tells whether data that a source row gave of a table may go of somebody, and what was asked. Where the recipient has
// anonymous data alone, what is counted stays here: it may be used for the purpose, and what the notice lets go is the count.
func (h *chooser) may(w *who, feed, sourceKey, table string) (policy.Decision, question) {
	l := h.loader.Table(feed, table)
	about := question{category: l.Category, given: h.frame.given[sourceKey]}
	if !l.Allow {
		return policy.Decision{Clause: l.Clause, Reason: "the notice does not cover it"}, about
	}
	if h.counts == nil {
		return h.decide(w, about, h.f.t.Recipient), about
	}
	answers := []policy.Decision{h.decide(w, about, "")}
	for _, made := range h.counts.Categories {
		answers = append(answers, h.decide(w, question{category: made, given: about.given}, h.f.t.Recipient))
	}
	return policy.Meet(answers...), about
}

// decide asks whether data may be used of somebody, or sent to the recipient; each question once for all people.
func (h *chooser) decide(w *who, about question, recipient string) policy.Decision {
	key := about
	key.recipient = recipient
	a, known := h.answers[key]
	if !known {
		q := h.f.query(h.at)
		q.Category, q.Recipient, q.GivenFor = about.category, recipient, about.given
		c := h.f.pack.Case(q)
		a = c.DecideAll(h.crowd)
		_, closed := c.Closed()
		h.answers[key], h.closed[about] = a, h.closed[about] || closed
	}
	return a.At(w.number)
}

// people opens the vault for the people of the frame, and makes the rows of each.
func (h *chooser) people(ctx context.Context, dry bool) error {
	ws := h.f.ws
	persons := ws.Persons()
	list, err := ws.Vault.Suppressed(ctx)
	if err != nil {
		return err
	}
	subjects, last := map[string]*who{}, ""
	for e, err := range ws.Vault.Open(ctx, nil, 0) {
		if err != nil {
			return err
		}
		if e.Subject != last {
			last = e.Subject
			if w := h.frame.people[workspace.PersonOf(persons, e.Subject)]; w != nil {
				subjects[e.Subject] = w
			}
		}
	}
	// Erasures have to be known before anybody is decided, as the crowd is decided at once.
	marks := ws.Suppression()
	order := slices.Sorted(maps.Keys(subjects))
	if len(list) > 0 && len(order) > 0 {
		for e, err := range ws.Vault.Open(ctx, order, vault.Everything) {
			if err != nil {
				return err
			}
			institution := "" // of a row that the file does not take, which tells as well who somebody is
			if row := h.frame.person[e.SourceKey]; row != nil {
				institution = row.cells["institution_code"]
			}
			if survey.Erased(&e, institution, list, marks) {
				subjects[e.Subject].facts.Suppressed = true
			}
		}
	}
	for _, person := range slices.Sorted(maps.Keys(h.frame.people)) {
		h.crowd.Add(h.frame.people[person].facts)
	}
	if err := h.name(ctx, dry); err != nil {
		return err
	}
	if len(order) == 0 {
		return nil
	}
	var entries []vault.Entry // of the subject at hand
	for e, err := range ws.Vault.Open(ctx, order, vault.Everything) {
		if err != nil {
			return err
		}
		if len(entries) > 0 && entries[0].Subject != e.Subject {
			h.one(subjects[entries[0].Subject], entries)
			entries = entries[:0]
		}
		entries = append(entries, e)
	}
	h.one(subjects[entries[0].Subject], entries)
	return nil
}

// name gives pseudonyms, where the file has any, to those who are not erased: a random one is written down when it is drawn.
func (h *chooser) name(ctx context.Context, dry bool) (err error) {
	if !h.f.t.Pseudonymous() {
		return nil
	}
	var persons []string
	for person, w := range h.frame.people {
		if !w.facts.Suppressed {
			persons = append(persons, person)
		}
	}
	h.random = h.f.ws.Settings.Random(h.f.domain())
	h.called, err = survey.Called(ctx, h.f.ws, h.f.chain(), persons, dry)
	return err
}

// one decides about somebody, and makes their rows.
func (h *chooser) one(w *who, entries []vault.Entry) {
	k := h.known(w, entries)
	asked := []*askedRow{nil}
	if h.asked != nil {
		if asked = h.asked.of(k.own); len(asked) == 0 {
			return // the recipient does not ask for them
		}
		for _, a := range asked {
			a.people[w.person] = true
		}
	}
	h.c.eligible++
	if !k.base {
		h.withhold(k.refusals)
		return
	}
	made, why := 0, incomplete
	lost := map[string]int64{}
	for _, a := range asked {
		for _, x := range h.rowsOf(w, h.blocks[0].Each) {
			rec, reason := h.record(w, k, x, a)
			if rec == nil {
				why = reason
				lost[reason]++
				continue
			}
			h.c.records = append(h.c.records, rec)
			made++
		}
	}
	if made == 0 {
		h.c.withheld[Withheld{Reason: why, Clause: k.clause}]++
		return
	}
	h.c.people++
	for reason, n := range lost {
		h.c.lost(reason, n)
	}
}

// withhold counts somebody whom the policy does not let go: by the refusal of what it lets go of others, where there is any.
func (h *chooser) withhold(refusals []refusal) {
	var why refusal
	for _, r := range refusals {
		if why.Reason == "" || h.closed[why.about] && !h.closed[r.about] {
			why = r
		}
	}
	h.c.withheld[Withheld{Reason: cmp.Or(why.Reason, incomplete), Clause: why.Clause}]++
}

// finish puts the rows in their order, and tells what nobody gets.
func (h *chooser) finish() {
	if h.asked != nil {
		h.answer()
	}
	if h.f.t.InTable() {
		h.apart()
	}
	if h.f.t.Counted() {
		h.count()
	}
	slices.SortFunc(h.c.records, func(a, b *record) int {
		return cmp.Or(cmp.Compare(a.sortKey, b.sortKey), cmp.Compare(a.included.Person, b.included.Person))
	})
	for i := range h.blocks {
		b := &h.blocks[i]
		for _, c := range b.Columns {
			for _, from := range c.From {
				f, _ := target.ParseField(from)
				if clause, closed := h.shut(f); closed {
					h.c.closed = append(h.c.closed, Closed{from, clause})
				}
			}
		}
	}
	slices.SortFunc(h.c.closed, func(a, b Closed) int { return cmp.Compare(a.Column, b.Column) })
	h.c.closed = slices.Compact(h.c.closed)
}

// count makes of people's rows those that leave: how many people there are of whom the same is said. No person stands in them.
func (h *chooser) count() {
	at := slices.IndexFunc(h.f.t.Columns, func(c target.Column) bool { return c.Value == target.People })
	var groups anonymous.Groups
	for _, rec := range h.c.records {
		groups.Add(slices.Delete(rec.cells, at, at+1), rec.included.Person)
	}
	least, clause := 0, ""
	if h.counts != nil {
		least, clause = h.counts.Least, h.counts.Clause[0]
	}
	told, left := groups.Told(least)
	h.c.records, h.c.formulas = nil, 0
	for _, g := range told {
		for _, text := range g.Cells {
			if outfile.Formula(text) {
				h.c.formulas++
			}
		}
		rec := &record{cells: slices.Insert(g.Cells, at, strconv.FormatInt(g.People, 10))}
		rec.sortKey = rec.text()
		h.c.records = append(h.c.records, rec)
	}
	if left > 0 {
		h.c.people -= left
		h.c.withheld[Withheld{Reason: few, Clause: clause}] += left
	}
}

// shut tells whether the notice keeps a column from everybody's file.
func (h *chooser) shut(f target.Field) (clause string, shut bool) {
	if clause, store, _ := h.loader.Column(f.Table, f.Column); !store {
		return clause, true
	}
	if d, ok := h.f.pack.Disclosure(h.f.t.Recipient, h.f.t.Purpose); ok && !h.gives(f.Table, f.Column) {
		return d.Clause[0], true
	}
	return "", false
}
