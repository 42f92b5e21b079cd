package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"uoma/internal/fault"
)

// maxShown is how much of an unknown column's name a report shows, in characters.
const maxShown = 80

// names finds a layout's columns by the folded spelling of their names and aliases.
type names map[string]int

func newNames(columns []Column) names {
	n := names{}
	for i, c := range columns {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			n[Fold([]byte(name))] = i
		}
	}
	return n
}

// mapping says where the layout's columns stand in the rows of one export.
type mapping struct {
	at      []int    // by own column: index of the field, -1 when the export has none
	fields  int      // how many fields a row has
	header  [][]byte // the header's cells, nil when there is none
	groups  [][]byte // those of the row above, in a header of two rows
	line    int64
	unknown []string
	missing []string
}

// fromHeader matches a header row. Every error names columns of the layout only: a row that is no header at all may
// hold anything.
func (a *Assembler) fromHeader(row *Row) (*mapping, error) { return a.fromNames(row, row.Cells) }

// fromNames is fromHeader where the columns' names are more than the row's cells: names with their groups.
func (a *Assembler) fromNames(row *Row, names [][]byte) (*mapping, error) {
	place := fault.Place{File: a.o.File, Line: int(row.Line)}
	if row.Control {
		return nil, errHeader.At(place).Because(errors.New("it holds a control character"))
	}
	cells := trimEnd(names, a.sparse)
	m := &mapping{at: unset(len(a.o.Columns)), fields: len(cells), line: row.Line}
	for _, cell := range row.Cells[:min(len(cells), len(row.Cells))] {
		m.header = append(m.header, bytes.Clone(cell))
	}
	times := map[string]int{} // by a name without its group
	if a.o.HeaderRows == 2 {
		for _, cell := range row.Cells {
			times[Fold(cell)]++
		}
	}
	seen := map[string]bool{}
	var twice error
	known := 0
	for i, cell := range cells {
		name := Fold(cell)
		if name == "" {
			continue
		}
		own, ok := a.names[name]
		if !ok && i < len(row.Cells) {
			if bare := Fold(row.Cells[i]); times[bare] == 1 {
				own, ok = a.names[bare]
			}
		}
		if twice == nil && (seen[name] || ok && m.at[own] >= 0) {
			at := place
			at.Column = i + 1
			if ok {
				at.Field = a.o.Columns[own].Name
			}
			twice = errDuplicate.At(at)
		}
		seen[name] = true
		if !ok {
			m.unknown = append(m.unknown, shown(cell))
			continue
		}
		m.at[own] = i
		known++
	}
	if known == 0 {
		return nil, errHeader.At(place).Because(errors.New("it holds none of the layout's columns"))
	}
	if twice != nil {
		return nil, twice
	}
	return m, a.finish(m, place, errMissing)
}

// fromPositions takes the columns by their place; the number of fields tells the version of the interface.
func (a *Assembler) fromPositions(row *Row) (*mapping, error) {
	place := fault.Place{File: a.o.File, Line: int(row.Line)}
	m := &mapping{at: unset(len(a.o.Columns)), fields: len(row.Cells)}
	if counts := a.o.FieldCounts; len(counts) > 0 && !slices.Contains(counts, m.fields) {
		m.fields = len(trimEnd(row.Cells, false))
		if !slices.Contains(counts, m.fields) {
			return nil, errFields.At(place).Because(fmt.Errorf("%d fields, allowed are %v", len(row.Cells), counts))
		}
	}
	for i, c := range a.o.Columns {
		if 0 < c.Position && c.Position <= m.fields {
			m.at[i] = c.Position - 1
		}
	}
	return m, a.finish(m, place, errFields)
}

// finish lists the columns that the export has not, and refuses it when one of them is required.
func (a *Assembler) finish(m *mapping, place fault.Place, missing *fault.Error) error {
	for i, at := range m.at {
		if at >= 0 {
			continue
		}
		c := a.o.Columns[i]
		if c.Required {
			place.Field = c.Name
			return missing.At(place)
		}
		m.missing = append(m.missing, c.Name)
	}
	return nil
}

// reordered tells whether the columns stand in another order than the layout's.
func (m *mapping) reordered() bool {
	last := -1
	for _, at := range m.at {
		if at < 0 {
			continue
		}
		if at < last {
			return true
		}
		last = at
	}
	return false
}

// repeats tells whether a row is the header once more, byte for byte.
func (m *mapping) repeats(cells [][]byte) bool {
	if m.header == nil || len(cells) < len(m.header) || !bytes.Equal(cells[0], m.header[0]) {
		return false
	}
	for i, h := range m.header {
		if !bytes.Equal(cells[i], h) {
			return false
		}
	}
	return true
}

// looksLikeHeader tells whether a row names two of the columns, or the only one.
func (a *Assembler) looksLikeHeader(row *Row) bool {
	found := map[int]bool{}
	for _, cell := range row.Cells {
		if own, ok := a.names[Fold(cell)]; ok {
			found[own] = true
		}
	}
	return len(found) >= min(2, len(a.o.Columns))
}

// anchorOf gives the column by which a header below title rows is found: the first required one, or the first.
func anchorOf(columns []Column) int {
	return max(0, slices.IndexFunc(columns, func(c Column) bool { return c.Required }))
}

// isAnchor tells whether a cell holds the anchor's name.
func (a *Assembler) isAnchor(cell []byte) bool {
	own, ok := a.names[Fold(cell)]
	return ok && own == a.anchor
}

// secondHeader tells whether a row near the title rows could be the header as well: it repeats the anchor's name in the
// anchor's column.
func (a *Assembler) secondHeader(row *Row) bool {
	if a.m.header == nil || a.sum.Read() >= int64(a.o.Titles) {
		return false
	}
	at := a.m.at[a.anchor]
	return 0 <= at && at < len(row.Cells) && a.isAnchor(row.Cells[at])
}

// trimEnd cuts the empty fields that trailing delimiters leave: one, or all of them in a format without delimiters.
func trimEnd(cells [][]byte, all bool) [][]byte {
	for len(cells) > 0 && blank(cells[len(cells)-1]) {
		cells = cells[:len(cells)-1]
		if !all {
			break
		}
	}
	return cells
}

func unset(n int) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = -1
	}
	return at
}

// shown gives a header's name for reports: trimmed, without control characters, cut.
func shown(cell []byte) string {
	s := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.TrimFunc(string(cell), blankRune))
	if r := []rune(s); len(r) > maxShown {
		s = string(r[:maxShown]) + "…"
	}
	return s
}
