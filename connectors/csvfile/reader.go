package csvfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"uoma/connectors/charset"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var _ tabular.Reader = (*Reader)(nil)

// Options says how one feed's text is read.
type Options struct {
	tabular.Options
	Delimiter byte   // ';' when 0
	Quote     byte   // '"' when 0
	NoQuotes  bool   // quotes are text everywhere
	Encoding  string // utf-8 when empty; windows-1252 (also latin1, iso-8859-1), iso-8859-15, utf-16le, utf-16be
}

// Reader reads one export. It is not safe for concurrent use.
type Reader struct {
	src     io.Reader
	o       Options
	a       *tabular.Assembler
	once    tabular.Once
	split   splitter
	chars   *charset.Table // nil for Unicode
	block   tabular.Block  // rows that were split and not yet taken
	blocks  bool           // rows may come in blocks
	suspect bool           // some row of the block is not what its encoding or a text may hold
	row     tabular.Row
	decoded []byte
	rows    int64
	utf8    int // characters beyond ASCII in text of a single-byte encoding that all is UTF-8; -1 when some is not
}

// New makes a reader. Nothing is read, and no mistake in the options reported, before Batches is ranged over.
func New(r io.Reader, o Options) *Reader {
	if o.Delimiter == 0 {
		o.Delimiter = ';'
	}
	if o.Quote == 0 {
		o.Quote = '"'
	}
	a, err := tabular.NewAssembler(o.Options, false)
	if err == nil {
		err = o.check()
	}
	return &Reader{src: r, o: o, a: a, once: tabular.Once{Err: err}, blocks: text(o.Delimiter) && text(o.Quote)}
}

func (o *Options) check() error {
	special := func(c byte) bool { return c == '\n' || c == '\r' || c == 0 || c >= 0x80 }
	if charset.Canonical(o.Encoding) == "" || special(o.Delimiter) || special(o.Quote) || o.Delimiter == o.Quote {
		return errOptions.At(fault.Place{Field: o.Feed})
	}
	return nil
}

// Summary implements [tabular.Reader].
func (r *Reader) Summary() tabular.Summary { return r.a.Summary() }

// Batches implements [tabular.Reader].
func (r *Reader) Batches(ctx context.Context) canon.Batches {
	begin := func() error {
		r.once.Err = r.open()
		return r.once.Err
	}
	return r.once.Stream(ctx, r.a, begin, r.next)
}

// open settles the encoding.
func (r *Reader) open() error {
	buffered := bufio.NewReaderSize(r.src, 4<<10)
	encoding, err := charset.Sniff(buffered, charset.Canonical(r.o.Encoding))
	if err != nil {
		return r.fault(err)
	}
	r.a.SetEncoding(encoding)
	r.chars = charset.NewTable(encoding)
	limits := r.o.Limits.OrDefault()
	r.split = splitter{r: buffered, delim: r.o.Delimiter, quote: r.o.Quote, quotes: !r.o.NoQuotes,
		rowBytes: limits.RowBytes, columns: limits.Columns, nextLine: 1}
	if r.chars != nil {
		r.block.Decode = r.chars.Decode
	}
	if encoding == charset.UTF16LE || encoding == charset.UTF16BE {
		r.split.r = charset.NewReader(buffered, encoding)
	}
	return nil
}

// text tells that a character of ASCII is none of those for which a row is rejected.
func text(c byte) bool { return c == '\t' || ' ' <= c && c < 0x7F }

// next reads some plain rows into the assembler, or one row of any other kind.
func (r *Reader) next() error {
	if len(r.block.Rows) == 0 {
		if fields := r.a.BlockFields(); r.blocks && fields > 0 {
			r.block.Wide = r.split.block(&r.block, fields)
			r.suspect = r.block.Wide && !r.plain(&r.block)
		}
	}
	switch {
	case len(r.block.Rows) == 0:
		return r.nextRow()
	case !r.suspect && r.a.AddBlock(&r.block):
		return nil
	}
	r.block.First(&r.row)
	r.block.Drop(1)
	r.split.line, r.split.tooLong, r.split.tooWide, r.split.unclosed = r.row.Line, false, false, false
	return r.add(&r.row)
}

