package extract

import (
	"cmp"
	"slices"

	"uoma/transforms/golden"
)

// Withheld counts people left out for one reason under one clause.
type Withheld struct {
	Reason Reason `json:"reason"`
	Clause string `json:"clause"` // of the notice; for reasons of the layout, the clause under which is sent
	N      int64  `json:"n"`
}

// Extract is what goes out, and the account of who does not.
type Extract struct {
	Eligible   int64 // graduates of the year: len(Rows) and everybody withheld
	Rows       []Row
	Pseudonyms []string // of the rows, ascending
	Withheld   []Withheld

	sent     []candidate // of the rows, for [Extract.Origins]
	settings Settings
}

// Make decides for each person with a degree of the year, and makes the rows of those who are sent. Others are not looked
// at.
func Make(people []Person, s Settings) *Extract {
	m := maker{s: s, golden: golden.New(s.rules(), 0), counts: map[Withheld]int64{}}
	out := &Extract{}
	var sent []candidate
	for i := range people {
		c := candidate{person: &people[i]}
		if c.degree = m.degreeOf(c.person); c.degree == nil {
			continue
		}
		out.Eligible++
		if reason := m.judge(&c); reason != "" {
			m.withhold(c.person, reason)
			continue
		}
		sent = append(sent, c)
	}
	sent = m.distinct(sent)
	slices.SortFunc(sent, byPseudonym)
	for i := range sent {
		out.Rows = append(out.Rows, sent[i].row)
		out.Pseudonyms = append(out.Pseudonyms, sent[i].person.Pseudonym)
	}
	out.Withheld, out.sent, out.settings = m.account(), sent, s
	return out
}

type maker struct {
	s      Settings
	golden *golden.Merger
	counts map[Withheld]int64
}

// candidate is a person on the way into the extract.
type candidate struct {
	person *Person
	degree *Degree
	row    Row
}

func byPseudonym(a, b candidate) int { return cmp.Compare(a.person.Pseudonym, b.person.Pseudonym) }

// byRow compares what rows say, and never what a key made of it: who is left out is the same under every key.
func byRow(a, b candidate) int {
	if c := cmp.Or(cmp.Compare(a.row.Institution, b.row.Institution), cmp.Compare(a.row.StudentNumber, b.row.StudentNumber)); c != 0 {
		return c
	}
	x, y := a.row.cells(), b.row.cells()
	return slices.CompareFunc(x[:], y[:], func(a, b cell) int { return cmp.Compare(a.text, b.text) })
}

func (m *maker) withhold(p *Person, reason Reason) {
	m.counts[Withheld{Reason: reason, Clause: p.Decision.Clause}]++
}

// account lists the counts by reason and clause.
func (m *maker) account() []Withheld {
	out := []Withheld{}
	for w, n := range m.counts {
		w.N = n
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b Withheld) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Clause, b.Clause))
	})
	return out
}

// degreeOf gives the later degree of the year, of two of one day that of the preferred system, then by what they say.
func (m *maker) degreeOf(p *Person) *Degree {
	var best *Degree
	for i := range p.Degrees {
		d := &p.Degrees[i]
		if d.Date.Year() != m.s.Year || !slices.Contains(m.s.Registers, d.System) {
			continue
		}
		if best == nil || m.later(d, best) {
			best = d
		}
	}
	return best
}

func (m *maker) later(a, b *Degree) bool {
	return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(slices.Index(m.s.Registers, a.System), slices.Index(m.s.Registers, b.System)),
		slices.Compare(a.said(), b.said())) < 0
}

// said is what a degree says besides its date and system.
func (d *Degree) said() []string {
	return []string{d.Institution, d.Code, d.Title, d.Credits, d.Grade, d.Scale, d.RightType, d.Field, d.FieldVersion, d.Municipality}
}

// judge makes the candidate's row, or says why there is none. The policy speaks first, and nothing overrules it.
func (m *maker) judge(c *candidate) Reason {
	if !c.person.Decision.Allow {
		return cmp.Or(c.person.Refusal, NoBasis)
	}
	c.row = m.row(c.person, c.degree)
	r := &c.row
	switch {
	case r.StudentNumber == "" || r.Institution == "":
		return NoIdentifier
	case r.FamilyName == "" || r.GivenNames == "" || m.s.Background && r.DegreeCode == "":
		return Incomplete
	case r.Email1 == "" && r.Email2 == "" && r.Phone1 == "" && r.Phone2 == "":
		return NoContact
	}
	return ""
}

// distinct leaves out who shares an identifier with somebody before: two persons of the register who may be one. The one
// with the later degree goes, of two the one whose number comes first.
func (m *maker) distinct(all []candidate) []candidate {
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.degree.Date, a.degree.Date), byRow(a, b), byPseudonym(a, b))
	})
	seen := map[[3]string]bool{}
	out := all[:0]
	for _, c := range all {
		number := [3]string{"number", c.row.Institution, c.row.StudentNumber}
		learner := [3]string{"learner", c.row.LearnerNumber, ""}
		if seen[number] || c.row.LearnerNumber != "" && seen[learner] {
			m.withhold(c.person, Duplicate)
			continue
		}
		seen[number], seen[learner] = true, true
		out = append(out, c)
	}
	return out
}
