package canon

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// maxName is the longest name of a table or feed on a stream, in bytes.
const maxName = 1 << 10

// WriteBatch appends a batch to a byte stream: table name, feed, then the Arrow IPC bytes, each with its length before it.
func WriteBatch(w io.Writer, b *Batch) error {
	body := make(frame, 0, sizeOf(b.record))
	aw := ipc.NewWriter(&body, ipc.WithSchema(b.record.Schema()))
	if err := aw.Write(b.record); err != nil {
		return err
	}
	if err := aw.Close(); err != nil {
		return err
	}
	for _, part := range [][]byte{[]byte(b.Table.Name), []byte(b.Feed), body} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		if _, err := w.Write(n[:]); err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf gives about how many bytes a record takes on a stream.
func sizeOf(r arrow.Record) int {
	n := 4096 + 256*int(r.NumCols())
	for _, c := range r.Columns() {
		for _, b := range c.Data().Buffers() {
			if b != nil {
				n += b.Len() + 64
			}
		}
	}
	return n
}

type frame []byte

func (f *frame) Write(p []byte) (int, error) { *f = append(*f, p...); return len(p), nil }

// ReadBatches reads what [WriteBatch] wrote, resolving table names in tables. A stream that ends inside a batch is an error,
// and so is a batch with other columns than its table has now. No more room is made than bytes have come, whatever a stream
// announces.
func ReadBatches(r io.Reader, tables []Table) Batches {
	return func(yield func(*Batch, error) bool) {
		br := bufio.NewReaderSize(r, 1<<16)
		var body bytes.Buffer // of the batch being read: its record is a copy
		for {
			b, err := readBatch(br, &body, tables)
			if err == io.EOF {
				return
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

func readBatch(r io.Reader, body *bytes.Buffer, tables []Table) (*Batch, error) {
	name, err := readName(r)
	if err != nil {
		return nil, err
	}
	feed, err := readName(r)
	if err != nil {
		return nil, unexpected(err)
	}
	t := find(tables, name)
	if t == nil {
		return nil, fmt.Errorf("batch stream: unknown table")
	}
	size, err := readSize(r)
	if err != nil {
		return nil, unexpected(err)
	}
	body.Reset()
	if _, err := io.CopyN(body, r, size); err != nil {
		return nil, unexpected(err)
	}
	record, err := readRecord(body.Bytes(), schemaOf(t))
	if err != nil {
		return nil, fmt.Errorf("batch stream: %w", err)
	}
	return &Batch{Table: t, Feed: feed, record: record}, nil
}

// readRecord reads the one record of a frame, which holds nothing else.
func readRecord(body []byte, schema *arrow.Schema) (arrow.Record, error) {
	left := &messages{body}
	room := ipc.WithAllocator(atMost{memory.DefaultAllocator, len(body) + 64})
	r, err := ipc.NewReaderFromMessageReader(left, ipc.WithSchema(schema), room)
	if err != nil {
		return nil, err
	}
	defer r.Release()
	if !r.Next() {
		return nil, cmp.Or(r.Err(), io.ErrUnexpectedEOF)
	}
	record := r.Record()
	record.Retain()
	if r.Next() || r.Err() != nil || len(left.frame) > 0 {
		return nil, cmp.Or(r.Err(), errors.New("more than one record in a frame"))
	}
	return record, nil
}

// messages reads the messages of a frame out of its own bytes. Arrow's own reader makes as much room as a message announces
// before it has read it. (Arrow columnar format, "Encapsulated message format".)
type messages struct{ frame []byte }

func (m *messages) Message() (*ipc.Message, error) {
	head, err := m.take(8)
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(head) != 1<<32-1 {
		return nil, errors.New("no message where one begins")
	}
	size := binary.LittleEndian.Uint32(head[4:])
	if size == 0 {
		return nil, io.EOF
	}
	meta, err := m.take(int64(size))
	if err != nil {
		return nil, err
	}
	about := memory.NewBufferBytes(meta)
	body, err := m.take(ipc.NewMessage(about, memory.NewBufferBytes(nil)).BodyLen())
	if err != nil {
		return nil, err
	}
	return ipc.NewMessage(about, memory.NewBufferBytes(body)), nil
}

// take gives the next n bytes.
func (m *messages) take(n int64) ([]byte, error) {
	if n < 0 || n > int64(len(m.frame)) {
		return nil, io.ErrUnexpectedEOF
	}
	p := m.frame[:n]
	m.frame = m.frame[n:]
	return p, nil
}

func (*messages) Retain()  {}
func (*messages) Release() {}

// atMost allocates no more than a frame has, with what Arrow rounds up to: a column may announce any size. Arrow makes an error
// of the panic.
type atMost struct {
	memory.Allocator
	bytes int
}

func (a atMost) Allocate(size int) []byte {
	a.check(size)
	return a.Allocator.Allocate(size)
}

func (a atMost) Reallocate(size int, b []byte) []byte {
	a.check(size)
	return a.Allocator.Reallocate(size, b)
}

func (a atMost) check(size int) {
	if size > a.bytes {
		panic("more bytes are announced than there are")
	}
}

func readName(r io.Reader) (string, error) {
	size, err := readSize(r)
	if err != nil {
		return "", err
	}
	if size > maxName {
		return "", fmt.Errorf("batch stream: name of %d bytes", size)
	}
	p := make([]byte, size)
	_, err = io.ReadFull(r, p)
	return string(p), unexpected(err)
}

func readSize(r io.Reader) (int64, error) {
	var n [4]byte
	_, err := io.ReadFull(r, n[:])
	return int64(binary.BigEndian.Uint32(n[:])), err
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
