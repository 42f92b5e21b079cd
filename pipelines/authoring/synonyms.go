package authoring

import (
	"slices"
	"strings"

	"uoma/transforms/layout"
)

// general are names that say nothing without their system: what one of them is there it need not be elsewhere.
var general = []string{"id", "key", "code", "koodi", "type", "tyyppi", "status", "state", "tila", "role", "rooli", "date", "number", "numero"}

// synonym is what the known layouts say of a column of one name.
type synonym struct {
	column layout.Column          // with the targets that all of them have
	codes  []map[string]string    // of each of them
	rules  map[string][]*rowsRule // by target: what each of them says of the row; a nil rule is that of one that says nothing
}

// synonyms gives, by folded name, the columns that all layouts which have them read in the same way.
func synonyms(known []*layout.Layout, o SuggestOptions) map[string]*synonym {
	out := map[string]*synonym{}
	for _, l := range known {
		for i := range l.Feeds {
			for j := range l.Feeds[i].Columns {
				c := &l.Feeds[i].Columns[j]
				if len(c.To) == 0 || c.By != "" && c.As == "point" {
					continue
				}
				for _, name := range append([]string{c.Name}, c.Aliases...) {
					name = letters(name)
					if slices.Contains(general, name) {
						continue
					}
					s := newSynonym(l, &l.Feeds[i], c, o)
					if old, twice := out[name]; twice {
						s = old.joined(s)
					}
					out[name] = s
				}
			}
		}
	}
	return out
}

func newSynonym(l *layout.Layout, f *layout.Feed, c *layout.Column, o SuggestOptions) *synonym {
	s := &synonym{column: *c, codes: []map[string]string{c.Codes}, rules: map[string][]*rowsRule{}}
	for _, to := range c.To {
		s.rules[to] = []*rowsRule{ruleOf(l, f, to, o)}
	}
	return s
}

// joined is what two layouts agree upon of a name, nil when it means several things.
func (s *synonym) joined(o *synonym) *synonym {
	if s == nil || s.column.As != o.column.As || s.column.To[0] != o.column.To[0] || s.column.Split != o.column.Split ||
		s.column.Negate != o.column.Negate || s.column.As == "text" && (len(s.column.Codes) == 0) != (len(o.column.Codes) == 0) {
		return nil
	}
	meant := map[string]string{}
	out := &synonym{column: s.column, codes: append(slices.Clone(s.codes), o.codes...), rules: map[string][]*rowsRule{}}
	for _, codes := range out.codes {
		for code, value := range codes {
			if old, twice := meant[letters(code)]; twice && old != value {
				return nil
			}
			meant[letters(code)] = value
		}
	}
	out.column.To = nil
	for _, to := range s.column.To {
		if slices.Contains(o.column.To, to) {
			out.column.To = append(out.column.To, to)
			out.rules[to] = append(slices.Clone(s.rules[to]), o.rules[to]...)
		}
	}
	if out.column.Split != "" && len(out.column.To) != 2 {
		return nil
	}
	return out
}

// bySynonym takes what the known layouts say of a column of this name, as far as the values bear it out.
func (d *drafting) bySynonym(i int) (Guess, bool) {
	known := d.synonyms[letters(d.form.Columns[i].Name)]
	if known == nil {
		return Guess{}, false
	}
	c := &known.column
	if slices.ContainsFunc(c.To, d.gone) {
		return Guess{}, false
	}
	col := layout.Column{As: c.As, To: c.To, Open: c.Open, Negate: c.Negate, List: c.List, Split: c.Split, Append: c.Append}
	share := -1.0
	for _, codes := range known.codes { // those that fit best
		try := col
		if try.Codes = codes; d.fit(i, &try) > share {
			share, col = d.fit(i, &try), try
		}
	}
	if share < enoughFit && !(ban(col.To[0]) && d.filledRows(i) == 0) { // a ban that nobody has yet is one all the same
		return Guess{}, false
	}
	d.numbered(i, &col)
	col.Required = c.Required && share == 1 && d.filled(part{i})
	if ban(col.To[0]) { // one that cannot be read must not pass for none
		col.Invalid = layout.Quarantine
		col.Required = 2*d.filledRows(i) >= len(d.sample)
	}
	return Guess{Confidence: 0.95 * share, Why: "another layout has a column of this name, and " + percent(share) + " of values are as there", column: col, rules: known.rules}, true
}

// ban tells of a target that forbids a use.
func ban(to string) bool { return strings.HasPrefix(to, "objection.") }

// gone tells of a target that another column fills already. A ban may stand in several.
func (d *drafting) gone(to string) bool { return d.taken[to] && !ban(to) }
