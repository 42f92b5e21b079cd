package parquetfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"uoma/connectors/charset"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var _ tabular.Reader = (*Reader)(nil)

// Options says how one feed's file is read.
type Options struct {
	tabular.Options
	Each string // path of the list whose elements are the rows; empty: a record is one
}

// Reader reads one export. It is not safe for concurrent use.
type Reader struct {
	src    io.ReaderAt
	size   int64
	o      tabular.Options
	each   string
	a      *tabular.Assembler
	once   tabular.Once
	limits tabular.Limits

	file    *parquet.File
	groups  []parquet.RowGroup
	left    int64 // rows of the row group that is open
	columns []*column
	driver  *column // tells how many rows a record has, nil when it is one
	depth   int     // the definition level from which there is one
	records int64
	numbers int64

	row     tabular.Row
	several []int // by column: how many values the row has so far
	pending int   // rows of the record that are not yet added
	row0    int   // rows of the record
	cells   []cell
	text    []byte
	shared  int // values that belong to all rows
	taken   int // values whose rows were added
	code    string
	reason  string
	kept    string // the code of the record, behind that of one of its rows
}

// cell is a value of the record that is open. Its row is -1 where it belongs to all of them.
type cell struct {
	row, from, to int
	column        *column
}

// Bounds of one record.
const (
	maxRows   = 1 << 16
	maxCopied = 1 << 32 // bytes of values that stand in each row, times the rows
)

// New makes a reader. Nothing is read, and no mistake in the options reported, before Batches is ranged over.
func New(r io.ReaderAt, size int64, o Options) *Reader {
	p := &Reader{src: source{r}, size: size, o: o.Options, each: o.Each, limits: o.Limits.OrDefault()}
	p.a, p.once.Err = tabular.NewRecordAssembler(o.Options)
	p.row.Cells, p.row.Kinds, p.several = make([][]byte, len(o.Columns)), make([]byte, len(o.Columns)), make([]int, len(o.Columns))
	return p
}

// Summary implements [tabular.Reader]. Its Encoding is "parquet".
func (r *Reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	begin := func() error {
		if err := guarded(r.open); err != nil {
			return r.fault(err)
		}
		return nil
	}
	return func(yield func(*canon.Batch, error) bool) {
		defer r.close()
		r.once.Stream(ctx, r.a, begin, r.next)(yield)
	}
}

// guarded reads a part of the file. The library panics where a damaged file contradicts itself.
func guarded(read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errFormat.Wrap(fmt.Errorf("%v", p))
		}
	}()
	return read()
}

