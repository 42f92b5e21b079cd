package resolve_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"uoma/transforms/resolve"
)

// Crafted collisions: an identifier that conflicts bridges nobody, and is counted.
func TestThreat_T07_CollidingIdentifiersBridgeNobody(t *testing.T) {
	victim := person(peppi, "1", "hetu", "010190-900P", "oppijanumero", "1.2.246.562.24.10000000003", "birth_date", "1990-03-04",
		"family_name", "Esimerkki", "given_names", "Aino Maria", "email", "aino@mail.example")
	for _, c := range []struct {
		name, conflict string
		intruder       row
	}{
		{"same identity code, other birth date", "national-code", person(register, "2", "hetu", "010190-900P", "birth_date", "1971-08-19",
			"family_name", "Esimerkki", "given_names", "Aino Maria")},
		{"same identity code, other name", "national-code", person(register, "2", "hetu", "010190-900P", "birth_date", "1990-03-04",
			"family_name", "Testaaja", "given_names", "Reijo")},
		{"same identity code, other given name", "national-code", person(register, "2", "hetu", "010190-900P", "family_name", "Esimerkki", "given_names", "Eino")},
		{"same learner number, other name", "oppijanumero", person(register, "2", "oppijanumero", "1.2.246.562.24.10000000003",
			"family_name", "Testaaja", "given_names", "Reijo")},
		{"same learner number, other birth date", "oppijanumero", person(register, "2", "oppijanumero", "1.2.246.562.24.10000000003",
			"birth_date", "1971-08-19", "family_name", "Esimerkki", "given_names", "Aino Maria")},
		{"same learner number, other identity code", "oppijanumero", person(register, "2", "oppijanumero", "1.2.246.562.24.10000000003",
			"hetu", "140385-901E", "family_name", "Esimerkki", "given_names", "Aino Maria")},
		{"same learner number, sign of the identity code differs", "oppijanumero", person(register, "2", "oppijanumero", "1.2.246.562.24.10000000003",
			"hetu", "010190Y900P", "birth_date", "1990-03-04", "family_name", "Esimerkki", "given_names", "Aino Maria", "email", "aino@mail.example")},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := resolved(t, among(t, victim, c.intruder))
			if same(t, res, victim, c.intruder) {
				t.Error("two people were merged")
			}
			if res.Stats.Conflicts[c.conflict] != 1 {
				t.Errorf("got conflicts %v, want one of the field %s", res.Stats.Conflicts, c.conflict)
			}
		})
	}
}

// A and B share the identity code, B and C the student number, and A's and C's identity codes contradict.
func TestThreat_T07_NoChainOverAThirdRecord(t *testing.T) {
	a := person(pegasos, "a", "hetu", "140385-901E", "family_name", "Testaaja", "given_names", "Veikko")
	b := person(peppi, "b", "hetu", "140385-901E", "student_number", "9900001", "family_name", "Testaaja", "given_names", "Veikko")
	c := person(register, "c", "hetu", "140385Y901E", "student_number", "9900001", "family_name", "Testaaja", "given_names", "Veikko")
	bare := person(peppi, "b", "student_number", "9900001", "family_name", "Testaaja", "given_names", "Veikko", "email", "v@mail.example")
	torn := resolved(t, among(t)).Stats.Conflicts["student-number"]
	res := resolved(t, among(t, a, b, c))
	if !same(t, res, a, b) || same(t, res, b, c) || res.Stats.Conflicts["student-number"] != torn+1 {
		t.Error("the student number bridged two identity codes")
	}
	// The bridge has no code itself: it may be one of them, and never both.
	res = resolved(t, among(t, a.with("email", "v@mail.example"), bare, c))
	if same(t, res, a, c) {
		t.Error("two identity codes in one subject")
	}
	// Three records with one learner number, two of which contradict: the third is nobody's.
	number := []string{"oppijanumero", "1.2.246.562.24.10000000003"}
	x, y := person(pegasos, "x", "birth_date", "1990-03-04", "family_name", "Koe", "given_names", "Aino").with(number...),
		person(register, "y", "birth_date", "1971-08-19", "family_name", "Testaaja", "given_names", "Aino").with(number...)
	z := person(peppi, "z", "given_names", "Aino").with(number...)
	res = resolved(t, among(t, x, y, z))
	if same(t, res, x, z) || same(t, res, y, z) || res.Stats.Conflicts["oppijanumero"] != 1 {
		t.Errorf("a number of two people gave a third record to one of them: %v", res.Stats.Conflicts)
	}
}

