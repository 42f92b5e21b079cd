package layout

import (
	"slices"
	"strconv"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// What a column of a list of holders is, in the place of a target. A list ([Layout.Holders]) is read for a case alone, and in
// memory: no night reads it, and nothing of it is kept.
const (
	HolderCard = "card"     // as the system's feeds write it
	Issued     = "issued"   // from when on somebody held the card
	Returned   = "returned" // until when; empty where it is out
	HolderID   = "holder"
	Checked    = "checked" // whether their identity was, if the list says it
)

var errHolders = fault.New("UOMA-LAY-HOLDERS", "a list of holders has to say the card, who held it, and from when until when",
	"let one column each go to: card, holder, issued and returned")

// Part gives the column of a list of holders that is a part of it, or -1.
func (f *Feed) Part(part string) int {
	return slices.IndexFunc(f.Columns, func(c Column) bool { return slices.Contains(c.To, part) })
}

// MatchHolders tells whether a file name is that of a list of holders.
func (l *Layout) MatchHolders(name string) bool {
	return slices.ContainsFunc(l.Holders, func(f Feed) bool { _, ok := f.Match(name); return ok })
}

// holders checks a list of holders.
func (c *checker) holders(f *Feed, under func(...string) []string) {
	c.export(f, under)
	seen := map[string]bool{}
	for i := range f.Columns {
		col := &f.Columns[i]
		for _, part := range col.To { // the schema allows no other
			at := under("columns", strconv.Itoa(i), "to")
			if seen[part] {
				c.find(errFilled, part, at...)
			}
			seen[part] = true
			if typ, known := RuleType(col.As); known && typ != partType(part) {
				c.find(errType, part, at...)
			}
		}
	}
	for _, part := range []string{HolderCard, Issued, Returned, HolderID} {
		if !seen[part] {
			c.find(errHolders, part, under("columns")...)
		}
	}
}

func partType(part string) canon.Type {
	switch part {
	case Issued, Returned:
		return canon.Instant
	case Checked:
		return canon.Bool
	}
	return canon.Text
}
