package resolve

import (
	"cmp"
	"iter"
	"strings"

	"uoma/internal/canon"
	"uoma/transforms/policy"
)

// Identities gives what the i-th record says of who its person is, one of each source row, for the suppression list.
func (r *Result) Identities(i int) []policy.Identity {
	rec := &r.by[i]
	out := make([]policy.Identity, len(rec.rows))
	for j, m := range rec.rows {
		id := policy.Identity{
			Hetu: m.Hetu, FNR: m.FNR, Oppijanumero: m.Oppijanumero, ORCID: m.ORCID, EmployeeNumber: m.EmployeeNumber, EPPN: m.Eppn,
			System: rec.System, SourceKey: rec.PersonKey, FamilyName: m.Family, GivenNames: m.Given,
		}
		id.Institution, id.StudentNumber, _ = strings.Cut(m.StudentNumber, ":")
		if m.Birth != NoBirth {
			id.BirthDate, id.HasBirthDate = canon.Date(m.Birth), true
		}
		id.Institution = cmp.Or(id.Institution, m.Employer) // a row names one
		out[j] = id
	}
	return out
}

// PointsOf gives the contact points of the i-th record, as kind and value: "email:a@b.example", "phone:+3584…".
func (r *Result) PointsOf(i int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, m := range r.by[i].rows {
			for _, v := range m.Emails {
				if !yield("email:" + v) {
					return
				}
			}
			for _, v := range m.Phones {
				if !yield("phone:" + v) {
					return
				}
			}
		}
	}
}

// Point is a contact point of somebody's record, as rows that know only the contact point name it.
type Point struct {
	System, PersonKey string // PersonKey begins with [canon.PointPrefix]
	Subject           string
}

// Points gives the contact points of all records of some systems, each once a subject.
func (r *Result) Points(systems map[string]bool) []Point {
	seen := map[Point]bool{}
	var out []Point
	for i := range r.by {
		rec := &r.by[i]
		if !systems[rec.System] {
			continue
		}
		for point := range r.PointsOf(i) {
			p := Point{rec.System, canon.PointPrefix + point, r.Records[i].Subject}
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	return out
}
