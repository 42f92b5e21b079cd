package resolve_test

import (
	"reflect"
	"slices"
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/policy"
	"uoma/transforms/resolve"
)

var (
	ainoPeppi = person(peppi, "a", "hetu", "010190-900P", "birth_date", "1990-03-04", "family_name", "Esimerkki", "given_names", "Aino Maria")
	ainoCRM   = person(crm, "c", "birth_date", "1990-03-04", "family_name", "Esimerkki", "call_name", "Aino", "email", "aino@mail.example|info@mail.example", "phone", "+358400000001")
	olliPeppi = person(peppi, "o", "hetu", "070701A912U", "family_name", "Koe", "given_names", "Olli")
)

func TestEventsOfNights(t *testing.T) {
	e := among(t, ainoPeppi, olliPeppi)
	res := resolved(t, e)
	aino := subject(t, res, ainoPeppi)
	if len(events(res, resolve.Created)) != 2 || len(res.Events) != 2 {
		t.Fatalf("got %v, want two people created", res.Events)
	}

	e = reborn(e)
	add(e, ainoCRM)
	res = resolved(t, e)
	if len(res.Events) != 0 || subject(t, res, ainoCRM) != aino {
		t.Fatalf("a record that joins somebody is no event: got %v", res.Events)
	}

	e = reborn(e) // the CRM corrects the birth date: it was somebody else
	add(e, ainoCRM.with("birth_date", "1972-05-03"))
	res = resolved(t, e)
	splits := events(res, resolve.Split)
	if same(t, res, ainoPeppi, ainoCRM) || len(res.Events) != 1 || len(splits) != 1 || splits[0].Other != aino || len(splits[0].Records) != 1 {
		t.Fatalf("got %v, want a split", res.Events)
	}

	e = reborn(e) // and it was her after all
	add(e, ainoCRM)
	res = resolved(t, e)
	if len(events(res, resolve.Merged)) != 1 || len(e.Retired()) != 1 || slices.Contains(e.Retired(), subject(t, res, ainoCRM)) {
		t.Fatalf("got %v, want a merge and one id retired", res.Events)
	}

	e = reborn(e)
	e.Remove(peppi, "o")
	res = resolved(t, e)
	if gone := events(res, resolve.Vanished); len(gone) != 1 || gone[0].Subject == "" {
		t.Fatalf("got %v, want one person vanished", res.Events)
	}
	if _, ok := res.Subject("peppi", "o"); ok {
		t.Error("a record without rows has a subject")
	}
}

func TestWhoComesBackHasTheOldID(t *testing.T) {
	e := engine(ainoPeppi, olliPeppi)
	id := subject(t, resolved(t, e), olliPeppi)
	e = reborn(e)
	e.Remove(peppi, "o")
	resolved(t, e)
	e = reborn(e)
	add(e, olliPeppi.with("family_name", "Koetus"))
	if back := subject(t, resolved(t, e), olliPeppi); back != id {
		t.Error("somebody came back under another id")
	}

	e.Forget(id)
	e = reborn(e)
	if len(e.Members()) != 1 || !slices.Equal(e.Retired(), []string{id}) {
		t.Error("who was erased is remembered")
	}
	add(e, olliPeppi)
	if subject(t, resolved(t, e), olliPeppi) == id {
		t.Error("an erased id came back")
	}
}

// A new source row of a record takes the place of the old one: the person has a new study right, and stays who they are.
func TestARowInThePlaceOfAnother(t *testing.T) {
	e := among(t, ainoPeppi.with("row", "right1"), ainoCRM)
	id := subject(t, resolved(t, e), ainoPeppi)
	e = reborn(e)
	e.Remove(peppi, "right1")
	e.Remove(crm, "c")
	add(e, ainoPeppi.with("row", "right2"))
	res := resolved(t, e)
	if subject(t, res, ainoPeppi) != id || len(res.Events) != 0 {
		t.Errorf("got events %v", res.Events)
	}

	// A row key that another person has got takes nobody's id along.
	e = reborn(e)
	moved := person(peppi, "somebody else", "row", "right2", "family_name", "Koe", "given_names", "Olli")
	add(e, moved)
	res = resolved(t, e)
	if subject(t, res, moved) == id || len(events(res, resolve.Vanished)) != 1 {
		t.Errorf("got events %v", res.Events)
	}
}

