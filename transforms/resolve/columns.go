package resolve

import (
	"fmt"
	"slices"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/linkage"
)

// What a record says, in the columns of package linkage. A record of several rows says what any of them says: names that
// differ are further names, and of addresses, telephones and e-mail addresses there is room for several.

// severalOf is how many telephones, and e-mail addresses, of a record are compared.
const severalOf = 3

// column is one thing that a record says.
type column struct {
	field linkage.Field
	value func(r *record) string
}

// identifiers are the strong identifiers, by the names that reports give them; the most trusted first.
var identifiers = []struct {
	name  string
	alone bool // nobody has two that are known to no identifier before it
	of    func(*Member) string
}{
	{"national-code", true, nationalCode},
	{"oppijanumero", true, func(m *Member) string { return m.Oppijanumero }},
	{"student-number", false, currentNumber},
	{"employee-number", true, func(m *Member) string { return m.EmployeeNumber }},
	{"eppn", false, func(m *Member) string { return m.Eppn }},
}

func columns() []column {
	place := func(m *Member) (postcode, street string) { postcode, street, _ = strings.Cut(m.Place, " "); return }
	out := []column{
		{linkage.Field{Name: "record", Kind: linkage.RecordID}, func(r *record) string { return label(r.Key) }},
		{linkage.Field{Name: "system", Kind: linkage.Source}, func(r *record) string { return r.System }},
		{linkage.Field{Name: "given_names", Kind: linkage.GivenNames}, nth(0, func(m *Member) string { return m.Given })},
		{linkage.Field{Name: "call_name", Kind: linkage.CallName}, nth(0, func(m *Member) string { return m.Call })},
		{linkage.Field{Name: "further_given_names", Kind: linkage.CallName}, nth(1, func(m *Member) string { return m.Given })},
		{linkage.Field{Name: "family_name", Kind: linkage.FamilyName}, nth(0, func(m *Member) string { return m.Family })},
		{linkage.Field{Name: "former_family_name", Kind: linkage.FormerName}, nth(0, func(m *Member) string { return m.Former })},
		{linkage.Field{Name: "further_family_name", Kind: linkage.FormerName}, nth(1, func(m *Member) string { return m.Family })},
		{linkage.Field{Name: "birth_date", Kind: linkage.BirthDate}, nth(0, birthOf)},
	}
	for i := range 2 {
		out = append(out,
			column{linkage.Field{Name: fmt.Sprint("street ", i+1), Kind: linkage.Street}, nth(i, func(m *Member) string { _, s := place(m); return s })},
			column{linkage.Field{Name: fmt.Sprint("postcode ", i+1), Kind: linkage.Postcode}, nth(i, func(m *Member) string { p, _ := place(m); return p })})
	}
	for _, id := range identifiers {
		out = append(out, column{linkage.Field{Name: id.name, Kind: linkage.Identifier, Unique: id.alone}, nth(0, id.of)})
	}
	out = append(out,
		column{linkage.Field{Name: activeNumber, Kind: linkage.Mark}, nth(0, func(m *Member) string { _, number := inForceNumber(m); return number })},
		column{linkage.Field{Name: numberOf, Kind: linkage.Mark}, nth(0, func(m *Member) string { institution, _ := inForceNumber(m); return institution })})
	for i := range severalOf {
		out = append(out,
			column{linkage.Field{Name: fmt.Sprint("phone ", i+1), Kind: linkage.Phone}, listed(i, func(m *Member) []string { return m.Phones })},
			column{linkage.Field{Name: fmt.Sprint("email ", i+1), Kind: linkage.Email}, listed(i, func(m *Member) []string { return m.Emails })})
	}
	return out
}

// Fields describes records to package linkage.
func Fields() []linkage.Field {
	var out []linkage.Field
	for _, c := range columns() {
		out = append(out, c.field)
	}
	return out
}

// nth gives the n-th different value that a record's rows have, counted from 0.
func nth(n int, of func(*Member) string) func(*record) string {
	return func(r *record) string {
		if len(r.rows) == 1 {
			if n > 0 {
				return ""
			}
			return of(r.rows[0])
		}
		var seen []string
		for _, m := range r.rows {
			v := of(m)
			if v == "" || slices.Contains(seen, v) {
				continue
			}
			if len(seen) == n {
				return v
			}
			seen = append(seen, v)
		}
		return ""
	}
}

// listed gives the n-th value of the lists that a record's rows have, each once.
func listed(n int, of func(*Member) []string) func(*record) string {
	return func(r *record) string {
		all := of(r.rows[0])
		if len(r.rows) > 1 {
			all = slices.Clone(all)
			for _, m := range r.rows[1:] {
				for _, v := range of(m) {
					all = include(all, v)
				}
			}
		}
		if n < len(all) {
			return all[n]
		}
		return ""
	}
}

func birthOf(m *Member) string {
	if m.Birth == NoBirth {
		return ""
	}
	return canon.Date(m.Birth).String()
}

// successors are institutions that went up in another one, which keeps their student numbers: the universities of applied
// sciences of Kymenlaakso and Mikkeli became Xamk on 1 January 2017.
var successors = map[string]string{"02506": "10118", "02608": "10118"}

// Nobody has two student numbers of one institution in force.
const (
	activeNumber = "student number in force"
	numberOf     = "institution of the number in force"
)

var oneNumber = []linkage.Rule{{Of: activeNumber, Within: numberOf}}

// nationalCode gives the identity code of the person's country. A D-number is for who has no birth number yet, so that somebody may
// have had both.
func nationalCode(m *Member) string {
	if m.Hetu != "" || m.FNR != "" && m.FNR[0] > '3' {
		return m.Hetu
	}
	return m.FNR
}

// inForceNumber gives a student number in force and its institution.
func inForceNumber(m *Member) (institution, number string) {
	if m.Active == 1 {
		institution, number, _ = strings.Cut(currentNumber(m), " ")
	}
	return institution, number
}

// currentNumber gives the student number with the institution that would know it today.
func currentNumber(m *Member) string {
	institution, number, _ := strings.Cut(m.StudentNumber, ":")
	if number == "" {
		return ""
	}
	if today := successors[institution]; today != "" {
		institution = today
	}
	return institution + " " + number
}

// label names a record in a table.
func label(k Key) string { return k.System + canon.KeySeparator + k.PersonKey }

// rows shows records to package linkage.
type rows struct {
	columns []column
	records []record
	of      []int32 // numbers of the records
}

// Rows shows all records to package linkage, in the columns of [Fields].
func (e *Engine) Rows() linkage.Rows {
	e.settle()
	at := e.records()
	return rows{columns(), at.records, at.every()}
}

func (r rows) Len() int { return len(r.of) }
func (r rows) Cells(column, from int, cells [][]byte) {
	value := r.columns[column].value
	for i := range cells {
		cells[i] = bytesOf(value(&r.records[r.of[from+i]]))
	}
}
