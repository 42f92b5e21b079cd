package resolve

import (
	"cmp"
	"slices"
)

// record is one system's picture of one person: its source rows, in their order.
type record struct {
	Key
	rows   []*Member
	before string // subject after the last night, "" when new
}

func compareKeys(a, b Key) int {
	if c := cmp.Compare(a.System, b.System); c != 0 {
		return c
	}
	return cmp.Compare(a.PersonKey, b.PersonKey)
}

// records groups the engine's rows by record, by system and person key.
func (e *Engine) records() *index {
	at := newIndex(len(e.rows))
	number := make([]int32, len(e.rows)) // of each row's record, in order of appearance
	sizes := make([]int32, 0, len(e.rows))
	for i := range e.rows {
		n := at.place(e.rows[i].record())
		if int(n) == len(sizes) {
			sizes = append(sizes, 0)
		}
		number[i] = n
		sizes[n]++
	}
	all := make([]*Member, len(e.rows))
	for n, from := 0, int32(0); n < len(sizes); n++ {
		at.records[n].rows = all[from : from : from+sizes[n]]
		from += sizes[n]
	}
	for i := range e.rows {
		m, r := &e.rows[i], &at.records[number[i]]
		r.rows = append(r.rows, m)
		r.before = cmp.Or(r.before, m.Subject)
	}
	at.sort()
	if len(e.left) > 0 {
		for i := range at.records {
			if r := &at.records[i]; r.before == "" {
				r.before = e.left[r.Key]
			}
		}
	}
	return at
}

// Relation of what two records say of one thing.
type relation uint8

const (
	silent   relation = iota // one of them says nothing
	disagree                 // both say something, and nothing in common
	agree
)

// relate compares one identifier of two records.
func relate(a, b *record, value func(*Member) string) relation {
	out := silent
	for _, x := range a.rows {
		v := value(x)
		if v == "" {
			continue
		}
		for _, y := range b.rows {
			switch w := value(y); {
			case w == v:
				return agree
			case w != "":
				out = disagree
			}
		}
	}
	return out
}

// births compares the birth dates of two records.
func births(a, b *record) relation {
	out := silent
	for _, x := range a.rows {
		if x.Birth == NoBirth {
			continue
		}
		for _, y := range b.rows {
			switch {
			case x.Birth == y.Birth:
				return agree
			case y.Birth != NoBirth:
				out = disagree
			}
		}
	}
	return out
}

// share tells whether two records have a value of a list in common.
func share(a, b *record, list func(*Member) []string) bool {
	for _, x := range a.rows {
		for _, v := range list(x) {
			for _, y := range b.rows {
				if slices.Contains(list(y), v) {
					return true
				}
			}
		}
	}
	return false
}

func hetuOf(m *Member) string     { return m.Hetu }
func oppijaOf(m *Member) string   { return m.Oppijanumero }
func studentOf(m *Member) string  { return m.StudentNumber }
func employeeOf(m *Member) string { return m.EmployeeNumber }
func eppnOf(m *Member) string     { return m.Eppn }
func placeOf(m *Member) string    { return m.Place }
func emailsOf(m *Member) []string { return m.Emails }
func phonesOf(m *Member) []string { return m.Phones }
