package register

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
)

// sought is a column by which few rows of a big table are found.
type sought struct {
	table, column string
	rare          bool // few rows have a value at all, and those alone are in the index
}

// index is the name that the index of a sought column has.
func (s sought) index() string { return s.table + "_" + s.column }

// soughts lists what leads to what is known of one person and stands under no key of the person's rows: the links, and
// the rows of contact points, which are words about consent, the book of words, what has lapsed, and who the person was
// before. The rows themselves are found by their source keys, which the
// vault has; an index of the record in every table would make a load a tenth slower.
func soughts() []sought {
	return []sought{{table: "link", column: "person"}, {table: "consent", column: "record"}, {table: "objection", column: "record"},
		{table: "subject_event", column: "person"}, {table: "word", column: "record"}, {table: "lapse", column: "person"}}
}

// ended are the rows that their system no longer exports, which every night asks for and counts. MySQL has no index of some
// rows alone, and one of all would cost every row that is loaded.
func (r *Register) ended() (out []sought) {
	if r.db.Dialect == database.SQLite {
		for _, t := range Tables() {
			out = append(out, sought{table: t.Name, column: "last_seen_run", rare: true})
		}
	}
	return out
}

// Index makes the indexes by which one person's rows, and ended ones, are found, where they are missing. Without them every reading is
// right, and slow in a big register. They are no migration because the first night would pay three times for filling
// them row by row what it costs to make them of all rows at once: call it after a night's commit. It needs the right to make indexes, as migrations do.
func (r *Register) Index(ctx context.Context) error {
	for _, s := range append(soughts(), r.ended()...) {
		there, err := r.indexed(ctx, s)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		query := "CREATE INDEX " + database.Quote(s.index()) + " ON " + database.Quote(s.table) + " (" + database.Quote(s.column) + ")"
		if s.rare {
			query += " WHERE " + database.Quote(s.column) + " IS NOT NULL"
		}
		if _, err := r.db.ExecContext(ctx, query); err != nil {
			return database.Failed("make an index of "+s.table, err)
		}
	}
	return nil
}

func (r *Register) indexed(ctx context.Context, s sought) (bool, error) {
	query := "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?"
	args := []any{s.index()}
	if r.db.Dialect == database.MySQL {
		query = "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name = ? AND table_name = ? LIMIT 1"
		args = append(args, s.table)
	}
	var one int
	err := sqlx.GetContext(ctx, r.db, &one, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, database.Failed("look for an index of "+s.table, err)
}
