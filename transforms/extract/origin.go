package extract

import (
	"slices"
	"strconv"
)

// Origin says of a column of a row which source rows say what stands there. Which of them was listened to does not
// matter then: they agree.
type Origin struct {
	Column string
	Table  string   // canonical
	Keys   []string // of the source rows, in order
}

// says is how a column comes about: what a record, or the degree, says of it, as it would stand in the row.
type says struct {
	column, table string
	record        func(*Record) []string
	degree        func(*Degree) (text, key string)
}

func one(text string, limit int) []string { return []string{Clean(text, limit)} }

func values(all []Contact) []string {
	out := make([]string, len(all))
	for i, c := range all {
		out[i] = Clean(c.Value, maxText)
	}
	return out
}

// sayings lists the columns in their order.
func sayings() []says {
	record := func(column, table string, f func(*Record) []string) says {
		return says{column: column, table: table, record: f}
	}
	degree := func(column, table string, f func(*Degree) (string, string)) says {
		return says{column: column, table: table, degree: f}
	}
	emails := func(r *Record) []string { return values(r.Emails) }
	phones := func(r *Record) []string { return values(r.Phones) }
	return []says{
		{"oppilaitoskoodi", "degree", func(r *Record) []string { return []string{r.Institution} }, func(d *Degree) (string, string) { return d.Institution, d.Key }},
		record("opiskelijatunnus", "person", func(r *Record) []string { return one(r.StudentNumber, maxNumber) }),
		record("oppijanumero", "person", func(r *Record) []string { return one(r.LearnerNumber, maxText) }),
		record("henkilotunnus", "person", func(r *Record) []string { return one(r.IdentityCode, maxText) }),
		record("sukunimi", "person", func(r *Record) []string { return one(r.FamilyName, maxName) }),
		record("etunimet", "person", func(r *Record) []string { return one(r.GivenNames, maxName) }),
		record("syntymaaika", "person", func(r *Record) []string {
			if !r.HasBirthDate {
				return nil
			}
			return []string{r.BirthDate.String()}
		}),
		record("sahkoposti1", "email", emails), record("sahkoposti2", "email", emails),
		record("puhelin1", "phone", phones), record("puhelin2", "phone", phones),
		record("asiointikieli", "person", func(r *Record) []string { return []string{r.Language} }),
		degree("valmistumispaiva", "degree", func(d *Degree) (string, string) { return d.Date.String(), d.Key }),
		degree("valmistumisvuosi", "degree", func(d *Degree) (string, string) { return strconv.Itoa(d.Date.Year()), d.Key }),
		degree("tutkinto_koulutuskoodi", "degree", func(d *Degree) (string, string) { return Clean(d.Code, maxText), d.Key }),
		degree("tutkintonimi", "degree", func(d *Degree) (string, string) { return Clean(d.Title, maxText), d.Key }),
		degree("tutkinnon_taso", "study", func(d *Degree) (string, string) { return number(code(d.RightType, 99)), d.RightKey }),
		degree("koulutusalakoodi", "study", func(d *Degree) (string, string) { return number(code(d.Field, 12)), d.RightKey }),
		degree("opiskelupaikkakunta_koodi", "study", func(d *Degree) (string, string) { return Clean(d.Municipality, maxText), d.RightKey }),
		degree("laajuus", "degree", func(d *Degree) (string, string) { return number(credits(d.Credits)), d.Key }),
		degree("arvosana", "degree", func(d *Degree) (string, string) { return Clean(d.Grade, maxText), d.Key }),
		degree("asteikko", "degree", func(d *Degree) (string, string) { return Clean(d.Scale, maxText), d.Key }),
	}
}

// Origins gives, for every column of a row that has a value, the source rows of its person that say the value. A column
// that no row says was filled by the program itself: the language, where nobody gives one.
func (x *Extract) Origins(i int) []Origin {
	var out []Origin
	cells := x.Rows[i].cells()
	c := &x.sent[i]
	for n, s := range sayings() {
		text := cells[n].text
		if text == "" {
			continue
		}
		o := Origin{Column: s.column, Table: s.table}
		if s.degree != nil {
			if said, key := s.degree(c.degree); said == text && key != "" {
				o.Keys = append(o.Keys, key)
			}
		}
		if s.record != nil && len(o.Keys) == 0 {
			for k := range c.person.Records {
				if r := &c.person.Records[k]; x.used(r.System, s.table) && slices.Contains(s.record(r), text) && !slices.Contains(o.Keys, r.Key) {
					o.Keys = append(o.Keys, r.Key)
				}
			}
		}
		slices.Sort(o.Keys)
		out = append(out, o)
	}
	return out
}

// used tells whether records of a system may fill columns of a table.
func (x *Extract) used(system, table string) bool {
	contact := slices.Contains(x.settings.ContactSources, system)
	return contact || table != "email" && table != "phone" && slices.Contains(x.settings.Registers, system)
}

// TableOf gives the canonical table that a column of the extract is made from, "" for one that it does not have.
func TableOf(column string) string {
	for _, s := range sayings() {
		if s.column == column {
			return s.table
		}
	}
	return ""
}
