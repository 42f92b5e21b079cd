package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// View reads the register. Everything but what [View.Scan] gives comes in the order of primary keys, which is the same in
// every store.
type View struct {
	q       queryer
	shapes  map[string]*canon.Table
	columns map[string][]string
}

// queryer is a database or a transaction that knows its dialect.
type queryer interface {
	sqlx.QueryerContext
	DriverName() string
}

func newView(q queryer) View {
	v := View{q: q, shapes: shapes(), columns: map[string][]string{}}
	for name, t := range v.shapes {
		v.columns[name] = names(t)
	}
	return v
}

// Which says which rows of a table are read.
type Which uint8

const (
	All     Which = iota // also rows that their system no longer exports
	Current              // rows whose last_seen_run is NULL
	Ended                // rows that their system no longer exports
)

// Condition narrows a reading. Where Value is given, the one column must have it, and where Values are, one of them; else
// at least one of the columns must have a value that is not 0.
type Condition struct {
	Columns []string
	Value   string
	Values  []string
}

// seeks tells whether the condition finds its rows by an index.
func (c *Condition) seeks() bool {
	return c.Value != "" && c.Columns[0] == "record" || len(c.Values) > 0
}

// Read streams columns of a table of canonical rows that meet all conditions, all columns when none are named. Batches
// have no feed; the column source tells it.
func (v *View) Read(ctx context.Context, table string, columns []string, which Which, conditions ...Condition) canon.Batches {
	r := reading{table: table, columns: columns, which: which, conditions: conditions, from: database.Quote, ordered: true}
	if len(conditions) > 0 {
		r.from = v.from(which, conditions) // few rows are found faster in the table than by walking the key, and are soon sorted
	}
	return v.read(ctx, r)
}

// Scan is Read in the order in which the store keeps the rows, which costs least and is not the same in every store: for
// who only adds things up.
func (v *View) Scan(ctx context.Context, table string, columns []string, which Which, conditions ...Condition) canon.Batches {
	return v.read(ctx, reading{table: table, columns: columns, which: which, conditions: conditions, from: v.from(which, conditions)})
}

// from says how a table is read: from end to end, unless a condition seeks, or only the few rows that ended are wanted.
func (v *View) from(which Which, conditions []Condition) func(table string) string {
	if which == Ended || slices.ContainsFunc(conditions, func(c Condition) bool { return c.seeks() }) {
		return database.Quote
	}
	return v.whole
}

// whole names a table that is read from end to end.
func (v *View) whole(table string) string {
	return database.Whole(database.Dialect(v.q.DriverName()), table)
}

// Selected reads the rows of some records or source rows alone. It is valid until the next call of its [Night] that
// writes, or selects others.
type Selected struct {
	night *Night
	from  func(table string) string
}

// SelectRecords selects records for several readings, each of a whole table.
func (n *Night) SelectRecords(ctx context.Context, records []string) (Selected, error) {
	return Selected{n, func(t string) string { return database.WholeSelected(database.Dialect(n.q.DriverName()), t, "record") }}, database.Select(ctx, n.tx, records)
}

// SelectRows selects source rows for several readings, which find them by their keys.
func (n *Night) SelectRows(ctx context.Context, sourceKeys []string) (Selected, error) {
	return Selected{n, func(t string) string { return database.JoinSelected(t, "source_key") }}, database.Select(ctx, n.tx, sourceKeys)
}

// Read is [View.Read] for the rows that are selected.
func (s Selected) Read(ctx context.Context, table string, columns []string, which Which) canon.Batches {
	return s.night.read(ctx, reading{table: table, columns: columns, which: which, ordered: true, from: s.from})
}

// reading is a query on one table.
type reading struct {
	table      string
	columns    []string
	which      Which
	conditions []Condition
	from       func(table string) string
	ordered    bool
}

// where puts which and conditions into SQL.
func (v *View) where(shape *canon.Table, which Which, conditions []Condition) (text string, args []any, err error) {
	var all []string
	switch which {
	case Current:
		all = append(all, "`last_seen_run` IS NULL")
	case Ended:
		all = append(all, "`last_seen_run` IS NOT NULL")
	}
	for _, c := range conditions {
		if _, err := v.subset(shape.Name, c.Columns); err != nil {
			return "", nil, err
		}
		if c.Value != "" {
			all = append(all, database.Quote(c.Columns[0])+" = ?")
			args = append(args, c.Value)
			continue
		}
		if len(c.Values) > 0 {
			all = append(all, database.Quote(c.Columns[0])+" IN (?"+strings.Repeat(",?", len(c.Values)-1)+")")
			for _, x := range c.Values {
				args = append(args, x)
			}
			continue
		}
		var any []string
		for _, name := range c.Columns {
			q := database.Quote(name)
			any = append(any, q+" IS NOT NULL AND "+q+" <> 0")
		}
		all = append(all, "("+strings.Join(any, " OR ")+")")
	}
	if len(all) == 0 {
		return "", nil, nil
	}
	return " WHERE " + strings.Join(all, " AND "), args, nil
}

