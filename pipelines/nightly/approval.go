package nightly

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

var errPlan = fault.New("UOMA-RET-PLAN", "what is due is not the plan that the second person looked at, or their word was used already",
	"have them look at uoma retention plan, and name the plan that it prints with --plan")

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
	refused := errPlan.At(fault.Place{Field: out.Plan})
	switch {
	case o.Plan != out.Plan && (o.Plan != "" || n.ws.Operators == nil):
		return refused
	case n.ws.Operators == nil:
		return nil
	}
	said, err := n.ws.Allowed(ctx, q, o.ApprovedBy, "", out.approval(), r.Now())
	if err != nil {
		return err
	}
	used, err := n.ws.Audit.Lines(ctx, q, ledger.AuditFilter{Verb: string(ledger.ActUsed), Reason: out.approval(), Limit: 1000})
	if err != nil {
		return err
	}
	if said == 0 || slices.ContainsFunc(used, func(l ledger.Line) bool { return l.Number > said && l.Run != out.Run }) {
		return refused
	}
	return nil
}

// approval is how the audit log names a word for a plan.
func (a *Applied) approval() string { return RetentionAct + ":" + a.Date + ":" + a.Plan }

// RetentionAct is what a word for a plan allows, in the audit log.
const RetentionAct = "retention"
