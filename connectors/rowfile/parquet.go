package rowfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"uoma/connectors/parquetfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// openParquet reads the file's footer, and rows of a few of its row groups.
func (f *File) openParquet(src io.ReaderAt, size int64) error {
	pf, err := openParquet(src, size)
	if err != nil {
		return err
	}
	for _, field := range pf.Schema().Fields() {
		name := field.Name()
		if !field.Leaf() || field.Repeated() {
			name = "" // lists and structures say nothing that is compared
		}
		f.Columns = append(f.Columns, name)
	}
	return f.sampleParquet(pf)
}

func openParquet(src io.ReaderAt, size int64) (*parquet.File, error) {
	if err := parquetfile.CheckFooter(src, size); err != nil {
		return nil, errors.New(err.Error()) // the fault is ours to tell
	}
	return parquet.OpenFile(src, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
}

// guarded reads a part of a Parquet file. The library panics where a damaged file contradicts itself.
func guarded(path string, read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errParquet.At(fault.Place{File: path}).Wrap(fmt.Errorf("%v", p))
		}
	}()
	err = read()
	if own := (*fault.Error)(nil); err == nil || errors.As(err, &own) {
		return err
	}
	return errParquet.At(fault.Place{File: path}).Wrap(err)
}

// sampleGroups is how many row groups a sample looks into.
const sampleGroups = 8

func (f *File) sampleParquet(pf *parquet.File) error {
	groups := pf.RowGroups()
	n := min(len(groups), sampleGroups)
	each := 0
	if n > 0 {
		each = windowRows * looks / n
	}
	var names []string
	var at []int
	for i, c := range f.Columns {
		if c != "" {
			names, at = append(names, c), append(at, i)
		}
	}
	if len(names) == 0 {
		return errHeader.At(fault.Place{File: f.Path})
	}
	for i := range n {
		r, err := newParquetReader(f.Path, pf, groups[i*len(groups)/n:][:1], names)
		if err != nil {
			return err
		}
		left := each
		for b, err := range r.Batches(context.Background()) {
			if err != nil {
				return err
			}
			for row := range min(b.Len(), left) {
				cells := make([]string, len(f.Columns))
				for c, to := range at {
					cells[to] = string(b.Col(canon.RawFirst + c).Bytes(row))
				}
				f.sample = append(f.sample, cells)
			}
			if left -= b.Len(); left <= 0 {
				break
			}
		}
	}
	return nil
}

func (f *File) parquetReader(src *os.File, columns []string) (*parquetReader, error) {
	info, err := src.Stat()
	if err != nil {
		return nil, errOpen.At(fault.Place{File: f.Path}).Wrap(err)
	}
	var r *parquetReader
	err = guarded(f.Path, func() error {
		pf, err := openParquet(src, info.Size())
		if err != nil {
			return err
		}
		if r, err = newParquetReader(f.Path, pf, pf.RowGroups(), columns); err == nil {
			r.Closer = src
		}
		return err
	})
	return r, err
}

// parquetReader streams row groups, column by column, a batch at a time.
type parquetReader struct {
	io.Closer
	path    string
	groups  []parquet.RowGroup
	columns []parquetColumn
	table   *canon.Table
	sum     tabular.Summary
}

var _ Reader = (*parquetReader)(nil)

type parquetColumn struct {
	index int
	text  parquetfile.Text
}

// textOf gives how values of a type are written: a time stamp of midnight as a date.
func textOf(t parquet.Type) parquetfile.Text {
	text := parquetfile.TextOf(t)
	stamp := t.Kind() == parquet.Int96
	if l := t.LogicalType(); l != nil {
		_, stamp = l.Value.(*format.TimestampType)
	}
	if !stamp {
		return text
	}
	return func(b []byte, v parquet.Value) []byte {
		out := text(b, v)
		if day, midnight := bytes.CutSuffix(bytes.TrimSuffix(out, []byte("Z")), []byte("T00:00:00")); midnight {
			return day
		}
		return out
	}
}

func newParquetReader(path string, pf *parquet.File, groups []parquet.RowGroup, columns []string) (*parquetReader, error) {
	r := &parquetReader{path: path, groups: groups, table: canon.RawTable(path, columns)}
	r.sum.Skipped = map[string]int64{}
	for _, name := range columns {
		leaf, ok := pf.Schema().Lookup(name)
		if !ok {
			return nil, errParquet.At(fault.Place{File: path, Field: name})
		}
		r.columns = append(r.columns, parquetColumn{leaf.ColumnIndex, textOf(leaf.Node.Type())})
	}
	return r, nil
}

// Summary implements [tabular.Reader].
func (r *parquetReader) Summary() tabular.Summary { return r.sum }

// Batches implements [tabular.Reader]. A row's line is its number, counted from 1.
func (r *parquetReader) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		b := canon.NewBuilder(r.table, r.path)
		for _, g := range r.groups {
			if !r.group(ctx, g, b, yield) {
				return
			}
		}
	}
}

// group gives one row group's batches, and false when the stream is over.
func (r *parquetReader) group(ctx context.Context, g parquet.RowGroup, b *canon.Builder, yield func(*canon.Batch, error) bool) bool {
	cells := make([]cells, len(r.columns))
	defer func() {
		for i := range cells {
			cells[i].close()
		}
	}()
	err := guarded(r.path, func() error {
		chunks := g.ColumnChunks()
		for i, c := range r.columns {
			cells[i] = newCells(chunks[c.index], c.text)
		}
		return nil
	})
	for left := g.NumRows(); left > 0 || err != nil; {
		n := min(left, canon.BatchRows)
		left -= n
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = guarded(r.path, func() error { return r.fill(cells, b, n) })
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		r.sum.Rows += n
		if !yield(b.Flush(), nil) {
			return false
		}
	}
	return true
}

// fill puts the next n rows into a batch.
func (r *parquetReader) fill(cells []cells, b *canon.Builder, n int64) error {
	for i := range n {
		b.Int(canon.RawLine, r.sum.Rows+i+1)
		b.Null(canon.RawKinds)
	}
	for i := range cells {
		if err := cells[i].fill(b, canon.RawFirst+i, n); err != nil {
			return err
		}
	}
	return nil
}

// cells reads one column of a row group.
type cells struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	text   func([]byte, parquet.Value) []byte
	buf    []parquet.Value
	out    []byte
}

func newCells(c parquet.ColumnChunk, text func([]byte, parquet.Value) []byte) cells {
	return cells{pages: c.Pages(), text: text, buf: make([]parquet.Value, 256)}
}

// fill puts the next n values into a batch.
func (c *cells) fill(b *canon.Builder, column int, n int64) error {
	for n > 0 {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return errors.Join(errors.New("a column is shorter than the others"), err)
			}
			c.page, c.values = page, page.Values()
		}
		got, err := c.values.ReadValues(c.buf[:min(n, int64(len(c.buf)))])
		for _, v := range c.buf[:got] {
			if v.IsNull() {
				b.Null(column)
				continue
			}
			if c.out = c.text(c.out[:0], v); len(c.out) == 0 {
				b.Null(column)
				continue
			}
			b.Bytes(column, c.out)
		}
		n -= int64(got)
		if err == io.EOF || err == nil && got == 0 {
			c.release()
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (c *cells) release() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values = nil, nil
}

func (c *cells) close() {
	if c.pages == nil {
		return
	}
	c.release()
	_ = c.pages.Close() // reading is over; a page that does not close changes nothing
}
