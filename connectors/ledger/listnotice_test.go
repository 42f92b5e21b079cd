package ledger_test

import (
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
)

func TestWhatListsSaidIsKeptByDate(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		put := func(notices ...ledger.ListNotice) {
			must(t, db.Do(t.Context(), func(tx *sqlx.Tx) error { return ledger.PutListNotices(t.Context(), tx, notices) }))
		}
		sent := ledger.ListNotice{Pipeline: "nightly", Feed: "lists/b", LogicalDate: "2026-01-01", Says: "sent"}
		due := ledger.ListNotice{Pipeline: "nightly", Feed: "lists/b", LogicalDate: "2026-01-02", Says: "due", ObtainedOn: "2025-12-31"}
		other, replay := due, due
		other.Feed, replay.Pipeline = "lists/a", "backfill"
		put(due, sent, other, replay)
		due.ObtainedOn = "2026-01-01"
		put(due) // the same date again
		put()
		if got, err := ledger.ListNotices(t.Context(), db, "nightly"); err != nil || !slices.Equal(got, []ledger.ListNotice{other, sent, due}) {
			t.Errorf("%+v %v", got, err)
		}
	})
}
