package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"iter"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// View reads the register. Everything comes in the order of primary keys, which is the same in every store.
type View struct {
	q       sqlx.QueryerContext
	shapes  map[string]*canon.Table
	columns map[string][]string
}

func newView(q sqlx.QueryerContext) View {
	v := View{q: q, shapes: shapes(), columns: map[string][]string{}}
	for name, t := range v.shapes {
		v.columns[name] = names(t)
	}
	return v
}

// Which says which rows of a table are read.
type Which bool

const (
	All     Which = false // also rows that their system no longer exports
	Current Which = true  // rows whose last_seen_run is NULL
)

// Read streams columns of a table of canonical rows, all columns when none are named. Batches have no feed; the column
// source tells it.
func (v *View) Read(ctx context.Context, table string, columns []string, which Which) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		shape, err := v.subset(table, columns)
		if err != nil {
			yield(nil, err)
			return
		}
		query := "SELECT " + database.Columns(names(shape)) + " FROM " + database.Quote(shape.Name)
		if which == Current {
			query += " WHERE `last_seen_run` IS NULL"
		}
		out := canon.NewBuilder(shape, "")
		cells := make([]cell, len(shape.Columns))
		stopped := false
		err = v.scan(ctx, shape.Name, query+" ORDER BY `source_key`, `seq`", cells, func() (bool, error) {
			if err := appendRow(out, shape, cells); err != nil {
				return false, err
			}
			if out.Len() == canon.BatchRows && !yield(out.Flush(), nil) {
				stopped = true
			}
			return !stopped, nil
		})
		switch {
		case stopped:
		case err != nil:
			yield(nil, err)
		case out.Len() > 0:
			yield(out.Flush(), nil)
		}
	}
}

// subset is the shape with some of its columns, or a fault: the names may come from a policy.
func (v *View) subset(table string, columns []string) (*canon.Table, error) {
	shape := v.shapes[table]
	if shape == nil {
		return nil, fault.New("UOMA-REG-TABLE", "the register has no table of that name", "use a canonical table that holds more than identity")
	}
	if len(columns) == 0 {
		return shape, nil
	}
	out := &canon.Table{Name: shape.Name}
	for _, name := range columns {
		i := shape.Index(name)
		if i < 0 {
			return nil, fault.New("UOMA-REG-COLUMN", "the register's table "+shape.Name+" has no column of that name",
				"use a canonical column that does not identify")
		}
		out.Columns = append(out.Columns, shape.Columns[i])
	}
	return out, nil
}

// scan runs a query without parameters and calls each for every row, whose cells are valid until the next.
func (v *View) scan(ctx context.Context, table, query string, cells []cell, each func() (more bool, err error)) error {
	rows, err := v.q.QueryContext(ctx, query)
	if err != nil {
		return database.Failed("read "+table, err)
	}
	defer rows.Close()
	into := make([]any, len(cells))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return database.Failed("read "+table, err)
		}
		if more, err := each(); err != nil || !more {
			return err
		}
	}
	return database.Failed("read "+table, rows.Err())
}

func appendRow(out *canon.Builder, shape *canon.Table, cells []cell) error {
	for i := range cells {
		if !cells[i].put(out, i, shape.Columns[i].Type) {
			return spoilt(shape, i)
		}
	}
	out.EndRow()
	return nil
}

func spoilt(t *canon.Table, col int) error {
	return fault.New("UOMA-REG-VALUE", "the register holds a value that is not of its column's type",
		"somebody else wrote into the database: restore it, or load the sources anew").
		At(fault.Place{Field: t.Name + "." + t.Columns[col].Name})
}

// Links gives every link, ordered by record and person.
func (v *View) Links(ctx context.Context) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		cells := make([]cell, len(linkColumns))
		err := v.scan(ctx, "link", "SELECT "+database.Columns(linkColumns)+" FROM `link` ORDER BY `record`, `person`", cells, func() (bool, error) {
			return yield(Link{Record: cells[0].string(), Person: cells[1].string(), Since: cells[2].string()}, nil), nil
		})
		if err != nil {
			yield(Link{}, err)
		}
	}
}

// EventsOf gives what happened to a person, oldest first.
func (v *View) EventsOf(ctx context.Context, person string) ([]Event, error) {
	var out []Event
	err := sqlx.SelectContext(ctx, v.q, &out, "SELECT `run`, `seq`, `kind`, `person`, COALESCE(`other`, '') AS `other`,"+
		" COALESCE(`record`, '') AS `record`, `rule` FROM `subject_event` WHERE `person` = ? OR `other` = ? ORDER BY `run`, `seq`", person, person)
	return out, database.Failed("read the events of a person", err)
}

// Count is the size of a table.
type Count struct {
	Rows    int64 `db:"n"`
	Current int64 `db:"now"` // rows that are still exported
}

// Counts gives the size of every table of canonical rows.
func (v *View) Counts(ctx context.Context) (map[string]Count, error) {
	out := make(map[string]Count, len(v.shapes))
	for name := range v.shapes {
		var c Count
		err := sqlx.GetContext(ctx, v.q, &c, "SELECT COUNT(*) AS `n`, COUNT(*) - COUNT(`last_seen_run`) AS `now` FROM "+database.Quote(name))
		if err != nil {
			return nil, database.Failed("count "+name, err)
		}
		out[name] = c
	}
	return out, nil
}

// own are the register's tables that are not canonical, with the columns that order them.
var own = []struct {
	table   string
	columns []string
	key     int
}{
	{"link", linkColumns, 2},
	{"subject_event", eventColumns, 2},
	{consents.table, consents.columns, consents.key},
	{dues.table, dues.columns, dues.key},
}

// Digest gives the SHA-256 of all rows of all tables in a fixed order, in hex. Each cell is hashed as a byte that tells
// NULL from a value, the length and the text. Two stores with the same content have the same digest.
func (v *View) Digest(ctx context.Context) (string, error) {
	h := sha256.New()
	for _, t := range Tables() {
		columns := v.columns[t.Name]
		order := []string{"source_key", "seq"}
		if err := v.digestTable(ctx, h, t.Name, columns, order); err != nil {
			return "", err
		}
	}
	for _, t := range own {
		if err := v.digestTable(ctx, h, t.table, t.columns, t.columns[:t.key]); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (v *View) digestTable(ctx context.Context, h hash.Hash, table string, columns, order []string) error {
	cells := make([]cell, len(columns))
	name := cell{kind: text, text: table}
	buf := name.digest(nil)
	query := "SELECT " + database.Columns(columns) + " FROM " + database.Quote(table) + " ORDER BY " + database.Columns(order)
	err := v.scan(ctx, table, query, cells, func() (bool, error) {
		for i := range cells {
			buf = cells[i].digest(buf)
		}
		if len(buf) > 1<<15 {
			h.Write(buf)
			buf = buf[:0]
		}
		return true, nil
	})
	h.Write(buf)
	return err
}
