package query

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"hash"
	"io"
	"slices"
	"strconv"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/remote"
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
	types     []string  // of the key
	given     hash.Hash // digest of the rows that were given
	scratch   []byte
	lost      int // how often the line was lost

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
	if !errors.Is(err, ErrMoved) {
		r.source.failed = err
	}
	return err
}

// next adds one row. When the line is lost, it goes on behind the last one.
func (r *reader) next(ctx context.Context) error {
	err := r.step(ctx)
	for err != nil && err != io.EOF && r.source.isLost(ctx, err) {
		if err = r.again(ctx, err); err == nil {
			err = r.step(ctx)
		}
	}
	return err
}

func (r *reader) step(ctx context.Context) error {
	if r.cells == nil {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	more, err := r.fetch(ctx)
	if err != nil {
		return notEnd(err)
	}
	if !more {
		return r.end()
	}
	if r.read++; r.read > r.announced { // a key that does not grow would never end
		return errCount
	}
	r.note(r.given)
	return r.add()
}

// notEnd keeps a driver's word about the end of its line from being taken for that of the rows.
func notEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// again goes on behind a lost line, with another snapshot. What was given of the first one must be what the new one begins
// with, row by row: then all of it is of the new moment. Behind another query of the first snapshot there is no way on, as
// the queries of a source are of one moment.
func (r *reader) again(ctx context.Context, err error) error {
	s := r.source
	if s.given {
		return remote.Unreachable(err)
	}
	if err := s.settings.Retry.Wait(ctx, &r.lost, s.told(ctx, err)); err != nil {
		return err
	}
	r.drop()
	r.a.SetAgain(r.lost)
	if s.tx != nil {
		_ = s.tx.Rollback() // it wrote nothing
		s.tx = nil
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	if r.cells == nil {
		return nil
	}
	if err := r.begin(ctx); err != nil {
		return err
	}
	now := sha256.New()
	for range r.read {
		more, err := r.fetch(ctx)
		if err != nil {
			return notEnd(err)
		}
		if !more {
			return ErrMoved
		}
		r.note(now)
	}
	if !bytes.Equal(now.Sum(nil), r.given.Sum(nil)) {
		return ErrMoved
	}
	r.given = now
	return nil
}

// note adds the row that was fetched to a digest of rows.
func (r *reader) note(h hash.Hash) {
	for _, c := range r.cells {
		r.scratch = append(strconv.AppendInt(r.scratch[:0], int64(len(c.text)), 10), c.kind)
		h.Write(append(r.scratch, c.text...)) // never fails
	}
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

// begin counts the rows and learns the columns, which must be the same every time.
func (r *reader) begin(ctx context.Context) error {
	s := r.source
	if err := s.tx.GetContext(ctx, &r.announced, s.dialect.count(r.query)); err != nil {
		return notEnd(err)
	}
	if r.announced > s.settings.Rows {
		return errRows
	}
	r.a.SetTaken(s.taken)
	r.a.Opened() // no row is an answer, too
	if err := r.open(ctx, s.dialect.firstPage(r.query, s.settings.Page)); err != nil {
		return notEnd(err)
	}
	if r.cells == nil {
		return r.shape()
	}
	types, err := r.page.ColumnTypes()
	if err != nil {
		return notEnd(err)
	}
	if !slices.EqualFunc(types, r.cells, func(t *sql.ColumnType, c *cell) bool { return t.DatabaseTypeName() == c.typ }) {
		return ErrMoved
	}
	return nil
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

// fetch takes the next row, of the next page when this one has no more, and tells whether there was one.
func (r *reader) fetch(ctx context.Context) (more bool, err error) {
	for !r.page.Next() {
		if err := r.page.Err(); err != nil {
			return false, err
		}
		full := r.inPage == r.source.settings.Page
		if err := r.page.Close(); err != nil {
			return false, err
		}
		if !full {
			return false, nil
		}
		key := make([]any, len(r.key))
		for i, c := range r.key {
			key[i] = r.source.dialect.argument(c.typ, c.value)
		}
		if err := r.open(ctx, r.source.dialect.nextPage(r.query, r.types, r.source.settings.Page), after(key)...); err != nil {
			return false, err
		}
	}
	r.inPage++
	return true, r.page.Scan(r.into...)
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
	if err := r.a.Announced(r.announced, 0); err != nil {
		return err
	}
	r.source.given = true
	if err := r.a.EndRecords(r.read, r.read); err != nil {
		return err
	}
	return io.EOF
}
