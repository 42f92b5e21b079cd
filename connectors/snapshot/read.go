package snapshot

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"uoma/connectors/blob"
	"uoma/internal/canon"
)

// Keys calls visit with the key and hash of every row, in file order. The key is valid during the call.
func Keys(s *blob.Store, digest string, visit func(key []byte, hash Hash)) error {
	pf, closeFile, err := openFile(s, digest)
	if err != nil {
		return err
	}
	defer closeFile()
	at, err := positions(pf.Schema(), nil)
	if err != nil {
		return err
	}
	for _, g := range pf.RowGroups() {
		if err := groupKeys(g, at[2], at[3], visit); err != nil {
			return err
		}
	}
	return nil
}

func groupKeys(g parquet.RowGroup, key, hash int, visit func(key []byte, hash Hash)) (err error) {
	keys, hashes := newCursor(g, key), newCursor(g, hash)
	defer func() {
		if failed := errors.Join(keys.close(), hashes.close()); err == nil && failed != nil {
			err = errRead.Wrap(failed)
		}
	}()
	for row := range g.NumRows() {
		if err := errors.Join(keys.seek(row), hashes.seek(row)); err != nil {
			return err
		}
		visit(keys.bytes(), Hash(hashes.bytes()))
	}
	return nil
}

// Read gives a snapshot's rows as raw batches of the given own columns; a column that the snapshot has not is all null.
func Read(ctx context.Context, s *blob.Store, digest, feed string, columns []string) canon.Batches {
	return read(ctx, s, digest, feed, columns, func(rows int64) []run { return []run{{0, rows}} })
}

// Select is [Read] for the rows at some places alone, counted from 0 over the whole snapshot and in ascending order. The
// batches hold them one after the other, so that a caller knows each row's place by counting.
func Select(ctx context.Context, s *blob.Store, digest, feed string, columns []string, places []int32) canon.Batches {
	first := int64(0)
	return read(ctx, s, digest, feed, columns, func(rows int64) (runs []run) {
		for len(places) > 0 && int64(places[0]) < first+rows {
			at := int64(places[0]) - first
			if last := len(runs) - 1; last >= 0 && runs[last].to == at {
				runs[last].to++
			} else {
				runs = append(runs, run{at, at + 1})
			}
			places = places[1:]
		}
		first += rows
		return runs
	})
}

// run is a stretch of a row group's rows, from the first to before the last.
type run struct{ from, to int64 }

// read gives the rows that wanted names of each row group, which it is asked in their order.
func read(ctx context.Context, s *blob.Store, digest, feed string, columns []string, wanted func(rows int64) []run) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		pf, closeFile, err := openFile(s, digest)
		if err != nil {
			yield(nil, err)
			return
		}
		defer closeFile()
		b := canon.NewBuilder(canon.RawTable(feed, columns), feed)
		for _, g := range pf.RowGroups() {
			runs := wanted(g.NumRows())
			if len(runs) > 0 && !readGroup(ctx, g, pf.Schema(), columns, runs, b, yield) {
				return
			}
		}
	}
}

// readGroup yields batches of one row group's runs; it gives false when the stream is over.
func readGroup(ctx context.Context, g parquet.RowGroup, sc *parquet.Schema, columns []string, runs []run, b *canon.Builder, yield func(*canon.Batch, error) bool) bool {
	names := append([]string{lineColumn, kindsColumn}, prefixed(columns)...)
	cursors := make([]*cursor, len(names))
	defer func() {
		for _, c := range cursors {
			_ = c.close() // reading is over; a page that does not close changes nothing
		}
	}()
	for i, n := range names {
		if leaf, ok := sc.Lookup(n); ok {
			cursors[i] = newCursor(g, leaf.ColumnIndex)
		}
	}
	for len(runs) > 0 {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		var batch []run
		batch, runs = cut(runs, canon.BatchRows)
		for i, c := range cursors {
			for _, r := range batch {
				if err := fill(b, i, c, r); err != nil {
					yield(nil, err)
					return false
				}
			}
		}
		if !yield(b.Flush(), nil) {
			return false
		}
	}
	return true
}

