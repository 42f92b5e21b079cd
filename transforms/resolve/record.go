package resolve

import (
	"slices"
	"strings"

	"uoma/internal/canon"
)

// record is one system's picture of one person: the union of its source rows.
type record struct {
	system, personKey string
	before            string // subject after the last night, "" when new
	members           []*Member

	hetus, oppijas, students, employees, eppns []string
	births                                     []int32
	names                                      []name
	emails, phones, places                     []string
}

// name is one spelling of a person's name, folded.
type name struct {
	family, former string
	given          []string // all given names in order
	call           string
}

// primary gives the names that a person is called by: the call name, or else the first given name.
func (n *name) primary() string {
	if n.call != "" {
		return n.call
	}
	if len(n.given) > 0 {
		return n.given[0]
	}
	return ""
}

// records groups the engine's rows by system and person key, in a fixed order.
func (e *Engine) records() []*record {
	byKey := make(map[string]*record, len(e.members))
	var out []*record
	for _, m := range e.members {
		system := canon.SystemOf(m.Feed)
		k := system + canon.KeySeparator + m.PersonKey
		r := byKey[k]
		if r == nil {
			r = &record{system: system, personKey: m.PersonKey}
			byKey[k] = r
			out = append(out, r)
		}
		r.members = append(r.members, m)
	}
	slices.SortFunc(out, func(a, b *record) int {
		if c := strings.Compare(a.system, b.system); c != 0 {
			return c
		}
		return strings.Compare(a.personKey, b.personKey)
	})
	for _, r := range out {
		slices.SortFunc(r.members, func(a, b *Member) int {
			if c := strings.Compare(a.Feed, b.Feed); c != 0 {
				return c
			}
			return strings.Compare(a.RowKey, b.RowKey)
		})
		for _, m := range r.members {
			r.absorb(m)
		}
	}
	return out
}

func (r *record) absorb(m *Member) {
	if r.before == "" {
		r.before = m.Subject
	}
	r.hetus = note(r.hetus, m.Hetu)
	r.oppijas = note(r.oppijas, m.Oppijanumero)
	r.students = note(r.students, m.StudentNumber)
	r.employees = note(r.employees, m.EmployeeNumber)
	r.eppns = note(r.eppns, m.Eppn)
	if m.Birth != NoBirth && !slices.Contains(r.births, m.Birth) {
		r.births = append(r.births, m.Birth)
	}
	for _, v := range m.Emails {
		r.emails = note(r.emails, v)
	}
	for _, v := range m.Phones {
		r.phones = note(r.phones, v)
	}
	r.places = note(r.places, m.Place)
	n := name{family: m.Family, former: m.Former, given: strings.Fields(m.Given), call: m.Call}
	if n.family == "" && n.primary() == "" {
		return
	}
	for i := range r.names {
		if o := &r.names[i]; o.family == n.family && o.former == n.former && o.call == n.call && slices.Equal(o.given, n.given) {
			return
		}
	}
	r.names = append(r.names, n)
}

func note(list []string, v string) []string {
	if v == "" {
		return list
	}
	return appendOnce(list, v)
}

// disagree tells whether two lists of an identifier contradict: both have one, and no value is in both.
func disagree(a, b []string) bool { return len(a) > 0 && len(b) > 0 && !meet(a, b) }

func meet(a, b []string) bool {
	for _, x := range a {
		if slices.Contains(b, x) {
			return true
		}
	}
	return false
}

// birthsDisagree tells whether both birth dates are known and none is in both.
func birthsDisagree(a, b *record) bool {
	return len(a.births) > 0 && len(b.births) > 0 && !birthsAgree(a, b)
}

func birthsAgree(a, b *record) bool {
	for _, x := range a.births {
		if slices.Contains(b.births, x) {
			return true
		}
	}
	return false
}

// Similarity from which two spellings are taken for one name. Siblings' and twins' names are often alike, so a given name
// needs more than a family name: of the pairs Anna/Anni (0.88), Mika/Mikko (0.85) and Katariina/Katarina (0.98) only the
// last is one name.
const (
	familyAlike = 0.90
	givenAlike  = 0.93
)

// agreement of names, from contradiction to equality.
type agreement uint8

const (
	contradict agreement = iota
	unknownName
	alike
	equal
)

// givenNames compares what two people are called by. A name is equal when one's call name or first name is among all the
// other's given names; a middle name alone says nothing, as sisters share it.
func givenNames(a, b *name) agreement {
	pa, pb := a.primary(), b.primary()
	if pa == "" || pb == "" {
		return unknownName
	}
	if pa == pb || isGiven(b, pa) && !(len(a.given) > 1 && len(b.given) > 1 && a.given[0] != b.given[0]) ||
		isGiven(a, pb) && !(len(a.given) > 1 && len(b.given) > 1 && a.given[0] != b.given[0]) {
		return equal
	}
	if len(a.given) > 0 && len(b.given) > 0 && a.given[0] == b.given[0] {
		return equal
	}
	if initial(pa, pb) {
		return unknownName
	}
	if jaroWinkler(pa, pb) >= givenAlike || len(pa) >= 4 && len(pb) >= 4 && oneEdit(pa, pb) && pa[0] == pb[0] && pa[len(pa)-1] == pb[len(pb)-1] {
		return alike
	}
	return contradict
}

func isGiven(n *name, s string) bool { return n.call == s || slices.Contains(n.given, s) }

// initial tells whether one of two names is only the other's first letter.
func initial(a, b string) bool {
	return len(a) == 1 && b[0] == a[0] || len(b) == 1 && a[0] == b[0]
}

// familyNames compares family names, former ones among them.
func familyNames(a, b *name) agreement {
	if a.family == "" || b.family == "" {
		return unknownName
	}
	if a.family == b.family || a.former != "" && a.former == b.family || b.former != "" && b.former == a.family {
		return equal
	}
	if jaroWinkler(a.family, b.family) >= familyAlike || oneEdit(a.family, b.family) || shareWord(a.family, b.family) {
		return alike
	}
	return contradict
}

// shareWord tells whether one of two double names holds the other's name (Näyte-Öhman, Öhman).
func shareWord(a, b string) bool {
	if !strings.Contains(a, " ") && !strings.Contains(b, " ") {
		return false
	}
	for _, w := range strings.Fields(a) {
		if len(w) > 3 && slices.Contains(strings.Fields(b), w) {
			return true
		}
	}
	return false
}

// compared is the best agreement over all spellings of two records.
type compared struct{ given, family agreement }

func compareNames(a, b *record) compared {
	best := compared{}
	if len(a.names) == 0 || len(b.names) == 0 {
		return compared{unknownName, unknownName}
	}
	for i := range a.names {
		for j := range b.names {
			x, y := &a.names[i], &b.names[j]
			c := compared{givenNames(x, y), familyNames(x, y)}
			if swapped(x, y) {
				c = compared{equal, equal}
			}
			if int(c.given)+int(c.family) > int(best.given)+int(best.family) {
				best = c
			}
		}
	}
	return best
}

// swapped tells whether given and family name stand in each other's place.
func swapped(a, b *name) bool {
	return a.family != "" && b.family != "" && a.family == b.primary() && b.family == a.primary()
}
