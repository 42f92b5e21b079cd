package nightly

import (
	"context"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// audit writes each action into the audit log before it is carried out, in the transaction that opens the run: the person,
// and as the reason clause, action, category and source row.
func (n *Night) audit(ctx context.Context, tx *sqlx.Tx, r *pipelines.Run, run string, verb ledger.Verb, due policy.Plan) error {
	for _, d := range due {
		e := ledger.Entry{At: r.Now().UnixMicro(), Actor: r.Actor, Verb: verb, Subject: d.Person, Run: run,
			Reason: strings.Join([]string{d.Clause, string(d.Action), d.Category, n.ws.Inner(workspace.IndexTokens, d.SourceKey)}, "|")}
		if err := n.ws.Audit.Append(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// numbered names the further runs of a pipeline on one date.
func numbered(pipeline string, number int) string {
	if number == 1 {
		return pipeline
	}
	return pipeline + "-" + strconv.Itoa(number)
}