// nextRow reads one row into the assembler.
func (r *Reader) nextRow() error {
	s := &r.split
	err := s.next()
	if err == io.EOF {
		if r.utf8 >= charset.Likely {
			return errUTF8.At(fault.Place{File: r.o.File})
		}
		if err := r.a.End(s.line - 1); err != nil {
			return err
		}
		return io.EOF
	}
	if err != nil {
		return r.fault(err)
	}
	r.rows++
	if s.lone && r.a.Ready() {
		if err := s.tear(r.a.Fits); err != nil {
			return r.fault(err)
		}
	}
	if s.openEnd {
		r.a.SetOpenEnd()
	}
	if r.rows == 1 && isSep(s.raw) {
		r.a.Skip(tabular.SkipSep)
		return nil
	}
	if !s.tooLong {
		r.watch(s.raw)
	}
	row := &r.row
	row.Line, row.Raw, row.Cells = s.line, s.raw, s.fields
	return r.add(row)
}

// add gives a row to the assembler.
func (r *Reader) add(row *tabular.Row) error {
	if err := r.check(row); err != nil {
		return err
	}
	if r.split.tooLong || r.split.tooWide {
		return r.beyond(row)
	}
	if r.split.unclosed {
		r.a.RejectRow(row, tabular.CodeQuote, "a quote opens a field and does not close on this line; the rows behind it would be in it")
		return nil
	}
	if row.Wide && r.chars != nil {
		r.decode(row)
	}
	header := !r.a.Ready()
	err := r.a.Add(row)
	if err != nil && header && r.utf8 > 0 { // no column was found under names that are UTF-8
		return r.fault(errUTF8)
	}
	return err
}

// watch looks whether text of a single-byte encoding is UTF-8, until some is not.
func (r *Reader) watch(b []byte) {
	if r.chars == nil || r.utf8 < 0 {
		return
	}
	if !utf8.Valid(b) {
		r.utf8 = -1
		return
	}
	for _, c := range b {
		if c >= utf8.RuneSelf+0x40 { // the first byte of a character
			r.utf8++
		}
	}
}

// check sets what the row's bytes are, and refuses the file when some of them are not of its encoding.
func (r *Reader) check(row *tabular.Row) error {
	row.Wide, row.Control = charset.Inspect(row.Raw)
	row.Control = row.Control && charset.HasControl(row.Raw)
	if !row.Wide {
		return nil
	}
	b := row.Raw
	if r.split.tooLong && r.chars == nil {
		b = b[:len(b)-cutRune(b)]
	}
	decodable, control := charset.InspectWide(b, r.chars)
	if !decodable {
		return r.fault(errEncoding)
	}
	row.Control = row.Control || control
	return nil
}

// cutRune gives how many bytes at the end of b belong to a character that may go on behind it.
func cutRune(b []byte) int {
	for n := 1; n <= 3 && n <= len(b); n++ {
		if c := b[len(b)-n]; c >= 0xC0 {
			return n
		} else if c < 0x80 {
			break
		}
	}
	return 0
}

// beyond rejects a row outside the limits; before the header is known, the file has none.
func (r *Reader) beyond(row *tabular.Row) error {
	if !r.a.Ready() {
		return r.fault(errRow)
	}
	if r.split.tooLong {
		row.Raw = row.Raw[:min(len(row.Raw), keptOfLong)]
		r.a.RejectRow(row, tabular.CodeTooLong, "the row is longer than any row may be; only its beginning was kept")
		return nil
	}
	r.a.RejectRow(row, tabular.CodeTooWide, "the row has more columns than any row may have")
	return nil
}

// decode turns the fields into UTF-8. A field keeps its place in r.decoded even when that grows for a later one.
func (r *Reader) decode(row *tabular.Row) {
	r.decoded = r.decoded[:0]
	for i, cell := range row.Cells {
		if tabular.ASCII(cell) {
			continue
		}
		from := len(r.decoded)
		r.decoded = r.chars.Decode(r.decoded, cell)
		row.Cells[i] = r.decoded[from:]
	}
}

// isSep finds the line by which a file tells a spreadsheet its delimiter.
func isSep(raw []byte) bool {
	raw = bytes.Trim(raw, `" `)
	return len(raw) >= 4 && len(raw) <= 5 && bytes.EqualFold(raw[:4], []byte("sep="))
}

// fault places an error of reading at the current line. One that is ours already, a file that changed, passes as it is.
func (r *Reader) fault(err error) error {
	place := fault.Place{File: r.o.File, Line: int(r.split.line)}
	var own *fault.Error
	switch {
	case errors.Is(err, charset.ErrInvalid):
		return errEncoding.At(place)
	case errors.As(err, &own):
		if own.Place == (fault.Place{}) {
			return own.At(place)
		}
		return err
	}
	return errRead.At(place).Wrap(err)
}
