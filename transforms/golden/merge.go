package golden

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"uoma/internal/canon"
	"uoma/transforms/identifier"
	"uoma/transforms/likeness"
)

// Merger makes golden records. It is not changed by its use; any number of goroutines may share it.
type Merger struct {
	rules  *Rules
	on     canon.Date
	checks map[string]identifier.Rule
	params *identifier.Params
}

// New prepares a merger. A value whose last day lies before the day on has expired; when on is zero, none has.
func New(rules *Rules, on canon.Date) *Merger {
	return &Merger{rules: rules, on: on, checks: identifier.Rules(), params: &identifier.Params{
		Region: cmp.Or(rules.Region, "FI"), AllowTemporary: true, AllowSynthetic: true}}
}

// Merge makes one record of the records of one person. The records may stand in any order.
func (m *Merger) Merge(records []Record) *Result {
	out := &Result{}
	for _, u := range m.units(records) {
		out.Fields = append(out.Fields, m.unit(u)...)
	}
	slices.SortStableFunc(out.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// unit is what is decided at once: one field, or the fields that come from one record together.
type unit struct {
	rule       *Rule
	fields     []string // ascending
	candidates []candidate
	refused    []candidate // of sources that never give the field
}

// candidate is one value of a unit, or the values of one record for its fields.
type candidate struct {
	record   *Record
	values   []*Value // by field of the unit; nil: missing
	key      string   // two candidates with one key say the same
	standing standing
	rank     int
	agreed   int // how many sources say the same
}

// standing is what a value is worth, whoever gives it.
type standing uint8

const (
	valid standing = iota
	partial
	expired
	invalid
)

// units sorts all values that are there by what they decide.
func (m *Merger) units(records []Record) []*unit {
	var order []*unit
	single, together := map[string]*unit{}, map[*Rule]*unit{}
	for i := range records {
		for k := range records[i].Values {
			v := &records[i].Values[k]
			if m.missing(v.Text) {
				continue
			}
			rule := m.rules.ruleOf(v.Field)
			u := single[v.Field]
			if rule.Together {
				u = together[rule]
			}
			if u == nil {
				u = &unit{rule: rule}
				order = append(order, u)
				if rule.Together {
					together[rule] = u
				} else {
					single[v.Field] = u
				}
			}
			if !slices.Contains(u.fields, v.Field) {
				u.fields = append(u.fields, v.Field)
			}
		}
	}
	for _, u := range order {
		slices.Sort(u.fields)
		m.fill(u, records)
	}
	return order
}

// fill finds the candidates of a unit, the best first.
func (m *Merger) fill(u *unit, records []Record) {
	for i := range records {
		r := &records[i]
		rank, may := u.rule.place(r.Source)
		for _, values := range m.offers(u, r) {
			c := m.candidate(u, r, values)
			c.rank = rank
			if may {
				u.candidates = append(u.candidates, c)
			} else {
				u.refused = append(u.refused, c)
			}
		}
	}
	count(u.candidates)
	slices.SortFunc(u.candidates, func(a, b candidate) int { return compare(u.rule.By, &a, &b) })
	slices.SortFunc(u.refused, func(a, b candidate) int { return compare(nil, &a, &b) })
}

// offers gives what a record says of a unit's fields: each value alone, or one of each field together.
func (m *Merger) offers(u *unit, r *Record) [][]*Value {
	var out [][]*Value
	row := make([]*Value, len(u.fields))
	some := false
	for k := range r.Values {
		v := &r.Values[k]
		at, mine := slices.BinarySearch(u.fields, v.Field)
		if !mine || m.missing(v.Text) {
			continue
		}
		if !u.rule.Together {
			out = append(out, []*Value{v})
			continue
		}
		if old := row[at]; old == nil || cmp.Or(cmp.Compare(m.standing(u.rule, v), m.standing(u.rule, old)), byText(v, old)) < 0 {
			row[at], some = v, true
		}
	}
	if some {
		out = append(out, row)
	}
	return out
}

func (m *Merger) candidate(u *unit, r *Record, values []*Value) candidate {
	c := candidate{record: r, values: values, agreed: 1}
	for i, v := range values {
		if i > 0 {
			c.key += canon.KeySeparator
		}
		if v == nil {
			continue
		}
		c.standing = max(c.standing, m.standing(u.rule, v))
		c.key += m.key(u.rule, v.Text)
		c.agreed = max(c.agreed, v.Agreed)
	}
	for _, need := range u.rule.Needs {
		if at, has := slices.BinarySearch(u.fields, need); !has || values[at] == nil {
			c.standing = max(c.standing, partial)
		}
	}
	return c
}

// standing tells what a value is worth.
func (m *Merger) standing(rule *Rule, v *Value) standing {
	if v.Invalid || !utf8.ValidString(v.Text) {
		return invalid
	}
	if check := m.checks[rule.As]; check != nil && !check(v.Text, m.params).OK() {
		return invalid
	}
	if m.on != 0 && v.Until != nil && *v.Until < m.on {
		return expired
	}
	return valid
}

// missing tells of a text that says nothing: space, signs alone, a placeholder.
func (m *Merger) missing(s string) bool {
	if strings.TrimSpace(s) == "" || m.checks["text"](s, nil).Null() {
		return true
	}
	f := likeness.Fold(s)
	return f == "" || m.rules.empty[f]
}

// key gives what two values share that say the same: the normal form of a code or a contact point, folded text otherwise.
func (m *Merger) key(rule *Rule, s string) string {
	check := m.checks[rule.As]
	if check == nil {
		return fold(s)
	}
	c := check(s, m.params)
	if !c.OK() || rule.As == "name" || rule.As == "text" {
		return fold(s)
	}
	return c.Value
}

func fold(s string) string { return likeness.Fold(s) }

// count finds how many sources say what a candidate says, among candidates of the same standing.
func count(all []candidate) {
	if len(all) < 2 {
		return
	}
	type word struct {
		key      string
		standing standing
	}
	type said struct {
		systems []string
		agreed  int
	}
	by := map[word]*said{}
	for i := range all {
		c := &all[i]
		w := word{c.key, c.standing}
		s := by[w]
		if s == nil {
			s = &said{}
			by[w] = s
		}
		if system := canon.SystemOf(c.record.Source); !slices.Contains(s.systems, system) {
			s.systems = append(s.systems, system)
		}
		s.agreed = max(s.agreed, c.agreed, len(s.systems))
	}
	for i := range all {
		all[i].agreed = by[word{all[i].key, all[i].standing}].agreed
	}
}
