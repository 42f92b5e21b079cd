package ledger_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
)

// TestBooksFollowTheirPerson: what the books have of somebody goes with the erasure of the one who that person was found to be.
func TestBooksFollowTheirPerson(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		do := func(f func(tx *sqlx.Tx) error) { must(t, db.Do(ctx, f)) }
		for id, person := range map[string]string{"2026-a": "first", "2026-b": "other"} {
			do(func(tx *sqlx.Tx) error {
				return ledger.AddRectification(ctx, tx, ledger.Rectification{ID: id, Person: person, Table: "person", Column: "title", Source: "crm", Wanted: "token", NotedBy: "dpo"})
			})
		}
		do(func(tx *sqlx.Tx) error { return ledger.FollowPerson(ctx, tx, "first", "survivor") })
		do(func(tx *sqlx.Tx) error { return ledger.ForgetRectifications(ctx, tx, "survivor") })
		left, err := ledger.Rectifications(ctx, db)
		must(t, err)
		if len(left) != 1 || left[0].Person != "other" {
			t.Errorf("%+v", left)
		}
	})
}
