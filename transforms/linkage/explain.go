package linkage

import (
	"math"
	"slices"
)

// Evidence is what one feature says of two records.
type Evidence struct {
	Feature string
	Level   string  // "" when one of the records says nothing
	Bits    float64 // for one person, rarity included
	Rarity  float64 // of these, bits for a value that is rarer or more common than most
}

// Explanation takes the weight of two records apart. The bits of all parts add up to the weight.
type Explanation struct {
	Prior    float64 // log odds of any two records, in bits
	Evidence []Evidence
	Alike    float64 // less, because people of a household, twins and namesakes agree so, too
	Weight   float64 // log odds that they are one person's
}

// Explain says why two records are one person's or two people's.
func (t *Table) Explain(m *Model, a, b int32) Explanation {
	s := newScorer(m, t)
	var v vector
	newComparer(t).compare(a, b, &v)
	out := Explanation{Prior: s.prior[v.between], Weight: s.weight(&v)}
	sum := out.Prior
	for f, x := range t.features {
		if !x.there {
			continue
		}
		e := Evidence{Feature: x.name}
		if l := v.level[f]; l != absent {
			e.Level = x.levels[l]
			e.Bits = s.feature(f, &v)
			e.Rarity = e.Bits - s.level[v.between][f][l].bits
		}
		sum += e.Bits
		out.Evidence = append(out.Evidence, e)
	}
	if out.Alike = out.Weight - sum; math.Abs(out.Alike) < 1e-9 {
		out.Alike = 0
	}
	return out
}

// Find gives the record with an id.
func (t *Table) Find(id string) (rec int32, ok bool) {
	for i := range int32(t.n) {
		if string(t.labels.came(t.labels.order[i])) == id {
			return i, true
		}
	}
	return 0, false
}

// Sharer gives a function that tells which identifier two records share, of several the first column's; "" for none. A
// value that too many have is none.
func (t *Table) Sharer() func(a, b int32) string {
	var columns []*other
	for _, o := range t.others {
		if o.field.Kind == Identifier {
			columns = append(columns, o)
		}
	}
	return func(a, b int32) string {
		for _, o := range columns {
			if x := o.first(a); x != none && x == o.first(b) && o.uses[x] <= standIns {
				return o.field.Name
			}
		}
		return ""
	}
}

// Torn counts of each column of identifiers the values that stand in records of several clusters.
func (t *Table) Torn(cluster []int32) map[string]int {
	out := map[string]int{}
	for _, o := range t.others {
		if o.field.Kind != Identifier {
			continue
		}
		of, torn := slices.Repeat([]int32{none}, o.dict.len()), make([]bool, o.dict.len())
		for rec := range int32(t.n) {
			x := o.first(rec)
			if x == none || o.uses[x] > standIns {
				continue
			}
			if of[x] == none {
				of[x] = cluster[rec]
			}
			if of[x] != cluster[rec] && !torn[x] {
				torn[x] = true
				out[o.field.Name]++
			}
		}
	}
	return out
}
