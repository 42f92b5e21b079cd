package nightly

import (
	"context"
	"time"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// RetentionPlan works out what the register holds that is due on a date by the pack in force on it, held or not, in no
// order. It writes nothing, and reads one state of the register though a night may be at work. A date to come tells what
// will be due if nothing changes; on a date that is past, what is held or restricted since is held, too.
func RetentionPlan(ctx context.Context, ws *workspace.Workspace, date canon.Date) (plan policy.Plan, err error) {
	pack, err := ws.Policy(date)
	if err != nil {
		return nil, err
	}
	g := &governing{heedAll: true, n: &Night{ws: ws, pack: pack}, r: &pipelines.Run{Date: date, Progress: unseen{}}, people: map[string]*person{}, byRecord: map[string][]*person{}}
	err = ws.Register.See(ctx, func(v *register.View) error {
		told := map[string]*person{}
		if err := g.readLinks(ctx, v); err != nil {
			return err
		}
		if err := g.readRows(ctx, v, told); err != nil {
			return err
		}
		words, err := rights.ReadWords(ctx, v)
		if err != nil {
			return err
		}
		g.settle(told, words)
		return g.gather(func(table string, columns []string, _ register.Condition) []canon.Batches {
			return []canon.Batches{v.Scan(ctx, table, columns, register.All)}
		})
	})
	return pack.Plan(g.items, date), err
}

// unseen is the progress of work that nobody watches.
type unseen struct{}

func (unseen) Begin(string)              {}
func (unseen) Advance(int64, string)     {}
func (unseen) End(string, time.Duration) {}
