package xlsx

import (
	"bytes"
	"unicode/utf8"

	"uoma/connectors/tabular"
	"uoma/connectors/xmltoken"
	"uoma/internal/canon"
)

// Bounds of a sheet by ECMA-376.
const (
	maxRow    = 1 << 20
	maxColumn = 1 << 14
)

// sheet streams the rows of a worksheet part.
type sheet struct {
	x        *xmltoken.Scanner
	w        *workbook
	limits   tabular.Limits
	inData   bool
	line     int
	column   int // of the cell that was read last, 1-based
	cells    [][]byte
	kinds    []byte
	space    []byte // text of the row's cells; a cell keeps its place when this grows for a later one
	value    []byte // of the cell that was read last, and below what it means as a date
	date     []byte
	bytes    int
	wide     bool
	control  bool
	tooWide  bool
	tooLarge bool
}

// next reads the next row element into the sheet's fields, or gives io.EOF behind the document's end.
func (s *sheet) next() error {
	for {
		t, err := s.x.Next()
		if err != nil {
			return err
		}
		switch name := string(s.x.Local); {
		case t == xmltoken.StartTag && s.x.Depth == 2 && name == "sheetData":
			s.inData = true
		case t == xmltoken.EndTag && s.x.Depth == 1 && name == "sheetData":
			s.inData = false
		case t == xmltoken.StartTag && s.x.Depth == 3 && s.inData && name == "row":
			return s.row()
		}
	}
}

func (s *sheet) row() error {
	line := s.line + 1
	if r := s.x.Attr("r"); r != nil {
		var ok bool
		if line, ok = number(r); !ok || line <= s.line || line > maxRow {
			return xmltoken.Error("its rows are not in order")
		}
	}
	s.line, s.column = line, 0
	s.cells, s.kinds, s.space, s.bytes = s.cells[:0], s.kinds[:0], s.space[:0], 0
	s.wide, s.control, s.tooWide, s.tooLarge = false, false, false, false
	for {
		t, err := s.x.Next()
		if err != nil {
			return xmltoken.Cut(err)
		}
		if t == xmltoken.EndTag && s.x.Depth == 2 {
			return nil
		}
		if t != xmltoken.StartTag {
			continue
		}
		if string(s.x.Local) != "c" {
			err = s.x.Skip()
		} else {
			err = s.cell()
		}
		if err != nil {
			return err
		}
	}
}

// cell reads one c element and puts it at its column.
func (s *sheet) cell() error {
	var ref, of, format []byte
	for local, value, rest := xmltoken.NextAttr(s.x.Attrs()); value != nil; local, value, rest = xmltoken.NextAttr(rest) {
		switch string(local) {
		case "r":
			ref = first(ref, value)
		case "t":
			of = first(of, value)
		case "s":
			format = first(format, value)
		}
	}
	column := s.column + 1
	if ref != nil {
		var ok bool
		if column, ok = columnOf(ref); !ok || column <= s.column || column > maxColumn {
			return xmltoken.Error("its cells are not in order")
		}
	}
	s.column = column
	kind := cellType(of)
	style, _ := number(format)
	if err := s.content(); err != nil {
		return err
	}
	if column > s.limits.Columns {
		s.tooWide = s.tooWide || len(s.value) > 0
		return nil
	}
	for len(s.cells) < column {
		s.cells = append(s.cells, nil)
		s.kinds = append(s.kinds, canon.KindEmpty)
	}
	text, letter, err := s.interpret(kind, style)
	if err != nil {
		return err
	}
	return s.put(column-1, text, letter)
}

// first lets the first of several attributes of one name stand.
func first(old, value []byte) []byte {
	if old != nil {
		return old
	}
	return value
}

