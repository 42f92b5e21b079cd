// Package anonymous turns rows about people into numbers that lead back to nobody: what stays when a notice says that
// data is anonymised.
//
// A [Tally] is given the rows that go, of any table, with the person that each is about, and gives counts of people by
// feed, category, kind of row, event and year. A group of fewer than [K] people is put together with other small ones of
// its year, and where that is still too few it is dropped. Of a group that stays, what was counted besides the people
// (invited, responded, attended) stays where neither those who did nor those who did not are few. Everything else goes:
// who it was, the day, the row, its keys.
//
// Counts are made anew on each occasion and never grown by a few people, as two looks at a count would tell of those who
// came between. What leaves time and again, of people who stay, is counted by [Groups], whose numbers are rounded for that.
// The package is pure and knows no store.
package anonymous

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"uoma/internal/canon"
)

// K is the least number of people that a count may be of.
const K = 10

// People is what is counted of every group; the other names are columns of the rows.
const People = "people"

// Count is a number of people of whom nothing else is known.
type Count struct {
	Source, Category string
	Kind             string // the table that the rows stood in
	Name             string // of the event, or ""
	Year             int
	What             string
	People           int64
}

// maxName bounds an event's name.
const maxName = 160

// Tally gathers rows. The zero value is ready.
type Tally struct {
	groups map[group]members
}

type group struct {
	source, category, kind, name string
	year                         int
}

// Kinds gives the tables of which something is counted, with the columns that are read of each: the day first, then the
// name where there is one, then what is counted.
func Kinds() map[string][]string {
	return map[string][]string{
		"event":   {"date", "name", "invited", "responded", "attended"},
		"payment": {"date"},
	}
}

// Add notes a row. values are those of the row's columns in [Kinds]; a row without a day has no year and is not counted.
func (t *Tally) Add(source, category, kind, person string, b *canon.Batch, columns []int, i int) {
	day, ok := b.Col(columns[0]).Day(i)
	if !ok || person == "" {
		return
	}
	g := group{source: strings.Clone(source), category: strings.Clone(category), kind: kind, year: day.Year()}
	names := Kinds()[kind]
	rest := 1
	if len(names) > 1 && names[1] == "name" {
		g.name, rest = short(strings.Clone(b.Col(columns[1]).Text(i))), 2
	}
	t.note(g, People, person)
	for n := rest; n < len(names); n++ {
		if b.Col(columns[n]).Bool(i) {
			t.note(g, names[n], person)
		}
	}
}

func (t *Tally) note(g group, what, person string) {
	if t.groups == nil {
		t.groups = map[group]members{}
	}
	if t.groups[g] == nil {
		t.groups[g] = members{}
	}
	t.groups[g].note(what, person)
}

func short(name string) string {
	if utf8.RuneCountInString(name) <= maxName {
		return name
	}
	return string([]rune(name)[:maxName])
}

// Counts gives what may stay, in a fixed order.
func (t *Tally) Counts() []Count {
	var out []Count
	for g, of := range told(t.groups, K, func(g group) group { g.name = ""; return g }) { // with other small groups of the year
		out = append(out, counts(g, of)...)
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Year, b.Year), cmp.Compare(a.What, b.What))
	})
	return out
}

// counts gives a group's counts.
func counts(g group, of members) (out []Count) {
	all := len(of[People])
	for what, people := range of {
		n := len(people)
		if others := all - n; n < K || others > 0 && others < K {
			continue
		}
		out = append(out, Count{g.source, g.category, g.kind, g.name, g.year, what, int64(n)})
	}
	return out
}
