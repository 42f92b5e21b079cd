package nightly

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/transforms/policy"
)

var (
	errApplyDate = fault.New("UOMA-RET-DATE", "retention is applied for a day that is over: not before the last night, and not for a day to come",
		"name the date of the last night, or a later one up to today")
	errShare = fault.New("UOMA-RET-SHARE", "the due actions are about more of the people in the register than one person may let go alone, so a second person must have looked",
		"have somebody else look at uoma retention plan, and name them with --approved-by; retention.share of uoma.yaml is the share")
	errSamePerson = fault.New("UOMA-RET-PERSON", "whoever applies retention cannot approve it",
		"name another person with --approved-by; the one who applies is the user of the machine, or --by")
)

// Order says who lets retention be applied.
type Order struct {
	By         string // who applies it
	Login      string // the user of the machine, who may have another name
	ApprovedBy string // the second person, "" when nobody was asked
	Plan       string // the digest of the plan that they looked at, where no operators are named who say so themselves
	Dry        bool   // only say what would be done
}

// Applied says what applying retention did, in counts.
type Applied struct {
	Run        string         `json:"run"`
	Date       string         `json:"date"`
	Policy     string         `json:"policy"`
	Signer     string         `json:"policy_signer,omitempty"`
	Plan       string         `json:"plan"` // digest of what is carried out
	By         string         `json:"by"`
	ApprovedBy string         `json:"approved_by,omitempty"`
	People     int            `json:"people"`  // persons of the register
	Touched    int            `json:"touched"` // of them, those of whom something goes
	Actions    map[string]int `json:"actions"` // source rows and categories by action
	Clauses    map[string]int `json:"clauses"`
	Held       int            `json:"held"`    // kept by a hold
	Reviews    int            `json:"reviews"` // waiting for somebody to look
	Rows       int64          `json:"register_rows"`
	Entries    int64          `json:"vault_entries"`
	Counts     int            `json:"anonymous_counts"`
	Snapshots  int            `json:"snapshots"` // raw data whose own time is over
}

// ApplyRetention carries out what is due on the run's date. Every action is worked out anew from the register as it stands; holds
// win, also one that is written while this is at work; a review is never carried out, as it asks a person
// ([Night.ReviewRetention]). More than a small share of the people needs a second person, who looked at the very plan that is
// carried out. The caller holds the pipeline's lease.
//
// What people said against a use goes under their marks first, then the vault, then register, lapses and state in one
// transaction: killed anywhere, a repetition ends the same, as what the register still has is due again.
func (n *Night) ApplyRetention(ctx context.Context, r *pipelines.Run, pipeline string, o Order) (out Applied, err error) {
	of := *r
	of.Pipeline = pipeline
	if err := n.mayApply(ctx, r, &of); err != nil {
		return out, err
	}
	a := &applying{n: n, r: r, of: &of, loader: n.pack.Loader(r.Date)}
	out = Applied{Run: r.ID(), Date: r.Date.String(), Policy: n.pack.ID + " " + n.pack.Version, By: o.By, ApprovedBy: o.ApprovedBy,
		Actions: map[string]int{}, Clauses: map[string]int{}}
	if err := a.work(ctx, &out); err != nil {
		return out, err
	}
	if o.Dry {
		return out, o.seen(ctx, n.ws.RegisterDB, n, r, &out)
	}
	if err := o.allows(&out, n.ws.Settings.Retention.Share); err != nil {
		return out, err
	}
	if len(a.due) > 0 {
		run, err := a.begin(ctx, o, &out)
		if err != nil {
			return out, err
		}
		if err := a.carryOut(ctx, run, &out); err != nil {
			return out, err
		}
	}
	if err := a.step("scrub", func() error { return n.scrub(ctx) }); err != nil {
		return out, err
	}
	return out, a.step("files", func() error {
		out.Snapshots, err = n.sweepRaw(ctx, r.Date, pipeline)
		return err
	})
}

// mayApply refuses a date on which the register does not stand: an older one would not know of what came since, a later
// one would let go of what may still be wanted.
func (n *Night) mayApply(ctx context.Context, r, of *pipelines.Run) error {
	last, err := LastNight(ctx, n.ws.RegisterDB, of.Pipeline)
	if err != nil {
		return err
	}
	date, today := r.Date.String(), canon.DateOf(r.Now().In(n.ws.Settings.Location))
	if date < dateOf(last) || r.Date > today && date != dateOf(last) {
		return errApplyDate.At(fault.Place{Field: r.Date.String()})
	}
	return nil
}

