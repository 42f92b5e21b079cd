package backup

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/fault"
)

// chunk is about how many bytes of rows are in memory.
const chunk = 4 << 20

// seeded tells whether a migration puts rows into a table.
func seeded(table string) bool { return table == "audit_head" || table == "erasure_head" }

// versionTable is the end of the name of a table in which a component notes its migrations.
const versionTable = "_version"

// Store adds every row of every table of a store, as one moment had them. The tables of migrations stand apart: they say of
// which release the store is.
func (w *Writer) Store(ctx context.Context, name string, db *database.DB) error {
	w.dialect = db.Dialect
	return db.See(ctx, func(tx *sqlx.Tx) error {
		tables, err := db.Tables(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if component, ok := strings.CutSuffix(t, versionTable); ok {
				release, err := releaseOf(ctx, tx, t)
				if err != nil {
					return err
				}
				w.manifest.Facts[name+"/"+component] = release
				continue
			}
			if err := w.table(ctx, tx, name, t); err != nil {
				return err
			}
		}
		return nil
	})
}

func releaseOf(ctx context.Context, q sqlx.QueryerContext, table string) (string, error) {
	var n int64
	err := sqlx.GetContext(ctx, q, &n, "SELECT COALESCE(MAX(`version_id`), 0) FROM "+database.Quote(table))
	return fmt.Sprint(n), database.Failed("read "+table, err)
}

func (w *Writer) table(ctx context.Context, tx *sqlx.Tx, store, table string) error {
	rows, err := tx.QueryxContext(ctx, "SELECT * FROM "+database.Quote(table))
	if err != nil {
		return database.Failed("read "+table, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return database.Failed("read "+table, err)
	}
	head, err := json.Marshal(columns)
	if err != nil {
		return err
	}
	b, n, part := bytes.NewBuffer(append(head, '\n')), int64(0), 0
	flush := func() error {
		part++
		p := Part{Name: fmt.Sprintf("%s%s/%s/%06d", storesDir, store, table, part), Bytes: int64(b.Len()), Rows: n}
		err := w.part(p, b)
		b.Reset()
		b.Write(append(head, '\n'))
		n = 0
		return err
	}
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			return database.Failed("read "+table, err)
		}
		line, err := rowOf(values, w.dialect)
		if err != nil {
			return err
		}
		b.Write(line)
		if n++; b.Len() > chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return database.Failed("read "+table, err)
	}
	if n == 0 && part > 0 {
		return nil
	}
	return flush()
}

// bytesOf is a value that is no text, or one that is not UTF-8.
type bytesOf struct {
	Blob []byte `json:"b,omitempty"`
	Text []byte `json:"t,omitempty"`
}

// rowOf gives a row as a line.
func rowOf(values []any, d database.Dialect) ([]byte, error) {
	for i, v := range values {
		switch v := v.(type) {
		case nil, int64:
		case string:
			if !utf8.ValidString(v) {
				values[i] = bytesOf{Text: []byte(v)}
			}
		case []byte:
			values[i] = map[string]string{"b": base64.StdEncoding.EncodeToString(v)}
			// A server's driver gives text so, too; bytes that look like it come back as the same bytes.
			if d == database.MySQL && utf8.Valid(v) && !bytes.ContainsRune(v, 0) {
				values[i] = map[string]string{"s": string(v)}
			}
		default:
			return nil, errWrite.Because(fmt.Errorf("a column has values of type %T", v))
		}
	}
	line, err := json.Marshal(values)
	return append(line, '\n'), err
}

// Rows are the rows of one table out of a backup.
type Rows struct {
	Store, Table string
	Columns      []string
	values       []database.Value
}

// Len gives the number of rows.
func (r *Rows) Len() int { return len(r.values) / max(1, len(r.Columns)) }

// Value gives one value.
func (r *Rows) Value(row, col int) database.Value { return r.values[row*len(r.Columns)+col] }

