package linkage

import (
	"fmt"
	"slices"

	"uoma/transforms/likeness"
)

// Rule says that no person has two different values of a field of the kind [Mark]: within one value of another one, and as
// long as a third says one of some values. The active student numbers of one institution, for instance. Values are the same
// or not: numbers that are given in a row differ in one digit, and so no slip is forgiven.
type Rule struct {
	Of     string   // name of the field
	Within string   // name of a field; "" for everywhere
	While  string   // name of a field; "" for always
	Is     []string // what While says of a record for the rule to hold for it
}

// rule is a [Rule] of a table's values.
type rule struct {
	of     *values
	within *values // nil for everywhere
	while  *values // nil for always
	is     []bool  // by value of while
}

// marked gives the values of a field of the kind [Mark].
func (t *Table) marked(name string) (*values, error) {
	for _, m := range t.marks {
		if m.name == name {
			return m.values, nil
		}
	}
	return nil, fmt.Errorf("the records have no field %q of the kind %s", name, Mark)
}

// rules finds the fields that rules are about.
func (t *Table) rules(rules []Rule) ([]rule, error) {
	var out []rule
	for _, x := range rules {
		var r rule
		var err error
		if r.of, err = t.marked(x.Of); err != nil {
			return nil, err
		}
		if x.Within != "" {
			if r.within, err = t.marked(x.Within); err != nil {
				return nil, err
			}
		}
		if x.While != "" {
			if r.while, err = t.marked(x.While); err != nil {
				return nil, err
			}
			r.is = make([]bool, r.while.dict.len())
			for i := range r.is {
				r.is[i] = slices.ContainsFunc(x.Is, func(s string) bool { return likeness.FoldCode(s) == r.while.text(int32(i)) })
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// holds gives a record's value, and within what nobody has another one; ok is false of a record that the rule is not about.
func (r *rule) holds(rec int32) (value, within int32, ok bool) {
	if value = r.of.first(rec); value == none {
		return none, none, false
	}
	if r.while != nil {
		if s := r.while.first(rec); s == none || !r.is[s] {
			return none, none, false
		}
	}
	if r.within == nil {
		return value, none, true
	}
	within = r.within.first(rec)
	return value, within, within != none
}

// apart tells whether the rule makes two records two people's.
func (r *rule) apart(a, b int32) bool {
	x, in, ok := r.holds(a)
	if !ok {
		return false
	}
	y, at, ok := r.holds(b)
	return ok && in == at && x != y
}

// same tells whether the rule sees no difference between two records that it holds for.
func (r *rule) same(a, b int32) bool {
	return r.of.first(a) == r.of.first(b) && (r.within == nil || r.within.first(a) == r.within.first(b))
}

// Broken gives those of some rules that one person with both records would break. It panics at a rule that [Table.Link] refuses.
func (t *Table) Broken(rules []Rule, a, b int32) (out []Rule) {
	all, err := t.rules(rules)
	if err != nil {
		panic(err)
	}
	for i := range all {
		if all[i].apart(a, b) {
			out = append(out, rules[i])
		}
	}
	return out
}

// SourceOf gives the source of a record, folded; "" when it has none.
func (t *Table) SourceOf(rec int32) string {
	if t.sources == nil {
		return ""
	}
	return t.sources.text(t.sources.first(rec))
}

// pairing are sources that are linked one to one: a record of one with at most one record of the other.
type pairing struct {
	bit   []uint64    // of each source by number; 0 of one that is in no pair
	pairs [][2]uint64 // two sources by their bits
}

// maxPaired is how many sources can be linked one to one.
const maxPaired = 64

// pairing numbers the sources that are linked one to one, any two of each list.
func (t *Table) pairing(lists [][]string) (*pairing, error) {
	if t.sources == nil || len(lists) == 0 {
		return nil, nil
	}
	p := &pairing{bit: make([]uint64, t.sources.dict.len())}
	bits := map[string]uint64{}
	for _, list := range lists {
		for i, a := range list {
			if bits[a] == 0 {
				if len(bits) == maxPaired {
					return nil, fmt.Errorf("more than %d sources are to be linked one to one", maxPaired)
				}
				bits[a] = 1 << len(bits)
			}
			for _, b := range list[:i] {
				if a != b {
					p.pairs = append(p.pairs, [2]uint64{bits[b], bits[a]})
				}
			}
		}
	}
	for i := range p.bit {
		p.bit[i] = bits[t.sources.text(int32(i))]
	}
	return p, nil
}

// sides are the paired sources that a cluster's records come from, and those that it has several records of.
type sides struct{ once, twice uint64 }

func (p *pairing) of(t *Table, rec int32) sides {
	if p == nil {
		return sides{}
	}
	if s := t.sources.first(rec); s != none {
		return sides{once: p.bit[s]}
	}
	return sides{}
}

// and gives the sides of two clusters together.
func (x sides) and(y sides) sides {
	return sides{x.once | y.once, x.twice | y.twice | x.once&y.once}
}

// forbids tells whether a cluster has a record of one source and several of another that are linked one to one.
func (p *pairing) forbids(x sides) bool {
	if p == nil || x.twice == 0 {
		return false
	}
	for _, pair := range p.pairs {
		both := pair[0] | pair[1]
		if x.once&both == both && x.twice&both != 0 {
			return true
		}
	}
	return false
}
