package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io/fs"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the ledger's tables to this release.
func Migrate(ctx context.Context, db *database.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx, "ledger", files); err != nil {
		return err
	}
	return db.Keep(ctx, Kept())
}

// Kept gives the books of the ledger, to which lines are only added.
func Kept() []database.Kept {
	return []database.Kept{{Table: "audit"}, {Table: "audit_seal"}, {Table: "breach_notice"}, {Table: "retention_review"}}
}

// TokenEpochs is the table that says in which epochs the tokens of ledger and register stand.
const TokenEpochs = "token_epoch"

// Tokens gives the tables that hold tokens. The audit log is none of them: see [Audit.Through].
func Tokens() []database.Tokens {
	pair, person := []string{"record_a", "record_b"}, []string{"person"}
	return []database.Tokens{
		{Table: "review_decision", Index: pair},
		{Table: "review_sample", Index: pair},
		{Table: "review_access", Index: pair},
		{Table: "subject_request", Person: person},
		{Table: "rectification", Person: person, Wanted: []string{"wanted"}},
		{Table: "legal_disclosure", Person: person},
		{Table: "reveal", Person: []string{"pseudonyms"}},
	}
}

// ErrRaced is a compare-and-set that found another state than it was told.
var ErrRaced = fault.New("UOMA-LDG-RACED", "the ledger changed between reading and writing",
	"another program works in the same workspace: let it end, then run again")

// insert adds a row, whose values are in the order of columns.
func insert(ctx context.Context, q sqlx.ExtContext, table string, columns []string, values ...any) error {
	_, err := q.ExecContext(ctx, "INSERT INTO "+database.Quote(table)+" ("+database.Columns(columns)+") VALUES (?"+
		strings.Repeat(",?", len(columns)-1)+")", values...)
	return database.Failed("write the ledger's "+table, err)
}

// swap runs a compare-and-set.
func swap(ctx context.Context, q sqlx.ExtContext, query string, args ...any) error {
	ok, err := database.One(q.ExecContext(ctx, query, args...))
	if err == nil && !ok {
		err = ErrRaced
	}
	return err
}

// get reads one row into into, a pointer to a struct; ok is false when there is none.
func get(ctx context.Context, q sqlx.QueryerContext, into any, query string, args ...any) (ok bool, err error) {
	err = sqlx.GetContext(ctx, q, into, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, database.Failed("read the ledger", err)
}

// list reads rows.
func list[T any](ctx context.Context, q sqlx.QueryerContext, query string, args ...any) ([]T, error) {
	var out []T
	err := sqlx.SelectContext(ctx, q, &out, query, args...)
	return out, database.Failed("read the ledger", err)
}
