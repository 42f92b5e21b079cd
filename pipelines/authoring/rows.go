package authoring

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"uoma/transforms/layout"
)

// rowsRule is what a layout says of the canonical rows that a column fills a part of: which source rows have one, and what is the
// same in all. Without it the column would say something else: a consent to nothing, a member who declined.
type rowsRule struct {
	label string
	feed  *layout.Feed
	when  []layout.Condition
	set   map[string]string
}

// ruleOf gives the rule of the row that a target of a feed belongs to, nil when there is none. Where it names its own system or
// controller, it names those of the draft; what it says of its own organisation is not known of another one.
func ruleOf(l *layout.Layout, f *layout.Feed, target string, o SuggestOptions) *rowsRule {
	label := layout.RowOf(target)
	own := f.Rows[label]
	at := slices.IndexFunc(f.Fillings(), func(x layout.Filling) bool { return x.Label == label })
	r := &rowsRule{label: label, feed: f, when: f.Fillings()[at].When, set: map[string]string{}}
	for column, value := range own.Set {
		switch {
		case strings.HasPrefix(column, "employer"):
			continue
		case value == l.System:
			value = o.System
		case value == l.Controller:
			value = o.Controller
		}
		r.set[column] = value
	}
	if len(r.when)+len(r.set) == 0 {
		return nil
	}
	return r
}

// same tells whether two rules say the same, of columns by names that are the same.
func (r *rowsRule) same(o *rowsRule) bool {
	folded := func(r *rowsRule) string {
		return r.written(func(c layout.Condition) string { return letters(r.feed.Columns[c.Source].Name) })
	}
	return folded(r) == folded(o)
}

func (r *rowsRule) written(name func(layout.Condition) string) string {
	var when, set []string
	for _, c := range r.when {
		not := ""
		if c.Not {
			not = "!"
		}
		if len(c.Values) == 0 {
			when = append(when, quoted(not+name(c)))
		} else {
			when = append(when, quoted(name(c)+not+"="+strings.Join(c.Values, "|")))
		}
	}
	for _, column := range slices.Sorted(maps.Keys(r.set)) {
		set = append(set, column+": "+plain(r.set[column]))
	}
	var parts []string
	if len(when) > 0 {
		parts = append(parts, "when: ["+strings.Join(when, ", ")+"]")
	}
	if len(set) > 0 {
		parts = append(parts, "set: {"+strings.Join(set, ", ")+"}")
	}
	return fmt.Sprintf("%s: {%s}", r.label, strings.Join(parts, ", "))
}

// rows takes over the rules of the rows that the columns fill, with the columns by which they are decided. Where the export lacks
// one, or several rules would do, nothing fills such a row.
func (d *drafting) rows(columns []Guess) (rules []string) {
	var labels []string
	for _, g := range columns {
		for _, to := range g.To {
			if label := layout.RowOf(to); !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	slices.Sort(labels)
	for _, label := range labels {
		rule, ok := d.rule(label, columns)
		if rule != "" {
			rules = append(rules, rule)
		}
		if ok {
			continue
		}
		for i := range columns {
			g := &columns[i]
			had := len(g.To)
			g.To = slices.DeleteFunc(slices.Clone(g.To), func(to string) bool { return layout.RowOf(to) == label })
			if g.column.To = g.To; had > 0 && len(g.To) == 0 {
				g.Why = "not claimed: what it says hangs on columns that are not here"
			}
		}
	}
	return rules
}

// rule finds the rule of a row: of those that all its columns may need one that conditions decide here, or none where one of the
// layouts needs none, or the only one.
func (d *drafting) rule(label string, columns []Guess) (rule string, ok bool) {
	var all []*rowsRule
	plain, first := true, true
	for i := range columns {
		for _, to := range columns[i].To {
			own := slices.Clone(columns[i].rules[to])
			if layout.RowOf(to) != label || len(own) == 0 {
				continue
			}
			bare := slices.Contains(own, nil)
			own = slices.DeleteFunc(own, func(r *rowsRule) bool { return r == nil })
			plain = plain && bare
			switch {
			case len(own) == 0: // it goes with any
			case first:
				all, first = own, false
			default:
				all = slices.DeleteFunc(all, func(r *rowsRule) bool { return !slices.ContainsFunc(own, r.same) })
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *rowsRule) int { return len(b.when) - len(a.when) })
	all = slices.CompactFunc(all, (*rowsRule).same)
	for i, r := range all {
		if len(r.when) == 0 && (plain || i+1 < len(all)) {
			return "", plain
		}
		if rule, ok := d.decided(r, columns); ok {
			return rule, true
		}
	}
	return "", plain
}

// decided writes a rule with the columns of the export, and settles those that nothing else claims.
func (d *drafting) decided(r *rowsRule, columns []Guess) (string, bool) {
	settled := map[int]Guess{}
	names := map[int]string{}
	for _, c := range r.when {
		theirs := &r.feed.Columns[c.Source]
		i := slices.IndexFunc(columns, func(g Guess) bool {
			return slices.ContainsFunc(append([]string{theirs.Name}, theirs.Aliases...), func(name string) bool { return letters(name) == letters(g.Name) })
		})
		if i < 0 || strings.ContainsAny(columns[i].Name, "=!") {
			return "", false
		}
		names[c.Source] = columns[i].Name
		g := columns[i]
		if len(g.To) > 0 { // it must mean the same here
			if g.column.As != theirs.As || len(g.column.Codes) < len(theirs.Codes) {
				return "", false
			}
			continue
		}
		col := layout.Column{As: theirs.As, Codes: theirs.Codes, Negate: theirs.Negate, Default: theirs.Default, Pattern: theirs.Pattern}
		share := d.fit(i, &col)
		if theirs.By != "" || share < enoughFit {
			return "", false
		}
		d.numbered(i, &col)
		col.Invalid, col.Required = layout.Quarantine, theirs.Required && share == 1 && d.filled(part{i}) // nothing unknown may decide
		col.Name, col.Path, col.Position, col.List = g.column.Name, g.column.Path, g.column.Position, g.column.List
		g.column, g.Rule, g.Confidence, g.decides = col, col.As, 0.95*share, true
		g.Why = "decides about " + r.label + ", as in another layout that has both columns"
		settled[i] = g
	}
	for i, g := range settled {
		columns[i] = g
	}
	return r.written(func(c layout.Condition) string { return names[c.Source] }), true
}
