package review

import (
	"uoma/transforms/clerical"
	"uoma/transforms/linkage"
	"uoma/transforms/resolve"
)

// Sides is a pair with what its records say. Fields hold personal data.
type Sides struct {
	clerical.Line
	Fields []clerical.Field
	// Explained takes the weight of the two apart; its features name no value. nil when a record has no row.
	Explained *linkage.Explanation
}

// Show sets the two records of a pair side by side.
func (d *Desk) Show(l clerical.Line) (Sides, error) {
	out := Sides{Line: l}
	keys := d.know().keys
	a, okA := keys[l.Pair.A]
	b, okB := keys[l.Pair.B]
	if !okA || !okB {
		return out, errNoPair
	}
	rows := d.rowsOf(a, b)
	of := resolve.Remembered(rows, a, b)
	out.Fields = clerical.Compare(of[a], of[b])
	links, err := d.left.Links()
	if err != nil || links == nil {
		return out, err
	}
	if e, ok := resolve.Explain(links, a, b); ok {
		out.Explained = &e
		if !out.Known {
			out.Weight, out.Known = e.Weight, true
		}
	}
	return out, nil
}
