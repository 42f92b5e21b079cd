package extract

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestOriginsNameWhoSaysTheValue: a value leads to the source rows that say it, of systems that may fill its column; what the degree
// says, to the degree's row or that of its study right; the year's name of what no row says, to none.
func TestOriginsNameWhoSaysTheValue(t *testing.T) {
	p := aino()
	p.Degrees[0].RightKey = "r1"
	p.Records = append(p.Records, Record{System: "peppi", ID: "p1", Key: "k0", FamilyName: "Esimerkki", StudentNumber: "other"})
	x := Make([]Person{p}, terms)
	var got []string
	for _, o := range x.Origins(0) {
		got = append(got, fmt.Sprintf("%s %s %s", o.Column, o.Table, strings.Join(o.Keys, "+")))
	}
	want := []string{"oppilaitoskoodi degree g1", "opiskelijatunnus person k1", "oppijanumero person k1", "sukunimi person k0+k1+k2",
		"etunimet person k1", "syntymaaika person k1", "sahkoposti1 email k2", "sahkoposti2 email k2", "puhelin1 phone k2",
		"asiointikieli person k2", "valmistumispaiva degree g1", "valmistumisvuosi degree g1", "tutkinto_koulutuskoodi degree g1",
		"tutkintonimi degree g1", "tutkinnon_taso study r1", "koulutusalakoodi study r1", "opiskelupaikkakunta_koodi study r1",
		"laajuus degree g1", "arvosana degree g1", "asteikko degree g1"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if columns := x.Rows[0].Columns(); len(columns) != len(want) || columns[0] != "oppilaitoskoodi" {
		t.Errorf("columns with a value: %v", columns)
	}
	present := 0
	for _, c := range x.Filled() {
		present += int(c.Present)
	}
	if present != len(want) {
		t.Errorf("%d values are present, want %d", present, len(want))
	}
	if TableOf("laajuus") != "degree" || TableOf("sahkoposti2") != "email" || TableOf("kengannumero") != "" {
		t.Error("a column is made from another table")
	}
}

// TestSilentLanguageHasNoOrigin: where nobody gives a language the program does, and says that no row did.
func TestSilentLanguageHasNoOrigin(t *testing.T) {
	p := aino()
	for i := range p.Records {
		p.Records[i].Language = ""
	}
	x := Make([]Person{p}, terms)
	for _, o := range x.Origins(0) {
		if o.Column == "asiointikieli" && len(o.Keys) > 0 {
			t.Errorf("somebody gave it: %v", o.Keys)
		}
	}
}
