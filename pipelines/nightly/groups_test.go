package nightly_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// TestClosedListsOfGroupsAreHeldWhenDataIsStored loads people of each group with data of every kind: of a stakeholder (SEAMK-20),
// a contact person (SEAMK-21), an applicant (SEAMK-22), a student (SEAMK-23) and a member of staff (SEAMK-24) no more is
// stored than the group's list has. Of an applicant under an address protection order that alone is kept of the row.
func TestClosedListsOfGroupsAreHeldWhenDataIsStored(t *testing.T) {
	t.Parallel()
	const who = whoIs + ", mail as: email; to: email.work, role to: role.kind"
	s := newTiny(t, databasetest.OnSQLite, "seamk", map[string]string{
		"dynamics365": feedLayout("dynamics365", "contacts: user user | "+who+", firm to: org.name, shield as: bool; to: person.protected"),
		"peppi":       feedLayout("peppi", "alumnit: user user | "+who+", programme to: study.programme_name"),
		"reportronic": feedLayout("reportronic", "henkilosto: user user | "+who+", unit to: employment.unit"),
	})
	src, _ := policy.Shipped("seamk")
	decided := strings.NewReplacer("undecided: true", "anchor: source_removed, period: P2Y, action: delete", `version: "`, `version: "decided `).Replace(string(src))
	write(t, filepath.Join(s.dir, workspace.PolicyDir, "seamk.yaml"), []byte(decided))
	const contacts, alumni, staff = "dynamics365/contacts_%s.csv", "peppi/alumnit_%s.csv", "reportronic/henkilosto_%s.csv"
	s.feeds[contacts], s.feeds[alumni], s.feeds[staff] = "user;family;given;mail;role;firm;shield", "user;family;given;mail;role;programme", "user;family;given;mail;role;unit"
	put := func(night canon.Date, hidden string) {
		s.put(t, contacts, night, "c1;Sidos;Siru;sidos@a.example;stakeholder;Sidos firm;false", "c2;Yhteys;Yrjo;yhteys@a.example;contact;Yhteys firm;false",
			"c3;Hakija;Hilla;hakija@a.example;applicant;Hakija firm;false", "c4;Salainen;Sulo;salainen@a.example;"+hidden+";Salainen firm;true")
		s.put(t, alumni, night, "p1;Opiskelija;Outi;opiskelija@a.example;student;Nursing", "p2;Sidottu;Sini;sidottu@a.example;stakeholder;Forestry", "p3;Yhdys;Ylva;yhdys@a.example;contact;Law",
			"p4;Opettaja;Olli;opettaja@a.example;staff;Music")
		s.put(t, staff, night, "r1;Virkamies;Ville;virkamies@a.example;staff;Library", "r2;Harjoittelija;Hanna;harjoittelija@a.example;student;Kitchen")
	}
	put(firstNight, "applicant")
	s.finish(t, firstNight, pipelines.Finished)
	everybody := []string{"Sidos", "Yhteys", "Opiskelija", "Sidottu", "Yhdys", "Opettaja", "Virkamies", "Harjoittelija"}
	same(t, "names: all but applicants", s.names(t), slices.Clone(everybody)...)
	same(t, "companies: of contact persons", s.cells(t, "org", "name"), "Yhteys firm")
	same(t, "programmes: of students", s.cells(t, "study", "programme_name"), "Nursing")
	same(t, "units: of staff", s.cells(t, "employment", "unit"), "Library")
	same(t, "protected", s.cells(t, "person", "protected"), "", "", "", "", "", "", "false", "false", "true")
	same(t, "roles: of everybody", s.cells(t, "role", "kind"), "applicant", "applicant", "contact", "contact", "staff", "staff", "stakeholder", "stakeholder", "student", "student")
	put(firstNight+1, "contact")
	s.finish(t, firstNight+1, pipelines.Finished)
	same(t, "who was an applicant is a contact person", s.names(t), append(everybody, "Salainen")...)
	same(t, "companies", s.cells(t, "org", "name"), "Yhteys firm", "Salainen firm")
	s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+1).String()) })
}
