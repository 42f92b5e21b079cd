package workspace

import (
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/transforms/policy"
	"uoma/transforms/resolve"
)

// IdentityIn gives what a vault entry says of who its person is, with the institution that the register has for the row, as
// marks are made of it ([policy.Suppression.Kept]). Names are folded as the resolver folds them, of which most marks are.
func IdentityIn(e *vault.Entry, institution string) policy.Identity {
	id := policy.Identity{Institution: institution, System: canon.SystemOf(e.Source)}
	for _, facts := range [][]vault.Fact{e.Identifiers, e.Names} {
		for _, f := range facts {
			switch f.Table + "." + f.Column {
			case ".person_key":
				id.SourceKey = f.Value
			case "person.hetu":
				id.Hetu = f.Value
			case "person.fnr":
				id.FNR = f.Value
			case "person.oppijanumero":
				id.Oppijanumero = f.Value
			case "person.orcid":
				id.ORCID = f.Value
			case "person.student_number":
				id.StudentNumber = f.Value
			case "person.employee_number":
				id.EmployeeNumber = f.Value
			case "person.eppn":
				id.EPPN = f.Value
			case "person.family_name":
				id.FamilyName = resolve.Fold(f.Value)
			case "person.given_names":
				id.GivenNames = resolve.Fold(f.Value)
			case "person.birth_date":
				if day, err := canon.ParseDate(f.Value); err == nil {
					id.BirthDate, id.HasBirthDate = day, true
				}
			}
		}
	}
	return id
}

// PointsIn gives the e-mail addresses and telephones of a vault entry, as kind and value: "email:a@b.example".
func PointsIn(e *vault.Entry) (points []string) {
	for _, f := range e.Contacts {
		switch f.Table + "." + f.Column {
		case "email.address":
			points = append(points, "email:"+f.Value)
		case "phone.number":
			points = append(points, "phone:"+f.Value)
		}
	}
	return points
}
