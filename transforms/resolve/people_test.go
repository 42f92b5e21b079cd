package resolve_test

import "testing"

const (
	peppi    = "peppi/alumnit"
	register = "student-register/opiskelijat"
	pegasos  = "pegasos/henkilot"
	projects = "reportronic/henkilosto"
	portal   = "alumni-portal/profiles"
	crm      = "dynamics365/contacts"
)

// cast of two systems: the same pair of rows is one person or two, whatever else is there.
func TestWhoIsWho(t *testing.T) {
	aino := person(peppi, "9900001", "hetu", "010190-900P", "birth_date", "1990-03-04", "family_name", "Esimerkki", "given_names", "Aino Maria",
		"call_name", "Aino", "email", "aino.esimerkki@mail.example", "phone", "+358400000001", "place", "50100|Mallikatu 1 A 2", "student_number", "9900001")
	asa := person(register, "12347", "hetu", "290296-977L", "birth_date", "1996-02-29", "family_name", "Näyte-Öhman", "former_family_name", "Näyte",
		"given_names", "Åsa", "email", "asa+alumni@mail.example", "phone", "+358400000003", "student_number", "0012345")
	home := []string{"phone", "+358400000009", "place", "50100|Mallikatu 5", "email", "perhe@mail.example"}
	for _, c := range []struct {
		name string
		a, b row
		want bool
	}{
		{"nothing in common", aino, person(crm, "c1", "family_name", "Testaaja", "call_name", "Reijo"), false},
		{"a name alone", aino, person(crm, "c1", "family_name", "Esimerkki", "call_name", "Aino"), false},
		{"a full name alone", aino, person(portal, "p1", "family_name", "Esimerkki", "given_names", "Aino Maria"), true},
		{"name and birth date", aino, person(crm, "c1", "family_name", "Esimerkki", "call_name", "Aino", "birth_date", "1990-03-04"), true},
		{"called by the second name", aino.with("call_name", "Maria"), person(crm, "c1", "family_name", "Esimerkki", "call_name", "Maria", "birth_date", "1990-03-04"), true},
		{"swapped names", aino, person(crm, "c1", "family_name", "Aino", "call_name", "Esimerkki", "birth_date", "1990-03-04"), true},
		{"everyday name, same address", aino.with("given_names", "Johanna", "call_name", ""), person(crm, "c1", "family_name", "Esimerkki", "call_name", "Hanna", "email", "aino.esimerkki@mail.example"), true},
		{"mistyped family name", aino, person(crm, "c1", "family_name", "Esimerki", "call_name", "Aino", "birth_date", "1990-03-04"), true},
		{"lost dots", asa, person(crm, "c1", "family_name", "Nayte-Ohman", "call_name", "Asa", "birth_date", "1996-02-29"), true},
		{"former name elsewhere", asa, person(peppi, "9", "family_name", "Näyte", "given_names", "Åsa", "birth_date", "1996-02-29"), true},
		{"former name elsewhere, no birth date, same telephone", asa, person(crm, "c1", "family_name", "Näyte", "call_name", "Åsa", "phone", "+358400000003"), true},
		{"married, same mail", aino, person(crm, "c1", "family_name", "Koe", "call_name", "Aino", "email", "aino.esimerkki@mail.example"), true},
		{"employee number with an everyday name", person(pegasos, "994711", "employee_number", "994711", "family_name", "Koe", "given_names", "Johannes Olli", "call_name", "Johannes"),
			person(projects, "994711", "employee_number", "994711", "family_name", "Koe", "call_name", "Jussi"), true},
		{"employee number of somebody else", person(pegasos, "994711", "employee_number", "994711", "family_name", "Koe", "given_names", "Johannes"),
			person(projects, "994711", "employee_number", "994711", "family_name", "Testaaja", "call_name", "Reijo"), false},
		{"student number of the institution before the merger", aino.with("institution_code", "02506", "birth_date", "", "hetu", ""),
			person(crm, "c1", "family_name", "Esimerkki", "call_name", "Aino", "student_number", "9900001"), true},
		{"student number of another institution", aino.with("institution_code", "02535", "birth_date", "", "hetu", ""),
			person(crm, "c1", "family_name", "Esimerkki", "call_name", "Aino", "student_number", "9900001"), false},
		{"two student numbers, of which one is in force", aino.with("state", "1"), aino.as("9900002").with("student_number", "9900002", "state", "3"), true},
		{"two student numbers in force", aino.with("state", "1"), aino.as("9900002").with("student_number", "9900002", "state", "1"), false},
		{"two student numbers in force, of the institution and one that went up in it", aino.with("state", "1"),
			aino.as("9900002").with("student_number", "9900002", "state", "1", "institution_code", "02506"), false},
		{"two student numbers in force, of two institutions", aino.with("state", "1"),
			aino.as("9900002").with("student_number", "9900002", "state", "1", "institution_code", "02535"), true},
		{"one student number in force, told twice", aino.with("state", "1"), aino.as("9900002").with("state", "1"), true},
		{"name and home", aino, person(crm, "c1", "family_name", "Esimerkki", "call_name", "Aino", "place", "50100|Mallikatu 1 A 2"), true},
		{"namesakes with other birth dates", aino.with("hetu", ""), person(crm, "c1", "family_name", "Esimerkki", "call_name", "Aino", "birth_date", "1971-08-19",
			"phone", "+358400000001", "email", "aino.esimerkki@mail.example", "place", "50100|Mallikatu 1 A 2"), false},
		{"P2 and P2b", person(peppi, "1", "hetu", "140385-901E", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Veikko").with(home...),
			person(register, "2", "hetu", "140385Y901E", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Reijo").with(home...), false},
		{"P2 and P2b of the same name", person(peppi, "1", "hetu", "140385-901E", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Veikko").with(home...),
			person(register, "2", "hetu", "140385Y901E", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Veikko").with(home...), false},
		{"twins without identifiers", person(peppi, "1", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Aino Maria").with(home...),
			person(crm, "2", "birth_date", "1985-03-14", "family_name", "Testaaja", "call_name", "Eino").with(home...), false},
		{"twin sisters with a middle name in common", person(peppi, "1", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Aino Maria").with(home...),
			person(portal, "2", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Elsa Maria").with(home...), false},
		{"sisters with a first name in common", person(peppi, "1", "family_name", "Testaaja", "given_names", "Anna Elina").with(home...),
			person(portal, "2", "family_name", "Testaaja", "given_names", "Anna Helmi").with(home...), false},
		{"siblings", person(peppi, "1", "family_name", "Testaaja", "given_names", "Veikko").with(home...),
			person(crm, "2", "family_name", "Testaaja", "call_name", "Reijo").with(home...), false},
		{"parent and child of one name", person(peppi, "1", "birth_date", "1955-03-14", "family_name", "Testaaja", "given_names", "Veikko Olli").with(home...),
			person(portal, "2", "birth_date", "1985-06-01", "family_name", "Testaaja", "given_names", "Veikko Olli").with(home...), false},
		{"a telephone that somebody else of the same given name has got", person(peppi, "1", "family_name", "Testaaja", "given_names", "Veikko", "phone", "+358400000009"),
			person(crm, "2", "family_name", "Koe", "call_name", "Veikko", "phone", "+358400000009"), false},
		{"two employees of one name and birth date", person(projects, "1", "employee_number", "994711", "birth_date", "1985-03-14", "family_name", "Koe", "call_name", "Veikko"),
			person(pegasos, "2", "employee_number", "994712", "birth_date", "1985-03-14", "family_name", "Koe", "given_names", "Veikko"), false},
		{"two learner numbers of one name and birth date", person(peppi, "1", "oppijanumero", "1.2.246.562.24.10000000003", "birth_date", "1985-03-14", "family_name", "Koe", "given_names", "Veikko"),
			person(register, "2", "oppijanumero", "1.2.246.562.24.55555000005", "birth_date", "1985-03-14", "family_name", "Koe", "given_names", "Veikko"), false},
		{"two learner numbers, one identity code", person(peppi, "1", "hetu", "140385-901E", "oppijanumero", "1.2.246.562.24.10000000003", "family_name", "Koe", "given_names", "Veikko"),
			person(register, "2", "hetu", "140385-901E", "oppijanumero", "1.2.246.562.24.55555000005", "family_name", "Koe", "given_names", "Veikko"), true},
		{"one birth number, married", person(register, "1", "fnr", "14838510117", "family_name", "Testaaja", "given_names", "Siri"),
			person(crm, "2", "fnr", "14838510117", "family_name", "Koe", "call_name", "Siri"), true},
		{"two birth numbers of one name and birth date", person(register, "1", "fnr", "14838510117", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Siri"),
			person(peppi, "2", "fnr", "07870174556", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Siri"), false},
		{"a D-number and the birth number after it", person(register, "1", "fnr", "52889110066", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Siri"),
			person(peppi, "2", "fnr", "14838510117", "birth_date", "1985-03-14", "family_name", "Testaaja", "given_names", "Siri"), true},
		{"the office's mailbox", person(peppi, "1", "family_name", "Korhonen", "given_names", "Olli", "email", "info@koe.example"),
			person(crm, "2", "family_name", "Korhonen", "call_name", "Olli", "email", "info@koe.example"), false},
		{"a stand-in for a birth date", person(peppi, "1", "birth_date", "1900-01-01", "family_name", "Korhonen", "given_names", "Olli"),
			person(crm, "2", "birth_date", "1900-01-01", "family_name", "Korhonen", "call_name", "Olli"), false},
		{"two profiles of one person", person(portal, "p1", "family_name", "Esimerkki", "given_names", "Aino Maria", "birth_date", "1990-03-04", "email", "a@mail.example"),
			person(portal, "p2", "family_name", "Esimerkki", "given_names", "Aino Maria", "birth_date", "1990-03-04", "email", "b@mail.example"), true},
		{"two contacts of one person", person(crm, "c1", "family_name", "Esimerkki", "call_name", "Aino", "email", "a@mail.example"),
			person(crm, "c2", "family_name", "Esimerkki", "call_name", "Aino", "email", "a@mail.example|b@mail.example"), true},
		{"two students of one name and birth date", person(register, "1", "family_name", "Esimerkki", "given_names", "Aino", "birth_date", "1990-03-04"),
			person(register, "2", "family_name", "Esimerkki", "given_names", "Aino", "birth_date", "1990-03-04"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, order := range [][]row{{c.a, c.b}, {c.b, c.a}} {
				if got := same(t, resolved(t, among(t, order...)), c.a, c.b); got != c.want {
					t.Errorf("one person: got %v, want %v", got, c.want)
				}
			}
		})
	}
}

// A record that fits two people is nobody's, and a record that fits one person in two systems is theirs.
func TestAmbiguous(t *testing.T) {
	father := person(peppi, "1", "birth_date", "1955-03-14", "family_name", "Testaaja", "given_names", "Veikko", "phone", "+358400000009")
	son := person(register, "2", "birth_date", "1985-06-01", "family_name", "Testaaja", "given_names", "Veikko", "phone", "+358400000009")
	contact := person(crm, "c", "family_name", "Testaaja", "call_name", "Veikko", "phone", "+358400000009")
	doubts := resolved(t, among(t)).Stats.Review["kept-apart"]
	res := resolved(t, among(t, father, son, contact))
	if same(t, res, father, contact) || same(t, res, son, contact) || same(t, res, father, son) {
		t.Error("a contact that may be father or son was given to one of them")
	}
	if res.Stats.Review["kept-apart"] < doubts+2 {
		t.Errorf("got %v for review beside %d, want both pairs", res.Stats.Review, doubts)
	}
	staff := person(pegasos, "994711", "birth_date", "1955-03-14", "family_name", "Testaaja", "given_names", "Veikko", "phone", "+358400000009")
	res = resolved(t, among(t, father, staff, contact))
	if !same(t, res, father, contact) || !same(t, res, staff, contact) {
		t.Error("a contact fits one person in two systems and was left alone")
	}
	// Better evidence decides between the two.
	contact = contact.with("birth_date", "1985-06-01")
	if res = resolved(t, among(t, father, son, contact)); !same(t, res, son, contact) || same(t, res, father, contact) {
		t.Error("the birth date tells the son from the father")
	}
}

// Who is nobody's stays so when one of the two that it fits grows, and parts nobody else.
func TestAmbiguousWhileOthersJoin(t *testing.T) {
	home := []string{"family_name", "Testaaja", "given_names", "Veikko", "phone", "+358400000009", "email", "perhe@mail.example", "place", "50100|Mallikatu 5"}
	father := person(peppi, "1", "birth_date", "1955-03-14", "phone", "+358400000009|+358400000008").with(home...)
	father = father.with("phone", "+358400000009|+358400000008")
	staff := person(pegasos, "994713", "birth_date", "1955-03-15", "family_name", "Testaaja", "given_names", "Veikko", "phone", "+358400000008")
	son := person(register, "2", "birth_date", "1985-06-01").with(home...)
	contact := person(crm, "c").with(home...)
	if res := resolved(t, among(t, father, son, contact)); same(t, res, father, contact) || same(t, res, son, contact) {
		t.Fatal("a contact that may be father or son was given to one of them")
	}
	res := resolved(t, among(t, father, staff, son, contact))
	if same(t, res, father, contact) || same(t, res, son, contact) {
		t.Error("a contact that may be father or son was given to one of them when the father had another record")
	}
	if apart := resolved(t, among(t, father, staff)); same(t, res, father, staff) != same(t, apart, father, staff) {
		t.Error("somebody else's contact decides whether two records are the father's")
	}
}
