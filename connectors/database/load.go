package database

import (
	"context"
	"strconv"
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
	p := newPlan(Dialect(tx.DriverName()), verb, table, columns, rows)
	n := rows.Len()
	full := n - n%perStatement
	if err := p.load(ctx, tx, 0, full, perStatement); err != nil {
		return err
	}
	return p.load(ctx, tx, full, n, n-full)
}

// plan is how rows become statements. A column that has the same value in all rows, as many of a batch have, is bound
// once a statement where the dialect can say so: on SQLite half of a load's time goes into binding.
type plan struct {
	verb, table string
	columns     []string
	rows        Rows
	same        []int // columns with one value, bound first
	varying     []int // the others
}

func newPlan(d Dialect, verb, table string, columns []string, rows Rows) *plan {
	p := &plan{verb: verb, table: table, columns: columns, rows: rows}
	for c := range columns {
		if d == SQLite && oneValue(rows, c) {
			p.same = append(p.same, c)
		} else {
			p.varying = append(p.varying, c)
		}
	}
	return p
}

func oneValue(rows Rows, column int) bool {
	first := rows.Value(0, column)
	for r := 1; r < rows.Len(); r++ {
		if !first.equal(rows.Value(r, column)) {
			return false
		}
	}
	return true
}

// query names a parameter for every column with one value, and leaves the others to follow in the order of rows.
func (p *plan) query(rows int) string {
	var names, tuple []string
	for i, c := range p.same {
		names, tuple = append(names, p.columns[c]), append(tuple, "?"+strconv.Itoa(i+1))
	}
	for _, c := range p.varying {
		names, tuple = append(names, p.columns[c]), append(tuple, "?")
	}
	row := "(" + strings.Join(tuple, ",") + ")"
	return p.verb + " INTO " + Quote(p.table) + " (" + Columns(names) + ") VALUES " + row + strings.Repeat(","+row, rows-1)
}

func (p *plan) args(args []any, from, size int) []any {
	for _, c := range p.same {
		args = append(args, p.rows.Value(from, c).Arg())
	}
	for r := from; r < from+size; r++ {
		for _, c := range p.varying {
			args = append(args, p.rows.Value(r, c).Arg())
		}
	}
	return args
}

// load inserts the rows from from to to, size of them a statement.
func (p *plan) load(ctx context.Context, tx *sqlx.Tx, from, to, size int) error {
	if from == to {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, p.query(size))
	if err != nil {
		return Failed("prepare to write "+p.table, err)
	}
	defer stmt.Close()
	args := make([]any, 0, len(p.same)+size*len(p.varying))
	for ; from < to; from += size {
		args = p.args(args[:0], from, size)
		res, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return Failed("write "+p.table, err)
		}
		if got, err := res.RowsAffected(); err != nil || got < int64(size) {
			return lost(p.table)
		}
	}
	return nil
}

// lost is the fault of a bulk load that kept fewer rows than it was given, or bent one.
func lost(table string) error {
	return fault.New("UOMA-DBS-LOST", "the database did not keep every row as it was given, in table "+table,
		"a key comes twice or a value is too long: run again with the stage before it, and report it if it stays")
}
