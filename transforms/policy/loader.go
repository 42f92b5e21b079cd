package policy

import (
	"slices"
	"strings"

	"uoma/internal/canon"
)

// Load holds what may be stored.
type Load struct {
	Membership Membership   `yaml:"membership"`
	Rows       []RowRule    `yaml:"rows"`
	Columns    []ColumnRule `yaml:"columns"`
}

// RowRule withholds the rows of its tables that meet every condition.
type RowRule struct {
	ID      string      `yaml:"id"`
	Tables  []string    `yaml:"tables"`
	Sources []string    `yaml:"sources"` // none: all
	Except  []string    `yaml:"except"`  // sources whose rows the rule leaves alone
	If      []Condition `yaml:"if"`
	Entry   `yaml:",inline"`
}

// Condition is one test of a column; exactly one of its tests is given. NotIn, From and Before are false for a missing
// value, Missing alone asks for it.
type Condition struct {
	Column  string   `yaml:"column"`
	In      []string `yaml:"in"`
	NotIn   []string `yaml:"not_in"`
	From    string   `yaml:"from"`   // the day or later
	Before  string   `yaml:"before"` // an earlier day
	Missing *bool    `yaml:"missing"`

	day canon.Date
}

// ColumnRule keeps columns out of the stores.
type ColumnRule struct {
	ID      string   `yaml:"id"`
	Columns []string `yaml:"columns"` // "person.hetu"
	// Use is "matching" for columns that help to find out who is who and go no further, "none" for the others.
	Use   string `yaml:"use"`
	Entry `yaml:",inline"`
}

// LoadDecision says whether rows of a feed's table may be stored, and on what ground.
type LoadDecision struct {
	Allow      bool
	Category   string
	LegalBasis string // "6(1)(e)"
	Clause     string
	// MembersOnly tells that each person's membership decides too: see [Pack.Member].
	MembersOnly bool
	// Closed tells that the closed lists of the person's groups decide too, and Listing which groups' lists have the category,
	// as a bit of each.
	Closed  bool
	Listing uint32
	// Needs lists what the attribution of the source row has to say: columns of [canon.Attribution].
	Needs []string
}

// Beyond tells whether the closed lists of somebody's groups leave out what is decided about. Of somebody who is in no group
// that is known no list applies, and nothing is used ([Pack.Decide]).
func (d LoadDecision) Beyond(groups uint32) bool {
	return d.Closed && groups != 0 && groups&d.Listing == 0
}

// Lacks gives the first thing that an attribution has to say and does not, "" when it says all; says tells of a column whether
// it has a value.
func (d LoadDecision) Lacks(says func(column string) bool) string {
	for _, column := range d.Needs {
		if !says(column) {
			return column
		}
	}
	return ""
}

// Loader answers what may be stored on one date. It is safe for concurrent use.
type Loader struct {
	pack    *Pack
	inForce bool
	columns map[columnKey]*ColumnRule
	rows    map[string][]tableRule // by table
}

type columnKey struct{ table, column string }

// tableRule is a row rule made ready for one table.
type tableRule struct {
	*RowRule
	columns []int // of each condition
}

// Loader makes the loader of a date.
func (p *Pack) Loader(date canon.Date) *Loader {
	l := &Loader{pack: p, inForce: p.At(date), columns: map[columnKey]*ColumnRule{}, rows: map[string][]tableRule{}}
	for i := range p.Load.Columns {
		for _, name := range p.Load.Columns[i].Columns {
			table, column, _ := strings.Cut(name, ".") // Parse saw to it that both are there
			l.columns[columnKey{table, column}] = &p.Load.Columns[i]
		}
	}
	for _, t := range canon.Tables() {
		for i := range p.Load.Rows {
			if r := &p.Load.Rows[i]; slices.Contains(r.Tables, t.Name) {
				l.rows[t.Name] = append(l.rows[t.Name], r.forTable(&t))
			}
		}
	}
	return l
}

func (r *RowRule) forTable(t *canon.Table) tableRule {
	out := tableRule{RowRule: r}
	for _, c := range r.If {
		out.columns = append(out.columns, t.Index(c.Column))
	}
	return out
}

