package policy

import (
	"errors"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/internal/document"
	"uoma/internal/fault"
)

// Coverage tells what holds one rule of a notice.
type Coverage struct {
	Rule
	Entries  []ClauseUse // of the pack
	Examples []int       // positions of the examples that show it
	Program  []string    // tests of the program, where it is a duty of the program itself
	Open     string      // why nothing holds it yet
	Rest     string      // what of it nothing holds yet, though the rule is held
}

// Held tells whether the rule is held: by an entry that an example shows, or by a test of the program.
func (c *Coverage) Held() bool {
	return len(c.Entries) > 0 && len(c.Examples) > 0 || len(c.Program) > 0
}

// Coverage tells of every rule of the pack what holds it, in the pack's order. x may be nil.
func (p *Pack) Coverage(x *Examples) []Coverage {
	out := make([]Coverage, len(p.Rules))
	at := map[string]*Coverage{}
	for i, r := range p.Rules {
		out[i].Rule = r
		at[r.ID] = &out[i]
	}
	for _, u := range p.Clauses() {
		if c := at[u.Clause]; c != nil {
			c.Entries = append(c.Entries, u)
		}
	}
	if x == nil {
		return out
	}
	for i := range x.List {
		e := &x.List[i]
		for _, rule := range e.Rules {
			c := at[rule]
			if c == nil {
				continue
			}
			if e.Asks() {
				c.Examples = append(c.Examples, i)
			}
			c.Program = append(c.Program, e.Program...)
			if e.Open != "" {
				c.Open = e.Open
			}
			if e.Rest != "" {
				c.Rest = e.Rest
			}
		}
	}
	return out
}

var (
	errUnheld    = fault.New("UOMA-POL-UNHELD", "nothing holds the rule of the notice", "write an entry that cites it and an example that shows it, or say in the examples why it is open")
	errUncovered = fault.New("UOMA-POL-UNCOVERED", "no rule covers the data", "give it a category, or refuse it by name")
)

// Gaps finds the rules that nothing holds and nothing excuses, and the data that the pack says nothing of: canonical
// tables, and of feeds that are known, each of their tables. feeds gives the tables by feed. file and src are the pack's,
// for the places.
func (p *Pack) Gaps(x *Examples, feeds map[string][]string, file string, src []byte) fault.List {
	var findings fault.List
	for i, c := range p.Coverage(x) {
		if !c.Held() && c.Open == "" {
			findings = append(findings, errUnheld.At(document.Locate(file, src, "rules", index(i))).Because(errors.New(c.ID)))
		}
	}
	for _, t := range canon.Tables() {
		if !p.speaksOf(t.Name) {
			findings = append(findings, errUncovered.At(fault.Place{File: file, Field: t.Name}))
		}
	}
	names := make([]string, 0, len(feeds))
	for feed := range feeds {
		names = append(names, feed)
	}
	slices.Sort(names)
	for _, feed := range names {
		for _, table := range feeds[feed] {
			_, claimed := p.claim(feed, table)
			if _, refused := p.refusedRows(feed, table); !claimed && !refused {
				findings = append(findings, errUncovered.At(fault.Place{File: file, Field: feed + " " + table}))
			}
		}
	}
	return findings
}

// speaksOf tells whether an entry takes or refuses rows of a canonical table, from whichever source.
func (p *Pack) speaksOf(table string) bool {
	for key := range p.claims {
		if key.table == table {
			return true
		}
	}
	return slices.ContainsFunc(p.Refusals, func(r Refusal) bool { return slices.Contains(r.Tables, table) })
}

// Meet joins what several rules of a pack, each of which must let a datum go, say of it: where any refuses, it is refused, and
// where none is asked, too. The first refusal, or else the last answer, gives the ground.
func Meet(answers ...Decision) Decision {
	for _, d := range answers {
		if !d.Allow {
			return d
		}
	}
	if len(answers) == 0 {
		return Decision{false, "", "no rule was asked"}
	}
	return answers[len(answers)-1]
}

// Difference is how an entry differs between two versions of a pack.
type Difference struct {
	Entry string // "retention.project"
	Field string // "period"; "" when the whole entry is new or gone
	Old   string
	New   string
}

// Diff compares two documents of packs entry by entry. Entries of a list are known again by their names, wherever they
// stand; what the entries do not say differently is left out.
func Diff(older, newer []byte) ([]Difference, error) {
	a, err := flatten(older)
	if err != nil {
		return nil, err
	}
	b, err := flatten(newer)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, f := range a.order {
		if v, still := b.value[f]; !still {
			out = append(out, Difference{f.entry, f.field, a.value[f], ""})
		} else if v != a.value[f] {
			out = append(out, Difference{f.entry, f.field, a.value[f], v})
		}
	}
	for _, f := range b.order {
		if _, was := a.value[f]; !was {
			out = append(out, Difference{f.entry, f.field, "", b.value[f]})
		}
	}
	slices.SortStableFunc(out, func(x, y Difference) int {
		return strings.Compare(x.Entry, y.Entry)
	})
	return out, nil
}
