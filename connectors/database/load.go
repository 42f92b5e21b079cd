package database

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/internal/fault"
)

// Load inserts rows. A row that the table cannot hold as it is, or whose key is there already, is a fault, and the
// caller rolls back. table and columns come from compiled lists.
func Load(ctx context.Context, tx *sqlx.Tx, table string, columns []string, rows Rows) error {
	return load(ctx, tx, "INSERT", table, columns, rows)
}

// Replace is Load in which a row takes the place of one with the same key; of two in one call the last stays.
func Replace(ctx context.Context, tx *sqlx.Tx, table string, columns []string, rows Rows) error {
	return load(ctx, tx, "REPLACE", table, columns, rows)
}

func load(ctx context.Context, tx *sqlx.Tx, verb, table string, columns []string, rows Rows) error {
	switch {
	case rows.Len() == 0:
		return nil
	case Dialect(tx.DriverName()) == MySQL && rows.Len() >= streamFrom:
		return loadStream(ctx, tx, verb, table, columns, rows)
	}
	if verb == "INSERT" && Dialect(tx.DriverName()) == SQLite {
		verb = "INSERT OR FAIL" // saves the journal that could take back half a statement: the caller rolls back all
	}
	return loadStatements(ctx, tx, verb, table, columns, rows)
}

const (
	streamFrom   = 100 // rows from which LOAD DATA beats INSERT on MariaDB
	perStatement = 50  // rows a statement: more gain nothing on SQLite
)

// loadStatements inserts through a prepared statement of many rows, and another for the rest.
func loadStatements(ctx context.Context, tx *sqlx.Tx, verb, table string, columns []string, rows Rows) error {
	n := rows.Len()
	full := n - n%perStatement
	if err := loadRange(ctx, tx, insert(verb, table, columns, perStatement), table, len(columns), rows, 0, full, perStatement); err != nil {
		return err
	}
	rest := n - full
	return loadRange(ctx, tx, insert(verb, table, columns, rest), table, len(columns), rows, full, n, rest)
}

// loadRange inserts the rows from from to to, size of them a statement.
func loadRange(ctx context.Context, tx *sqlx.Tx, query, table string, width int, rows Rows, from, to, size int) error {
	if from == to {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return Failed("prepare to write "+table, err)
	}
	defer stmt.Close()
	args := make([]any, 0, size*width)
	for ; from < to; from += size {
		args = args[:0]
		for r := from; r < from+size; r++ {
			for c := range width {
				args = append(args, rows.Value(r, c).Arg())
			}
		}
		res, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return Failed("write "+table, err)
		}
		if got, err := res.RowsAffected(); err != nil || got < int64(size) {
			return lost(table)
		}
	}
	return nil
}

func insert(verb, table string, columns []string, rows int) string {
	tuple := "(?" + strings.Repeat(",?", len(columns)-1) + ")"
	return verb + " INTO " + Quote(table) + " (" + Columns(columns) + ") VALUES " + tuple + strings.Repeat(","+tuple, max(rows-1, 0))
}

// lost is the fault of a bulk load that kept fewer rows than it was given, or bent one.
func lost(table string) error {
	return fault.New("UOMA-DBS-LOST", "the database did not keep every row as it was given, in table "+table,
		"a key comes twice or a value is too long: run again with the stage before it, and report it if it stays")
}
