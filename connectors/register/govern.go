package register

import (
	"cmp"
	"context"
	"database/sql"
	"iter"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Consent is what a person's statements and the policy come to, for one purpose and channel.
type Consent struct {
	Person  string
	Purpose string // "newsletter", or "newsletter/research" of a topic
	Channel string
	State   string
	Since   string // when the state began, ISO 8601, or ""
	Clause  string // clause of the notice that decides
}

// Due is something that the policy wants done with a source row on a day.
type Due struct {
	Person    string // "" when the row belongs to nobody
	Source    string
	SourceKey string
	Category  string
	Due       canon.Date
	Action    string
	Clause    string
}

// derived is a table that is made anew every night and differs little from the night before.
type derived[T comparable] struct {
	table   string
	columns []string
	key     int // the first columns name the row, in key order
	compare func(a, b *T) int
	value   func(*T, int) database.Value
	scan    func(*sql.Rows) (T, error)
}

var consents = derived[Consent]{
	table:   "effective_consent",
	columns: []string{"person", "purpose", "channel", "state", "since", "clause"},
	key:     3,
	compare: func(a, b *Consent) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Channel, b.Channel))
	},
	value: func(c *Consent, col int) database.Value {
		return database.Text([...]string{c.Person, c.Purpose, c.Channel, c.State, c.Since, c.Clause}[col])
	},
	scan: func(r *sql.Rows) (c Consent, err error) {
		err = r.Scan(&c.Person, &c.Purpose, &c.Channel, &c.State, &c.Since, &c.Clause)
		return c, err
	},
}

var dues = derived[Due]{
	table:   "retention_due",
	columns: []string{"person", "source_key", "category", "action", "source", "due", "clause"},
	key:     4,
	compare: func(a, b *Due) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.SourceKey, b.SourceKey),
			cmp.Compare(a.Category, b.Category), cmp.Compare(a.Action, b.Action))
	},
	value: func(d *Due, col int) database.Value {
		if col == 5 {
			return database.Text(d.Due.String())
		}
		return database.Text([...]string{d.Person, d.SourceKey, d.Category, d.Action, d.Source, "", d.Clause}[col])
	},
	scan: func(r *sql.Rows) (d Due, err error) {
		var day string
		if err = r.Scan(&d.Person, &d.SourceKey, &d.Category, &d.Action, &d.Source, &day, &d.Clause); err == nil {
			d.Due, err = canon.ParseDate(day)
		}
		return d, err
	},
}

// ReplaceConsents makes the effective consents equal to those given, in ascending order of person, purpose and channel,
// and writes only the differences.
func (n *Night) ReplaceConsents(ctx context.Context, all iter.Seq2[Consent, error]) (changed int, err error) {
	return consents.replace(ctx, n.tx, all)
}

// ReplaceRetention makes the due actions equal to those given, in ascending order of person, source key, category and
// action, and writes only the differences.
func (n *Night) ReplaceRetention(ctx context.Context, all iter.Seq2[Due, error]) (changed int, err error) {
	return dues.replace(ctx, n.tx, all)
}

// Consents gives the effective consents in ascending order of person, purpose and channel.
func (v *View) Consents(ctx context.Context) iter.Seq2[Consent, error] {
	return consents.read(ctx, v.q)
}

// Retention gives the due actions in ascending order of person, source key, category and action.
func (v *View) Retention(ctx context.Context) iter.Seq2[Due, error] { return dues.read(ctx, v.q) }

func (d *derived[T]) read(ctx context.Context, q sqlx.QueryerContext) iter.Seq2[T, error] {
	return d.readWhere(ctx, q, "")
}

// readWhere reads the rows that meet a condition.
func (d *derived[T]) readWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) iter.Seq2[T, error] {
	query := "SELECT " + database.Columns(d.columns) + " FROM " + database.Quote(d.table) + where + " ORDER BY " + database.Columns(d.columns[:d.key])
	return func(yield func(T, error) bool) {
		var zero T
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			yield(zero, database.Failed("read "+d.table, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			item, err := d.scan(rows)
			if !yield(item, database.Failed("read "+d.table, err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, database.Failed("read "+d.table, err))
		}
	}
}

// writeChunk is how many rows are held back before they are written, once nothing is being read.
const writeChunk = 8192

// replace walks the table and the new rows side by side. Differences wait until the walk through the table is over,
// because a connection cannot read and write at once; the rows after its end, on the first night all, flow through.
func (d *derived[T]) replace(ctx context.Context, tx *sqlx.Tx, all iter.Seq2[T, error]) (changed int, err error) {
	next, stop := iter.Pull2(d.ordered(all))
	defer stop()
	var write, remove []T
	item, err, more := next()
	for old, failed := range d.read(ctx, tx) {
		if failed != nil {
			return 0, failed
		}
		for more && err == nil && d.compare(&item, &old) < 0 {
			write = append(write, item)
			item, err, more = next()
		}
		if err != nil {
			return 0, err
		}
		switch {
		case !more || d.compare(&item, &old) > 0:
			remove = append(remove, old)
			continue
		case item != old:
			write = append(write, item)
		}
		item, err, more = next()
	}
	changed = len(remove)
	if err := d.remove(ctx, tx, remove); err != nil {
		return 0, err
	}
	for ; more && err == nil; item, err, more = next() {
		if write = append(write, item); len(write) >= writeChunk {
			changed += len(write)
			if err := d.write(ctx, tx, write); err != nil {
				return 0, err
			}
			write = write[:0]
		}
	}
	if err != nil {
		return 0, err
	}
	return changed + len(write), d.write(ctx, tx, write)
}

// ordered passes rows on and fails at the first that does not come after the one before it.
func (d *derived[T]) ordered(all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		begun := false
		for item, err := range all {
			if err == nil && begun && d.compare(&last, &item) >= 0 {
				err = fault.New("UOMA-REG-ORDER", "rows for "+d.table+" are not in order", "this is a mistake in the program: report it")
			}
			if !yield(item, err) || err != nil {
				return
			}
			last, begun = item, true
		}
	}
}

func (d *derived[T]) write(ctx context.Context, tx *sqlx.Tx, items []T) error {
	return database.Replace(ctx, tx, d.table, d.columns, database.Each(items, d.value))
}

func (d *derived[T]) remove(ctx context.Context, tx *sqlx.Tx, items []T) error {
	if len(items) == 0 {
		return nil
	}
	query := "DELETE FROM " + database.Quote(d.table) + " WHERE "
	for i, c := range d.columns[:d.key] {
		if i > 0 {
			query += " AND "
		}
		query += database.Quote(c) + " = ?"
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return database.Failed("prepare to remove from "+d.table, err)
	}
	defer stmt.Close()
	args := make([]any, d.key)
	for i := range items {
		for c := range args {
			args[c] = d.value(&items[i], c).Arg()
		}
		if _, err := stmt.ExecContext(ctx, args...); err != nil {
			return database.Failed("remove from "+d.table, err)
		}
	}
	return nil
}