// allows refuses too much for one person: more than a share of the register's persons, in percent.
func (o Order) allows(out *Applied, share float64) error {
	is := func(other string) bool {
		return strings.EqualFold(strings.TrimSpace(o.ApprovedBy), strings.TrimSpace(other))
	}
	switch {
	case o.ApprovedBy != "" && (is(o.By) || is(o.Login)):
		return errSamePerson
	case o.ApprovedBy == "" && float64(out.Touched)*100 > float64(out.People)*share:
		return errShare
	}
	return nil
}

// applying is the state of one application.
type applying struct {
	n      *Night
	r, of  *pipelines.Run
	loader *policy.Loader
	g      *governing
	due    policy.Plan // what is carried out
	later  policy.Plan // what is due and is not: reviews
	parts  []register.Part
	gone   map[string]map[string]bool // categories that go, by source row
	shreds []string                   // source rows of persons whose key goes
	kept   []register.KeptWord        // words that outlive the rows which say them
}

// step runs a step under a name: where a run can be cut short and taken up again.
func (a *applying) step(name string, f func() error) error {
	start := a.r.Now()
	a.r.Progress.Begin(name)
	if err := f(); err != nil {
		return err
	}
	a.r.Progress.End(name, a.r.Now().Sub(start))
	return nil
}

// work finds out what is due.
func (a *applying) work(ctx context.Context, out *Applied) error {
	g, err := evaluate(ctx, a.n.ws, a.n.pack, a.r.Date)
	if err != nil {
		return err
	}
	plan := g.plan()
	out.Plan, out.Signer = plan.Digest(), a.n.pack.SignedBy
	a.take(g, plan, out)
	return nil
}

// take sorts what is due.
func (a *applying) take(g *governing, plan policy.Plan, out *Applied) {
	a.g, a.due, a.later, a.parts, a.gone = g, nil, nil, nil, map[string]map[string]bool{}
	out.Held, out.Reviews = 0, 0
	clear(out.Actions)
	clear(out.Clauses)
	touched := map[string]bool{}
	for _, d := range plan {
		switch {
		case d.Hold != "":
			out.Held++
		case !d.Action.Ends():
			out.Reviews++
			a.later = append(a.later, d)
		default:
			a.due = append(a.due, d)
			out.Actions[string(d.Action)]++
			out.Clauses[d.Clause]++
			if d.Person != "" {
				touched[d.Person] = true
			}
			if d.Action == policy.Shred {
				continue
			}
			a.parts = append(a.parts, register.Part{SourceKey: d.SourceKey, Category: d.Category})
			if a.gone[d.SourceKey] == nil {
				a.gone[d.SourceKey] = map[string]bool{}
			}
			a.gone[d.SourceKey][d.Category] = true
		}
	}
	out.People, out.Touched = len(g.people), len(touched)
}

// heedHolds takes care, in the transaction that lets data go, that nobody writes a word by hand from here to the commit, and
// asks anew when somebody did since what is due was worked out: what is held now stays, and what became due waits for the
// next time, as nobody has seen it.
func (a *applying) heedHolds(ctx context.Context, night *register.Night, run string, out *Applied) error {
	if err := ledger.LockErasures(ctx, night.Tx()); err != nil {
		return err
	}
	words, err := rights.ReadWords(ctx, &night.View)
	if err != nil || words.Same(a.g.byHand) {
		return err
	}
	g, err := evaluateIn(ctx, a.n.ws, &night.View, a.n.pack, a.r.Date)
	if err != nil {
		return err
	}
	type action struct {
		itemKey
		action policy.Action
	}
	before := map[action]policy.Due{}
	for _, d := range a.due {
		before[action{itemKey{d.SourceKey, d.Category}, d.Action}] = d
	}
	plan := slices.DeleteFunc(g.plan(), func(d policy.Due) bool {
		k := action{itemKey{d.SourceKey, d.Category}, d.Action}
		_, seen := before[k]
		if d.Hold == "" {
			delete(before, k)
		}
		return !seen && d.Hold == "" && d.Action.Ends()
	})
	a.take(g, plan, out)
	var kept policy.Plan
	for _, d := range before {
		kept = append(kept, d)
	}
	kept.Sort("person")
	return a.n.audit(ctx, night.Tx(), a.r, run, ledger.RetentionKept, kept)
}