func TestRemovedAddedAndRemovedAgain(t *testing.T) {
	e := engine(ainoPeppi)
	id := subject(t, resolved(t, e), ainoPeppi)
	for range 3 {
		e.Remove(peppi, "a")
		add(e, ainoPeppi.with("email", "aino@mail.example"))
	}
	res := resolved(t, e)
	if subject(t, res, ainoPeppi) != id || len(e.Members()) != 1 {
		t.Error("a row that was removed and added is another one")
	}
	e.Remove(peppi, "a")
	if res = resolved(t, e); len(res.Records) != 0 || len(e.Members()) != 0 {
		t.Error("a removed row is still there")
	}
}

// What is remembered of a row gives way to what is added.
func TestAddReplacesARow(t *testing.T) {
	e := reborn(engine(ainoCRM.with("place", "50100|Mallikatu 1")))
	add(e, ainoCRM.with("email", "other@mail.example", "phone", ""))
	m := e.Members()
	if len(m) != 1 || !reflect.DeepEqual(m[0].Emails, []string{"other@mail.example"}) || len(m[0].Phones) != 0 || m[0].Place != "" {
		t.Error("facts of the old row are left")
	}
}

func TestIdentitiesAndPoints(t *testing.T) {
	e := engine(ainoPeppi.with("student_number", "9900001"), ainoCRM, olliPeppi)
	res := resolved(t, e)
	at := slices.IndexFunc(res.Records, func(r resolve.Record) bool { return r.PersonKey == "a" })
	born, _ := canon.NewDate(1990, 3, 4)
	want := []policy.Identity{{Hetu: "010190-900P", Institution: "10118", StudentNumber: "9900001", System: "peppi", SourceKey: "a",
		FamilyName: "esimerkki", GivenNames: "aino maria", BirthDate: born, HasBirthDate: true}}
	if got := res.Identities(at); !reflect.DeepEqual(got, want) {
		t.Error("the identity is not that of the row")
	}
	id := subject(t, res, ainoCRM)
	points := res.Points(map[string]bool{"dynamics365": true})
	if !reflect.DeepEqual(points, []resolve.Point{{System: "dynamics365", PersonKey: "@email:aino@mail.example", Subject: id},
		{System: "dynamics365", PersonKey: "@phone:+358400000001", Subject: id}}) {
		t.Errorf("got %d points", len(points))
	}
}

// Rows that were remembered in another order, or twice, do no harm.
func TestRestoreTakesRowsInAnyOrder(t *testing.T) {
	e := engine(ainoPeppi, olliPeppi, ainoCRM)
	want := resolved(t, e)
	members := slices.Clone(e.Members())
	slices.Reverse(members)
	again := resolve.New(settings())
	again.Restore(members[:2], nil)
	again.Restore(members[1:], nil)
	if got := resolved(t, again); !reflect.DeepEqual(got.Stats, want.Stats) || len(got.Events) != 0 {
		t.Errorf("got %+v", got.Stats)
	}
	if !reflect.DeepEqual(again.Members(), e.Members()) {
		t.Error("the rows are not remembered in order")
	}
}

// TestStudentNumberInForce ends one of two rights to study, which makes two people one; what is told of a row comes in any order.
func TestStudentNumberInForce(t *testing.T) {
	old := person(peppi, "9900001", "birth_date", "1990-03-04", "family_name", "Esimerkki", "given_names", "Aino Maria", "call_name", "Aino",
		"email", "aino.esimerkki@mail.example", "institution_code", "10118", "student_number", "9900001", "state", "1")
	latest := old.as("9900002").with("student_number", "9900002")
	e := engine()
	for _, b := range slices.Backward(batches(old, latest)) {
		e.Add(b)
	}
	if same(t, resolved(t, e), old, latest) {
		t.Fatal("two student numbers in force are one person's")
	}
	e = reborn(e)
	if same(t, resolved(t, e), old, latest) {
		t.Fatal("it was forgotten overnight that student numbers are in force")
	}
	e = reborn(e)
	add(e, old.with("state", "3"))
	if !same(t, resolved(t, e), old, latest) {
		t.Fatal("a student number that is no more in force keeps one person's records apart")
	}
}
