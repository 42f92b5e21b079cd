package jsonfile

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"

	"uoma/connectors/record"
	"uoma/connectors/tabular"
)

// walker goes through documents to their records. It holds where it is, not what was there.
type walker struct {
	r           *Reader
	rows, count record.Route
	open        []level
	found       bool           // in this document: something at the rows' path
	survey      bool           // the outline is all that is wanted
	outline     record.Outline // of what is outside the records
	called      []byte         // the name of the value that comes
}

// level is an object or list that is open on the way to the records.
type level struct {
	list    bool
	depth   int  // steps of the rows' path that lead here, -1 when none do
	counted int  // the same for the count's path
	some    bool // it had a value
	names   map[string]bool
	called  []byte // of a list: the name that its values have
}

const maxNames = 10_000 // of one object outside the records

// next reads on to the next record, or gives io.EOF behind the last document.
func (w *walker) next() error {
	for {
		c, err := w.peek()
		if len(w.open) == 0 {
			if err != nil {
				return err
			}
			w.r.a.Opened()
			w.found, w.called = false, w.called[:0]
			from := 0
			if w.survey {
				from = -1
			}
			if done, err := w.value(from, from); done || err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return cut(err)
		}
		if done, err := w.step(c); done || err != nil {
			return err
		}
	}
}

// step reads the next part of the object or list that is open; done tells whether it was a record.
func (w *walker) step(c byte) (done bool, err error) {
	l := &w.open[len(w.open)-1]
	closing := byte('}')
	if l.list {
		closing = ']'
	}
	if c == closing {
		w.r.w.Take(1)
		if !l.list {
			w.outline.Leave()
		}
		w.open = w.open[:len(w.open)-1]
		if len(w.open) == 0 && !w.found && !w.survey && !w.outline.OfOthers(w.r.plan) {
			return false, errRows.Because(errors.New(w.outline.String()))
		}
		return false, nil
	}
	if l.some {
		if c != ',' {
			return false, w.bad(0)
		}
		w.r.w.Take(1)
		if c, err = w.peek(); err != nil {
			return false, cut(err)
		}
	}
	l.some = true
	if l.list {
		w.called = append(w.called[:0], l.called...)
		return w.value(l.depth, l.counted)
	}
	depth, counted, err := w.name(l, c)
	if err != nil {
		return false, err
	}
	return w.value(depth, counted)
}

// name reads a name and its colon, and gives how far the paths lead with it.
func (w *walker) name(l *level, c byte) (depth, counted int, err error) {
	if c != '"' {
		return 0, 0, w.bad(0)
	}
	raw, err := w.scalar()
	if err != nil {
		return 0, 0, err
	}
	p := parser{m: w.r.m, b: raw}
	w.r.m.Begin()
	name, err := p.string()
	if err != nil || p.i != len(raw) {
		return 0, 0, w.bad(0)
	}
	if l.names[string(name)] || len(l.names) == maxNames {
		return 0, 0, errSyntax.Because(errTwice)
	}
	if l.names == nil {
		l.names = map[string]bool{}
	}
	l.names[string(name)] = true
	depth, counted = follow(w.rows, l.depth, name), follow(w.count, l.counted, name)
	w.called = append(w.called[:0], name...)
	w.r.w.Take(len(raw))
	if c, err = w.peek(); err != nil {
		return 0, 0, cut(err)
	}
	if c != ':' {
		return 0, 0, w.bad(0)
	}
	w.r.w.Take(1)
	if _, err = w.peek(); err != nil {
		return 0, 0, cut(err)
	}
	return depth, counted, nil
}

func follow(route record.Route, depth int, name []byte) int {
	if depth >= 0 && route.Matches(depth, name, "") {
		return depth + 1
	}
	return -1
}

// value reads a value that stands depth steps along the rows' path.
func (w *walker) value(depth, counted int) (done bool, err error) {
	c := w.r.w.Bytes()[0]
	here := depth == len(w.rows)
	if here {
		w.found = true
		if c == '{' || w.inList() {
			return true, w.record()
		}
	}
	switch {
	case c == '{' || c == '[':
		if len(w.open) == record.MaxDepth {
			return false, errSyntax.Because(errDeep)
		}
		w.r.w.Take(1)
		l := level{list: c == '[', depth: depth, counted: counted}
		if l.list {
			l.called = bytes.Clone(w.called)
		} else {
			w.outline.Enter(w.called, "", w.listed())
		}
		w.open = append(w.open, l)
		return false, nil
	case counted == len(w.count) && counted > 0:
		return false, w.announced()
	}
	raw, err := w.scalar()
	if err != nil {
		return false, err
	}
	p := parser{m: w.r.m}
	if err := p.parse(raw, nil); err != nil {
		return false, w.bad(p.i)
	}
	if here && string(raw) != "null" || len(w.open) == 0 && !here && !w.survey {
		return false, errRows.Because(errors.New(w.outline.String()))
	}
	if string(raw) != "null" {
		w.outline.Enter(w.called, "", w.listed())
		w.outline.Value()
		w.outline.Leave()
	}
	w.r.w.Take(len(raw))
	return false, nil
}