// cut parts runs behind the first n rows.
func cut(runs []run, n int64) (head, tail []run) {
	for i, r := range runs {
		if size := r.to - r.from; size > n {
			head = append(runs[:i:i], run{r.from, r.from + n})
			tail = runs[i:]
			tail[0].from += n
			return head, tail
		}
		n -= r.to - r.from
		if n == 0 {
			return runs[:i+1], runs[i+1:]
		}
	}
	return runs, nil
}

func fill(b *canon.Builder, i int, c *cursor, r run) error {
	for row := r.from; row < r.to; row++ {
		if c == nil {
			b.Null(i)
			continue
		}
		if err := c.seek(row); err != nil {
			return err
		}
		switch {
		case c.null():
			b.Null(i)
		case i == canon.RawLine:
			b.Int(i, c.ints[c.rank])
		default:
			b.Bytes(i, c.bytes())
		}
	}
	return nil
}

// cursor goes forward through one column chunk and shows the value of the row at which it stands. Of rows that it skips
// it looks at nothing but whether they have a value.
type cursor struct {
	pages  parquet.Pages
	page   parquet.Page
	first  int64  // row of the chunk with which the page begins
	rows   int64  // of the page
	at     int64  // row of the page at which the cursor stands
	rank   int    // of the page's rows before it, how many have a value
	levels []byte // by row: 1 with a value; nil when all have one

	// The page's values, as its type keeps them.
	ints    []int64
	data    []byte
	offsets []uint32 // of texts; nil when all have size bytes
	size    int
}

func newCursor(g parquet.RowGroup, column int) *cursor {
	return &cursor{pages: g.ColumnChunks()[column].Pages()}
}

// seek goes to a row of the chunk that does not lie behind.
func (c *cursor) seek(row int64) error {
	for c.page == nil || row >= c.first+c.rows {
		if err := c.turn(); err != nil {
			return err
		}
	}
	to := row - c.first
	if c.levels == nil {
		c.rank = int(to)
	} else if to > c.at {
		c.rank += bytes.Count(c.levels[c.at:to], present)
	}
	c.at = to
	return nil
}

var present = []byte{1} // definition level of a value that is there

// turn reads the next page.
func (c *cursor) turn() error {
	c.release()
	p, err := c.pages.ReadPage()
	if err != nil {
		return errRead.Wrap(err)
	}
	if p.Dictionary() != nil {
		return errRead.Because(errors.New("a column has a dictionary"))
	}
	c.page, c.rows, c.levels = p, p.NumRows(), p.DefinitionLevels()
	switch values := p.Data(); p.Type().Kind() {
	case parquet.Int64:
		c.ints = values.Int64()
	case parquet.FixedLenByteArray:
		c.data, c.size = values.FixedLenByteArray()
	default:
		c.data, c.offsets = values.ByteArray()
	}
	return nil
}

func (c *cursor) null() bool { return c.levels != nil && c.levels[c.at] != present[0] }

// bytes gives the value at which the cursor stands. It is valid until the cursor goes on.
func (c *cursor) bytes() []byte {
	if c.offsets == nil {
		return c.data[c.rank*c.size : (c.rank+1)*c.size]
	}
	return c.data[c.offsets[c.rank]:c.offsets[c.rank+1]]
}

// release gives back the page, whose values nobody looks at any more.
func (c *cursor) release() {
	if c.page == nil {
		return
	}
	parquet.Release(c.page)
	c.first += c.rows
	c.page, c.at, c.rank, c.rows = nil, 0, 0, 0
	c.ints, c.data, c.offsets = nil, nil, nil
}

func (c *cursor) close() error {
	if c == nil {
		return nil
	}
	c.release()
	return c.pages.Close()
}

// Columns gives the names of a snapshot's own columns, in alphabetical order.
func Columns(s *blob.Store, digest string) ([]string, error) {
	pf, closeFile, err := openFile(s, digest)
	if err != nil {
		return nil, err
	}
	defer closeFile()
	var out []string
	for _, path := range pf.Schema().Columns() {
		if name, own := strings.CutPrefix(strings.Join(path, "."), columnPrefix); own {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}
