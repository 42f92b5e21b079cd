package nightly

import (
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/policy"
)

// membership gathers the facts that decide who is a member of the register, by record. They are gathered over all
// systems before anything is loaded: a degree in one system makes a member whose contact data stands in another.
type membership struct {
	records map[string]*policy.Facts // by system and person key
}

func newMembership() *membership { return &membership{records: map[string]*policy.Facts{}} }

func (m *membership) of(key string) *policy.Facts {
	f := m.records[key]
	if f == nil {
		f = &policy.Facts{}
		m.records[strings.Clone(key)] = f
	}
	return f
}

// note takes what a canonical batch says.
func (m *membership) note(b *canon.Batch) {
	prefix := b.System() + canon.KeySeparator
	person := b.Col(canon.PersonKey)
	switch b.Table.Name {
	case "degree":
		date, inst := b.Named("date"), b.Named("institution_code")
		for i := range b.Len() {
			m.degree(prefix+person.Text(i), inst, date, i)
		}
	case "role":
		kind, from, to := b.Named("kind"), b.Named("from"), b.Named("to")
		for i := range b.Len() {
			m.role(prefix+person.Text(i), kind, from, to, i)
		}
	case "person":
		dead, on := b.Named("deceased"), b.Named("deceased_date")
		for i := range b.Len() {
			m.death(prefix+person.Text(i), dead, on, i)
		}
	}
}

func (m *membership) degree(key string, inst, date canon.Col, i int) {
	if _, ok := date.Day(i); ok && !inst.Null(i) {
		addDegree(m.of(key), inst, date, i)
	}
}

// memberRole is the role that says that a person joined the register, or left it.
const memberRole = "alumnus"

func (m *membership) role(key string, kind, from, to canon.Col, i int) {
	if kind.Text(i) == memberRole {
		addRole(m.of(key), from, to, i)
	}
}

func (m *membership) death(key string, dead, on canon.Col, i int) {
	if _, dated := on.Day(i); dated || dead.Bool(i) {
		addDeath(m.of(key), dead, on, i)
	}
}

// addDegree adds a degree of an institution to somebody's facts, unless it has no date.
func addDegree(f *policy.Facts, inst, date canon.Col, i int) {
	if d, ok := date.Day(i); ok {
		f.Degrees = append(f.Degrees, policy.Degree{Institution: strings.Clone(inst.Text(i)), Date: d})
	}
}

// addRole adds the days on which somebody took the role of a member, and gave it up.
func addRole(f *policy.Facts, from, to canon.Col, i int) {
	if d, ok := from.Day(i); ok {
		f.Joined = append(f.Joined, d)
	}
	if d, ok := to.Day(i); ok {
		f.Left = append(f.Left, d)
	}
}

// addDeath adds a death, of which the day may be unknown.
func addDeath(f *policy.Facts, dead, on canon.Col, i int) {
	day, dated := on.Day(i)
	if !dead.Bool(i) && !dated {
		return
	}
	f.Deceased = true
	if dated {
		f.DeceasedOn = day
	}
}

// add joins what two gatherings say.
func (m *membership) add(other *membership) {
	for key, o := range other.records {
		join(m.of(key), o)
	}
}

// join adds what b says to a.
func join(a, b *policy.Facts) {
	a.Degrees = append(a.Degrees, b.Degrees...)
	a.Joined = append(a.Joined, b.Joined...)
	a.Left = append(a.Left, b.Left...)
	if b.Deceased {
		a.Deceased, a.DeceasedOn = true, max(a.DeceasedOn, b.DeceasedOn)
	}
}
