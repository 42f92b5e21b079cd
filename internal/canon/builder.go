package canon

import (
	"encoding/binary"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Builder fills batches of one table. It is not safe for concurrent use.
//
// Values are appended to plain slices in Arrow's own layout, which a flush hands over as they are; the next batch begins
// with slices of the size that the last one needed, so that nothing is copied while they grow.
type Builder struct {
	table   *Table
	feed    string
	schema  *arrow.Schema
	columns []vector
	rows    int
}

// vector is one column in the making.
type vector struct {
	valid   []byte // bitmap, least significant bit first
	offsets []byte // 32-bit little-endian ends of texts, after a leading zero
	data    []byte // texts; fixed-width values little-endian; booleans as a bitmap
	n       int
	nulls   int
}

// NewBuilder makes an empty builder.
func NewBuilder(t *Table, feed string) *Builder {
	w := &Builder{table: t, feed: feed, schema: schemaOf(t), columns: make([]vector, len(t.Columns))}
	for i := range w.columns {
		w.columns[i].begin(t.Columns[i].Type, vector{})
	}
	return w
}

// begin empties a column and gives it room as last time.
func (v *vector) begin(t Type, last vector) {
	*v = vector{valid: make([]byte, 0, len(last.valid)), data: make([]byte, 0, len(last.data)+len(last.data)/16+Slab)}
	if t == Text || t == Decimal {
		v.offsets = append(make([]byte, 0, len(last.offsets)+4), 0, 0, 0, 0)
	}
}

// mark notes whether the value that was just appended is there.
func (v *vector) mark(there bool) {
	if v.n%8 == 0 {
		v.valid = append(v.valid, 0)
	}
	if there {
		v.valid[v.n/8] |= 1 << (v.n % 8)
	} else {
		v.nulls++
	}
	v.n++
}

func (v *vector) text() { v.offsets = binary.LittleEndian.AppendUint32(v.offsets, uint32(len(v.data))) }

// Len gives the rows finished so far.
func (w *Builder) Len() int { return w.rows }

// EndRow closes a row. Every column must have been given exactly one value.
func (w *Builder) EndRow() { w.rows++ }

// EndRows closes rows whose values were given column by column.
func (w *Builder) EndRows(n int) { w.rows += n }

// Null gives the current row's column i no value.
func (w *Builder) Null(i int) {
	v := &w.columns[i]
	switch w.table.Columns[i].Type {
	case Int, Instant:
		v.data = append(v.data, 0, 0, 0, 0, 0, 0, 0, 0)
	case Day:
		v.data = append(v.data, 0, 0, 0, 0)
	case Bool:
		v.bit(false)
	default:
		v.text()
	}
	v.mark(false)
}

// Text gives column i a Text or Decimal value, which is copied.
func (w *Builder) Text(i int, s string) {
	v := &w.columns[i]
	v.data = append(v.data, s...)
	v.text()
	v.mark(true)
}

// Bytes is Text for a byte slice.
func (w *Builder) Bytes(i int, s []byte) {
	v := &w.columns[i]
	v.data = append(v.data, s...)
	v.text()
	v.mark(true)
}

// Span is a part of a piece of text.
type Span struct{ From, To uint32 }

// Len gives how many bytes lie between its ends.
func (s Span) Len() int { return int(s.To - s.From) }

// Empty tells whether nothing lies between its ends.
func (s Span) Empty() bool { return s.From == s.To }

// Texts gives column i the values of so many rows as there are steps in cells: the parts of text that the first cell of
// each step names, null where that is empty. Each begins behind the one before. n is how long they are together. When good
// says no to what they are together, nothing is given.
func (w *Builder) Texts(i int, text []byte, cells []Span, step int, good func(together []byte) bool) (n int, ok bool) {
	if len(cells) == 0 {
		return 0, true
	}
	v := &w.columns[i]
	rows := (len(cells) + step - 1) / step
	last := int(cells[(rows-1)*step].To)
	if most := last - int(cells[0].From); cap(v.data)-len(v.data) < most+Slab {
		exact := 0
		for r := range rows {
			exact += cells[r*step].Len()
		}
		v.data = slices.Grow(v.data, exact+Slab)
	}
	v.offsets = slices.Grow(v.offsets, 4*rows)
	from, data, ends := len(v.data), v.data[:cap(v.data)], v.offsets[len(v.offsets):][:4*rows]
	to, empty := from, 0
	if last+Slab <= cap(text) {
		to, empty = gather(data, ends, from, text[:last+Slab], cells, step)
	} else {
		for r := range rows {
			c := cells[r*step]
			to += copy(data[to:], text[c.From:c.To])
			binary.LittleEndian.PutUint32(ends[4*r:], uint32(to))
			if c.Empty() {
				empty++
			}
		}
	}
	if !good(data[from:to]) {
		return 0, false
	}
	v.data, v.offsets = data[:to], v.offsets[:len(v.offsets)+4*rows]
	first := v.n
	v.markMany(rows, true)
	v.nulls += empty
	for r := 0; empty > 0; r++ {
		if cells[r*step].Empty() {
			v.valid[(first+r)/8] &^= 1 << ((first + r) % 8)
			empty--
		}
	}
	return to - from, true
}

// Slab is how many bytes of a text [Builder.Texts] copies at once, whatever its length: what is too much is written over.
// It is faster where the text's capacity goes so far behind the last cell.
const Slab = 32

// gather copies the cells behind each other to data from at on, writes where each one ends, and counts the empty ones.
// There are Slab bytes behind the last one in text, and behind all of them in data.
func gather(data, ends []byte, at int, text []byte, cells []Span, step int) (to, empty int) {
	for r, e := 0, 0; r < len(cells); r, e = r+step, e+4 {
		from, to := int(cells[r].From), int(cells[r].To)
		next := at + to - from
		binary.LittleEndian.PutUint32(ends[e:e+4:e+4], uint32(next))
		if from == to {
			empty++
		}
		for {
			piece := *(*[Slab]byte)(text[from : from+Slab : from+Slab])
			*(*[Slab]byte)(data[at : at+Slab : at+Slab]) = piece
			if from += Slab; from >= to {
				break
			}
			at += Slab
		}
		at = next
	}
	return at, empty
}

// Ints gives column i so many Int values, each one more than the one before.
func (w *Builder) Ints(i int, from int64, n int) {
	v := &w.columns[i]
	v.data = slices.Grow(v.data, 8*n)
	room := v.data[len(v.data):][:8*n]
	for k := 0; k < n; k++ {
		binary.LittleEndian.PutUint64(room[8*k:], uint64(from)+uint64(k))
	}
	v.data = v.data[:len(v.data)+8*n]
	v.markMany(n, true)
}

// Nulls gives the text column i no value in so many rows.
func (w *Builder) Nulls(i, n int) {
	v := &w.columns[i]
	v.offsets = slices.Grow(v.offsets, 4*n)
	for range n {
		v.text()
	}
	v.markMany(n, false)
}

// markMany is mark for n values.
func (v *vector) markMany(n int, there bool) {
	for ; n > 0 && v.n%8 != 0; n-- {
		v.mark(there)
	}
	fill := byte(0)
	if there {
		fill = 0xFF
	} else {
		v.nulls += n &^ 7
	}
	for range n / 8 {
		v.valid = append(v.valid, fill)
	}
	v.n += n &^ 7
	for range n % 8 {
		v.mark(there)
	}
}

// TextOrNull gives column i a value, or none when it is empty.
func (w *Builder) TextOrNull(i int, s string) {
	if s == "" {
		w.Null(i)
		return
	}
	w.Text(i, s)
}

// Int gives column i an Int value.
func (w *Builder) Int(i int, x int64) {
	v := &w.columns[i]
	v.data = binary.LittleEndian.AppendUint64(v.data, uint64(x))
	v.mark(true)
}

// Day gives column i a Day value.
func (w *Builder) Day(i int, d Date) {
	v := &w.columns[i]
	v.data = binary.LittleEndian.AppendUint32(v.data, uint32(d))
	v.mark(true)
}

// Instant gives column i microseconds since 1970 UTC.
func (w *Builder) Instant(i int, us int64) { w.Int(i, us) }

// Bool gives column i a Bool value.
func (w *Builder) Bool(i int, x bool) {
	v := &w.columns[i]
	v.bit(x)
	v.mark(true)
}

func (v *vector) bit(x bool) {
	if v.n%8 == 0 {
		v.data = append(v.data, 0)
	}
	if x {
		v.data[v.n/8] |= 1 << (v.n % 8)
	}
}

// Copy gives column i the value of row r of another column of the same type.
func (w *Builder) Copy(i int, c Col, r int) {
	if c.a.IsNull(r) {
		w.Null(i)
		return
	}
	switch a := c.a.(type) {
	case *array.String:
		w.Text(i, a.Value(r))
	case *array.Int64:
		w.Int(i, a.Value(r))
	case *array.Date32:
		w.Day(i, Date(a.Value(r)))
	case *array.Timestamp:
		w.Instant(i, int64(a.Value(r)))
	case *array.Boolean:
		w.Bool(i, a.Value(r))
	}
}

// Flush gives the finished rows as a batch and starts anew. The batch shares nothing with the builder.
func (w *Builder) Flush() *Batch {
	rows := w.rows
	if len(w.columns) > 0 {
		rows = w.columns[0].n // a producer that fills column by column ends no rows
	}
	arrays := make([]arrow.Array, len(w.columns))
	for i := range w.columns {
		v, t := &w.columns[i], w.table.Columns[i].Type
		buffers := [][]byte{v.valid, v.data}
		if v.offsets != nil {
			buffers = [][]byte{v.valid, v.offsets, v.data}
		}
		arrays[i] = arrayOf(t, v.n, v.nulls, buffers)
		v.begin(t, *v)
	}
	b := &Batch{Table: w.table, Feed: w.feed, record: array.NewRecord(w.schema, arrays, int64(rows))}
	w.rows = 0
	return b
}
