package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// DeletionOrder is an order to a source system to let go of what retention ended here. Its id is made of what the source calls
// the row, which does not stand here: an order given again is the same order.
type DeletionOrder struct {
	ID         string `db:"id"`
	Target     string `db:"target"` // that gives it
	Feed       string `db:"feed"`
	Clause     string `db:"clause"`
	Due        string `db:"due"`        // last day of the period
	OrderedOn  string `db:"ordered_on"` // date of the first file with it
	LastOn     string `db:"last_on"`    // date of the last one
	Result     string `db:"result"`     // "" while nobody has answered
	AnsweredOn string `db:"answered_on"`
	AnsweredAt string `db:"answered_at"` // what the answer says of when it was carried out, or ""
}

var deletionOrderColumns = []string{"id", "target", "feed", "clause", "due", "ordered_on", "last_on", "result", "answered_on", "answered_at"}

// PutDeletionOrders writes orders down, each in place of what was known of it.
func PutDeletionOrders(ctx context.Context, tx *sqlx.Tx, orders []DeletionOrder) error {
	return database.Replace(ctx, tx, "deletion_order", deletionOrderColumns, database.Each(orders, func(o *DeletionOrder, col int) database.Value {
		return database.Text([...]string{o.ID, o.Target, o.Feed, o.Clause, o.Due, o.OrderedOn, o.LastOn, o.Result, o.AnsweredOn, o.AnsweredAt}[col])
	}))
}

// DeletionOrders lists the orders of a target, or of all when it is "", those that were given first at the top.
func DeletionOrders(ctx context.Context, q sqlx.QueryerContext, target string) ([]DeletionOrder, error) {
	return list[DeletionOrder](ctx, q, "SELECT "+database.Columns(deletionOrderColumns)+" FROM `deletion_order` WHERE ? = '' OR `target` = ? ORDER BY `ordered_on`, `id`", target, target)
}
