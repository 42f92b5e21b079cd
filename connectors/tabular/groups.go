package tabular

import (
	"bytes"
	"fmt"
	"slices"
)

// groupSign stands between a group and the name of one of its columns.
const groupSign = " / "

// upper is the first row of a header of two. It names groups, each in the first of the cells over which it is merged; a
// column without a group may have its name there, merged over both rows.
type upper struct {
	row   *Row // the one that came last, nil at first
	named *Row // a row with the anchor's name that is the header's second row, or its first: what follows tells
	at    int  // where the anchor's name stands in it
	above *Row // the row before it
}

// twoRows is [Assembler.first] where the header has two rows.
func (a *Assembler) twoRows(row *Row) (data bool, err error) {
	u := &a.upper
	if u.named != nil {
		if row.Line == u.named.Line+1 && blankAt(row.Cells, u.at) && a.isSecond(row) { // the anchor's name is merged over this row, too
			a.Skip(SkipTitle)
			return false, a.grouped(u.named, row)
		}
		return true, a.settleNamed()
	}
	if u.at = slices.IndexFunc(row.Cells, a.isAnchor); u.at >= 0 {
		u.above, u.named = u.row, row.clone()
		return false, nil
	}
	if slices.ContainsFunc(GroupedNames(u.row, row), a.isAnchor) {
		return false, a.grouped(u.row, row)
	}
	u.row = row.clone()
	return false, a.title(row)
}

// isSecond tells whether a row behind one with the anchor's name names a column in it: if none, its cells are somebody's data.
func (a *Assembler) isSecond(row *Row) bool {
	joined := GroupedNames(a.upper.named, row)
	for i, cell := range row.Cells {
		_, bare := a.names[Fold(cell)]
		_, whole := a.names[Fold(joined[i])]
		if !blank(cell) && (bare || whole) {
			return true
		}
	}
	return false
}

// settleNamed takes the row with the anchor's name as the header's second one.
func (a *Assembler) settleNamed() error { return a.grouped(a.upper.above, a.upper.named) }

func (a *Assembler) grouped(above, row *Row) error {
	m, err := a.fromNames(row, GroupedNames(above, row))
	if err != nil {
		return err
	}
	if above != nil && above.Line == row.Line-1 {
		m.groups = trimEnd(above.Cells, true)
	}
	a.upper = upper{}
	a.settle(m)
	return nil
}

// GroupedNames gives the names of columns in a header, with their groups where they have one in the row above; that may be nil.
func GroupedNames(above, row *Row) [][]byte {
	names := slices.Clone(row.Cells)
	if above == nil || above.Line != row.Line-1 {
		return names
	}
	for len(names) < len(above.Cells) {
		names = append(names, nil)
	}
	var group []byte
	for i, name := range names {
		var label []byte
		if i < len(above.Cells) {
			label = above.Cells[i]
		}
		switch {
		case blank(name):
			names[i], group = label, nil
		case !blank(label):
			group = label
		}
		if group != nil {
			names[i] = slices.Concat(bytes.TrimFunc(group, blankRune), []byte(groupSign), bytes.TrimFunc(name, blankRune))
		}
	}
	return names
}

// repeatsGroups tells whether a row is the header's first one once more.
func (m *mapping) repeatsGroups(cells [][]byte) bool {
	return m.groups != nil && slices.EqualFunc(trimEnd(cells, true), m.groups, bytes.Equal)
}

func (r *Row) clone() *Row {
	c := &Row{Line: r.Line, Control: r.Control}
	for _, cell := range r.Cells {
		c.Cells = append(c.Cells, bytes.Clone(cell))
	}
	return c
}

// title counts a row above the header.
func (a *Assembler) title(row *Row) error {
	if a.titles++; a.titles > a.o.Titles {
		return errHeader.At(a.place(row.Line)).Because(fmt.Errorf("not found within the first %d rows", a.o.Titles+1))
	}
	a.Skip(SkipTitle)
	return nil
}