// content reads the cell's value, whichever of its forms it has, into s.value.
func (s *sheet) content() (err error) {
	depth, inValue := s.x.Depth, false
	s.value = s.value[:0]
	for {
		t, err := s.x.Next()
		if err != nil {
			return xmltoken.Cut(err)
		}
		switch {
		case t == xmltoken.EndTag && s.x.Depth < depth:
			return nil
		case t == xmltoken.StartTag && string(s.x.Local) == "is":
			if s.value, err = richText(s.x, s.value[:0]); err != nil {
				return err
			}
		case t == xmltoken.StartTag:
			inValue = string(s.x.Local) == "v"
		case t == xmltoken.EndTag:
			inValue = false
		case inValue:
			if s.value, err = s.x.AppendText(s.value); err != nil {
				return err
			}
			if len(s.value) > maxCell {
				return errLimit
			}
		}
	}
}

// types of cells, by the attribute t.
type cellKind uint8

const (
	numeric cellKind = iota
	shared
	inline
	formulaText
	boolean
	failed
	isoDate
)

func cellType(t []byte) cellKind {
	switch string(t) {
	case "s":
		return shared
	case "inlineStr":
		return inline
	case "str":
		return formulaText
	case "b":
		return boolean
	case "e":
		return failed
	case "d":
		return isoDate
	}
	return numeric
}

// interpret gives the cell's text and the letter of its kind.
func (s *sheet) interpret(kind cellKind, style int) ([]byte, byte, error) {
	value := s.value
	if kind != inline && kind != formulaText {
		value = xmltoken.TrimSpace(value)
	}
	if len(value) == 0 {
		return nil, canon.KindEmpty, nil
	}
	switch kind {
	case shared:
		text, ok := s.w.strings.get(value)
		if !ok {
			return nil, 0, xmltoken.Error("a cell names a shared string that is not there")
		}
		return text, canon.KindText, nil
	case inline:
		return value, canon.KindText, nil
	case formulaText:
		text, err := resolved(value, 0)
		return text, canon.KindText, err
	case boolean:
		if string(value) == "1" || string(value) == "true" {
			return []byte("true"), canon.KindBool, nil
		}
		return []byte("false"), canon.KindBool, nil
	case isoDate:
		return bytes.TrimSuffix(value, []byte("T00:00:00")), canon.KindDate, nil
	case numeric:
		if decimal(value) {
			text, letter := s.number(value, style)
			return text, letter, nil
		}
	}
	return nil, canon.KindError, nil
}

// number gives a date when the cell's format shows one and the number means one.
func (s *sheet) number(value []byte, style int) ([]byte, byte) {
	if style < 0 || style >= len(s.w.dates) || !s.w.dates[style] {
		return value, s.w.numbers()
	}
	serial, ok := parseSerial(value)
	if !ok {
		return value, s.w.numbers()
	}
	if s.date, ok = appendDate(s.date[:0], serial, s.w.date904); !ok {
		return value, s.w.numbers()
	}
	return s.date, canon.KindDate
}

// put stores a cell; text of shared strings stays where it is.
func (s *sheet) put(i int, text []byte, letter byte) error {
	s.kinds[i] = letter
	if len(text) == 0 {
		if letter != canon.KindError {
			s.kinds[i] = canon.KindEmpty
		}
		return nil
	}
	if s.bytes += len(text); s.bytes > s.limits.RowBytes {
		s.tooLarge = true
		return nil
	}
	if !tabular.ASCII(text) {
		s.wide = true
		if !utf8.Valid(text) {
			return errEncoding
		}
	}
	s.control = s.control || hasControl(text)
	from := len(s.space)
	s.space = append(s.space, text...)
	s.cells[i] = s.space[from:]
	return nil
}

// hasControl finds control characters that no text has: all but tabs and line ends.
func hasControl(b []byte) bool {
	for i, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
			return true
		}
		if c == 0xC2 && i+1 < len(b) && b[i+1] < 0xA0 {
			return true
		}
	}
	return false
}

// columnOf reads the letters of a cell reference: A is 1, XFD is 16,384.
func columnOf(ref []byte) (n int, ok bool) {
	for i, c := range ref {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c < 'A' || c > 'Z' {
			return n, i > 0
		}
		if n = n*26 + int(c-'A') + 1; n > maxColumn {
			return 0, false
		}
	}
	return n, false
}
