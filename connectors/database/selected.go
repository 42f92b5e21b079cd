package database

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// selected is a temporary table of the transaction's connection. MariaDB 10 does not turn DELETE … IN (SELECT …) into a
// join, so the two dialects are told the same thing in two ways.
const selected = "uoma_selected"

// Select names the keys that the next [DeleteSelected], [UpdateSelected] or [JoinSelected] of this transaction is about.
// Keys are tokens of ours, at most 64 bytes; one may come twice.
func Select(ctx context.Context, tx *sqlx.Tx, keys []string) error {
	if _, err := tx.ExecContext(ctx, "CREATE TEMPORARY TABLE IF NOT EXISTS "+Quote(selected)+" (k VARCHAR(64) NOT NULL PRIMARY KEY)"); err != nil {
		return Failed("make the table of selected keys", err)
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+Quote(selected)); err != nil {
		return Failed("empty the table of selected keys", err)
	}
	return Replace(ctx, tx, selected, []string{"k"}, Each(keys, func(k *string, _ int) Value { return Text(*k) }))
}

// DeleteSelected deletes the rows whose column holds a selected key and tells how many there were.
func DeleteSelected(ctx context.Context, tx *sqlx.Tx, table, column string) (int64, error) {
	t, c := Quote(table), Quote(column)
	query := "DELETE FROM " + t + " WHERE " + c + " IN (SELECT k FROM " + Quote(selected) + ")"
	if Dialect(tx.DriverName()) == MySQL {
		query = "DELETE " + t + " FROM " + JoinSelected(table, column)
	}
	return affected(ctx, tx, table, query)
}

// DeleteSelectedOf deletes of the rows whose column holds a selected key those of which another column has a value.
func DeleteSelectedOf(ctx context.Context, tx *sqlx.Tx, table, column, other string, value any) (int64, error) {
	t, c, o := Quote(table), Quote(column), Quote(other)
	query := "DELETE FROM " + t + " WHERE " + o + " = ? AND " + c + " IN (SELECT k FROM " + Quote(selected) + ")"
	if Dialect(tx.DriverName()) == MySQL {
		query = "DELETE " + t + " FROM " + JoinSelected(table, column) + " WHERE " + t + "." + o + " = ?"
	}
	return affected(ctx, tx, table, query, value)
}

// UpdateSelected sets column to value in the rows whose key column holds a selected key, where it is NULL or, when some values are
// named, one of these, and tells how many there were.
func UpdateSelected(ctx context.Context, tx *sqlx.Tx, table, key, column string, value any, was ...string) (int64, error) {
	t, k, c := Quote(table), Quote(key), Quote(column)
	is, args := c+" IS NULL", []any{value}
	if len(was) > 0 {
		is = c + " IN (?" + strings.Repeat(",?", len(was)-1) + ")"
		for _, w := range was {
			args = append(args, w)
		}
	}
	query := "UPDATE " + t + " SET " + c + " = ? WHERE " + t + "." + is + " AND " + k + " IN (SELECT k FROM " + Quote(selected) + ")"
	if Dialect(tx.DriverName()) == MySQL {
		query = "UPDATE " + JoinSelected(table, key) + " SET " + t + "." + c + " = ? WHERE " + t + "." + is
	}
	return affected(ctx, tx, table, query, args...)
}

// JoinSelected gives what stands after FROM to see only rows whose column holds a selected key.
func JoinSelected(table, column string) string {
	t := Quote(table)
	return strings.Join([]string{Quote(selected), "CROSS JOIN", t, "ON", t + "." + Quote(column), "=", Quote(selected) + ".k"}, " ")
}

// Whole gives what stands after FROM to read a table from end to end. SQLite would walk the key's index for the sake of
// an order and look up each row, which is slower than to sort the few that are wanted.
func Whole(d Dialect, table string) string {
	if d == SQLite {
		return Quote(table) + " NOT INDEXED"
	}
	return Quote(table)
}

// WholeSelected is [JoinSelected] for a column without an index, of which SQLite would make one for every query.
func WholeSelected(d Dialect, table, column string) string {
	if d != SQLite {
		return JoinSelected(table, column)
	}
	return Whole(d, table) + " CROSS JOIN " + Quote(selected) + " ON " + Quote(table) + "." + Quote(column) + " = " + Quote(selected) + ".k"
}

// PerList is how many keys one IN list names: fewer than any driver's limit, and more gain nothing.
const PerList = 1000

// In calls f for every thousand keys or fewer, with as many question marks, for use in WHERE column IN (marks), and the
// keys as arguments. Unlike [Select] it needs no temporary table, which pays where a statement is about one table.
func In(keys []string, f func(marks string, args []any) error) error {
	args := make([]any, 0, min(len(keys), PerList))
	for chunk := range slices.Chunk(keys, PerList) {
		args = args[:0]
		for _, k := range chunk {
			args = append(args, k)
		}
		if err := f("?"+strings.Repeat(",?", len(chunk)-1), args); err != nil {
			return err
		}
	}
	return nil
}

func affected(ctx context.Context, tx *sqlx.Tx, table, query string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, Failed("write "+table, err)
	}
	n, err := res.RowsAffected()
	return n, Failed("count the rows of "+table, err)
}
