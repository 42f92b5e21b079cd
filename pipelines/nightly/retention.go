package nightly

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

var errNoReview = fault.New("UOMA-RET-REVIEW", "no review of that category is due",
	"uoma retention plan --action review lists what waits for one")

// RetentionPlan works out what the register holds that is due on a date by the pack in force on it, held or not, in no
// order. It writes nothing, and reads one state of the register though a night may be at work. A date to come tells what
// will be due if nothing changes; on a date that is past, what is held or restricted since is held, too.
func RetentionPlan(ctx context.Context, ws *workspace.Workspace, date canon.Date) (policy.Plan, error) {
	pack, err := ws.Policy(date)
	if err != nil {
		return nil, err
	}
	g, err := evaluate(ctx, ws, pack, date)
	if err != nil {
		return nil, err
	}
	return g.plan(), nil
}

// evaluate gathers what retention is asked of from one state of the register.
func evaluate(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, date canon.Date) (g *governing, err error) {
	return g, ws.Register.See(ctx, func(v *register.View) error {
		g, err = evaluateIn(ctx, ws, v, pack, date)
		return err
	})
}

// evaluateIn is evaluate of what a view sees.
func evaluateIn(ctx context.Context, ws *workspace.Workspace, v *register.View, pack *policy.Pack, date canon.Date) (*governing, error) {
	g := &governing{heedAll: true, n: &Night{ws: ws, pack: pack}, r: &pipelines.Run{Date: date, Progress: unseen{}}, people: map[string]*person{}, byRecord: map[string][]*person{}}
	told := map[string]*person{}
	if err := g.readLinks(ctx, v); err != nil {
		return nil, err
	}
	if err := g.readRows(ctx, v, told, g.noting()); err != nil {
		return nil, err
	}
	if err := g.readPast(ctx, v); err != nil {
		return nil, err
	}
	err := g.readDuties(ctx, v, scanned(ctx, v))
	if err != nil {
		return nil, err
	}
	if g.byHand, err = rights.ReadWords(ctx, v); err != nil {
		return nil, err
	}
	g.settle(g.byHand, told)
	return g, g.gather(func(table string, columns []string, _ register.Condition, _ bool) []canon.Batches {
		return []canon.Batches{v.Scan(ctx, table, columns, register.All)}
	})
}

// plan gives what is due, held or not. Of a person whose key was destroyed nothing is left to destroy.
func (g *governing) plan() policy.Plan {
	var out policy.Plan
	for _, d := range g.n.pack.Plan(g.items, g.r.Date) {
		if d.Action != policy.Shred || g.lapses.of(d.SourceKey, "") == nil {
			out = append(out, d)
		}
	}
	return out
}

// Look is somebody's word that data without an end is still needed.
type Look struct {
	By       string
	Category string
	Source   string // feed or system, "" for all
}

// ReviewRetention records that somebody looked at everything of a category whose review is due on the run's date. The
// next review is due a period later. The caller holds the pipeline's lease.
func (n *Night) ReviewRetention(ctx context.Context, r *pipelines.Run, pipeline string, look Look) (ledger.RetentionReview, error) {
	of := *r
	of.Pipeline = pipeline
	v := ledger.RetentionReview{ReviewedOn: r.Date.String(), ReviewedBy: look.By, Category: look.Category, Source: look.Source, MadeAt: r.Now().UnixMicro()}
	if err := n.mayApply(ctx, r, &of); err != nil {
		return v, err
	}
	g, err := evaluate(ctx, n.ws, n.pack, r.Date)
	if err != nil {
		return v, err
	}
	for _, d := range g.plan().Keep(policy.PlanFilter{Category: look.Category, Source: look.Source, Action: string(policy.Review)}) {
		v.Records++
		v.Clause = d.Clause
	}
	if v.Records == 0 {
		return v, errNoReview.At(fault.Place{Field: look.Category})
	}
	err = n.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) (err error) {
		if v.Number, err = ledger.AddRetentionReview(ctx, tx, v); err != nil {
			return err
		}
		e := ledger.Entry{At: r.Now().UnixMicro(), Actor: r.Actor, Verb: ledger.RetentionLook, Reason: v.Clause + "|" + v.Category, Run: r.ID()}
		if err := n.ws.Audit.Append(ctx, tx, e); err != nil {
			return err
		}
		return n.check(ctx, tx)
	})
	return v, err
}

// unseen is the progress of work that nobody watches.
type unseen struct{}

func (unseen) Begin(string)              {}
func (unseen) Advance(int64, string)     {}
func (unseen) End(string, time.Duration) {}
