package linkage

import (
	"slices"
	"strconv"
	"strings"

	"uoma/transforms/identifier"
	"uoma/transforms/likeness"
)

// checked are the identifiers whose check digits tell a right one from a mistyped one: by the name of their rule, how many
// letters and digits a right one has, however it is written. Of other identifiers any two that differ by a slip may be one.
var checked = [...]struct {
	rule  string
	signs []int
}{
	{"hetu", []int{10, 11}}, // the sign of the 1900s is no letter
	{"fnr", []int{11}},
	{"oppijanumero", []int{21}},
	{"orcid", []int{16}},
}

// checkedShare of a column's different values must be right for the column to be of such an identifier.
const checkedShare = 0.7

// loadIdentifier reads a column of identifiers, and notes of each value by which rules it is right.
func (t *Table) loadIdentifier(o *other, column int) {
	checks := newChecks()
	var ids []int32 // of the last rows
	t.load(func(w *window) {
		ids = o.column(w, column, ids)
		o.by = append(o.by, make([]uint8, o.dict.len()-len(o.by))...)
		for i, id := range ids {
			o.row()
			o.put(id)
			if id != none && o.by[id] == 0 {
				o.by[id] = checks.passed(text(w.cells[column][i]), len(o.dict.value(id)))
			}
		}
	})
}

// checks are the rules of [checked].
type checks struct {
	rules  [len(checked)]identifier.Rule
	params identifier.Params
}

func newChecks() *checks {
	c := &checks{params: identifier.Params{AllowTemporary: true, AllowSynthetic: true}}
	all := identifier.Rules()
	for k, x := range checked {
		c.rules[k] = all[x.rule]
	}
	return c
}

// passed gives the rules by which a value of so many letters and digits is right, as bits.
func (c *checks) passed(raw string, signs int) (by uint8) {
	for k, x := range checked {
		if !slices.Contains(x.signs, signs) {
			continue
		}
		if v := c.rules[k](strings.ToUpper(raw), &c.params); v.OK() && !v.Null() {
			by |= 1 << k
		}
	}
	return by
}

// rightValues says which values follow a rule, where most follow one and the same: the national codes of people from several
// countries stand in one column; nil when there is none.
func rightValues(by []uint8, uses []int32) []bool {
	if ruleOf(by, uses) < 0 {
		return nil
	}
	right := make([]bool, len(by))
	for i, rules := range by {
		right[i] = rules != 0
	}
	return right
}

// ruleOf finds the rule that most values follow, -1 when there is none.
func ruleOf(by []uint8, uses []int32) int {
	for k := range checked {
		n, all := 0, 0
		for id, rules := range by {
			if uses[id] > 0 {
				n += int(rules >> k & 1)
				all++
			}
		}
		if float64(n) >= checkedShare*float64(all) && n > 0 {
			return k
		}
	}
	return -1
}

// standIns is how many records one person has at most. A value that more have names nobody: it is what a system writes, or
// people type, where there is no number. Rough counts step over it at 128.
const standIns = 100

// identifier compares identifiers. With check digits two right ones that differ are two people's numbers, however alike
// they are, and one that is wrong is no more than text: even two equal ones count as a slip. Neighbouring numbers are
// no slip between people whose names differ: who registers together, as couples do, is given them.
func (c *comparer) identifier(f int, o *other, a, b int32, v *vector) {
	x, y := o.first(a), o.first(b)
	if x == none || y == none {
		return
	}
	if x == y && o.uses[x] > standIns {
		return
	}
	if x == y {
		v.level[f], v.rare[f] = uint8(likeness.IdentifierSame), o.uses[x]
		if o.right != nil && !o.right[x] {
			v.level[f] = uint8(likeness.IdentifierSlip)
		}
		return
	}
	v.level[f] = uint8(likeness.Different)
	if o.right != nil && o.right[x] && o.right[y] {
		return
	}
	l := uint8(c.level(f, o.values, likeness.Identifier, x, y))
	if l == 0 || c.t.agreeing(v) < 2 && neighbours(o.text(x), o.text(y)) {
		return
	}
	v.level[f], v.rare[f] = l, o.rarer(x, y)
}

// neighbours tells whether two numbers are the same but for their last digits, and few numbers lie between them.
func neighbours(a, b string) bool {
	const last = 3
	if len(a) != len(b) || len(a) <= last || a[:len(a)-last] != b[:len(b)-last] {
		return false
	}
	x, errX := strconv.Atoi(a[len(a)-last:])
	y, errY := strconv.Atoi(b[len(b)-last:])
	return errX == nil && errY == nil && max(x, y)-min(x, y) < 10
}
