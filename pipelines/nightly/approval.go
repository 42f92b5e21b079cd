package nightly

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

var errPlan = fault.New("UOMA-RET-PLAN", "what is due is not the plan that the second person looked at, or their word was used already",
	"have them look at uoma retention plan, and name the plan that it prints with --plan")

// approvedFor is how long somebody's word for a plan counts.
const approvedFor = 14 * 24 * time.Hour

// ApproveRetention gives what is written down when a second person allows the plan of a date that they looked at. A plan that is
// another by now is refused.
func ApproveRetention(ctx context.Context, ws *workspace.Workspace, date canon.Date, plan string) (reference string, err error) {
	now, err := RetentionPlan(ctx, ws, date)
	switch {
	case err != nil:
		return "", err
	case now.Digest() != plan:
		return "", errPlan.At(fault.Place{Field: now.Digest()})
	}
	return date.String() + ":" + plan, nil
}

// seen proves that the second person looked at the very plan that is carried out. Where operators are named, they said so
// under their own account, and their word was not used by another run than this one, which may be taken up again.
func (o Order) seen(ctx context.Context, q sqlx.QueryerContext, n *Night, r *pipelines.Run, out *Applied) error {
	if o.ApprovedBy == "" {
		return nil
	}
	if n.ws.Operators == nil {
		if o.Plan != out.Plan {
			return errPlan.At(fault.Place{Field: out.Plan})
		}
		return nil
	}
	reason := out.approval()
	last := func(verb ledger.Verb, counts func(*ledger.Line) bool) (number int64, err error) {
		lines, err := n.ws.Audit.Lines(ctx, q, ledger.AuditFilter{Verb: string(verb), Since: r.Now().Add(-approvedFor), Limit: 1000})
		for i := range lines { // newest first
			if lines[i].Reason == reason && counts(&lines[i]) {
				return lines[i].Number, err
			}
		}
		return 0, err
	}
	said, err := last(ledger.ActApproved, func(l *ledger.Line) bool { return l.Actor == o.ApprovedBy })
	if err != nil {
		return err
	}
	used, err := last(ledger.ActUsed, func(l *ledger.Line) bool { return l.Run != out.Run })
	if err != nil {
		return err
	}
	if said <= used {
		return errPlan.At(fault.Place{Field: out.Plan})
	}
	return nil
}

// approval is how the audit log names a word for a plan.
func (a *Applied) approval() string { return RetentionAct + ":" + a.Date + ":" + a.Plan }

// RetentionAct is what a word for a plan allows, in the audit log.
const RetentionAct = "retention"