// Table decides over a feed's table. What no category covers is withheld.
func (l *Loader) Table(feed, table string) LoadDecision {
	p := l.pack
	if !l.inForce {
		return LoadDecision{Clause: p.Stops.NotInForce.lead()}
	}
	if e, refused := p.refusedRows(feed, table); refused {
		return LoadDecision{Clause: e.lead()}
	}
	c, ok := p.claim(feed, table)
	if !ok {
		return LoadDecision{Clause: p.Stops.NoLoad.lead()}
	}
	if e, undecided := p.undecided(c.category.ID, feed); undecided {
		return LoadDecision{Clause: e.lead()}
	}
	return LoadDecision{
		Allow: true, Category: c.category.ID, LegalBasis: p.basis[c.category.Basis].GDPR, Clause: c.clause,
		MembersOnly: c.membersOnly, Closed: len(p.Groups) > 0 && !slices.Contains(saying[:], table), Listing: c.listing,
		Needs: c.needs,
	}
}

// GroupsOf gives the groups of a pack that people of a role belong to, as a bit of each.
func (p *Pack) GroupsOf(role string) (groups uint32) {
	for i := range p.Groups {
		if slices.Contains(p.Groups[i].Roles, role) {
			groups |= 1 << i
		}
	}
	return groups
}

// listing gives the groups whose lists have a category, as a bit of each.
func (p *Pack) listing(category string) (groups uint32) {
	for i := range p.Groups {
		if slices.Contains(p.Groups[i].Categories, category) {
			groups |= 1 << i
		}
	}
	return groups
}

// Unlisted gives the clause of what the lists of somebody's groups leave out.
func (l *Loader) Unlisted(groups uint32) (clause string) { return l.pack.groupAnswer(groups).Clause }

// saying are the tables of what decides about a person: no list leaves their words and roles out.
var saying = [...]string{"consent", "objection", "role"}

// refusedRows gives the entry that refuses the rows of a feed's table by name.
func (p *Pack) refusedRows(feed, table string) (e Entry, ok bool) {
	for i := range p.Refusals {
		r := &p.Refusals[i]
		if len(r.Sources)+len(r.Tables) > 0 && reaches(r.Sources, feed) && (len(r.Tables) == 0 || slices.Contains(r.Tables, table)) {
			return r.Entry, true
		}
	}
	return Entry{}, false
}

// undecided gives the entry that says that a category's period is still to be set. One entry without a period leaves the
// whole category without one: nobody could say when it goes.
func (p *Pack) undecided(category, feed string) (e Entry, ok bool) {
	for _, i := range p.retention[category] {
		if r := &p.Retention[i]; r.Undecided && reaches(r.Sources, feed) {
			return r.Entry, true
		}
	}
	return Entry{}, false
}

// Column tells whether a column of a canonical table may be stored. A column that may not is still there for resolving
// who is who when matching is true.
func (l *Loader) Column(table, column string) (clause string, store, matching bool) {
	r := l.columns[columnKey{table, column}]
	if r == nil {
		return "", true, true
	}
	return r.lead(), false, r.Use == "matching"
}

// Row tells whether the pack withholds row i of a batch, and by the clause of which rule: the first that does.
func (l *Loader) Row(b *canon.Batch, i int) (clause string, withheld bool) {
	if d := l.Table(b.Feed, b.Table.Name); !d.Allow {
		return d.Clause, true
	}
	rules := l.rows[b.Table.Name]
	for n := range rules {
		if rules[n].concerns(b.Feed) && rules[n].meets(b, i) {
			return rules[n].lead(), true
		}
	}
	return "", false
}

// concerns tells whether the rule is for rows of a feed.
func (r *RowRule) concerns(feed string) bool {
	return reaches(r.Sources, feed) && (len(r.Except) == 0 || !reaches(r.Except, feed))
}

// meets tells whether a row meets every condition.
func (r *tableRule) meets(b *canon.Batch, i int) bool {
	for n, column := range r.columns {
		if !r.If[n].holds(b.Col(column), i) {
			return false
		}
	}
	return true
}

func (q *Condition) holds(c canon.Col, i int) bool {
	null := c.Null(i)
	switch {
	case q.Missing != nil:
		return null == *q.Missing
	case null:
		return false
	case q.In != nil:
		return slices.Contains(q.In, c.Text(i))
	case q.NotIn != nil:
		return !slices.Contains(q.NotIn, c.Text(i))
	}
	day, _ := c.Day(i)
	if q.From != "" {
		return day >= q.day
	}
	return day < q.day
}
