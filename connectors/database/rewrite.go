package database

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/internal/fault"
)

// rewriteChunk is how many rows are in memory while a table is rewritten.
const rewriteChunk = 10_000

// Rewrite writes a table anew inside tx, each row as change leaves it: also where that is the key, which no UPDATE could do
// without meeting itself. Nobody else can write the table meanwhile, and a reader
// sees it as it was until the caller commits. It tells how many rows there are.
func (db *DB) Rewrite(ctx context.Context, tx *sqlx.Tx, table string, change func(*Row) error) (n int64, err error) {
	// On a server the deletion locks the table's rows and the gaps between them; only then the other connection looks, and
	// sees what was deleted.
	if _, err := tx.ExecContext(ctx, "DELETE FROM "+Quote(table)); err != nil {
		return 0, Failed("rewrite "+table, err)
	}
	err = (&DB{DB: db.DB, Dialect: db.Dialect}).See(ctx, func(seen *sqlx.Tx) error {
		rows, err := seen.QueryContext(ctx, "SELECT * FROM "+Quote(table))
		if err != nil {
			return Failed("rewrite "+table, err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return Failed("rewrite "+table, err)
		}
		r := rewriting{columns: columns}
		for rows.Next() {
			if err := rows.Scan(r.row()...); err != nil {
				return Failed("rewrite "+table, err)
			}
			if err := r.keep(change); err != nil {
				return err
			}
			if n++; len(r.values) == rewriteChunk*len(columns) {
				if err := r.load(ctx, tx, table); err != nil {
					return err
				}
			}
		}
		if err := rows.Err(); err != nil {
			return Failed("rewrite "+table, err)
		}
		return r.load(ctx, tx, table)
	})
	return n, err
}

// Row is one row of a table, by the names of its columns.
type Row struct {
	columns []string
	values  []Value
}

// Text gives a text; "" of NULL.
func (r *Row) Text(column string) string {
	v := r.values[slices.Index(r.columns, column)]
	return v.s + string(v.b)
}

// SetText gives a column another text.
func (r *Row) SetText(column, text string) { r.values[slices.Index(r.columns, column)] = Text(text) }

// rewriting are rows on their way back into their table.
type rewriting struct {
	columns []string
	scanned []any
	into    []any
	values  []Value
}

// row gives where to scan a row to.
func (r *rewriting) row() []any {
	if r.into == nil {
		r.scanned, r.into = make([]any, len(r.columns)), make([]any, len(r.columns))
		for i := range r.scanned {
			r.into[i] = &r.scanned[i]
		}
	}
	return r.into
}

// keep takes the scanned row, changed.
func (r *rewriting) keep(change func(*Row) error) error {
	for _, v := range r.scanned {
		out, err := valueOf(v)
		if err != nil {
			return err
		}
		r.values = append(r.values, out)
	}
	return change(&Row{r.columns, r.values[len(r.values)-len(r.columns):]})
}

// valueOf makes a value of what a driver gave.
func valueOf(v any) (Value, error) {
	switch v := v.(type) {
	case nil:
		return Null(), nil
	case int64:
		return Int(v), nil
	case string:
		return Text(v), nil
	case []byte:
		return Blob(v), nil
	}
	return Value{}, fault.New("UOMA-DBS-TYPE", fmt.Sprintf("a column has values of a type that no table of ours has: %T", v), "restore the store from its backup")
}

func (r *rewriting) load(ctx context.Context, tx *sqlx.Tx, table string) error {
	err := Load(ctx, tx, table, r.columns, r)
	r.values = r.values[:0]
	return err
}

// Len gives the number of rows.
func (r *rewriting) Len() int { return len(r.values) / len(r.columns) }

// Value gives one value.
func (r *rewriting) Value(row, col int) Value { return r.values[row*len(r.columns)+col] }
