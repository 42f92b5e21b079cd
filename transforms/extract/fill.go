package extract

import (
	"slices"

	"uoma/internal/canon"
	"uoma/transforms/golden"
)

// row makes a person's row from what may be sent.
func (m *maker) row(p *Person, d *Degree) Row {
	own := from(p.Records, m.s.Registers, m.s.ContactSources)
	contact := from(p.Records, m.s.ContactSources)
	r := Row{Institution: m.institution(own, d), Language: languages[0]}
	r.StudentNumber = Clean(m.studentNumber(own, d, r.Institution), maxNumber)
	m.names(&r, own)
	m.contacts(&r, contact, p.Protected)
	if m.s.Background {
		m.background(&r, d)
	}
	return r
}

// from gives the records of some systems.
func from(records []Record, systems ...[]string) []*Record {
	var out []*Record
	for i := range records {
		if slices.ContainsFunc(systems, func(s []string) bool { return slices.Contains(s, records[i].System) }) {
			out = append(out, &records[i])
		}
	}
	return out
}

// merge decides between records; values gives what one says.
func (m *maker) merge(records []*Record, values func(*Record) []golden.Value) *golden.Result {
	said := make([]golden.Record, len(records))
	for i, r := range records {
		said[i] = golden.Record{Source: r.System, ID: r.Key, Modified: r.Time, Values: values(r)}
	}
	return m.golden.Merge(said)
}

// first gives the value of one field.
func (m *maker) first(records []*Record, field string, value func(*Record) string) string {
	return m.merge(records, func(r *Record) []golden.Value { return []golden.Value{{Field: field, Text: value(r)}} }).First(field)
}

// institution gives the degree's own code: a predecessor's degree stays the predecessor's.
func (m *maker) institution(own []*Record, d *Degree) string {
	if d.Institution != "" {
		return d.Institution
	}
	return m.first(own, "person.institution_code", func(r *Record) string {
		if r.ID != d.Record {
			return ""
		}
		return r.Institution
	})
}

// studentNumber gives the number of the record that has the degree, else another one of the same institution in a
// register: a number alone is another person's elsewhere.
func (m *maker) studentNumber(own []*Record, d *Degree, institution string) string {
	if !m.s.sends("person", "student_number") {
		return ""
	}
	number := func(may func(*Record) bool) string {
		return m.first(own, "person.student_number", func(r *Record) string {
			if !may(r) {
				return ""
			}
			return r.StudentNumber
		})
	}
	if n := number(func(r *Record) bool { return r.ID == d.Record && r.System == d.System }); n != "" {
		return n
	}
	return number(func(r *Record) bool {
		return slices.Contains(m.s.Registers, r.System) && r.Institution != "" && r.Institution == institution
	})
}

// names fills who the person is.
func (m *maker) names(r *Row, own []*Record) {
	known := m.merge(own, func(x *Record) []golden.Value {
		out := []golden.Value{{Field: "person.family_name", Text: x.FamilyName}, {Field: "person.given_names", Text: x.GivenNames},
			{Field: "person.oppijanumero", Text: x.LearnerNumber}, {Field: "person.hetu", Text: x.IdentityCode}}
		if x.HasBirthDate {
			out = append(out, golden.Value{Field: "person.birth_date", Text: x.BirthDate.String()})
		}
		return out
	})
	may := func(column string, limit int) string {
		if !m.s.sends("person", column) {
			return ""
		}
		return Clean(known.First("person."+column), limit)
	}
	r.FamilyName, r.GivenNames = may("family_name", maxName), may("given_names", maxName)
	r.LearnerNumber = may("oppijanumero", maxText)
	if m.s.IdentityCode {
		r.IdentityCode = may("hetu", maxText)
	}
	if born, err := canon.ParseDate(may("birth_date", maxText)); err == nil {
		r.BirthDate = &born
	}
}

// contacts fills contact points and the language. An institution's own address dies with graduation, so it comes last.
func (m *maker) contacts(r *Row, records []*Record, emailOnly bool) {
	known := m.merge(records, func(x *Record) []golden.Value {
		out := points(nil, "email.", x.Emails)
		out = points(out, "phone.", x.Phones)
		if slices.Contains(languages[:], x.Language) {
			out = append(out, golden.Value{Field: "person.contact_language", Text: x.Language})
		}
		return out
	})
	if l := known.First("person.contact_language"); l != "" && m.s.sends("person", "contact_language") {
		r.Language = l
	}
	if m.s.sends("email", "address") {
		r.Email1 = point(known, "", "email.personal", "email.other")
		r.Email2 = point(known, r.Email1, "email.work", "email.institution")
	}
	if !emailOnly && m.s.sends("phone", "number") {
		r.Phone1 = point(known, "", "phone.mobile", "phone.other")
		r.Phone2 = point(known, r.Phone1, "phone.home")
	}
}

func points(out []golden.Value, table string, all []Contact) []golden.Value {
	for _, c := range all {
		out = append(out, golden.Value{Field: table + c.Kind, Text: Clean(c.Value, maxText)})
	}
	return out
}

// point gives the first contact point of the first kind that there is, and that is not the one taken already.
func point(known *golden.Result, taken string, kinds ...string) string {
	for _, kind := range kinds {
		for _, v := range known.All(kind) {
			if v != taken {
				return v
			}
		}
	}
	return ""
}

// background fills columns 13 to 22.
func (m *maker) background(r *Row, d *Degree) {
	may := func(table, column, value string) string {
		if !m.s.sends(table, column) {
			return ""
		}
		return Clean(value, maxText)
	}
	if m.s.sends("degree", "date") {
		date := d.Date
		r.DegreeDate, r.DegreeYear = &date, int32(date.Year())
	}
	r.DegreeCode = may("degree", "code", d.Code)
	r.DegreeTitle = may("degree", "title", d.Title)
	r.DegreeLevel = code(may("study", "type", d.RightType), 99)
	if d.FieldVersion == "" || d.FieldVersion == "ohjausala" {
		r.Field = code(may("study", "field", d.Field), 12)
	}
	r.Municipality = may("study", "municipality", d.Municipality)
	r.Credits = credits(may("degree", "ects", d.Credits))
	r.Grade = may("degree", "grade", d.Grade)
	r.Scale = may("degree", "scale", d.Scale)
}
