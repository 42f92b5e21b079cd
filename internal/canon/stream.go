package canon

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Frame limits: a batch on a stream is one frame with its table and feed named before it.
const (
	maxName = 1 << 10
)

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

// ReadBatches reads what [WriteBatch] wrote, resolving table names in tables. A stream that ends inside a batch is an error.
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

func readBatch(r *bufio.Reader, tables []Table) (*Batch, error) {
	name, err := readPart(r, maxName)
	if err != nil {
		return nil, err
	}
	feed, err := readPart(r, maxName)
	if err != nil {
		return nil, unexpected(err)
	}
	t := find(tables, string(name))
	if t == nil {
		return nil, fmt.Errorf("batch stream: unknown table")
	}
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, unexpected(err)
	}
	body := &io.LimitedReader{R: r, N: int64(binary.BigEndian.Uint32(n[:]))}
	ar, err := ipc.NewReader(body, ipc.WithAllocator(atMost{memory.DefaultAllocator, int(body.N) + 64}))
	if err != nil {
		return nil, fmt.Errorf("batch stream: %w", err)
	}
	defer ar.Release()
	if !ar.Next() {
		return nil, fmt.Errorf("batch stream: empty frame")
	}
	if ar.Record().NumCols() != int64(len(t.Columns)) {
		return nil, fmt.Errorf("batch stream: column count of another version")
	}
	rec := ar.Record()
	rec.Retain()
	for ar.Next() { // reads the end marker, so that the next frame starts where this one ends
	}
	if _, err := io.Copy(io.Discard, body); err != nil || body.N > 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &Batch{Table: t, Feed: string(feed), record: rec}, nil
}

// atMost allocates no more than a frame has, with what Arrow rounds up to: a message may announce any size. Arrow makes an error of
// the panic.
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

func readPart(r io.Reader, limit uint32) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(n[:])
	if size > limit {
		return nil, fmt.Errorf("batch stream: part of %d bytes", size)
	}
	p := make([]byte, size)
	_, err := io.ReadFull(r, p)
	return p, unexpected(err)
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
