package nightly

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/pipelines/workspace"
	"uoma/transforms/clerical"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
	"uoma/transforms/protect"
	"uoma/transforms/resolve"
)

// What people decide of two records takes effect on the first night after the one on whose list they decided, and on every
// night from then on, so that a night and its replay decide the same. Decisions name records by their tokens; the resolver
// is told the records that it knows tonight, those of new rows among them.

// ReviewRow is a pair of records that the last night was not sure of, by their tokens. A is the smaller token.
type ReviewRow struct {
	A           string `parquet:"record_a"`
	B           string `parquet:"record_b"`
	SystemA     string `parquet:"system_a,dict"`
	SystemB     string `parquet:"system_b,dict"`
	SizeA       int32  `parquet:"size_a"` // records in the cluster of A
	SizeB       int32  `parquet:"size_b"`
	MilliWeight int64  `parquet:"weight"` // log odds in thousandths of a bit
	Linked      int32  `parquet:"linked"` // 1 when the two are in one cluster
}

// Weight gives the log odds in bits that the two are one person.
func (r *ReviewRow) Weight() float64 { return float64(r.MilliWeight) / 1000 }

// Worth is what deciding the pair is worth; see [clerical.Worth].
func (r *ReviewRow) Worth() float64 {
	return clerical.Worth(r.Weight(), r.Linked == 1, int(r.SizeA), int(r.SizeB))
}

// Pair names the two records.
func (r *ReviewRow) Pair() clerical.Pair { return clerical.Pair{A: r.A, B: r.B} }

// milli gives thousandths, within what a weight can be.
func milli(weight float64) int64 {
	const most = 1e6
	return int64(math.Round(max(min(weight, most), -most) * 1000))
}

// reviewable gives tonight's pairs for people to look at, those worth most first. Pairs of erased people are not among
// them.
func (n *Night) reviewable() []ReviewRow {
	sizes, gone := map[string]int32{}, map[string]bool{}
	for i := range n.resolved.Records {
		sizes[n.resolved.Records[i].Subject]++
	}
	for _, id := range n.engine.Retired() {
		gone[id] = true
	}
	tokens := n.ws.InnerTokens() // as they are remembered in a file
	var out []ReviewRow
	for _, c := range n.resolved.Review {
		a, okA := n.resolved.Subject(c.A.System, c.A.PersonKey)
		b, okB := n.resolved.Subject(c.B.System, c.B.PersonKey)
		if !okA || !okB || gone[a] || gone[b] || !n.mayRemember(a, c.A.System, c.A.PersonKey) || !n.mayRemember(b, c.B.System, c.B.PersonKey) {
			continue
		}
		x := ReviewRow{A: protect.Record(tokens, c.A.System, c.A.PersonKey), B: protect.Record(tokens, c.B.System, c.B.PersonKey),
			SystemA: c.A.System, SystemB: c.B.System, SizeA: sizes[a], SizeB: sizes[b], MilliWeight: milli(c.Weight)}
		if a == b {
			x.Linked = 1
		}
		out = append(out, x)
	}
	arrange(out)
	return slices.CompactFunc(out, func(a, b ReviewRow) bool { return a.Pair() == b.Pair() })
}

// arrange puts the smaller token of each pair first, and the pairs in order.
func arrange(rows []ReviewRow) {
	for i := range rows {
		if x := &rows[i]; x.A > x.B {
			x.A, x.B, x.SystemA, x.SystemB, x.SizeA, x.SizeB = x.B, x.A, x.SystemB, x.SystemA, x.SizeB, x.SizeA
		}
	}
	slices.SortFunc(rows, func(a, b ReviewRow) int {
		return cmp.Or(cmp.Compare(b.Worth(), a.Worth()), a.Pair().Compare(b.Pair()))
	})
}

// LastNight gives the run that last loaded the register, "" when there was none.
func LastNight(ctx context.Context, q sqlx.QueryerContext, pipeline string) (string, error) {
	done, _, err := ledger.FindState(ctx, q, pipeline, stateVaultDone)
	return done.Digest, err
}

// dateOf gives the date in a run's id, or "" of none.
func dateOf(run string) string {
	const date = len("2006-01-02")
	if len(run) < date {
		return ""
	}
	return run[len(run)-date:]
}

