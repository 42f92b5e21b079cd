package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// ListNotice is what the side-car of a list said of telling its people where the list is from (GDPR 14). It outlives the stages of
// the run that loaded the list, which may be forgotten.
type ListNotice struct {
	Pipeline    string `db:"pipeline"`
	Feed        string `db:"feed"`
	LogicalDate string `db:"logical_date"` // of the night that loaded the list
	Says        string `db:"says"`         // sent, due, exempt, or "" where its layout does not ask
	ObtainedOn  string `db:"obtained_on"`  // "" where nobody knows
}

var listNoticeColumns = []string{"pipeline", "feed", "logical_date", "says", "obtained_on"}

// PutListNotices writes down what side-cars said, each in place of what that of the same feed and date said before.
func PutListNotices(ctx context.Context, tx *sqlx.Tx, notices []ListNotice) error {
	return database.Replace(ctx, tx, "list_notice", listNoticeColumns, database.Each(notices, func(n *ListNotice, col int) database.Value {
		return database.Text([...]string{n.Pipeline, n.Feed, n.LogicalDate, n.Says, n.ObtainedOn}[col])
	}))
}

// ListNotices lists what the side-cars of a pipeline's lists said, by feed and date.
func ListNotices(ctx context.Context, q sqlx.QueryerContext, pipeline string) ([]ListNotice, error) {
	return list[ListNotice](ctx, q, "SELECT "+database.Columns(listNoticeColumns)+" FROM `list_notice` WHERE `pipeline` = ? ORDER BY `feed`, `logical_date`", pipeline)
}
