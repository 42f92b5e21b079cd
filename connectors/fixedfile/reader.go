package fixedfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"uoma/connectors/charset"
	"uoma/connectors/tabular"
	"uoma/connectors/window"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var (
	errOptions = fault.New("UOMA-LND-OPTIONS", "the feed's layout cannot be used for reading",
		"correct the encoding and the columns' characters in the layout")
	errEncoding = fault.New("UOMA-LND-ENCODING", "the export's bytes are not of its encoding",
		"set the layout's encoding to what the source system writes; bytes are never replaced silently").For(fault.Source)
	errUTF8      = errEncoding.Because(errors.New("it is UTF-8 throughout"))
	errTruncated = fault.New("UOMA-LND-TRUNCATED", "the export ends too early",
		"have the export made again; if its last line is no row, name it as the layout's trailer; nothing was removed").For(fault.Source)
	errRead = fault.New("UOMA-LND-READ", "the export cannot be read to its end",
		"check the transport and run again").For(fault.Source)
)

var _ tabular.Reader = (*Reader)(nil)

// Range is the first and the last character of a column, counted from 1.
type Range struct{ From, To int }

// Options says how one feed's lines are read.
type Options struct {
	tabular.Options
	Ranges      []Range // of the columns
	Encoding    string  // as in package charset; UTF-8 when empty
	Length      int     // characters of every line, 0 for any
	HeaderLines int     // above the first row
}

// Reader reads one export. It is not safe for concurrent use.
type Reader struct {
	src     io.Reader
	o       Options
	a       *tabular.Assembler
	once    tabular.Once
	w       *window.Window
	limits  tabular.Limits
	lines   int
	records int64
	row     tabular.Row
	starts  []int          // by character of a line that is not ASCII: where it begins
	watch   *charset.Watch // of a single-byte encoding
}

// New makes a reader. Nothing is read, and no mistake in the options reported, before Batches is ranged over.
func New(r io.Reader, o Options) *Reader {
	f := &Reader{src: r, o: o, limits: o.Limits.OrDefault()}
	if f.a, f.once.Err = tabular.NewRecordAssembler(o.Options); f.once.Err == nil {
		f.once.Err = o.check()
	}
	f.row.Cells = make([][]byte, len(o.Columns))
	return f
}

func (o *Options) check() error {
	if charset.Canonical(o.Encoding) == "" || len(o.Ranges) != len(o.Columns) {
		return errOptions.At(fault.Place{Field: o.Feed})
	}
	for i, r := range o.Ranges {
		if r.From < 1 || r.To < r.From || o.Length > 0 && r.To > o.Length {
			return errOptions.At(fault.Place{Field: o.Columns[i].Name})
		}
	}
	return nil
}

// Summary implements [tabular.Reader].
func (r *Reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	return r.once.Stream(ctx, r.a, r.open, r.next)
}

func (r *Reader) open() error {
	buffered := bufio.NewReaderSize(r.src, 64<<10)
	encoding, err := charset.Sniff(buffered, charset.Canonical(r.o.Encoding))
	if err != nil {
		return r.fault(0, err)
	}
	r.a.SetEncoding(encoding)
	src := io.Reader(buffered)
	if encoding == charset.Windows1252 || encoding == charset.Latin9 {
		r.watch = charset.NewWatch(src)
		src = r.watch
	}
	r.w = window.New(charset.NewReader(src, encoding))
	for i := range r.o.Columns {
		r.a.Met(i)
	}
	return nil
}

const keptOfLong = 64 << 10 // bytes of an over-long line that go to quarantine

// next adds one row.
func (r *Reader) next() error {
	line, err := r.w.Line(r.limits.RowBytes, keptOfLong)
	if err == io.EOF {
		if r.watch != nil && r.watch.Wide() >= charset.Likely {
			return errUTF8.At(fault.Place{File: r.o.File})
		}
		if err := r.a.EndRecords(line.Number-1, r.records); err != nil {
			return err
		}
		return io.EOF
	}
	if err != nil {
		return r.fault(line.Number, err)
	}
	r.lines++
	if line.OpenEnd {
		r.a.SetOpenEnd()
	}
	if !line.TooLong && !utf8.Valid(line.Bytes) {
		return r.fault(line.Number, charset.ErrInvalid)
	}
	if r.lines <= r.o.HeaderLines {
		r.a.Opened()
		r.a.Skip(tabular.SkipTitle)
		return nil
	}
	if done, err := r.a.Trailer(&tabular.Row{Line: line.Number, Cells: [][]byte{line.Bytes}}); done || err != nil {
		return err
	}
	return r.add(line)
}

// add makes a row of a line.
func (r *Reader) add(line window.Line) error {
	row := &r.row
	row.Line, row.Raw, row.Wide, row.Control = line.Number, line.Bytes, !tabular.ASCII(line.Bytes), charset.Control(line.Bytes)
	if line.TooLong {
		r.records++
		r.a.RejectRow(row, tabular.CodeTooLong, "the line is longer than any may be; only its beginning was kept")
		return nil
	}
	if len(bytes.TrimSpace(line.Bytes)) == 0 {
		r.a.Skip(tabular.SkipBlank)
		return nil
	}
	r.records++
	n := r.characters(line.Bytes)
	if line.OpenEnd && !row.Control && n < r.o.Length { // without a length, blanks at a line's end may be left out
		return errTruncated.At(fault.Place{File: r.o.File, Line: int(line.Number)}).Because(fmt.Errorf("its last line has no end, and %d of %d characters", n, r.o.Length))
	}
	if r.o.Length > 0 && n != r.o.Length {
		r.a.RejectRow(row, tabular.CodeLineLength, "the line has "+strconv.Itoa(n)+" characters, every line has "+strconv.Itoa(r.o.Length))
		return nil
	}
	for i, at := range r.o.Ranges {
		row.Cells[i] = bytes.Trim(r.slice(line.Bytes, at, n), " ")
	}
	r.a.AddRecord(row)
	return nil
}

// characters counts them, and notes where each begins when that is not its number.
func (r *Reader) characters(b []byte) int {
	if !r.row.Wide {
		return len(b)
	}
	r.starts = r.starts[:0]
	for i := range string(b) {
		r.starts = append(r.starts, i)
	}
	r.starts = append(r.starts, len(b))
	return len(r.starts) - 1
}

func (r *Reader) slice(b []byte, at Range, n int) []byte {
	if at.From > n {
		return nil
	}
	from, to := at.From-1, min(at.To, n)
	if r.row.Wide {
		from, to = r.starts[from], r.starts[to]
	}
	return b[from:to]
}

func (r *Reader) fault(line int64, err error) error {
	place := fault.Place{File: r.o.File, Line: int(line)}
	var own *fault.Error
	switch {
	case errors.Is(err, charset.ErrInvalid):
		return errEncoding.At(place)
	case errors.As(err, &own) && own.Place == (fault.Place{}):
		return own.At(place)
	case errors.As(err, &own):
		return err
	}
	return errRead.At(place).Wrap(err)
}
