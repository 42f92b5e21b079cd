package extract

import (
	"cmp"
	"slices"
)

// row makes a person's row from what may be sent.
func (m *maker) row(p *Person, d *Degree) Row {
	own := m.ordered(p.Records, append(slices.Clone(m.s.Registers), m.s.ContactSources...))
	contact := m.ordered(p.Records, m.s.ContactSources)
	r := Row{Institution: institution(own, d), Language: languages[0]}
	r.StudentNumber = Clean(m.studentNumber(own, d, r.Institution), maxNumber)
	m.names(&r, own)
	if m.s.sends("person", "contact_language") {
		r.Language = surveyLanguage(each(contact, func(x *Record) string { return x.Language }))
	}
	m.contacts(&r, contact, p.Protected)
	if m.s.Background {
		m.background(&r, d)
	}
	return r
}

// ordered gives the records of some systems: by system as named, within one the newest first.
func (m *maker) ordered(records []Record, systems []string) []*Record {
	var out []*Record
	for i := range records {
		if slices.Contains(systems, records[i].System) {
			out = append(out, &records[i])
		}
	}
	slices.SortFunc(out, func(a, b *Record) int {
		return cmp.Or(cmp.Compare(slices.Index(systems, a.System), slices.Index(systems, b.System)), cmp.Compare(b.Time, a.Time),
			cmp.Compare(a.Key, b.Key))
	})
	return out
}

func each(records []*Record, f func(*Record) string) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = f(r)
	}
	return out
}

func first(values []string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// institution gives the degree's own code: a predecessor's degree stays the predecessor's.
func institution(own []*Record, d *Degree) string {
	if d.Institution != "" {
		return d.Institution
	}
	for _, r := range own {
		if r.ID == d.Record && r.Institution != "" {
			return r.Institution
		}
	}
	return ""
}

// studentNumber gives the number of the record that has the degree, else another one of the same institution in a
// register: a number alone is another person's elsewhere.
func (m *maker) studentNumber(own []*Record, d *Degree, institution string) string {
	if !m.s.sends("person", "student_number") {
		return ""
	}
	for _, r := range own {
		if r.ID == d.Record && r.System == d.System && r.StudentNumber != "" {
			return r.StudentNumber
		}
	}
	for _, r := range own {
		if slices.Contains(m.s.Registers, r.System) && r.StudentNumber != "" && r.Institution != "" && r.Institution == institution {
			return r.StudentNumber
		}
	}
	return ""
}

// names fills who the person is. Family and given names come from one record, so that they never mix two spellings.
func (m *maker) names(r *Row, own []*Record) {
	for _, x := range own {
		if x.FamilyName == "" || x.GivenNames == "" {
			continue
		}
		if m.s.sends("person", "family_name") {
			r.FamilyName = Clean(x.FamilyName, maxName)
		}
		if m.s.sends("person", "given_names") {
			r.GivenNames = Clean(x.GivenNames, maxName)
		}
		break
	}
	for _, x := range own {
		if x.HasBirthDate && m.s.sends("person", "birth_date") {
			born := x.BirthDate
			r.BirthDate = &born
			break
		}
	}
	if m.s.sends("person", "oppijanumero") {
		r.LearnerNumber = Clean(first(each(own, func(x *Record) string { return x.LearnerNumber })), maxText)
	}
	if m.s.IdentityCode && m.s.sends("person", "hetu") {
		r.IdentityCode = Clean(first(each(own, func(x *Record) string { return x.IdentityCode })), maxText)
	}
}

// contacts fills contact points. An institution's own address dies with graduation, so it comes last.
func (m *maker) contacts(r *Row, records []*Record, emailOnly bool) {
	if m.s.sends("email", "address") {
		emails := func(x *Record) []Contact { return x.Emails }
		r.Email1 = point(records, emails, "", "personal", "other")
		r.Email2 = point(records, emails, r.Email1, "work", "institution")
	}
	if emailOnly || !m.s.sends("phone", "number") {
		return
	}
	phones := func(x *Record) []Contact { return x.Phones }
	r.Phone1 = point(records, phones, "", "mobile", "other")
	r.Phone2 = point(records, phones, r.Phone1, "home")
}

// point gives the first contact point of the first kind that any record has, and that is not the one taken already.
func point(records []*Record, of func(*Record) []Contact, taken string, kinds ...string) string {
	for _, kind := range kinds {
		for _, r := range records {
			best := ""
			for _, c := range of(r) {
				v := Clean(c.Value, maxText)
				if c.Kind == kind && v != "" && v != taken && (best == "" || v < best) {
					best = v
				}
			}
			if best != "" {
				return best
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
