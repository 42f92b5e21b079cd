package csvfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"

	"uoma/internal/canon"
)

const (
	firstBuffer = 256 << 10 // bytes: many rows a refill, and still in the second-level cache
	keptOfLong  = 64 << 10  // bytes of an over-long row that go to quarantine
	ones        = 0x0101010101010101
	highs       = 0x8080808080808080
	maxTears    = 256 // quotes that nobody closed before one that closes them all
	emptyReads  = 100 // reads without a byte or an error before a transport is given up
)

// splitter finds rows and fields in a stream. The fields of a row are valid until the next one.
type splitter struct {
	r            io.Reader
	delim, quote byte
	quotes       bool
	rowBytes     int
	columns      int

	buf        []byte
	start, end int // the window of bytes that are not yet given
	err        error
	line       int64 // of the row that was given last
	nextLine   int64

	fields  [][]byte
	raw     []byte
	scratch []byte // fields in which doubled quotes became single
	tooWide bool
	tooLong bool
	openEnd bool // the row is ended by the end of the stream alone
	begin   int  // where the row that was given begins, unless it was too long

	tornTo int64 // the line behind the row that was torn last
	tears  int   // rows up to there that were torn

	lone     bool // a field of several lines has a quote inside that is neither doubled nor closes it
	unclosed bool // the row is the first line of one that was torn: a quote that opens on it does not close

	rows, cells []canon.Span // room for those of a block
}

// next finds a row: s.fields, s.raw, s.line and the flags describe it. At the end it gives io.EOF.
func (s *splitter) next() error {
	s.line = s.nextLine
	for {
		length, whole, state := s.scan()
		switch {
		case state == inside && s.err == nil:
			if s.end-s.start > s.rowBytes+2 {
				return s.discard()
			}
			s.fill()
			continue
		case state == insideQuotes && s.err == nil:
			if s.end-s.start > s.rowBytes+2 {
				return errRow
			}
			s.fill()
			continue
		case state != complete:
			return s.stop(state)
		}
		s.raw = s.buf[s.start : s.start+length]
		s.tooLong = length > s.rowBytes
		s.begin = s.start
		s.start += whole
		s.nextLine++
		return nil
	}
}

// tear gives up the first line of the row that was given, if all behind it is rows that fit: a quote that opens on it closed only
// where another one opened, rows later. These rows are given next, by the usual rules. It fails where too many such quotes close in one
// place, since each has all up to there scanned anew.
func (s *splitter) tear(fits func(cells [][]byte) bool) error {
	if s.tooLong {
		return nil
	}
	start, end, err, nextLine := s.start, s.end, s.err, s.nextLine
	b := s.buf[s.begin:start]
	n := bytes.IndexAny(b, "\r\n")
	rest := s.begin + n + 1
	if b[n] == '\r' && b[n+1] == '\n' {
		rest++
	}
	s.start, s.end, s.err = rest, start, io.EOF
	rows := true
	for rows && s.start < s.end {
		_, whole, state := s.scan()
		rows = state == complete && !s.tooWide && fits(s.fields) && (s.lone || s.even(s.buf[s.start:s.start+whole]))
		s.start += whole
	}
	s.end, s.err = end, err
	if !rows {
		s.start = s.begin
		s.scan()
		s.start, s.nextLine = start, nextLine
		return nil
	}
	if s.tornTo != nextLine {
		s.tornTo, s.tears = nextLine, 0
	}
	if s.tears++; s.tears > maxTears {
		return errRow
	}
	s.fields, s.raw, s.unclosed, s.openEnd = s.fields[:0], b[:n], true, false
	s.start, s.nextLine = rest, s.line+1
	return nil
}

// even tells whether quotes come in pairs. In the last line of a field of several lines there is one too many.
func (s *splitter) even(b []byte) bool { return bytes.Count(b, []byte{s.quote})%2 == 0 }

// stop says why there is no further row.
func (s *splitter) stop(state state) error {
	if s.err == io.EOF && state == insideQuotes {
		return errTruncated
	}
	return s.err
}

type state uint8

const (
	complete     state = iota
	inside             // the window ends within a row
	insideQuotes       // the window ends within a quoted field
)

