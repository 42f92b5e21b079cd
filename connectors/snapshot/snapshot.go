// Package snapshot keeps a feed's rows as they came: Parquet inside an age file, named by its digest.
//
// A snapshot has the feed's own columns as optional text, and before them the row's line, the kinds of its cells, its
// row key and a hash of its values. [Writer] takes raw batches together with their keys and hashes; [Keys] reads the two
// columns that tell what changed since, and nothing else; [Read] gives the rows back as raw batches. Same rows, same
// bytes, same digest.
//
// The package knows no layout: keys are given to it. It alone names the Parquet library for snapshots.
package snapshot

import (
	"errors"
	"slices"

	"github.com/parquet-go/parquet-go"

	"uoma/connectors/blob"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Ext is the extension of a snapshot's file below ".age".
const Ext = ".parquet"

// groupRows is the size of a Parquet row group: large enough that a column of a group compresses well, small enough that
// the pages of one group fit into memory many times over.
const groupRows = 1 << 17

// readSize is how much of a column is read at a time: as much as is sealed in one piece, as each reading unseals a whole one.
const readSize = 64 << 10

// Names of the leading columns. A feed's own columns are prefixed with columnPrefix, so that none can clash with them.
const (
	lineColumn   = "line"
	kindsColumn  = "kinds"
	keyColumn    = "key"
	hashColumn   = "hash"
	columnPrefix = "c."
)

var errRead = fault.New("UOMA-SNP-READ", "a snapshot cannot be read", "restore it from the backup, or run the night again with the export in the inbox")

// HashSize is the length of a row hash in bytes.
const HashSize = 16

// Hash is a row's hash: it changes when any value of the row does.
type Hash [HashSize]byte

// schema describes a snapshot of a feed with these columns.
func schema(feed string, columns []string) *parquet.Schema {
	text := func() parquet.Node { return parquet.Optional(parquet.String()) }
	g := parquet.Group{
		lineColumn:  parquet.Int(64),
		kindsColumn: text(),
		keyColumn:   parquet.Leaf(parquet.ByteArrayType),
		hashColumn:  parquet.Leaf(parquet.FixedLenByteArrayType(HashSize)),
	}
	for _, c := range columns {
		g[columnPrefix+c] = text()
	}
	return parquet.NewSchema(feed, g)
}

// positions maps the leading columns and the feed's own, in that order, to their place in the file.
func positions(s *parquet.Schema, columns []string) ([]int, error) {
	names := append([]string{lineColumn, kindsColumn, keyColumn, hashColumn}, prefixed(columns)...)
	at := make([]int, len(names))
	for i, n := range names {
		leaf, ok := s.Lookup(n)
		if !ok {
			return nil, errRead.Because(errors.New("a column is missing"))
		}
		at[i] = leaf.ColumnIndex
	}
	return at, nil
}

func prefixed(columns []string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = columnPrefix + c
	}
	return out
}

// Writer writes one snapshot. One of Commit and Discard must end it.
type Writer struct {
	out   *blob.Writer
	pq    *parquet.GenericWriter[any]
	cols  []*parquet.ColumnWriter
	at    []int
	vals  []parquet.Value
	cells [][]byte
	rows  int64
	open  int
}

// Create begins a snapshot of a feed with these own columns.
func Create(s *blob.Store, feed string, columns []string) (*Writer, error) {
	out, err := s.Create()
	if err != nil {
		return nil, err
	}
	sc := schema(feed, columns)
	pq := parquet.NewGenericWriter[any](out, append(options(sc), sc)...)
	at, err := positions(sc, columns)
	if err != nil {
		out.Discard()
		return nil, err
	}
	return &Writer{out: out, pq: pq, cols: pq.ColumnWriters(), at: at}, nil
}

// options of a writer of these columns. Nobody looks for rows by what the least and the greatest value of a page are, so they
// are not looked for.
func options(s *parquet.Schema) []parquet.WriterOption {
	out := []parquet.WriterOption{parquet.Compression(&codec{}), parquet.CreatedBy("uoma", "1", ""), parquet.DataPageStatistics(false)}
	for _, path := range s.Columns() {
		out = append(out, parquet.SkipPageBounds(path...))
	}
	return out
}

// Write appends a raw batch. keys and hashes have one entry a row.
func (w *Writer) Write(b *canon.Batch, keys [][]byte, hashes []Hash) error {
	n := b.Len()
	line := b.Col(canon.RawLine)
	if err := w.column(0, n, func(i int) parquet.Value { return parquet.Int64Value(line.Int(i)) }); err != nil {
		return err
	}
	if err := w.text(1, n, b.Col(canon.RawKinds)); err != nil {
		return err
	}
	if err := w.column(2, n, func(i int) parquet.Value { return parquet.ByteArrayValue(keys[i]) }); err != nil {
		return err
	}
	if err := w.column(3, n, func(i int) parquet.Value { return parquet.FixedLenByteArrayValue(hashes[i][:]) }); err != nil {
		return err
	}
	for c := canon.RawFirst; c < len(b.Table.Columns); c++ {
		if err := w.text(4+c-canon.RawFirst, n, b.Col(c)); err != nil {
			return err
		}
	}
	w.rows += int64(n)
	if w.open += n; w.open >= groupRows {
		w.open = 0
		return w.pq.Flush()
	}
	return nil
}

func (w *Writer) column(i, n int, value func(int) parquet.Value) error {
	w.vals = w.vals[:0]
	for r := range n {
		w.vals = append(w.vals, value(r).Level(0, 0, w.at[i]))
	}
	_, err := w.cols[w.at[i]].WriteRowValues(w.vals)
	return err
}

func (w *Writer) text(i, n int, col canon.Col) error {
	w.vals, w.cells = w.vals[:0], slices.Grow(w.cells[:0], n)[:n]
	col.Cells(0, w.cells)
	null := parquet.NullValue().Level(0, 0, w.at[i])
	for r, v := range w.cells {
		if len(v) == 0 && col.Null(r) {
			w.vals = append(w.vals, null)
			continue
		}
		w.vals = append(w.vals, parquet.ByteArrayValue(v).Level(0, 1, w.at[i]))
	}
	_, err := w.cols[w.at[i]].WriteRowValues(w.vals)
	return err
}

// Rows gives the rows written so far.
func (w *Writer) Rows() int64 { return w.rows }

// Commit ends the snapshot and gives its digest and plaintext size.
func (w *Writer) Commit() (digest string, bytes int64, err error) {
	defer w.out.Discard()
	if err := w.pq.Close(); err != nil {
		return "", 0, err
	}
	digest, err = w.out.Commit("", Ext)
	return digest, w.out.Size(), err
}

// Discard drops the snapshot.
func (w *Writer) Discard() { w.out.Discard() }

func openFile(s *blob.Store, digest string) (*parquet.File, func() error, error) {
	f, err := s.OpenDigest(digest, Ext)
	if err != nil {
		return nil, nil, err
	}
	pf, err := parquet.OpenFile(f, f.Size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(readSize))
	if err != nil {
		return nil, nil, errors.Join(errRead.Wrap(err), f.Close())
	}
	return pf, f.Close, nil
}
