package conform

import (
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
)

// personRules are the columns that rules across cells look at, by canonical column; -1 where the feed fills none.
type personRules struct {
	hetu, birthDate, givenNames, callName, protected int
	home                                             []int // columns of which a protected person's row keeps nothing
	controller                                       string

	// Of the current row.
	birth     canon.Date
	born      bool
	call      string
	sheltered bool
}

func newPersonRules(l *layout.Layout, f *layout.Feed) personRules {
	filledBy := func(target string) int {
		return slices.IndexFunc(f.Columns, func(c layout.Column) bool { return slices.Contains(c.To, target) })
	}
	p := personRules{controller: l.Controller, hetu: filledBy("person.hetu"), birthDate: filledBy("person.birth_date"),
		givenNames: filledBy("person.given_names"), callName: filledBy("person.call_name"), protected: filledBy("person.protected")}
	for i, c := range f.Columns {
		if slices.ContainsFunc(c.To, whereabouts) {
			p.home = append(p.home, i)
		}
	}
	return p
}

// whereabouts tells whether a target says where a person lives.
func whereabouts(target string) bool {
	return strings.HasPrefix(target, "address.") || strings.HasPrefix(target, "phone.home") || target == "person.home_municipality"
}

// derive applies the rules that need more than one cell of the row.
func (c *Conformer) derive(i int, sink *Sink) {
	p := &c.person
	p.birth, p.born, p.call, p.sheltered = 0, false, "", false
	if p.birthDate >= 0 && c.values[p.birthDate].text != "" {
		p.birth, p.born = canon.Date(c.values[p.birthDate].num), true
	}
	if p.hetu >= 0 && c.values[p.hetu].text != "" {
		c.deriveBirth(sink)
	} else if p.hetu >= 0 && !p.born && c.values[p.hetu].reason == "partial" && c.bound.at[p.hetu] >= 0 {
		d, ok := identifier.PartialBirth(c.bound.cols[p.hetu].Text(i))
		p.birth, p.born = d, ok && identifier.BirthRange(d, c.columns[p.hetu].runDate) == ""
	}
	if p.callName >= 0 {
		p.call = c.values[p.callName].text
	}
	if p.call == "" && p.givenNames >= 0 {
		p.call = c.markedName(i)
	}
	if p.protected >= 0 && c.values[p.protected].num == 1 {
		p.sheltered = true
		if slices.ContainsFunc(p.home, func(j int) bool { return c.values[j].text != "" }) {
			sink.warn(p.protected, "whereabouts-dropped")
		}
	}
}

// markedName gives the call name that row i marks by asterisks among the given names, which the name's rule removes.
func (c *Conformer) markedName(i int) string {
	g := c.person.givenNames
	if c.values[g].text == "" || c.values[g].warning == "" || c.bound.at[g] < 0 {
		return ""
	}
	return identifier.CallName(c.bound.cols[g].Text(i))
}

// deriveBirth takes an empty birth date from the identity code. When the two disagree nobody knows which is wrong, and
// an identity code that may be another person's must not match anyone: it is left out.
func (c *Conformer) deriveBirth(sink *Sink) {
	p := &c.person
	birth, ok := identifier.Birth(c.values[p.hetu].text)
	switch {
	case !ok:
	case !p.born:
		p.birth, p.born = birth, true
	case birth != p.birth:
		c.values[p.hetu].text = ""
		sink.warn(p.hetu, "birth-date-conflict")
	}
}

// familyFirst splits "Family, Given" at its comma and "Family Given" at a space: nobility particles belong to the family name, everything behind it is given.
func familyFirst(name string, part layout.Split) string {
	if family, given, comma := strings.Cut(name, ", "); comma {
		if part == layout.Family {
			return family
		}
		return given
	}
	end := 0
	for {
		word, _, more := strings.Cut(name[end:], " ")
		end += len(word)
		if !more {
			break
		}
		if !particle(word) {
			break
		}
		end++
	}
	if part == layout.Family {
		return name[:end]
	}
	return strings.TrimPrefix(name[end:], " ")
}

func particle(word string) bool {
	switch strings.ToLower(word) {
	case "af", "von", "van", "der", "den", "de", "di", "da", "la", "le":
		return true
	}
	return false
}
