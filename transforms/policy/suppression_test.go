package policy

import (
	"slices"
	"testing"
)

var aino = Identity{
	Hetu: "010190-900P", Oppijanumero: "1.2.246.562.24.10000000003", Institution: "10118", StudentNumber: "2100001",
	System: "peppi", SourceKey: "12345", FamilyName: "Esimerkki", GivenNames: "Aino Maria", BirthDate: 7305, HasBirthDate: true,
}

func TestMarksOfThePack(t *testing.T) {
	p := xamk(t)
	want := []string{"hetu|010190-900P", "oppijanumero|1.2.246.562.24.10000000003", "student_number|10118|2100001",
		"source_key|peppi|12345", "name_birth_date|esimerkki|aino maria|1990-01-01"}
	if got := p.Suppression.Kept(aino); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := p.Suppression.Kept(Identity{StudentNumber: "2100001", FamilyName: "Esimerkki", GivenNames: "Aino"}); got != nil {
		t.Errorf("marks out of parts: %q", got)
	}
}

// TestThreat_T25_AUserNameIsGivenToSomebodyElse: a user name tells that somebody was erased unless the birth date, or where one
// side has none the names, contradict it.
func TestThreat_T25_AUserNameIsGivenToSomebodyElse(t *testing.T) {
	const name = "maija.malli@xamk.example"
	whole := Identity{EPPN: name, FamilyName: "Malli", GivenNames: "Maija Liisa", BirthDate: 7305, HasBirthDate: true}
	named := Identity{EPPN: name, FamilyName: "Malli", GivenNames: "Maija Liisa"}
	dated := Identity{EPPN: name, BirthDate: 7305, HasBirthDate: true}
	alone := Identity{EPPN: name}
	married := Identity{EPPN: name, FamilyName: "Esimerkki", GivenNames: "Maija", BirthDate: 7305, HasBirthDate: true}
	called := Identity{EPPN: name, FamilyName: "Esimerkki", GivenNames: "Liisa"}
	namesake := Identity{EPPN: name, FamilyName: "Malli", GivenNames: "Maija Liisa", BirthDate: 9555, HasBirthDate: true}
	younger := Identity{EPPN: name, BirthDate: 9555, HasBirthDate: true}
	stranger := Identity{EPPN: name, FamilyName: "Muu", GivenNames: "Mikko"}
	elsewhere := Identity{EPPN: "maija.malli@seamk.example", FamilyName: "Malli", GivenNames: "Maija Liisa", BirthDate: 7305, HasBirthDate: true}
	pack := Suppression{}
	for _, tt := range []struct {
		erased     Identity
		known, not []Identity
	}{
		{whole, []Identity{whole, named, dated, alone, married, called}, []Identity{namesake, younger, stranger, elsewhere}},
		{named, []Identity{whole, named, dated, alone, married, called, namesake, younger}, []Identity{stranger, elsewhere}},
		{dated, []Identity{whole, named, dated, alone, married, called, stranger}, []Identity{namesake, younger, elsewhere}},
		{alone, []Identity{whole, named, dated, alone, married, called, namesake, younger, stranger}, []Identity{elsewhere}},
	} {
		meets := func(id Identity) bool {
			return slices.ContainsFunc(Borne(id), func(m string) bool { return slices.Contains(pack.Kept(tt.erased), m) })
		}
		for _, id := range tt.known {
			if !meets(id) {
				t.Errorf("%+v is not known again in %+v", tt.erased, id)
			}
		}
		for _, id := range tt.not {
			if meets(id) {
				t.Errorf("%+v is taken for %+v", id, tt.erased)
			}
		}
	}
}

// TestThreat_T25_OtherSpellingsAreKnownAgain takes spellings of one person from two exports.
func TestThreat_T25_OtherSpellingsAreKnownAgain(t *testing.T) {
	p := xamk(t)
	a := p.Suppression.Kept(Identity{Hetu: "290296-977L", FamilyName: "Näyte-Öhman", GivenNames: "Åsa", BirthDate: 9555, HasBirthDate: true})
	b := p.Suppression.Kept(Identity{Hetu: " 290296-977l", FamilyName: "NA\u0308YTE O\u0308HMAN ", GivenNames: "A\u030Asa", BirthDate: 9555, HasBirthDate: true})
	if !slices.Equal(a, b) || len(a) != 2 {
		t.Errorf("%q and %q", a, b)
	}
	c := p.Suppression.Kept(Identity{FamilyName: "Nayte-Ohman", GivenNames: "Åsa", BirthDate: 9555, HasBirthDate: true})
	if slices.Contains(a, c[0]) {
		t.Error("letters lost their marks: another name became the same")
	}
	x, y := Identity{Institution: "1|2", StudentNumber: "3"}, Identity{Institution: "1", StudentNumber: "2|3"}
	if p.Suppression.Kept(x)[0] == p.Suppression.Kept(y)[0] {
		t.Error("two people's parts run together")
	}
}
