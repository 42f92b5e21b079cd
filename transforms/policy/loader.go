package policy

import (
	"slices"
	"strings"

	"uoma/internal/canon"
)

// LoadDecision says whether rows of a feed's table may be stored, and on what ground.
type LoadDecision struct {
	Allow      bool
	Category   string
	LegalBasis string // "6(1)(e)"
	Clause     string
	// MembersOnly tells that each person's membership decides too: see [Pack.Member].
	MembersOnly bool
}

// Loader answers what may be stored on one date. It is safe for concurrent use.
type Loader struct {
	pack    *Pack
	inForce bool
	columns map[string]*ColumnRule
}

// Loader makes the loader of a date.
func (p *Pack) Loader(date canon.Date) *Loader {
	l := &Loader{pack: p, inForce: p.At(date), columns: map[string]*ColumnRule{}}
	for i := range p.Load.Columns {
		for _, c := range p.Load.Columns[i].Columns {
			l.columns[c] = &p.Load.Columns[i]
		}
	}
	return l
}

// Table decides over a feed's table. What no category covers is withheld.
func (l *Loader) Table(feed, table string) LoadDecision {
	p := l.pack
	if !l.inForce {
		return LoadDecision{Clause: p.Stops.NotInForce.lead()}
	}
	c, ok := p.claim(feed, table)
	if !ok {
		return LoadDecision{Clause: p.Stops.NoLoad.lead()}
	}
	return LoadDecision{
		Allow: true, Category: c.category.ID, LegalBasis: p.basis[c.category.Basis].GDPR, Clause: c.clause,
		MembersOnly: c.membersOnly,
	}
}

// Column tells whether a column of a canonical table may be stored. A column that may not is still there for resolving
// who is who when matching is true.
func (l *Loader) Column(table, column string) (clause string, store, matching bool) {
	r := l.columns[table+"."+column]
	if r == nil {
		return "", true, true
	}
	return r.lead(), false, r.Use == "matching"
}

// Row tells whether the pack withholds row i of a batch, and by which clause. For more than a few rows take [Loader.Rows].
func (l *Loader) Row(b *canon.Batch, i int) (clause string, withheld bool) { return l.Rows(b).Row(i) }

// Rows makes the row rules of a batch ready. It is valid as long as the batch.
func (l *Loader) Rows(b *canon.Batch) Rows {
	if d := l.Table(b.Feed, b.Table.Name); !d.Allow {
		return Rows{clause: d.Clause, all: true}
	}
	var out Rows
	for i := range l.pack.Load.Rows {
		r := &l.pack.Load.Rows[i]
		if !slices.Contains(r.Tables, b.Table.Name) || !reaches(r.Sources, b.Feed) || len(r.Except) > 0 && reaches(r.Except, b.Feed) {
			continue
		}
		rule := boundRule{clause: r.lead()}
		for k := range r.If {
			rule.tests = append(rule.tests, boundTest{b.Named(r.If[k].Column), &r.If[k]})
		}
		out.rules = append(out.rules, rule)
	}
	return out
}

// Rows are the row rules of one batch.
type Rows struct {
	rules  []boundRule
	clause string
	all    bool
}

type boundRule struct {
	tests  []boundTest
	clause string
}

type boundTest struct {
	col  canon.Col
	test *Condition
}

// Free tells that no rule can withhold a row of the batch.
func (r Rows) Free() bool { return !r.all && len(r.rules) == 0 }

// Row tells whether row i is withheld, and by the clause of the first rule that does.
func (r Rows) Row(i int) (clause string, withheld bool) {
	if r.all {
		return r.clause, true
	}
	for n := range r.rules {
		if r.rules[n].meets(i) {
			return r.rules[n].clause, true
		}
	}
	return "", false
}

func (r *boundRule) meets(i int) bool {
	for n := range r.tests {
		if !r.tests[n].holds(i) {
			return false
		}
	}
	return true
}

func (t *boundTest) holds(i int) bool {
	q, null := t.test, t.col.Null(i)
	switch {
	case q.Missing != nil:
		return null == *q.Missing
	case null:
		return false
	case q.In != nil:
		return slices.Contains(q.In, t.col.Text(i))
	case q.NotIn != nil:
		return !slices.Contains(q.NotIn, t.col.Text(i))
	}
	day, _ := t.col.Day(i)
	if q.From != "" {
		return day >= q.day
	}
	return day < q.day
}

// cutColumn splits "person.hetu".
func cutColumn(name string) (table, column string, ok bool) { return strings.Cut(name, ".") }
