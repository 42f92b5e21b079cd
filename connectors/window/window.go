// Package window is the part of a stream that a format looks at: bytes that were read and not yet taken.
//
// A [Window] grows as far as its user lets it, gives whole lines under a limit, and knows at which line and column of the
// stream it stands, so that an error can say where. It knows no format.
package window

import (
	"bytes"
	"io"
)

const (
	firstBytes = 256 << 10 // many records a refill, and still in the second-level cache
	emptyReads = 100       // reads without a byte or an error before a transport is given up
)

// Window is not safe for concurrent use. What it gives is valid until the next [Window.More] or [Window.Line].
type Window struct {
	r          io.Reader
	buf        []byte
	start, end int
	err        error
	line       int64 // whole lines taken
	column     int64 // bytes taken of the line that is open
}

// New makes a window at the start of a stream.
func New(r io.Reader) *Window { return &Window{r: r} }

// Bytes gives what was read and not taken.
func (w *Window) Bytes() []byte { return w.buf[w.start:w.end] }

// Place gives the line and column, counted from 1, of the byte n behind the window's start.
func (w *Window) Place(n int) (line, column int64) {
	b := w.Bytes()
	b = b[:min(n, len(b))]
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		return w.line + int64(bytes.Count(b, newline)) + 1, int64(len(b)-i-1) + 1
	}
	return w.line + 1, w.column + int64(len(b)) + 1
}

var newline = []byte{'\n'}

// Take passes over n bytes.
func (w *Window) Take(n int) {
	line, column := w.Place(n)
	w.line, w.column = line-1, column-1
	w.start += n
}

// More reads further bytes behind those that there are, or gives the error that ended the stream.
func (w *Window) More() error {
	if w.err != nil {
		return w.err
	}
	w.end = copy(w.buf, w.buf[w.start:w.end])
	w.start = 0
	if w.end == len(w.buf) {
		grown := make([]byte, max(firstBytes, 2*len(w.buf)))
		copy(grown, w.buf)
		w.buf = grown
	}
	for range emptyReads {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		w.err = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	w.err = io.ErrNoProgress
	return w.err
}

// Line is one line of a stream.
type Line struct {
	Number  int64
	Bytes   []byte // without its line end; of a line that is too long the beginning
	TooLong bool
	OpenEnd bool // the stream's end ends it
}

// Line takes the next line, which LF or CRLF ends, or gives the stream's error. Of a line of more than limit bytes it
// keeps the first kept ones.
func (w *Window) Line(limit, kept int) (Line, error) {
	l := Line{Number: w.line + 1}
	for seen := 0; ; {
		b := w.Bytes()
		if i := bytes.IndexByte(b[seen:], '\n'); i >= 0 {
			n := seen + i
			l.Bytes = bytes.TrimSuffix(b[:n], []byte{'\r'})
			l.TooLong = len(l.Bytes) > limit
			w.pass(n + 1)
			break
		}
		if seen = len(b); seen > limit+1 {
			return w.long(l, kept)
		}
		if err := w.More(); err == io.EOF && seen > 0 {
			l.Bytes, l.OpenEnd = w.Bytes(), true
			l.TooLong = len(l.Bytes) > limit
			w.column += int64(seen)
			w.start = w.end
			break
		} else if err != nil {
			return l, err
		}
	}
	if l.TooLong {
		l.Bytes = l.Bytes[:min(len(l.Bytes), kept)]
	}
	return l, nil
}

// pass takes a whole line.
func (w *Window) pass(n int) {
	w.line, w.column = w.line+1, 0
	w.start += n
}

// long passes over a line that is too long, whose beginning stands in the window.
func (w *Window) long(l Line, kept int) (Line, error) {
	l.TooLong = true
	l.Bytes = bytes.Clone(w.Bytes()[:min(kept, w.end-w.start)])
	for {
		b := w.Bytes()
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			w.pass(i + 1)
			return l, nil
		}
		w.start = w.end
		if err := w.More(); err == io.EOF {
			l.OpenEnd = true
			return l, nil
		} else if err != nil {
			return l, err
		}
	}
}