// scan splits the row at the window's start: its length without and with its line end. At the end of the stream an open
// row is complete, and an empty window is inside.
func (s *splitter) scan() (length, whole int, _ state) {
	b, last := s.buf[s.start:s.end], s.err == io.EOF
	s.fields, s.scratch, s.tooWide, s.openEnd, s.lone, s.unclosed = s.fields[:0], s.scratch[:0], false, false, false, false
	if len(b) == 0 {
		return 0, 0, inside
	}
	for i := 0; ; i++ {
		from := i
		var cell []byte
		if s.quotes && i < len(b) && b[i] == s.quote {
			var ok bool
			if cell, i, ok = s.quoted(b, i, last); !ok {
				return 0, 0, insideQuotes
			}
		} else {
			i = s.special(b, i)
			cell = b[from:i]
		}
		if len(s.fields) < s.columns {
			s.fields = append(s.fields, cell)
		} else {
			s.tooWide = true
		}
		if i == len(b) {
			if !last {
				return 0, 0, inside
			}
			s.openEnd = true
			return i, i, complete
		}
		switch b[i] {
		case s.delim:
		case '\n':
			return i, i + 1, complete
		default: // a carriage return, and the line feed that may follow it
			if i+1 == len(b) && !last {
				return 0, 0, inside
			}
			if i+1 < len(b) && b[i+1] == '\n' {
				return i, i + 2, complete
			}
			return i, i + 1, complete
		}
	}
}

// special finds the next delimiter or line end from i on, or the end of b. It looks at eight bytes in one step: a byte
// equal to c is zero in x^c, and subtracting one from it borrows into its high bit. The lowest such bit is exact.
func (s *splitter) special(b []byte, i int) int {
	delims := ones * uint64(s.delim)
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		d, n, r := x^delims, x^(ones*'\n'), x^(ones*'\r')
		if m := ((d-ones)&^d | (n-ones)&^n | (r-ones)&^r) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == s.delim || c == '\n' || c == '\r' {
			break
		}
	}
	return i
}

// quoted reads the field whose quote stands at i, and gives the index of what ends it. It fails when b ends before.
func (s *splitter) quoted(b []byte, i int, last bool) (cell []byte, end int, ok bool) {
	from, at := i+1, i+1
	begun, lone := len(s.scratch), false
	for {
		k := bytes.IndexByte(b[at:], s.quote)
		if k < 0 {
			return nil, 0, false
		}
		k += at
		if k+1 == len(b) && !last {
			return nil, 0, false
		}
		if k+1 < len(b) && b[k+1] == s.quote {
			s.scratch = append(s.scratch, b[from:k+1]...)
			at = k + 2
			from = at
			continue
		}
		if k+1 < len(b) && b[k+1] != s.delim && b[k+1] != '\n' && b[k+1] != '\r' {
			at, lone = k+1, true
			continue
		}
		cell = b[from:k]
		if len(s.scratch) > begun {
			s.scratch = append(s.scratch, cell...)
			cell = s.scratch[begun:]
		}
		ends := lineEnds(b[i:k])
		s.nextLine += ends
		s.lone = s.lone || lone && ends > 0
		return cell, k + 1, true
	}
}

// lineEnds counts LF, CRLF and lone CR.
func lineEnds(b []byte) (n int64) {
	for i, c := range b {
		if c == '\n' && (i == 0 || b[i-1] != '\r') || c == '\r' {
			n++
		}
	}
	return n
}

// fill moves the window to the buffer's start, doubles a full buffer, and reads until it is full: a row is scanned anew
// after each call, so calls must be few.
func (s *splitter) fill() {
	s.nextLine = s.line
	s.end = copy(s.buf, s.buf[s.start:s.end])
	s.start = 0
	if s.end == len(s.buf) {
		size := max(firstBuffer, 2*len(s.buf))
		grown := make([]byte, size, size+canon.Slab)
		copy(grown, s.buf)
		s.buf = grown
	}
	for empty := 0; s.end < len(s.buf) && s.err == nil; {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		s.err = err
		if empty++; n > 0 {
			empty = 0
		} else if empty == emptyReads && err == nil {
			s.err = io.ErrNoProgress
		}
	}
}

// discard passes over the rest of a row that does not fit, and leaves its beginning in s.raw.
func (s *splitter) discard() error {
	s.raw = bytes.Clone(s.buf[s.start : s.start+min(keptOfLong, s.end-s.start)])
	s.fields, s.tooLong, s.tooWide, s.openEnd, s.lone = s.fields[:0], true, false, false, false
	s.nextLine = s.line + 1
	for {
		b := s.buf[s.start:s.end]
		i := bytes.IndexAny(b, "\r\n")
		switch {
		case i >= 0 && b[i] == '\n':
			s.start += i + 1
			return nil
		case i >= 0 && i+1 < len(b):
			if s.start += i + 1; b[i+1] == '\n' {
				s.start++
			}
			return nil
		case i >= 0:
			s.start += i // the carriage return alone is left, until what follows it is known
		default:
			s.start = s.end
		}
		if s.err == io.EOF {
			s.start, s.openEnd = s.end, i < 0
			return nil
		}
		if s.err != nil {
			return s.err
		}
		line := s.nextLine
		s.fill()
		s.nextLine = line
	}
}
