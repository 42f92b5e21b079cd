package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Results of orders that no answer gives. What answers say is the target's word.
const (
	OrderUnlisted = "unlisted" // the source's later export has not what was to go
	OrderRecalled = "recalled" // what was ordered is not due any more, and is listed still
	OrderBack     = "back"     // it was said to be gone, is listed later, and was ordered anew
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
	Result     string `db:"result"`     // the target's word of an answer, one of the above, or "" while nobody has answered
	AnsweredOn string `db:"answered_on"`
	AnsweredAt string `db:"answered_at"` // what the answer says of when it was carried out, or ""
}

// Waits tells whether on a date nobody has answered an order that was given before. One that was recalled is not given any more, and
// one of the date itself nobody can have answered yet; one that was ordered anew waits at once, since the answer that was not true.
func (o *DeletionOrder) Waits(date string) bool {
	return (o.Result == "" || o.Result == OrderBack) && o.since() < date
}

func (o *DeletionOrder) since() string {
	if o.Result == OrderBack {
		return max(o.OrderedOn, o.AnsweredOn)
	}
	return o.OrderedOn
}

// OpenOrders counts those of some orders that wait for an answer on a date, and gives the date since which the oldest of them does.
func OpenOrders(orders []DeletionOrder, date string) (n int, oldest string) {
	for i := range orders {
		if o := &orders[i]; o.Waits(date) {
			if n++; oldest == "" || o.since() < oldest {
				oldest = o.since()
			}
		}
	}
	return n, oldest
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