func (v *View) read(ctx context.Context, r reading) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		shape, err := v.subset(r.table, r.columns)
		if err != nil {
			yield(nil, err)
			return
		}
		where, args, err := v.where(shape, r.which, r.conditions)
		if err != nil {
			yield(nil, err)
			return
		}
		query := "SELECT " + database.Columns(names(shape)) + " FROM " + r.from(shape.Name) + where
		switch {
		case r.ordered && r.which == Ended && database.Dialect(v.q.DriverName()) == database.SQLite:
			query += " ORDER BY +`source_key`, +`seq`" // the plus keeps SQLite from walking the whole key for the sake of the order
		case r.ordered:
			query += " ORDER BY `source_key`, `seq`"
		}
		out := canon.NewBuilder(shape, "")
		cells := make([]cell, len(shape.Columns))
		stopped := false
		err = v.scan(ctx, shape.Name, query, args, cells, func() (bool, error) {
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

// scan runs a query and calls each for every row, whose cells are valid until the next.
func (v *View) scan(ctx context.Context, table, query string, args []any, cells []cell, each func() (more bool, err error)) error {
	rows, err := v.q.QueryContext(ctx, query, args...)
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

// CurrentOf tells of which feeds any table has a row that its system still exports.
func (v *View) CurrentOf(ctx context.Context, feeds []string) (map[string]bool, error) {
	out := map[string]bool{}
	err := database.In(feeds, func(marks string, args []any) error {
		for _, t := range Tables() {
			var found []string
			query := "SELECT DISTINCT `source` FROM " + v.whole(t.Name) + " WHERE `last_seen_run` IS NULL AND `source` IN (" + marks + ")"
			if err := sqlx.SelectContext(ctx, v.q, &found, query, args...); err != nil {
				return database.Failed("read "+t.Name, err)
			}
			for _, feed := range found {
				out[feed] = true
			}
		}
		return nil
	})
	return out, err
}

// FirstSeen gives, by feed, the people who have a row that its system still exports, each with the run that saw the first of them.
// tables says which tables each feed fills: no others are read.
func (v *View) FirstSeen(ctx context.Context, tables map[string][]string) (map[string]map[string]string, error) {
	first := map[string]map[string]string{} // by record, then by feed
	for _, t := range Tables() {
		var feeds []string
		for _, feed := range slices.Sorted(maps.Keys(tables)) {
			if slices.Contains(tables[feed], t.Name) {
				feeds = append(feeds, feed)
			}
		}
		err := database.In(feeds, func(marks string, args []any) error {
			var found []struct {
				Feed   string `db:"source"`
				Record string `db:"record"`
				Run    string `db:"run"`
			}
			query := "SELECT `source`, `record`, MIN(`first_seen_run`) AS `run` FROM " + v.whole(t.Name) +
				" WHERE `last_seen_run` IS NULL AND `source` IN (" + marks + ") GROUP BY `source`, `record`"
			if err := sqlx.SelectContext(ctx, v.q, &found, query, args...); err != nil {
				return database.Failed("read "+t.Name, err)
			}
			for _, x := range found {
				earlier(first, x.Record, x.Feed, x.Run)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	links, err := v.LinksOf(ctx, slices.Sorted(maps.Keys(first)))
	out := map[string]map[string]string{}
	for _, l := range links {
		for feed, run := range first[l.Record] {
			earlier(out, feed, l.Person, run)
		}
	}
	return out, err
}

// earlier notes a run where none before it is known.
func earlier(of map[string]map[string]string, a, b, run string) {
	if of[a] == nil {
		of[a] = map[string]string{}
	}
	if known, there := of[a][b]; !there || run < known {
		of[a][b] = run
	}
}

// Links gives the record and the person of every link, ordered by both: the key alone is walked, so Since is left out.
func (v *View) Links(ctx context.Context) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		cells := make([]cell, 2)
		err := v.scan(ctx, "link", "SELECT `record`, `person` FROM `link` ORDER BY `record`, `person`", nil, cells, func() (bool, error) {
			return yield(Link{Record: cells[0].string(), Person: cells[1].string()}, nil), nil
		})
		if err != nil {
			yield(Link{}, err)
		}
	}
}

// RecordsOf gives the records that are linked to a person, in order.
func (v *View) RecordsOf(ctx context.Context, person string) ([]string, error) {
	var out []string
	err := sqlx.SelectContext(ctx, v.q, &out, "SELECT `record` FROM `link` WHERE `person` = ? ORDER BY `record`", person)
	return out, database.Failed("read the records of a person", err)
}

// LinksOf gives the links of some records, in no order that counts.
func (v *View) LinksOf(ctx context.Context, records []string) (out []Link, err error) {
	cells := make([]cell, len(linkColumns))
	err = database.In(records, func(marks string, args []any) error {
		query := "SELECT `record`, `person`, `since_run` FROM `link` WHERE `record` IN (" + marks + ") ORDER BY `record`, `person`"
		return v.scan(ctx, "link", query, args, cells, func() (bool, error) {
			out = append(out, Link{Record: cells[0].string(), Person: cells[1].string(), Since: cells[2].string()})
			return true, nil
		})
	})
	return out, err
}

// FormerOf gives the pseudonyms of everybody who turned out to be a person, and of who had turned out to be them, in order.
func (v *View) FormerOf(ctx context.Context, person string) ([]string, error) {
	seen := map[string]bool{person: true}
	for next := []string{person}; len(next) > 0; {
		var found []string
		err := sqlx.SelectContext(ctx, v.q, &found, "SELECT `other` FROM `subject_event` WHERE `person` = ? AND `kind` = ? AND `other` IS NOT NULL", next[0], Merged)
		if err != nil {
			return nil, database.Failed("read who a person was before", err)
		}
		next = next[1:]
		for _, other := range found {
			if !seen[other] {
				seen[other] = true
				next = append(next, other)
			}
		}
	}
	delete(seen, person)
	return slices.Sorted(maps.Keys(seen)), nil
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
	Rows    int64 `db:"n" json:"rows"`
	Current int64 `db:"now" json:"current"` // rows that are still exported
}

// Counts gives the size of every table of canonical rows.
func (v *View) Counts(ctx context.Context) (map[string]Count, error) {
	out := make(map[string]Count, len(v.shapes))
	for name := range v.shapes {
		t := database.Quote(name)
		query := "SELECT COUNT(*) AS `n`, COUNT(*) - COUNT(`last_seen_run`) AS `now` FROM " + t
		if database.Dialect(v.q.DriverName()) == database.SQLite { // which counts all rows without a look at them, and has an index of the ended ones
			query = "SELECT a.`n`, a.`n` - e.`n` AS `now` FROM (SELECT COUNT(*) AS `n` FROM " + t + ") AS a," +
				" (SELECT COUNT(*) AS `n` FROM " + t + " WHERE `last_seen_run` IS NOT NULL) AS e"
		}
		var c Count
		if err := sqlx.GetContext(ctx, v.q, &c, query); err != nil {
			return nil, database.Failed("count "+name, err)
		}
		out[name] = c
	}
	return out, nil
}

// own are the register's tables that are not canonical, with the columns that order them. Words by hand are what nights are
// given and not what they make.
var own = []struct {
	table   string
	columns []string
	key     int
	where   string
}{
	{"link", linkColumns, 2, ""},
	{"subject_event", eventColumns, 2, ""},
	{"word", wordColumns, 4, " WHERE `run` <> ''"},
	{consents.table, consents.columns, consents.key, ""},
	{dues.table, dues.columns, dues.key, ""},
	{"lapse", lapseColumns, 2, ""},
	{"anonymous_count", countColumns, 6, ""},
	{keptWords.table, keptWords.columns, keptWords.key, ""},
	{"erased_record", recordColumns, 1, ""},
}

// Digest gives the SHA-256 of all rows of all tables, words by hand apart, in a fixed order, in hex. Each cell is hashed as a byte that tells
// NULL from a value, the length and the text. Two stores with the same content have the same digest.
func (v *View) Digest(ctx context.Context) (string, error) {
	h := sha256.New()
	for _, t := range Tables() {
		columns := v.columns[t.Name]
		order := []string{"source_key", "seq"}
		if err := v.digestTable(ctx, h, t.Name, columns, order, ""); err != nil {
			return "", err
		}
	}
	for _, t := range own {
		if err := v.digestTable(ctx, h, t.table, t.columns, t.columns[:t.key], t.where); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (v *View) digestTable(ctx context.Context, h hash.Hash, table string, columns, order []string, where string) error {
	cells := make([]cell, len(columns))
	name := cell{kind: text, text: table}
	buf := name.digest(nil)
	query := "SELECT " + database.Columns(columns) + " FROM " + database.Quote(table) + where + " ORDER BY " + database.Columns(order)
	err := v.scan(ctx, table, query, nil, cells, func() (bool, error) {
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