// listed tells whether the value that comes is an element of a list.
func (w *walker) listed() bool { return len(w.open) > 0 && w.open[len(w.open)-1].list }

// inList tells whether the innermost open value is the list that holds the records.
func (w *walker) inList() bool {
	n := len(w.open)
	return n > 0 && w.open[n-1].list && w.open[n-1].depth == len(w.rows)
}

// announced reads how many records there are.
func (w *walker) announced() error {
	raw, err := w.scalar()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 {
		return errCount
	}
	line, _ := w.r.w.Place(0)
	w.r.w.Take(len(raw))
	return w.r.a.Announced(n, line)
}

// record reads the record at the window's start.
func (w *walker) record() error {
	win := w.r.w
	line, _ := win.Place(0)
	n, err := w.extent()
	if err == errLong {
		return w.long(line)
	}
	if err != nil {
		return err
	}
	raw := win.Bytes()[:n]
	if !utf8.Valid(raw) {
		return errEncoding
	}
	step := w.r.m.Begin()
	wanted := isRecord(raw, step)
	if !wanted {
		step = nil
	}
	p := &w.r.p
	switch err := p.parse(raw, step); {
	case err == errDeep:
		return errSyntax.Because(errDeep)
	case err != nil:
		return w.bad(p.i)
	case wanted:
		w.r.rows.Record(line, raw)
	default:
		w.r.rows.Reject(line, raw, tabular.CodeStructure, "the record is no object")
	}
	win.Take(n)
	return nil
}

// isRecord tells whether a value can be a record: an object, or a plain value where the layout has nothing but that.
func isRecord(raw []byte, step *record.Step) bool {
	return raw[0] == '{' || raw[0] != '[' && step.HasValue()
}

// long passes over a record that is too long, and rejects it.
func (w *walker) long(line int64) error {
	win := w.r.w
	kept := bytes.Clone(win.Bytes()[:min(len(win.Bytes()), keptOfLong)])
	for s := new(scan); ; {
		n, done := s.feed(win.Bytes())
		win.Take(n)
		if done {
			break
		}
		if err := win.More(); err != nil {
			return cut(err)
		}
	}
	w.r.rows.Reject(line, kept, tabular.CodeTooLong, "the record is longer than any may be; only its beginning was kept")
	return nil
}

// scalar gives the string, number or word at the window's start, which it leaves there.
func (w *walker) scalar() ([]byte, error) {
	n, err := w.extent()
	if err == errLong {
		return nil, errSyntax.Because(errLong)
	}
	if err != nil {
		return nil, err
	}
	raw := w.r.w.Bytes()[:n]
	if !utf8.Valid(raw) {
		return nil, errEncoding
	}
	return raw, nil
}

// extent brings the value at the window's start into the window as a whole, and gives its length.
func (w *walker) extent() (int, error) {
	var s scan
	for seen := 0; ; {
		n, done := s.feed(w.r.w.Bytes()[seen:])
		if seen += n; done {
			return seen, nil
		}
		if seen > w.r.limits.RowBytes {
			return 0, errLong
		}
		err := w.r.w.More()
		if err == io.EOF && s.plain {
			return seen, nil
		}
		if err != nil {
			return 0, cut(err)
		}
	}
}

// peek passes over white space and gives the byte behind it.
func (w *walker) peek() (byte, error) {
	for {
		b := w.r.w.Bytes()
		n := 0
		for n < len(b) && blank(b[n]) {
			n++
		}
		w.r.w.Take(n)
		if n < len(b) {
			return b[n], nil
		}
		if err := w.r.w.More(); err != nil {
			return 0, err
		}
	}
}

func (w *walker) bad(n int) error {
	line, column := w.r.w.Place(n)
	return errSyntax.At(w.r.place(line, column))
}

func cut(err error) error {
	if err == io.EOF {
		return errTruncated
	}
	return err
}