// heed tells the resolver, which knows tonight's rows, what people decided on lists of nights before a date.
func (n *Night) heed(ctx context.Context, e *resolve.Engine, before string) error {
	all, err := ledger.Decisions(ctx, n.ws.RegisterDB)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(d ledger.Decision) bool { return dateOf(d.Run) >= before })
	apart, together := n.found(e, bookOf(all).Standing())
	e.Decide(apart, slices.Concat(together, n.references(e), mergesOf(e.Members())))
	return nil
}

// found gives the pairs of the resolver's records that people decided.
func (n *Night) found(e *resolve.Engine, standing []clerical.Decision) (apart, together []resolve.Pair) {
	if len(standing) == 0 {
		return nil, nil
	}
	wanted := map[string]bool{}
	for _, d := range standing {
		wanted[d.A], wanted[d.B] = true, true
	}
	keys := RecordsByToken(n.ws, e.Members(), wanted)
	for _, d := range standing {
		a, okA := keys[d.A]
		b, okB := keys[d.B]
		switch {
		case !okA || !okB:
		case d.Verdict == clerical.Same:
			together = append(together, resolve.Pair{A: a, B: b})
		case d.Verdict == clerical.Different:
			apart = append(apart, resolve.Pair{A: a, B: b})
		}
	}
	return apart, together
}

// references gives the records of feeds that name people by the key of another system, each with the record of that system.
func (n *Night) references(e *resolve.Engine) (pairs []resolve.Pair) {
	of := map[string]string{}
	n.each(func(_ *layout.Layout, f *layout.Feed) {
		if f.Person.Of != "" {
			of[f.FullName()] = f.Person.Of
		}
	})
	if len(of) == 0 {
		return nil
	}
	members := e.Members()
	for i := range members {
		if system, ok := of[members[i].Feed]; ok {
			k := members[i].RecordOf()
			pairs = append(pairs, resolve.Pair{A: k, B: resolve.Key{System: system, PersonKey: k.PersonKey}})
		}
	}
	return pairs
}

// bookOf gives the book of the ledger's decisions.
func bookOf(all []ledger.Decision) *clerical.Book {
	list := make([]clerical.Decision, len(all))
	for i, d := range all {
		list[i] = clerical.Decision{Number: d.Number, Pair: clerical.Pair{A: d.A, B: d.B}, Verdict: clerical.Verdict(d.Decision)}
	}
	return clerical.NewBook(list)
}

// RecordsByToken finds records by the tokens under which the register knows them, of all of them when wanted is nil. Each
// record's token is computed once.
func RecordsByToken(ws *workspace.Workspace, members []resolve.Member, wanted map[string]bool) map[string]resolve.Key {
	tokens, seen := ws.SourceTokens(), make(map[resolve.Key]bool, len(members))
	out := make(map[string]resolve.Key, len(wanted))
	for i := range members {
		k := members[i].RecordOf()
		if seen[k] {
			continue
		}
		seen[k] = true
		if t := protect.Record(tokens, k.System, k.PersonKey); wanted == nil || wanted[t] {
			out[t] = k
		}
	}
	return out
}

// copyDecisions gives a scratch workspace the decisions, by which its nights decide as the nights themselves did.
func copyDecisions(ctx context.Context, scratch, of *workspace.Workspace) error {
	all, err := ledger.Decisions(ctx, of.RegisterDB)
	if err != nil {
		return err
	}
	return scratch.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
		there, err := ledger.Decisions(ctx, tx)
		if err != nil || len(there) > 0 {
			return err
		}
		return ledger.AddDecisions(ctx, tx, all)
	})
}

// erasedBy stands where somebody would who made a decision that is left of an erased person's.
const erasedBy = "erasure"

