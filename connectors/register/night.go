package register

import (
	"context"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Night is the one transaction in which a run writes. Its [View] sees what was written so far; an iterator of it must
// be finished before the next call. A Night is not safe for concurrent use.
type Night struct {
	View
	db    *database.DB
	tx    *sqlx.Tx
	first map[string]string     // first_seen_run of dropped source rows, for their return
	days  map[canon.Date]string // text of dates, which repeat
}

// Begin opens the night. Cancelling the context rolls it back.
func (r *Register) Begin(ctx context.Context) (*Night, error) {
	tx, err := r.db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &Night{View: newView(tx), db: r.db, tx: tx, first: map[string]string{}, days: map[canon.Date]string{}}, nil
}

// Tx is the transaction itself, for the ledger's functions.
func (n *Night) Tx() *sqlx.Tx { return n.tx }

// Commit makes the night visible, all of it at once.
func (n *Night) Commit() error { return n.db.CommitAside(n.tx) }

// Rollback forgets the night. After Commit it does nothing, so it may be deferred.
func (n *Night) Rollback() { _ = n.tx.Rollback() }

// dropChunk bounds the keys selected at once, and with them the temporary table.
const dropChunk = 50_000

// Drop removes the rows of source rows that are about to change, in all tables, and remembers when they were first
// seen for [Night.Put].
func (n *Night) Drop(ctx context.Context, sourceKeys []string) error {
	return n.selecting(ctx, sourceKeys, func(t string) error {
		if err := n.remember(ctx, t); err != nil {
			return err
		}
		_, err := database.DeleteSelected(ctx, n.tx, t, "source_key")
		return err
	})
}

func (n *Night) remember(ctx context.Context, table string) error {
	t := database.Quote(table)
	rows, err := n.tx.QueryContext(ctx, "SELECT "+t+".`source_key`, MIN("+t+".`first_seen_run`) FROM "+
		database.JoinSelected(table, "source_key")+" GROUP BY "+t+".`source_key`")
	if err != nil {
		return database.Failed("read when rows were first seen in "+table, err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, run string
		if err := rows.Scan(&key, &run); err != nil {
			return database.Failed("read when rows were first seen in "+table, err)
		}
		if old, ok := n.first[key]; !ok || run < old {
			n.first[key] = run
		}
	}
	return database.Failed("read when rows were first seen in "+table, rows.Err())
}

// End marks the rows of source rows that their system no longer exports: run is the first that missed them. Rows that
// ended before keep their run.
func (n *Night) End(ctx context.Context, sourceKeys []string, run string) error {
	return n.selecting(ctx, sourceKeys, func(t string) error {
		_, err := database.UpdateSelected(ctx, n.tx, t, "source_key", "last_seen_run", run)
		return err
	})
}

// Doubt makes doubted what source rows grant whose system exports a version of them that cannot be used: it may take the consent
// back. Everything else of such rows stands. [Night.BookWords] goes before, [Night.SettleWords] behind.
func (n *Night) Doubt(ctx context.Context, sourceKeys []string) error {
	return n.chunks(ctx, sourceKeys, func() error {
		_, err := database.UpdateSelected(ctx, n.tx, "consent", "source_key", "state", "doubted", "granted", "given")
		return err
	})
}

// selecting selects keys in chunks and runs f for every table on each.
func (n *Night) selecting(ctx context.Context, keys []string, f func(table string) error) error {
	return n.chunks(ctx, keys, func() error {
		for _, t := range Tables() {
			if err := f(t.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

// chunks selects keys in chunks and runs f on each.
func (n *Night) chunks(ctx context.Context, keys []string, f func() error) error {
	for chunk := range slices.Chunk(keys, dropChunk) {
		if err := database.Select(ctx, n.tx, chunk); err != nil {
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// Put inserts a batch in the register's shape. A row whose source row was there before must have been dropped in this
// night and keeps the run that first saw it; every other row gets run. The batch's own first_seen_run and
// last_seen_run are not read.
func (n *Night) Put(ctx context.Context, b *canon.Batch, run string) error {
	shape := n.shapes[b.Table.Name]
	if shape == nil || !sameColumns(shape, b.Table) {
		return fault.New("UOMA-REG-SHAPE", "a batch of table "+b.Table.Name+" has not the register's columns",
			"this is a mistake in the program: report it")
	}
	return database.Load(ctx, n.tx, shape.Name, n.columns[shape.Name], newPut(n, b, run))
}

func sameColumns(a, b *canon.Table) bool {
	if len(a.Columns) != len(b.Columns) {
		return false
	}
	for i := range a.Columns {
		if a.Columns[i].Name != b.Columns[i].Name || a.Columns[i].Type != b.Columns[i].Type {
			return false
		}
	}
	return true
}

// put gives a batch's columns to the bulk load in the order of the source keys, which are tokens: SQLite keeps rows as they
// come, and the order of an export, which is that of student numbers, would tell whose they are.
type put struct {
	night *Night
	run   string
	order []int32
	cols  []canon.Col
	types []canon.Type
}

func newPut(n *Night, b *canon.Batch, run string) *put {
	p := &put{night: n, run: run, order: make([]int32, b.Len()), cols: make([]canon.Col, len(b.Table.Columns)), types: make([]canon.Type, len(b.Table.Columns))}
	for i, c := range b.Table.Columns {
		p.cols[i], p.types[i] = b.Col(i), c.Type
	}
	for i := range p.order {
		p.order[i] = int32(i)
	}
	keys := p.cols[SourceKey]
	slices.SortStableFunc(p.order, func(a, b int32) int { return strings.Compare(keys.Text(int(a)), keys.Text(int(b))) })
	return p
}

// Len gives the number of rows.
func (p *put) Len() int { return len(p.order) }

// Value gives a value as both stores keep it.
func (p *put) Value(nth, col int) database.Value {
	row := int(p.order[nth])
	switch col {
	case FirstSeen:
		if len(p.night.first) > 0 {
			if run, ok := p.night.first[p.cols[SourceKey].Text(row)]; ok {
				return database.Text(run)
			}
		}
		return database.Text(p.run)
	case LastSeen:
		return database.Null()
	}
	c := p.cols[col]
	if c.Null(row) {
		return database.Null()
	}
	switch p.types[col] {
	case canon.Int:
		return database.Int(c.Int(row))
	case canon.Instant:
		us, _ := c.Instant(row)
		return database.Int(us)
	case canon.Bool:
		return database.Bool(c.Bool(row))
	case canon.Day:
		d, _ := c.Day(row)
		return database.Text(p.night.day(d))
	}
	return database.Text(c.Text(row))
}

func (n *Night) day(d canon.Date) string {
	s, ok := n.days[d]
	if !ok {
		s = d.String()
		n.days[d] = s
	}
	return s
}
