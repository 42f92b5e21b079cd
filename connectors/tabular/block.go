package tabular

import (
	"bytes"
	"unicode/utf8"

	"uoma/internal/canon"
)

// Block is some rows that follow each other, each on a line of its own and all of the same number of cells, as a format
// found them in one piece of text. [Assembler.AddBlock] takes rows from its beginning.
type Block struct {
	Line   int64
	Text   []byte                        // of the encoding, and without control characters
	Rows   []canon.Span                  // where each row lies in Text, without its line end
	Cells  []canon.Span                  // where each cell lies, row after row
	Fields int                           // cells of a row
	Wide   bool                          // some byte may be above 0x7F
	Decode func(dst, cell []byte) []byte // appends a cell in UTF-8; nil when Text is that already
}

// First gives the first row.
func (b *Block) First(row *Row) {
	row.Line, row.Raw, row.Cells = b.Line, b.Text[b.Rows[0].From:b.Rows[0].To], row.Cells[:0]
	for _, c := range b.Cells[:b.Fields] {
		row.Cells = append(row.Cells, b.Text[c.From:c.To])
	}
}

// Drop takes rows away from the beginning.
func (b *Block) Drop(rows int) {
	b.Line += int64(rows)
	b.Rows, b.Cells = b.Rows[rows:], b.Cells[rows*b.Fields:]
}

// BlockFields gives how many cells the rows of a block have, 0 as long as rows can only come one by one.
func (a *Assembler) BlockFields() int {
	if a.m == nil {
		return 0
	}
	return a.m.fields
}

// AddBlock takes the rows from the block's beginning of which it is plain that [Assembler.Add] would accept them, as many
// as the batch has room for, column by column. When there is none, it takes nothing and the first one goes through Add.
func (a *Assembler) AddBlock(b *Block) bool {
	rows, room := 0, canon.BatchRows-a.b.Len()
	for rows < min(room, len(b.Rows)) && a.bytes+int(b.Rows[rows].To-b.Rows[0].From) < FlushBytes && a.ordinary(b, rows) {
		rows++
	}
	if rows == 0 || len(a.pending) > 0 || a.m.header != nil && a.sum.Read() < int64(a.o.Titles) {
		return false
	}
	a.b.Ints(canon.RawLine, b.Line, rows)
	a.b.Nulls(canon.RawKinds, rows)
	for i, at := range a.m.at {
		if at < 0 {
			a.b.Nulls(canon.RawFirst+i, rows)
			continue
		}
		a.column(canon.RawFirst+i, b, b.Cells[at:rows*b.Fields])
	}
	a.b.EndRows(rows)
	a.sum.Rows += int64(rows)
	b.Drop(rows)
	return true
}

// ordinary tells whether a row is plainly one of data: no header, no line of totals, no control line and not blank. The
// first byte of its first cell with a value tells nearly always.
func (a *Assembler) ordinary(b *Block, row int) bool {
	cells := b.Cells[row*b.Fields:][:b.Fields]
	at := 0
	for at < len(cells) && cells[at].Empty() {
		at++
	}
	if at == len(cells) {
		return false
	}
	first := b.Text[cells[at].From:cells[at].To]
	if !letter(first) || mayBeSummary(first) {
		return false
	}
	if a.m.header != nil {
		h := a.m.header[0]
		if len(h) == 0 && at > 0 || at == 0 && len(h) > 0 && h[0] == first[0] && (b.Decode != nil || bytes.Equal(h, first)) {
			return false
		}
	}
	if a.o.Trailer != nil {
		filled := 0
		for ; at < len(cells) && filled <= 2; at++ {
			if !cells[at].Empty() {
				filled++
			}
		}
		if filled <= 2 {
			return false
		}
	}
	for _, i := range a.others {
		if !cells[i].Empty() {
			return false
		}
	}
	for _, i := range a.skip {
		if letter(b.Text[cells[i].From:cells[i].To]) {
			return true
		}
	}
	return len(a.skip) == 0
}

// letter tells whether a cell begins with a character of ASCII that is no blank.
func letter(cell []byte) bool { return len(cell) > 0 && ' ' < cell[0] && cell[0] < utf8.RuneSelf }

// column adds the cells of one column, of which the first of each row is given.
func (a *Assembler) column(i int, b *Block, cells []canon.Span) {
	if n, ok := a.b.Texts(i, b.Text, cells, b.Fields, func(text []byte) bool {
		return !b.Wide || ASCII(text) || b.Decode == nil && belowMarks(text) && bytes.IndexByte(text, mojibakeByte) < 0
	}); ok {
		a.bytes += n
		return
	}
	for at := 0; at < len(cells); at += b.Fields {
		cell := b.Text[cells[at].From:cells[at].To]
		if len(cell) == 0 {
			a.b.Null(i)
			continue
		}
		if b.Decode != nil && !ASCII(cell) {
			a.decoded = b.Decode(a.decoded[:0], cell)
			cell = a.decoded
		}
		cell = a.text(cell)
		a.b.Bytes(i, cell)
		a.bytes += len(cell)
	}
}