// parseRows reads a part of a store.
func parseRows(name string, text []byte) (*Rows, error) {
	names := strings.Split(strings.TrimPrefix(name, storesDir), "/")
	if len(names) != 3 {
		return nil, errForged.At(fault.Place{Field: path.Base(name)})
	}
	r := &Rows{Store: names[0], Table: names[1]}
	lines := bytes.SplitAfter(text, []byte{'\n'})
	if json.Unmarshal(lines[0], &r.Columns) != nil || len(r.Columns) == 0 {
		return nil, errForged.At(fault.Place{Field: r.Table})
	}
	for _, line := range lines[1:] {
		if len(line) == 0 {
			continue
		}
		var cells []json.RawMessage
		if json.Unmarshal(line, &cells) != nil || len(cells) != len(r.Columns) {
			return nil, errForged.At(fault.Place{Field: r.Table})
		}
		for _, c := range cells {
			v, err := parseCell(c)
			if err != nil {
				return nil, errForged.At(fault.Place{Field: r.Table})
			}
			r.values = append(r.values, v)
		}
	}
	return r, nil
}

var errCell = errors.New("a cell is of no known form")

func parseCell(c json.RawMessage) (database.Value, error) {
	switch {
	case bytes.Equal(c, []byte("null")):
		return database.Null(), nil
	case c[0] == '"':
		var s string
		err := json.Unmarshal(c, &s)
		return database.Text(s), err
	case c[0] == '{':
		var m struct {
			Blob *[]byte `json:"b"`
			Text *[]byte `json:"t"`
			Same *string `json:"s"`
		}
		if err := json.Unmarshal(c, &m); err != nil {
			return database.Value{}, err
		}
		switch {
		case m.Blob != nil:
			return database.Blob(*m.Blob), nil
		case m.Text != nil:
			return database.Text(string(*m.Text)), nil
		case m.Same != nil:
			return database.Text(*m.Same), nil
		}
		return database.Value{}, errCell
	}
	var n int64
	err := json.Unmarshal(c, &n)
	return database.Int(n), err
}

var (
	errFull    = fault.New("UOMA-BCK-FULL", "the store that the backup is to be restored into is not empty", "restore into an empty database; what a restore that was cut off left in one goes by hand")
	errRelease = fault.New("UOMA-BCK-RELEASE", "the backup is of another release", "restore it with the release that made it, then let this one open the workspace")
)

// Restoring takes the rows of one store into one transaction.
type Restoring struct {
	name    string
	tx      *sqlx.Tx
	emptied map[string]bool
}

// Restore begins to fill a store that has the tables of this release and no rows but those that migrations put there.
func Restore(ctx context.Context, name string, db *database.DB) (*Restoring, error) {
	tables, err := db.Tables(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		var rows int64
		if err := db.GetContext(ctx, &rows, "SELECT COUNT(*) FROM "+database.Quote(t)); err != nil {
			return nil, database.Failed("look into "+t, err)
		}
		if rows > 0 && !strings.HasSuffix(t, versionTable) && !seeded(t) {
			return nil, errFull.At(fault.Place{Field: name + ", " + t})
		}
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &Restoring{name, tx, map[string]bool{}}, nil
}

// Put loads rows.
func (r *Restoring) Put(ctx context.Context, rows *Rows) error {
	if !r.emptied[rows.Table] {
		if _, err := r.tx.ExecContext(ctx, "DELETE FROM "+database.Quote(rows.Table)); err != nil {
			return errRelease.At(fault.Place{Field: rows.Table}).Wrap(err)
		}
		r.emptied[rows.Table] = true
	}
	return database.Load(ctx, r.tx, rows.Table, rows.Columns, rows)
}

// Commit keeps what was loaded, when the store is of the release that a manifest says.
func (r *Restoring) Commit(ctx context.Context, m *Manifest) error {
	for fact, want := range m.Facts {
		component, ok := strings.CutPrefix(fact, r.name+"/")
		if !ok {
			continue
		}
		if is, err := releaseOf(ctx, r.tx, component+versionTable); err != nil || is != want {
			return errRelease.At(fault.Place{Field: component + ", " + is + " and not " + want})
		}
	}
	return database.Failed("restore "+r.name, r.tx.Commit())
}

// Rollback gives it up. After Commit it does nothing.
func (r *Restoring) Rollback() { _ = r.tx.Rollback() }

// Exec changes what was loaded.
func (r *Restoring) Exec(ctx context.Context, query string) error {
	_, err := r.tx.ExecContext(ctx, query)
	return database.Failed("restore "+r.name, err)
}
