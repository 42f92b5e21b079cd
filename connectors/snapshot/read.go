package snapshot

import (
	"context"
	"errors"
	"io"

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
	for left := g.NumRows(); left > 0; {
		n := int(min(left, canon.BatchRows))
		k, err := keys.next(n)
		if err != nil {
			return err
		}
		h, err := hashes.next(n)
		if err != nil {
			return err
		}
		for i := range n {
			visit(k[i].ByteArray(), Hash(h[i].ByteArray()))
		}
		left -= int64(n)
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
	n := int(r.to - r.from)
	if c == nil {
		for range n {
			b.Null(i)
		}
		return nil
	}
	if err := c.skipTo(r.from); err != nil {
		return err
	}
	vals, err := c.next(n)
	if err != nil {
		return err
	}
	for k := range vals {
		switch v := &vals[k]; {
		case v.IsNull():
			b.Null(i)
		case i == canon.RawLine:
			b.Int(i, v.Int64())
		default:
			b.Bytes(i, v.ByteArray())
		}
	}
	return nil
}

// cursor reads one column chunk value by value across its pages.
type cursor struct {
	pages parquet.Pages
	page  parquet.Page // the last that was read, nil when there is none left in it
	from  int64        // first row of it
	at    int64        // next row to give
	vals  parquet.ValueReader
	read  []parquet.Page // pages that the values given out point into; the last one may still be read
	buf   []parquet.Value
}

func newCursor(g parquet.RowGroup, column int) *cursor {
	return &cursor{pages: g.ColumnChunks()[column].Pages()}
}

// skipTo goes forward to a row, without a look at the values before it.
func (c *cursor) skipTo(row int64) error {
	if row == c.at {
		return nil
	}
	c.release()
	for c.page == nil || row >= c.from+c.page.NumRows() {
		if err := c.turn(); err != nil {
			return err
		}
		c.release()
	}
	c.vals, c.at = c.page.Slice(row-c.from, c.page.NumRows()).Values(), row
	return nil
}

// turn reads the next page.
func (c *cursor) turn() error {
	if c.page != nil {
		c.from += c.page.NumRows()
	}
	c.vals = nil
	p, err := c.pages.ReadPage()
	if err != nil {
		return errRead.Wrap(err)
	}
	c.read, c.page, c.vals = append(c.read, p), p, p.Values()
	return nil
}

// next gives exactly n values, valid until the following call.
func (c *cursor) next(n int) ([]parquet.Value, error) {
	if cap(c.buf) < n {
		c.buf = make([]parquet.Value, n)
	}
	c.release()
	out := c.buf[:n]
	for got := 0; got < n; {
		if c.vals == nil {
			if err := c.turn(); err != nil {
				return nil, err
			}
		}
		m, err := c.vals.ReadValues(out[got:])
		got += m
		if err == io.EOF {
			c.vals = nil
		} else if err != nil {
			return nil, errRead.Wrap(err)
		}
	}
	c.at += int64(n)
	return out, nil
}

// release gives back the pages that are read to their end, whose values the caller is done with.
func (c *cursor) release() {
	keep := c.read[:0]
	for i, p := range c.read {
		if i == len(c.read)-1 && p == c.page {
			keep = append(keep, p)
			continue
		}
		parquet.Release(p)
	}
	c.read = keep
}

func (c *cursor) close() error {
	if c == nil {
		return nil
	}
	c.vals, c.page = nil, nil
	c.release()
	return c.pages.Close()
}
