package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// Account says where the rows of a feed went in a run. Every row read is in exactly one of the other numbers.
type Account struct {
	Run         string `db:"run"`
	Feed        string `db:"feed"`
	RowsRead    int64  `db:"rows_read"`
	Loaded      int64  `db:"loaded"`
	Unchanged   int64  `db:"unchanged"`
	Merged      int64  `db:"merged"`
	Quarantined int64  `db:"quarantined"`
	Withheld    int64  `db:"withheld"` // by policy
}

// Balanced tells whether every row read is accounted for.
func (a Account) Balanced() bool {
	return a.RowsRead == a.Loaded+a.Unchanged+a.Merged+a.Quarantined+a.Withheld
}

var accountColumns = []string{"run", "feed", "rows_read", "loaded", "unchanged", "merged", "quarantined", "withheld"}

// PutAccounts writes accounts, each in place of the one of an earlier attempt.
func PutAccounts(ctx context.Context, tx *sqlx.Tx, accounts []Account) error {
	return database.Replace(ctx, tx, "account", accountColumns, database.Each(accounts, func(a *Account, col int) database.Value {
		if col < 2 {
			return database.Text([...]string{a.Run, a.Feed}[col])
		}
		return database.Int([...]int64{a.RowsRead, a.Loaded, a.Unchanged, a.Merged, a.Quarantined, a.Withheld}[col-2])
	}))
}

// Accounts lists a run's accounts by feed.
func Accounts(ctx context.Context, q sqlx.QueryerContext, run string) ([]Account, error) {
	return list[Account](ctx, q, "SELECT "+database.Columns(accountColumns)+" FROM `account` WHERE `run` = ? ORDER BY `feed`", run)
}

// Quarantined is a row that could not be used: its place and why. The row itself lies in the encrypted quarantine.
type Quarantined struct {
	Run    string `db:"run"`
	Feed   string `db:"feed"`
	Line   int64  `db:"line"`
	Field  string `db:"field"` // the export's column name, or ""
	Code   string `db:"code"`
	Reason string `db:"reason"` // one plain sentence without a value
	Stage  string `db:"stage"`
	Ref    string `db:"ref"` // where the row itself is kept
}

var quarantineColumns = []string{"run", "feed", "line", "field", "code", "reason", "stage", "ref"}

// PutQuarantined writes down all rows that a run quarantined of a feed, in place of those of an earlier attempt.
func PutQuarantined(ctx context.Context, tx *sqlx.Tx, run, feed string, rows []Quarantined) error {
	if err := forget(ctx, tx, "quarantine", run, feed); err != nil {
		return err
	}
	return database.Replace(ctx, tx, "quarantine", quarantineColumns, database.Each(rows, func(r *Quarantined, col int) database.Value {
		if col == 2 {
			return database.Int(r.Line)
		}
		return database.Text([...]string{run, feed, "", r.Field, r.Code, r.Reason, r.Stage, r.Ref}[col])
	}))
}

// QuarantineOf lists what a run quarantined, of one feed or of all when it is "", by feed and line.
func QuarantineOf(ctx context.Context, q sqlx.QueryerContext, run, feed string, limit int) ([]Quarantined, error) {
	return list[Quarantined](ctx, q, "SELECT "+database.Columns(quarantineColumns)+" FROM `quarantine` WHERE `run` = ? AND (? = '' OR `feed` = ?)"+
		" ORDER BY `feed`, `line`, `field`, `code` LIMIT ?", run, feed, feed, limit)
}

// QuarantineFiles lists where quarantined rows are kept, each file once.
func QuarantineFiles(ctx context.Context, q sqlx.QueryerContext) ([]Quarantined, error) {
	return list[Quarantined](ctx, q, "SELECT DISTINCT `run`, `feed`, `ref` FROM `quarantine` ORDER BY `ref`")
}

// forget removes the lines of an earlier attempt.
func forget(ctx context.Context, tx *sqlx.Tx, table, run, feed string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM "+database.Quote(table)+" WHERE `run` = ? AND `feed` = ?", run, feed)
	return database.Failed("clear the ledger's "+table, err)
}