// begin writes down who lets what go, before anything does.
func (a *applying) begin(ctx context.Context, o Order, out *Applied) (run ledger.Run, err error) {
	err = a.step("audit", func() error {
		raw, err := json.Marshal(out)
		if err != nil {
			return err
		}
		return a.n.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
			run, err = startNext(ctx, tx, ledger.Run{Pipeline: a.r.Pipeline, LogicalDate: a.r.Date.String(), Mode: string(a.r.Mode),
				PolicyDigest: a.n.pack.Digest(), ConfigDigest: a.n.ConfigDigest(), Facts: string(raw)}, a.r)
			if err != nil {
				return err
			}
			out.Run = run.ID
			if err := deletionsOf().begin(ctx, tx, a.of, run.ID); err != nil {
				return err
			}
			if err := o.seen(ctx, tx, a.n, a.r, out); err != nil {
				return err
			}
			if o.ApprovedBy != "" {
				used := ledger.Entry{At: a.r.Now().UnixMicro(), Actor: a.r.Actor, Verb: ledger.ActUsed, Reason: out.approval(), Run: run.ID}
				if err := a.n.ws.Audit.Append(ctx, tx, used); err != nil {
					return err
				}
			}
			return a.n.audit(ctx, tx, a.r, run.ID, ledger.RetentionAction, a.due)
		})
	})
	return run, err
}

// carryOut does what is due.
func (a *applying) carryOut(ctx context.Context, run ledger.Run, out *Applied) error {
	night, err := a.n.ws.Register.Begin(ctx)
	if err != nil {
		return err
	}
	defer night.Rollback()
	if err := a.step("holds", func() error { return a.heedHolds(ctx, night, run.ID, out) }); err != nil {
		return err
	}
	if err := a.step("words", func() error { return a.keepWords(ctx, night, run.ID) }); err != nil {
		return err
	}
	if err := a.n.recallDecisions(ctx, a.of); err != nil {
		return err
	}
	var left map[string]bool
	err = a.step("register", func() error {
		left, err = a.register(ctx, night, run.ID, out)
		return err
	})
	if err != nil {
		return err
	}
	// The vault is another store and commits for itself, before the register does: what the register still has is due
	// again, what the vault still had would never be found.
	err = a.step("vault", func() error {
		out.Entries, err = a.n.ws.Vault.Strip(ctx, run.ID, a.strips(left))
		return err
	})
	if err != nil {
		return err
	}
	return a.step("commit", func() error { return a.commit(ctx, night, run, left, out) })
}

// commit makes it visible, all of it at once. The source rows are decided anew by the next night: of which nothing is left they
// are withheld, and the others wait with what went, as a membership that ended may begin again.
func (a *applying) commit(ctx context.Context, night *register.Night, run ledger.Run, left map[string]bool, out *Applied) error {
	n := a.n
	for _, d := range a.due {
		if d.Action == policy.Shred {
			continue
		}
		clause := d.Clause
		if left[d.SourceKey] {
			clause = inPart
		}
		n.withholdToken(d.Feed, d.SourceKey, clause)
	}
	digest, err := snapshot.WriteRows(n.ws.State, n.keptOut())
	if err != nil {
		return err
	}
	if err := (memory{stateWithheld: digest, stateStripDone: run.ID}).commit(ctx, night.Tx(), a.of); err != nil {
		return err
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if err := ledger.Finish(ctx, night.Tx(), run, ledger.Finished, string(raw), a.r.Now()); err != nil {
		return err
	}
	if err := n.check(ctx, night.Tx()); err != nil {
		return err
	}
	return night.Commit()
}

// startNext takes up the run of the date that was cut short, or opens the next one.
func startNext(ctx context.Context, tx *sqlx.Tx, run ledger.Run, r *pipelines.Run) (ledger.Run, error) {
	id := *r
	for number := 1; ; number++ {
		id.Pipeline = numbered(r.Pipeline, number)
		run.ID = id.ID()
		old, found, err := ledger.FindRun(ctx, tx, run.ID)
		if err != nil {
			return run, err
		}
		if !found || old.State != ledger.Finished {
			return ledger.Start(ctx, tx, run, r.Now())
		}
	}
}

// scrub makes deleted bytes leave the stores' files, and state that nobody asks for any more the folder.
func (n *Night) scrub(ctx context.Context) error {
	if err := n.ws.RegisterDB.Scrub(ctx); err != nil {
		return err
	}
	if err := n.ws.VaultDB.Scrub(ctx); err != nil {
		return err
	}
	return n.SweepState(ctx)
}
