package clerical

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/likeness"
	"uoma/transforms/resolve"
)

// Field is what two records say of one thing, and how alike it is.
type Field struct {
	Name string
	A, B []string // values, each once, as the resolver remembers them; none where a record says nothing
	// Says is how alike the two most alike values are, in the words of [likeness]; "only a", "only b" or "neither" where
	// there is nothing to compare.
	Says string
}

// aspect is one field of a record and how two values of it compare.
type aspect struct {
	name   string
	values func(*resolve.Member) []string
	fold   func(string) string
	level  func(a, b string) likeness.Level
	words  []string
}

func one(value func(*resolve.Member) string) func(*resolve.Member) []string {
	return func(m *resolve.Member) []string { return []string{value(m)} }
}

func aspects() []aspect {
	exact := func(name string, value func(*resolve.Member) string) aspect {
		return aspect{name, one(value), likeness.FoldCode, likeness.Identifier, likeness.IdentifierLevels[:]}
	}
	return []aspect{
		exact("identity code", func(m *resolve.Member) string { return m.Hetu }),
		exact("learner number", func(m *resolve.Member) string { return m.Oppijanumero }),
		exact("student number", func(m *resolve.Member) string { return m.StudentNumber }),
		exact("employee number", func(m *resolve.Member) string { return m.EmployeeNumber }),
		exact("eppn", func(m *resolve.Member) string { return m.Eppn }),
		{"birth date", one(birthOf), asIs, births, likeness.BirthLevels[:]},
		{"family name", func(m *resolve.Member) []string { return []string{m.Family, m.Former} }, likeness.Fold, likeness.Family, likeness.FamilyLevels[:]},
		{"given names", one(func(m *resolve.Member) string { return m.Given }), likeness.Fold, likeness.Given, likeness.GivenLevels[:]},
		{"call name", one(func(m *resolve.Member) string { return m.Call }), likeness.Fold, likeness.Given, likeness.GivenLevels[:]},
		{"e-mail", func(m *resolve.Member) []string { return m.Emails }, likeness.FoldEmail, likeness.Email, likeness.EmailLevels[:]},
		{"telephone", func(m *resolve.Member) []string { return m.Phones }, likeness.FoldPhone, likeness.Phone, likeness.PhoneLevels[:]},
		{"address", one(func(m *resolve.Member) string { return m.Place }), likeness.Fold, likeness.Street, likeness.StreetLevels[:]},
	}
}

func asIs(s string) string { return s }

func birthOf(m *resolve.Member) string {
	if m.Birth == resolve.NoBirth {
		return ""
	}
	return canon.Date(m.Birth).String()
}

// births compares dates of the form YYYY-MM-DD.
func births(a, b string) likeness.Level {
	day := func(s string) likeness.Day {
		var y, m, d int
		fmt.Sscanf(s, "%d-%d-%d", &y, &m, &d)
		return likeness.NewDay(y, m, d)
	}
	return likeness.Birth(day(a), day(b))
}

// Compare sets what two records say side by side, field by field.
func Compare(a, b []resolve.Member) []Field {
	var out []Field
	for _, x := range aspects() {
		f := Field{Name: x.name, A: valuesOf(a, x), B: valuesOf(b, x)}
		switch {
		case len(f.A) == 0 && len(f.B) == 0:
			f.Says = "neither"
		case len(f.B) == 0:
			f.Says = "only a"
		case len(f.A) == 0:
			f.Says = "only b"
		default:
			f.Says = x.best(f.A, f.B)
		}
		out = append(out, f)
	}
	return out
}

func valuesOf(rows []resolve.Member, x aspect) (out []string) {
	for i := range rows {
		out = append(out, x.values(&rows[i])...)
	}
	out = slices.DeleteFunc(out, func(s string) bool { return strings.TrimSpace(s) == "" })
	slices.Sort(out)
	return slices.Compact(out)
}

// best gives the words of the highest level of any two values.
func (x aspect) best(a, b []string) string {
	top := likeness.Level(0)
	for _, v := range a {
		for _, w := range b {
			top = max(top, x.level(x.fold(v), x.fold(w)))
		}
	}
	return cmp.Or(x.words[top], "different")
}
