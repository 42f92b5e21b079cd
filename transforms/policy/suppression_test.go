package policy

import (
	"slices"
	"testing"
)

var aino = Identity{
	Hetu: "010190-900P", Oppijanumero: "1.2.246.562.24.10000000003", Institution: "10118", StudentNumber: "2100001",
	System: "peppi", SourceKey: "12345", FamilyName: "Esimerkki", GivenNames: "Aino Maria", BirthDate: 7305, HasBirthDate: true,
}

func TestSuppressionKeys(t *testing.T) {
	p := xamk(t)
	want := []string{"hetu|010190-900P", "oppijanumero|1.2.246.562.24.10000000003", "student_number|10118|2100001",
		"source_key|peppi|12345", "name_birth_date|esimerkki|aino maria|1990-01-01"}
	if got := p.SuppressionKeys(aino); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := p.SuppressionKeys(Identity{StudentNumber: "2100001", FamilyName: "Esimerkki", GivenNames: "Aino"}); got != nil {
		t.Errorf("marks out of parts: %q", got)
	}
}

// TestThreat_T25_OtherSpellingsAreKnownAgain takes spellings of one person from two exports.
func TestThreat_T25_OtherSpellingsAreKnownAgain(t *testing.T) {
	p := xamk(t)
	a := p.SuppressionKeys(Identity{Hetu: "290296-977L", FamilyName: "Näyte-Öhman", GivenNames: "Åsa", BirthDate: 9555, HasBirthDate: true})
	b := p.SuppressionKeys(Identity{Hetu: " 290296-977l", FamilyName: "NA\u0308YTE O\u0308HMAN ", GivenNames: "A\u030Asa", BirthDate: 9555, HasBirthDate: true})
	if !slices.Equal(a, b) || len(a) != 2 {
		t.Errorf("%q and %q", a, b)
	}
	c := p.SuppressionKeys(Identity{FamilyName: "Nayte-Ohman", GivenNames: "Åsa", BirthDate: 9555, HasBirthDate: true})
	if slices.Contains(a, c[0]) {
		t.Error("letters lost their marks: another name became the same")
	}
	x, y := Identity{Institution: "1|2", StudentNumber: "3"}, Identity{Institution: "1", StudentNumber: "2|3"}
	if p.SuppressionKeys(x)[0] == p.SuppressionKeys(y)[0] {
		t.Error("two people's parts run together")
	}
}
