package authoring

import (
	"slices"
	"strings"

	"uoma/connectors/rowfile"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
	"uoma/transforms/meaning"
)

// drafting is a suggestion at work.
type drafting struct {
	form     rowfile.Form
	sample   [][]string
	numbers  []bool // by column: a workbook has numbers in it
	synonyms map[string]*synonym
	rules    map[string]identifier.Rule
	params   identifier.Params
	taken    map[string]bool // targets
	found    map[int]Guess
}

// draft settles the columns of a table.
func (d *drafting) draft() Draft {
	var names []string
	for _, c := range d.form.Columns {
		names = append(names, c.Name)
	}
	guesses := meaning.Guess(names, d.sample)
	kinds := make([]linkage.Kind, len(guesses))
	for _, sure := range []bool{true, false} { // a column that other layouts know has its target before one that is guessed
		for i := range guesses {
			d.guess(i, &guesses[i], sure)
		}
	}
	out := Draft{form: d.form, Columns: make([]Guess, len(guesses))}
	for i := range guesses {
		g, ok := d.found[i]
		if !ok {
			g = Guess{Confidence: guesses[i].Confidence, Why: "not claimed: " + guesses[i].Why}
		}
		kinds[i] = guesses[i].Field.Kind
		own := columnOf(&d.form, i, &d.form.Columns[i])
		g.column.Name, g.column.Path, g.column.Position = own.Name, own.Path, own.Position
		d.numbered(i, &g.column)
		g.Name, g.Rule, g.To = own.Name, g.column.As, g.column.To
		if g.column.List == "" {
			g.column.List = own.List
		}
		out.Columns[i] = g
	}
	if out.rows = d.rows(out.Columns); !slices.ContainsFunc(out.rows, func(rule string) bool { return strings.HasPrefix(rule, "address.") }) {
		d.household(out.Columns)
	}
	out.key = d.key(out.Columns, kinds)
	return out
}

// household makes one address of parts that came from different layouts: of a table that has each part once.
func (d *drafting) household(columns []Guess) {
	kinds, parts := map[string]int{}, map[string]int{}
	for _, g := range columns {
		for _, to := range g.To {
			if kind, part, ok := addressOf(to); ok {
				kinds[kind]++
				parts[part]++
			}
		}
	}
	best := "home"
	for kind, n := range kinds {
		if n > kinds[best] {
			best = kind
		}
	}
	for _, n := range parts {
		if n > 1 {
			return
		}
	}
	for i := range columns {
		targets := slices.Clone(columns[i].To)
		for n, to := range targets {
			if _, part, ok := addressOf(to); ok {
				targets[n] = "address." + best + "." + part
			}
		}
		columns[i].To, columns[i].column.To = targets, targets
	}
}

func addressOf(target string) (kind, part string, ok bool) {
	rest, ok := strings.CutPrefix(target, "address.")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ".")
}

// enoughFit is the share of values that must pass a rule before the column may be suggested to be of it.
const enoughFit = 0.6

// guess settles a column by its synonyms, or by what its name and values mean.
func (d *drafting) guess(i int, m *meaning.Column, sure bool) {
	if _, done := d.found[i]; done || d.form.Columns[i].Name == "" {
		return
	}
	g, ok := Guess{}, false
	if sure {
		g, ok = d.bySynonym(i)
	} else {
		g, ok = d.byMeaning(i, m)
	}
	if !ok || d.form.Columns[i].Several && layout.OneValue(g.column.As) {
		return
	}
	for _, to := range g.column.To {
		d.taken[to] = true
	}
	d.found[i] = g
}