// A default value typed into an identifier field makes no person of many.
func TestThreat_T07_DefaultValuesLinkNobody(t *testing.T) {
	var rows []row
	for i := range 200 {
		rows = append(rows, person(crm, fmt.Sprintf("c%03d", i), "employee_number", "000000", "family_name", "Koe", "call_name", "Olli"))
	}
	people := resolved(t, among(t)).Stats.Subjects
	if res := resolved(t, among(t, rows...)); res.Stats.Subjects != people+200 {
		t.Errorf("%d rows make %d people", len(rows), res.Stats.Subjects-people)
	}
}

// A poisoned row merges two people; when it is gone and the merge undone, everything is as it was, bit by bit.
func TestThreat_T07_UndoRestoresWhatWas(t *testing.T) {
	a := person(peppi, "a", "birth_date", "1990-03-04", "family_name", "Esimerkki", "given_names", "Aino", "email", "a@mail.example")
	b := person(register, "b", "family_name", "Esimerkki", "given_names", "Aino", "phone", "+358400000001")
	poison := person(crm, "c", "family_name", "Esimerkki", "call_name", "Aino", "email", "a@mail.example", "phone", "+358400000001")
	e := among(t, a, b)
	resolved(t, e)
	members, retired := slices.Clone(e.Members()), e.Retired()

	e = reborn(e)
	add(e, poison)
	res := resolved(t, e)
	merges := events(res, resolve.Merged)
	if !same(t, res, a, b) || len(merges) != 1 || len(e.Retired()) != 1 {
		t.Fatalf("the poisoned row does not merge: events %v", res.Events)
	}
	e = reborn(e)
	e.Remove(crm, "c")
	for _, m := range merges {
		e.Undo(m)
	}
	res = resolved(t, e)
	if len(res.Events) != 0 {
		t.Errorf("undoing leaves events %v", res.Events)
	}
	if !reflect.DeepEqual(e.Members(), members) || !slices.Equal(e.Retired(), retired) {
		t.Error("undoing does not restore what was")
	}
}

// Who was found to be two people stays two, whatever the sources say.
func TestThreat_T07_PartedRecordsStayApart(t *testing.T) {
	a := person(peppi, "a", "hetu", "010190-900P", "family_name", "Esimerkki", "given_names", "Aino")
	b := person(register, "b", "hetu", "010190-900P", "family_name", "Esimerkki", "given_names", "Aino")
	c := person(crm, "c", "birth_date", "1990-03-04", "family_name", "Esimerkki", "call_name", "Aino")
	s := settings()
	s.Apart = []resolve.Pair{{A: b.record(), B: a.record()}, {A: a.record(), B: resolve.Key{System: "gone", PersonKey: "x"}}}
	e := resolve.New(s)
	add(e, a.with("birth_date", "1990-03-04"), b.with("birth_date", "1990-03-04"), c)
	res := resolved(t, e)
	if same(t, res, a, b) || res.Stats.Conflicts["national-code"] != 1 {
		t.Errorf("parted records were joined; conflicts %v", res.Stats.Conflicts)
	}
}

// What is written down of how records are linked holds nothing of who was erased, or is kept out.
func TestThreat_T13_LinksHoldNothingOfTheErased(t *testing.T) {
	secret := person(peppi, "k3y-of-canary", "hetu", "010190-900P", "family_name", "Kanarialintu", "given_names", "Zerafiina", "birth_date", "1990-03-04",
		"email", "zerafiina.kanarialintu@mail.example", "phone", "+358400000777", "place", "50100|Kanariakatu 7")
	canaries := []string{"k3y-of-canary", "010190900", "kanarialintu", "zerafiina", "+358400000777", "400000777", "kanariakatu"}
	held := func(e *resolve.Engine, kept func(string, resolve.Key) bool) (out []string) {
		var links bytes.Buffer
		if err := e.WriteLinks(&links, kept); err != nil {
			t.Fatal(err)
		}
		for _, c := range canaries {
			if bytes.Contains(bytes.ToLower(links.Bytes()), []byte(c)) {
				out = append(out, c)
			}
		}
		return out
	}
	everybody := func(string, resolve.Key) bool { return true }
	e := among(t, secret)
	id := subject(t, resolved(t, e), secret)
	if len(held(e, everybody)) < 4 {
		t.Fatal("the canaries are not where they are looked for")
	}
	if left := held(e, func(s string, _ resolve.Key) bool { return s != id }); len(left) > 0 {
		t.Errorf("of somebody who is kept out %d values are written down", len(left))
	}
	e = among(t, secret)
	e.Forget(subject(t, resolved(t, e), secret))
	if left := held(e, everybody); len(left) > 0 {
		t.Errorf("of somebody who was erased %d values are written down", len(left))
	}
}
