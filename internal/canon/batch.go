package canon

import (
	"iter"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// BatchRows is how many rows a producer puts into a batch unless it has a reason: large enough to spread the cost of a
// call, small enough that a hundred columns of it stay in the processor's cache.
const BatchRows = 4096

// Batch is some rows of one table from one feed. It is valid until its producer is asked for the next one; who keeps it
// longer copies what it needs.
type Batch struct {
	Table  *Table
	Feed   string // "peppi/alumnit": system and feed, or "" for rows that no longer belong to one
	record arrow.Record
}

// Batches is a stream of batches. The consumer stops by leaving the loop; an error is the last element.
type Batches = iter.Seq2[*Batch, error]

// System gives the part of the feed's name before the slash.
func (b *Batch) System() string { return SystemOf(b.Feed) }

// SystemOf gives the system part of a feed's name.
func SystemOf(feed string) string {
	for i := 0; i < len(feed); i++ {
		if feed[i] == '/' {
			return feed[:i]
		}
	}
	return feed
}

// Len gives the number of rows.
func (b *Batch) Len() int { return int(b.record.NumRows()) }

// Col gives the i-th column.
func (b *Batch) Col(i int) Col { return Col{b.record.Column(i)} }

// Named gives a column by name; it panics when the table has none, as a wrong name is a mistake in code.
func (b *Batch) Named(name string) Col {
	i := b.Table.Index(name)
	if i < 0 {
		panic("canon: table " + b.Table.Name + " has no column " + name)
	}
	return b.Col(i)
}

// Col reads one column. Reading a type that the column has not panics.
type Col struct{ a arrow.Array }

// Null tells whether the value is missing.
func (c Col) Null(i int) bool { return c.a.IsNull(i) }

// Text gives a Text or Decimal value, "" when missing. The string shares memory with the batch.
func (c Col) Text(i int) string {
	if c.a.IsNull(i) {
		return ""
	}
	return c.a.(*array.String).Value(i)
}

// Bytes is Text without making a string; the slice is valid as long as the batch and must not be changed.
func (c Col) Bytes(i int) []byte {
	if c.a.IsNull(i) {
		return nil
	}
	a := c.a.(*array.String)
	from, to := a.ValueOffset(i), a.ValueOffset(i+1)
	return a.ValueBytes()[from-a.ValueOffset(0) : to-a.ValueOffset(0)]
}

// Cells is Bytes of the values from one on, as many as there is room for. What is missing is empty.
func (c Col) Cells(from int, cells [][]byte) {
	a := c.a.(*array.String)
	if a.Len() == 0 {
		return
	}
	offsets, text, first := a.Data().Buffers()[1].Bytes(), a.ValueBytes(), a.ValueOffset(0)
	at := arrow.Int32Traits.CastFromBytes(offsets)[a.Data().Offset()+from:]
	for i := range cells {
		cells[i] = text[at[i]-int32(first) : at[i+1]-int32(first)]
	}
}

// Int gives an Int value, 0 when missing.
func (c Col) Int(i int) int64 {
	if c.a.IsNull(i) {
		return 0
	}
	return c.a.(*array.Int64).Value(i)
}

// Day gives a Day value; ok is false when missing.
func (c Col) Day(i int) (d Date, ok bool) {
	if c.a.IsNull(i) {
		return 0, false
	}
	return Date(c.a.(*array.Date32).Value(i)), true
}

// Instant gives microseconds since 1970 UTC; ok is false when missing.
func (c Col) Instant(i int) (us int64, ok bool) {
	if c.a.IsNull(i) {
		return 0, false
	}
	return int64(c.a.(*array.Timestamp).Value(i)), true
}

// Bool gives a Bool value, false when missing.
func (c Col) Bool(i int) bool { return !c.a.IsNull(i) && c.a.(*array.Boolean).Value(i) }

// AppendTo appends the canonical text of a value of any type to b, nothing when missing: dates as YYYY-MM-DD, instants
// as RFC 3339 in UTC, booleans as true and false.
func (c Col) AppendTo(b []byte, i int) []byte {
	if c.a.IsNull(i) {
		return b
	}
	switch a := c.a.(type) {
	case *array.String:
		return append(b, a.Value(i)...)
	case *array.Int64:
		return strconv.AppendInt(b, a.Value(i), 10)
	case *array.Date32:
		return append(b, Date(a.Value(i)).String()...)
	case *array.Timestamp:
		return time.UnixMicro(int64(a.Value(i))).UTC().AppendFormat(b, time.RFC3339Nano)
	case *array.Boolean:
		return strconv.AppendBool(b, a.Value(i))
	}
	return b
}

// arrayOf gives the column that the buffers hold, which it goes on using.
func arrayOf(t Type, rows, nulls int, buffers [][]byte) arrow.Array {
	held := make([]*memory.Buffer, len(buffers))
	for i, b := range buffers {
		held[i] = memory.NewBufferBytes(b)
	}
	return array.MakeFromData(array.NewData(arrowType(t), rows, held, nil, nulls, 0))
}

func schemaOf(t *Table) *arrow.Schema {
	fields := make([]arrow.Field, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

func arrowType(t Type) arrow.DataType {
	switch t {
	case Int:
		return arrow.PrimitiveTypes.Int64
	case Day:
		return arrow.FixedWidthTypes.Date32
	case Instant:
		return arrow.FixedWidthTypes.Timestamp_us
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	default:
		return arrow.BinaryTypes.String
	}
}
