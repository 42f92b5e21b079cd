package canon

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// WriteBatch appends a batch to a byte stream: its table's name and columns, its feed, the number of its rows, and of each
// column the buffers in which Arrow holds it, each of these with its length before it. (Arrow columnar format, "Physical memory
// layout": which values are there, for texts where they end, the values.) Arrow's own stream is not taken, as its reader makes
// whatever room a damaged one announces.
func WriteBatch(w io.Writer, b *Batch) error {
	parts := [][]byte{[]byte(b.Table.Name), signature(b.Table), []byte(b.Feed), binary.BigEndian.AppendUint32(nil, uint32(b.Len()))}
	for _, c := range b.record.Columns() {
		for _, buffer := range c.Data().Buffers() {
			parts = append(parts, buffer.Bytes())
		}
	}
	for _, p := range parts {
		if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p)))); err != nil {
			return err
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// signature tells a table's columns, so that a batch is not read with others.
func signature(t *Table) []byte {
	var s []byte
	for _, c := range t.Columns {
		s = append(append(s, c.Name...), ' ', '0'+byte(c.Type), '\n')
	}
	return s
}

// ReadBatches reads what [WriteBatch] wrote, resolving table names in tables. A stream that ends inside a batch is an error,
// and so is a batch with other columns than its table has now. Room is made as bytes come, whatever a stream announces.
func ReadBatches(r io.Reader, tables []Table) Batches {
	return func(yield func(*Batch, error) bool) {
		br := bufio.NewReaderSize(r, 1<<16)
		for {
			b, err := readBatch(br, tables)
			if err == io.EOF {
				return
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

func readBatch(r io.Reader, tables []Table) (*Batch, error) {
	name, err := readPart(r)
	if err != nil {
		return nil, err
	}
	t := find(tables, string(name))
	if t == nil {
		return nil, errors.New("batch stream: unknown table")
	}
	var head [3][]byte
	if err := readParts(r, head[:]); err != nil {
		return nil, err
	}
	columns, feed, count := head[0], head[1], head[2]
	if !slices.Equal(columns, signature(t)) {
		return nil, errors.New("batch stream: columns of another version")
	}
	if len(count) != 4 {
		return nil, errors.New("batch stream: no number of rows")
	}
	rows := int(binary.BigEndian.Uint32(count))
	arrays := make([]arrow.Array, len(t.Columns))
	for i, c := range t.Columns {
		buffers := make([][]byte, buffersOf(c.Type))
		if err := readParts(r, buffers); err != nil {
			return nil, err
		}
		if !holds(c.Type, rows, buffers) {
			return nil, fmt.Errorf("batch stream: column %s does not hold %d values", c.Name, rows)
		}
		arrays[i] = arrayOf(c.Type, rows, array.UnknownNullCount, buffers)
	}
	return &Batch{Table: t, Feed: string(feed), record: array.NewRecord(schemaOf(t), arrays, int64(rows))}, nil
}

// buffersOf gives how many buffers hold a column.
func buffersOf(t Type) int {
	if t == Text || t == Decimal {
		return 3
	}
	return 2
}

// holds tells whether the buffers are those of so many values.
func holds(t Type, rows int, buffers [][]byte) bool {
	bits, data := (rows+7)/8, buffers[len(buffers)-1]
	if len(buffers[0]) != bits {
		return false
	}
	switch t {
	case Int, Instant:
		return len(data) == 8*rows
	case Day:
		return len(data) == 4*rows
	case Bool:
		return len(data) == bits
	}
	if len(buffers[1]) != 4*(rows+1) {
		return false
	}
	ends := arrow.Int32Traits.CastFromBytes(buffers[1])
	return ends[0] == 0 && int(ends[rows]) == len(data) && slices.IsSorted(ends)
}

// readParts fills parts with what comes next.
func readParts(r io.Reader, parts [][]byte) error {
	for i := range parts {
		var err error
		if parts[i], err = readPart(r); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

// readPart reads a length and so many bytes.
func readPart(r io.Reader) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	size := int64(binary.BigEndian.Uint32(n[:]))
	var p []byte
	for room := min(size, 1<<20); ; room = min(size, 2*room) {
		from := len(p)
		p = append(p, make([]byte, room-int64(from))...)
		if _, err := io.ReadFull(r, p[from:]); err != nil {
			return nil, unexpected(err)
		}
		if room == size {
			return p, nil
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func find(tables []Table, name string) *Table {
	for i := range tables {
		if tables[i].Name == name {
			return &tables[i]
		}
	}
	return nil
}
