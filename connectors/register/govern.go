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

// Difference is what it takes to make a table equal to what it should hold.
type Difference[T comparable] struct{ write, remove []T }

// ConsentDifference tells in what the effective consents differ from those given, which are in ascending order of person,
// purpose and channel. They stay the caller's, who may not change them before [Night.ChangeConsents].
func (v *View) ConsentDifference(ctx context.Context, all []Consent) (Difference[Consent], error) {
	return consents.differ(ctx, v.q, all)
}

// ChangeConsents writes a difference of the effective consents, which no one else writes meanwhile.
func (n *Night) ChangeConsents(ctx context.Context, d Difference[Consent]) (changed int, err error) {
	return consents.change(ctx, n.tx, d)
}

// ReplaceRetention makes the due actions equal to those given, in ascending order of person, source key, category and
// action, and writes only the differences.
func (n *Night) ReplaceRetention(ctx context.Context, all []Due) (changed int, err error) {
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

// replace writes the differences between the table and what it should hold.
func (d *derived[T]) replace(ctx context.Context, tx *sqlx.Tx, all []T) (changed int, err error) {
	x, err := d.differ(ctx, tx, all)
	if err != nil {
		return 0, err
	}
	return d.change(ctx, tx, x)
}

// differ walks the table and the new rows side by side.
func (d *derived[T]) differ(ctx context.Context, q sqlx.QueryerContext, all []T) (x Difference[T], err error) {
	for i := 1; i < len(all); i++ {
		if d.compare(&all[i-1], &all[i]) >= 0 {
			return x, fault.New("UOMA-REG-ORDER", "rows for "+d.table+" are not in order", "this is a mistake in the program: report it")
		}
	}
	for old, err := range d.read(ctx, q) {
		if err != nil {
			return x, err
		}
		for len(all) > 0 && d.compare(&all[0], &old) < 0 {
			x.write, all = append(x.write, all[0]), all[1:]
		}
		if len(all) == 0 || d.compare(&all[0], &old) > 0 {
			x.remove = append(x.remove, old)
			continue
		}
		if all[0] != old {
			x.write = append(x.write, all[0])
		}
		all = all[1:]
	}
	if len(x.write) == 0 { // on the first night, which is spared a copy of them all
		x.write = all
	} else {
		x.write = append(x.write, all...)
	}
	return x, nil
}

func (d *derived[T]) change(ctx context.Context, tx *sqlx.Tx, x Difference[T]) (changed int, err error) {
	if err := d.remove(ctx, tx, x.remove); err != nil {
		return 0, err
	}
	return len(x.remove) + len(x.write), d.write(ctx, tx, x.write)
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