// forgetReview removes what was decided and drawn of an erased person's records. One thing stays, stripped of who decided
// it, when and why: that a record of somebody else is not that person's. Without it the next export would join the two
// again, and the other would be withheld as the erased person. Like the marks of the suppression list it is a keyed token.
func forgetReview(ctx context.Context, tx *sqlx.Tx, records []string) error {
	all, err := ledger.Decisions(ctx, tx)
	if err != nil {
		return err
	}
	erased, runs := map[string]bool{}, map[int64]string{}
	for _, r := range records {
		erased[r] = true
	}
	for _, d := range all {
		runs[d.Number] = d.Run
	}
	var keep []ledger.Decision
	for _, d := range bookOf(all).Standing() {
		if d.Verdict == clerical.Different && erased[d.A] != erased[d.B] {
			keep = append(keep, ledger.Decision{A: d.A, B: d.B, Decision: string(d.Verdict), DecidedBy: erasedBy, Run: runs[d.Number]})
		}
	}
	if err := ledger.ForgetRecords(ctx, tx, records); err != nil {
		return err
	}
	return ledger.AddDecisions(ctx, tx, keep)
}

// spare takes out of an erased person's marks those that somebody bears who was found to be another person: by them the
// other would be withheld as well. The mark of each erased record's own key stays, as nobody else has it.
func (n *Night) spare(ctx context.Context, marks []erasures.Mark, records []string) ([]erasures.Mark, error) {
	all, err := ledger.Decisions(ctx, n.ws.RegisterDB)
	if err != nil {
		return nil, err
	}
	others := map[string]bool{}
	for _, d := range bookOf(all).Standing() {
		if a, b := slices.Contains(records, d.A), slices.Contains(records, d.B); d.Verdict == clerical.Different && a != b {
			others[d.A], others[d.B] = b, a
		}
	}
	if len(others) == 0 {
		return marks, nil
	}
	tokens, subjects := n.ws.SourceTokens(), map[string]bool{}
	for i := range n.resolved.Records {
		if x := &n.resolved.Records[i]; others[protect.Record(tokens, x.System, x.PersonKey)] {
			subjects[x.Subject] = true
		}
	}
	theirs, suppression := map[string]bool{}, n.ws.Suppression()
	for i := range n.resolved.Records {
		if !subjects[n.resolved.Records[i].Subject] {
			continue
		}
		for token := range borne(n.resolved, i, suppression) {
			theirs[token] = true
		}
	}
	return slices.DeleteFunc(marks, func(m erasures.Mark) bool { return theirs[m.Token] }), nil
}

// Reviewed is what the last night left for people to look at.
type Reviewed struct {
	Run     string           // of the night, "" when there was none
	Rows    []ReviewRow      // worth most first
	Members []resolve.Member // what the resolver remembers: personal data

	ws *workspace.Workspace
	// links is the digest of the resolver's table of linked records
	links string
}

// Links reads the table by which the last night linked records; nil when it left none.
func (r *Reviewed) Links() (*linkage.Standing, error) {
	if r.links == "" {
		return nil, nil
	}
	f, err := r.ws.State.OpenDigest(r.links, snapshot.Ext)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	links, _, err := resolve.ReadLinks(f.Reader())
	return links, err
}

// Recall reads what the last night left for people to look at.
func Recall(ctx context.Context, ws *workspace.Workspace, pipeline string) (out Reviewed, err error) {
	if out.Run, err = LastNight(ctx, ws.RegisterDB, pipeline); err != nil {
		return out, err
	}
	if out.Rows, err = recalled[ReviewRow](ctx, ws, pipeline, stateReview); err != nil {
		return out, err
	}
	for i := range out.Rows {
		x := &out.Rows[i]
		x.A, x.B = ws.Outer(workspace.IndexTokens, x.A), ws.Outer(workspace.IndexTokens, x.B)
	}
	arrange(out.Rows)
	links, _, err := ledger.FindState(ctx, ws.RegisterDB, pipeline, stateLinks)
	if err != nil {
		return out, err
	}
	out.ws, out.links = ws, links.Digest
	out.Members, err = recalled[resolve.Member](ctx, ws, pipeline, stateMembers)
	return out, err
}

func recalled[T any](ctx context.Context, ws *workspace.Workspace, pipeline, name string) ([]T, error) {
	last, found, err := ledger.FindState(ctx, ws.RegisterDB, pipeline, name)
	if err != nil || !found {
		return nil, err
	}
	return snapshot.ReadRows[T](ws.State, last.Digest)
}
