package linkage

import "slices"

// Rarity that stands. How much a value says depends on how many records have it, and that changes with every night's rows:
// with exact counts each new Virtanen would weigh every pair of Virtanens anew. So a standing table counts roughly, in
// steps of four, and a pair's weight changes on the rare night on which a count goes from one step to the next. A rough
// count follows from the records of the night alone, not from the nights before.

// fewRecords have a value: counts below are not told apart, so that a first child in a family, a second telephone in a
// house, changes nothing.
const fewRecords = 8

// rounded gives a count roughly: of each step from fewRecords times a power of four to the next, the middle by ratio.
func rounded(n int32) int32 {
	if n < fewRecords {
		return fewRecords / 2
	}
	middle := int32(2 * fewRecords)
	for n >= 2*middle && middle < 1<<28 {
		middle *= 4
	}
	return middle
}

// amongOf gives among how many records values are rare, and how many strangers there are for each pair of one person: as
// many as the model was learned from, or about as many as there are where that is another number. Of a name in a small
// register nobody knows that it is rare.
func amongOf(records int, m *Model) int {
	if records >= m.Records/2 && records <= 2*m.Records {
		return m.Records
	}
	return int(rounded(int32(records)))
}

// plain tells whether how many records have one of some values makes nothing rare.
func (t *Table) plain(v *values) bool {
	return v == t.sources || v == t.number || slices.ContainsFunc(t.marks, func(m mark) bool { return m.values == v })
}

// round makes the counts of a finished table rough.
func (t *Table) round() {
	t.steady = true
	for _, v := range t.all() {
		v.exact = v.uses
		v.round()
	}
	t.roundNames()
}

// round counts roughly, by the exact counts.
func (v *values) round() {
	v.uses = make([]int32, len(v.exact))
	for i, n := range v.exact {
		v.uses[i] = rounded(n)
	}
}

// roundNames counts names anew, by the exact counts of given and family names.
func (t *Table) roundNames() {
	t.words.uses, t.nameUses = make([]int32, t.words.dict.len()), make([]int32, len(t.names))
	t.countNames(t.given.exact, t.family.exact, t.words.uses, t.nameUses)
	for _, list := range [][]int32{t.words.uses, t.nameUses} {
		for i, n := range list {
			list[i] = rounded(n)
		}
	}
}