func (r *Reader) open() error {
	r.a.SetEncoding("parquet")
	if r.size == 0 {
		return errEmpty
	}
	err := CheckFooter(r.src, r.size)
	if err != nil {
		return err
	}
	if r.file, err = parquet.OpenFile(r.src, r.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err != nil {
		return damaged(err)
	}
	r.a.Opened()
	r.groups = r.file.RowGroups()
	return r.resolve()
}

// used gives the columns that are read.
func (r *Reader) used() []*column {
	if r.driver == nil {
		return r.columns
	}
	return append([]*column{r.driver}, r.columns...)
}

// openGroup starts the next row group.
func (r *Reader) openGroup() error {
	r.close()
	g := r.groups[0]
	r.groups = r.groups[1:]
	r.left = g.NumRows()
	chunks := g.ColumnChunks()
	at := len(r.file.RowGroups()) - len(r.groups) - 1
	metadata := r.file.Metadata().RowGroups[at]
	if r.left < 0 || len(metadata.Columns) != len(chunks) {
		return errFormat
	}
	used := r.used()
	read := make([]bool, len(chunks))
	for _, c := range used {
		read[c.index] = true
	}
	for i := range chunks { // of a column that is read, or of any one when none is
		if !read[i] && (len(used) > 0 || i > 0) {
			continue
		}
		values, err := checkChunk(r.src, &metadata.Columns[i].MetaData)
		if err != nil {
			return err
		}
		if values < r.left {
			return errFormat.Because(errors.New("a row group has fewer rows than it says"))
		}
	}
	for _, c := range used {
		c.open(chunks[c.index])
	}
	return nil
}

// closeGroup holds a row group to having no more rows than it says.
func (r *Reader) closeGroup() error {
	for _, c := range r.used() {
		if c.pages == nil {
			continue
		}
		if _, more, err := c.peek(); err != nil || more {
			return errors.Join(err, errFormat.Because(errors.New("a row group has more rows than it says")))
		}
	}
	return nil
}

// next adds one row.
func (r *Reader) next() error {
	for r.pending == 0 {
		if r.left == 0 && len(r.groups) == 0 {
			if err := guarded(r.closeGroup); err != nil {
				return r.fault(damaged(err))
			}
			if err := r.a.EndRecords(r.numbers, r.records); err != nil {
				return err
			}
			return io.EOF
		}
		err := guarded(func() error {
			if r.left == 0 {
				if err := r.closeGroup(); err != nil {
					return err
				}
				return r.openGroup()
			}
			r.left--
			return r.record()
		})
		if err != nil {
			return r.fault(damaged(err))
		}
	}
	r.add(r.rows() - r.pending)
	r.pending--
	return nil
}

func (r *Reader) rows() int { return r.row0 }

// record reads the values of the next record.
func (r *Reader) record() error {
	r.records++
	r.cells, r.text, r.code = r.cells[:0], r.text[:0], ""
	n := 1
	if r.driver != nil {
		n = 0
		err := r.driver.row(func(v *parquet.Value) error {
			if v.DefinitionLevel() >= r.depth && v.RepetitionLevel() <= 1 {
				n++
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, c := range r.columns {
		row := -1
		err := c.row(func(v *parquet.Value) error {
			if c.inRows && v.DefinitionLevel() >= r.depth && v.RepetitionLevel() <= 1 {
				row++
			}
			if !v.IsNull() {
				r.put(c, row, v)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.sort()
	shared := 0
	for _, x := range r.cells[:r.shared] {
		shared += x.to - x.from
	}
	switch {
	case n > maxRows:
		r.fail(tabular.CodeTooMany, "the record holds more rows than any record may")
	case shared*n > maxCopied:
		r.fail(tabular.CodeTooLong, "the record repeats too much in each of its rows")
	}
	if r.code != "" {
		n = 1
	}
	r.kept = r.code
	if r.pending, r.row0 = n, n; n == 0 {
		r.a.Skip(tabular.SkipNoRows)
	}
	return nil
}

// sort puts the values in the order of their rows; those of all rows stand first.
func (r *Reader) sort() {
	if r.driver != nil {
		slices.SortStableFunc(r.cells, func(a, b cell) int { return cmp.Compare(a.row, b.row) })
	}
	r.shared = 0
	for r.shared < len(r.cells) && r.cells[r.shared].row < 0 {
		r.shared++
	}
	r.taken = r.shared
}

func (r *Reader) fail(code, reason string) {
	if r.code == "" {
		r.code, r.reason = code, reason
	}
}

// put keeps a value of the record.
func (r *Reader) put(c *column, row int, v *parquet.Value) {
	if r.code != "" {
		return
	}
	from := len(r.text)
	r.text = c.text(r.text, *v)
	if len(r.text) > r.limits.RowBytes {
		r.fail(tabular.CodeTooLong, "the record is longer than any may be")
		return
	}
	if len(r.text) == from {
		return
	}
	if c.textual && !utf8.Valid(r.text[from:]) {
		r.fail(tabular.CodeNotText, "the value of "+r.o.Columns[c.own].Name+" is bytes and no text")
		return
	}
	r.cells = append(r.cells, cell{row, from, len(r.text), c})
}

// add hands the i-th row of the record to the assembler.
func (r *Reader) add(i int) {
	r.numbers++
	row := &r.row
	row.Line, row.Wide, row.Control = r.numbers, true, false
	for c := range row.Cells {
		row.Cells[c], row.Kinds[c], r.several[c] = nil, canon.KindEmpty, 0
	}
	from := r.taken
	for r.taken < len(r.cells) && r.cells[r.taken].row == i {
		r.taken++
	}
	if r.code == "" {
		r.fill(r.cells[:r.shared])
		r.fill(r.cells[from:r.taken])
	}
	if r.code != "" {
		r.a.RejectRow(row, r.code, r.reason)
		r.code = r.kept
		return
	}
	r.a.AddRecord(row)
}

// fill puts values into the row.
func (r *Reader) fill(cells []cell) {
	row := &r.row
	for _, x := range cells {
		own, text := x.column.own, r.text[x.from:x.to:x.to]
		row.Control = row.Control || charset.Control(text)
		if n := r.several[own]; n > 0 {
			var plain bool
			if text, plain = tabular.Join(row.Cells[own], 0, n, text, r.o.Columns[own].List); !plain {
				r.fail(tabular.CodeSeveral, "the record has several values of "+r.o.Columns[own].Name+", the layout knows of one, or of a sign that parts them")
				return
			}
		}
		r.several[own]++
		row.Cells[own], row.Kinds[own] = text, x.column.kind
	}
}

func (r *Reader) close() {
	for _, c := range r.used() {
		c.close()
	}
}

// fault places an error at the row it was met.
func (r *Reader) fault(err error) error {
	place := fault.Place{File: r.o.File, Line: int(r.numbers)}
	var own *fault.Error
	var read *readError
	switch {
	case errors.As(err, &read) && !errors.As(read.err, &own):
		return errRead.At(place).Wrap(read.err)
	case errors.As(err, &own) && own.Place == (fault.Place{}):
		return own.At(place)
	case errors.As(err, &own):
		return own
	}
	return errFormat.At(place).Wrap(err)
}
