package review

import (
	"strings"

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
	given, family := d.names()
	w, err := resolve.NewWeigher(rows, len(d.left.Members), given, family)
	if err != nil {
		return out, err
	}
	if e, ok := w.Weigh(a, b); ok {
		out.Explained = &e
		if !out.Known {
			out.Weight, out.Known = e.Weight, true
		}
	}
	return out, nil
}

// names counts of how many rows a word is one of the given names, and a name the family name.
func (d *Desk) names() (given, family func(string) int32) {
	givens, families := map[string]int32{}, map[string]int32{}
	for i := range d.left.Members {
		m := &d.left.Members[i]
		for _, name := range strings.FieldsFunc(m.Given, func(r rune) bool { return r == ' ' || r == '-' }) {
			givens[name]++
		}
		families[m.Family]++
	}
	return func(s string) int32 { return givens[s] }, func(s string) int32 { return families[s] }
}
