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
	words      []word   // all that was said, record by record
	candidates []candidate
	refused    []candidate // of sources that never give the field
}

// word is a value that is there.
type word struct {
	record   *Record
	value    *Value
	key      string // two words with one key say the same
	standing standing
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
			folded := likeness.Fold(v.Text)
			if m.missing(v.Text, folded) {
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
			u.words = append(u.words, m.word(rule, &records[i], v, folded))
		}
	}
	for _, u := range order {
		slices.Sort(u.fields)
		u.fill()
	}
	return order
}

// fill finds the candidates of a unit, the best first.
func (u *unit) fill() {
	for from := 0; from < len(u.words); {
		to := from + 1
		for u.rule.Together && to < len(u.words) && u.words[to].record == u.words[from].record {
			to++
		}
		c := u.candidate(u.words[from:to])
		from = to
		may := false
		if c.rank, may = u.rule.place(c.record.Source); may {
			u.candidates = append(u.candidates, c)
		} else {
			u.refused = append(u.refused, c)
		}
	}
	count(u.candidates)
	slices.SortFunc(u.candidates, func(a, b candidate) int { return compare(u.rule.By, &a, &b) })
	slices.SortFunc(u.refused, func(a, b candidate) int { return compare(nil, &a, &b) })
}

// candidate makes one of what a record says: of a field that it gives twice, the better value counts.
func (u *unit) candidate(words []word) candidate {
	c := candidate{record: words[0].record, values: make([]*Value, len(u.fields)), agreed: 1}
	row := make([]*word, len(u.fields))
	for i := range words {
		w := &words[i]
		at, _ := slices.BinarySearch(u.fields, w.value.Field)
		if row[at] == nil || cmp.Or(cmp.Compare(w.standing, row[at].standing), byText(w.value, row[at].value)) < 0 {
			row[at] = w
		}
	}
	for i, w := range row {
		if i > 0 {
			c.key += canon.KeySeparator
		}
		if w == nil {
			continue
		}
		c.values[i], c.key = w.value, c.key+w.key
		c.standing, c.agreed = max(c.standing, w.standing), max(c.agreed, w.value.Agreed)
	}
	for _, need := range u.rule.Needs {
		if at, has := slices.BinarySearch(u.fields, need); !has || row[at] == nil {
			c.standing = max(c.standing, partial)
		}
	}
	return c
}

// word reads a value: what it is worth, and what it says. Codes and contact points say their normal form, all else says
// its folded text.
func (m *Merger) word(rule *Rule, r *Record, v *Value, folded string) word {
	w := word{record: r, value: v, key: folded}
	if v.Invalid || !utf8.ValidString(v.Text) {
		w.standing = invalid
	}
	if check := m.checks[rule.As]; check != nil {
		switch c := check(v.Text, m.params); {
		case !c.OK():
			w.standing = invalid
		case rule.As != "name" && rule.As != "text":
			w.key = c.Value
		}
	}
	if w.standing == valid && m.on != 0 && v.Until != nil && *v.Until < m.on {
		w.standing = expired
	}
	return w
}

// missing tells of a text that says nothing: space, signs alone, a placeholder.
func (m *Merger) missing(s, folded string) bool {
	return folded == "" || m.rules.empty[folded] || m.checks["text"](s, nil).Null()
}

// count finds how many sources say what a candidate says, among candidates of the same standing.
func count(all []candidate) {
	if len(all) < 2 {
		return
	}
	type what struct {
		key      string
		standing standing
	}
	type said struct {
		systems []string
		agreed  int
	}
	by := map[what]*said{}
	for i := range all {
		c := &all[i]
		w := what{c.key, c.standing}
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
		all[i].agreed = by[what{all[i].key, all[i].standing}].agreed
	}
}
