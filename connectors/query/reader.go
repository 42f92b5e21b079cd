package query

import (
	"context"
	"io"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// reader reads one query's rows.
type reader struct {
	source *Source
	query  Query
	feed   string
	limit  int // bytes of a row
	a      *tabular.Assembler

	announced int64
	read      int64
	cells     []*cell
	into      []any // the cells, as Scan wants them
	row       tabular.Row
	key       []*cell
	types     []string // of the key

	page   *sqlx.Rows // nil between pages
	inPage int
}

// Summary implements [tabular.Reader].
func (r *reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *reader) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		if err := r.source.acquire(ctx); err != nil {
			yield(nil, r.placed(err))
			return
		}
		defer r.source.release()
		defer r.drop()
		if err := r.begin(ctx); err != nil {
			yield(nil, r.placed(r.fail(ctx, err)))
			return
		}
		for b, err := range tabular.Stream(ctx, r.a, func() error { return r.next(ctx) }) {
			if err != nil {
				err = r.placed(r.fail(ctx, err))
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// fail makes a fault of an error. One that ends the snapshot ends the source.
func (r *reader) fail(ctx context.Context, err error) error {
	err = r.source.lost(ctx, err)
	r.source.failed = err
	return err
}

// placed names the feed.
func (r *reader) placed(err error) error {
	if own, ok := err.(*fault.Error); ok && own.Place == (fault.Place{}) {
		return own.At(fault.Place{Field: r.feed})
	}
	return err
}

func (r *reader) drop() {
	if r.page != nil {
		r.page.Close() // only read from
		r.page = nil
	}
}

// begin counts the rows and learns the columns.
func (r *reader) begin(ctx context.Context) error {
	s := r.source
	if err := s.tx.GetContext(ctx, &r.announced, s.dialect.count(r.query)); err != nil {
		return err
	}
	if r.announced > s.settings.Rows {
		return errRows
	}
	if err := r.a.Announced(r.announced, 0); err != nil {
		return err
	}
	r.a.SetTaken(s.taken)
	r.a.Opened() // no row is an answer, too
	if err := r.open(ctx, s.dialect.firstPage(r.query, s.settings.Page)); err != nil {
		return err
	}
	return r.shape()
}

// shape makes a cell for each column, and finds the key among them.
func (r *reader) shape() error {
	types, err := r.page.ColumnTypes()
	if err != nil {
		return err
	}
	names, byName := make([]string, len(types)), map[string]*cell{}
	for i, t := range types {
		c := &cell{typ: t.DatabaseTypeName(), form: r.source.dialect.forms[t.DatabaseTypeName()]}
		names[i] = t.Name()
		r.cells, r.into = append(r.cells, c), append(r.into, c)
		byName[tabular.Fold([]byte(t.Name()))] = c
	}
	r.row.Cells, r.row.Kinds = make([][]byte, len(types)), make([]byte, len(types))
	for _, k := range r.query.Key {
		c := byName[tabular.Fold([]byte(k))]
		if c == nil || !c.comparable() {
			return errColumn.At(fault.Place{Field: r.feed + " " + k})
		}
		c.keyed = true
		r.key, r.types = append(r.key, c), append(r.types, c.typ)
	}
	return r.a.Columns(names...)
}

func (r *reader) open(ctx context.Context, statement string, args ...any) (err error) {
	r.inPage = 0
	r.page, err = r.source.tx.QueryxContext(ctx, statement, args...)
	return err
}

// next adds one row, of the next page when the last one has no more.
func (r *reader) next(ctx context.Context) error {
	for !r.page.Next() {
		if err := r.page.Err(); err != nil {
			return err
		}
		full := r.inPage == r.source.settings.Page
		if err := r.page.Close(); err != nil {
			return err
		}
		if !full {
			return r.end()
		}
		key := make([]any, len(r.key))
		for i, c := range r.key {
			key[i] = r.source.dialect.argument(c.typ, c.value)
		}
		if err := r.open(ctx, r.source.dialect.nextPage(r.query, r.types, r.source.settings.Page), after(key)...); err != nil {
			return err
		}
	}
	if err := r.page.Scan(r.into...); err != nil {
		return err
	}
	r.inPage++
	if r.read++; r.read > r.announced { // a key that does not grow would never end
		return errCount
	}
	return r.add()
}

func (r *reader) add() error {
	size := 0
	for i, c := range r.cells {
		r.row.Cells[i], r.row.Kinds[i] = c.text, c.kind
		size += len(c.text)
	}
	r.row.Line = r.read
	switch {
	case size > r.limit:
		r.row.Raw = []byte{} // nobody wants so much in the quarantine
		r.a.RejectRow(&r.row, tabular.CodeTooLong, "the row is longer than any row may be")
		r.row.Raw = nil
		return nil
	case !r.row.Inspect():
		r.a.RejectRow(&r.row, tabular.CodeEncoding, "the row holds text that is not UTF-8")
		return nil
	}
	r.a.AddRecord(&r.row)
	return nil
}

// end proves that nothing is missing.
func (r *reader) end() error {
	if r.read != r.announced {
		return errCount
	}
	if err := r.a.EndRecords(r.read, r.read); err != nil {
		return err
	}
	return io.EOF
}
