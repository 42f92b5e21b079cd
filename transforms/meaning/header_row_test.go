package meaning_test

import (
	"testing"

	"uoma/transforms/meaning"
)

func TestAPersonsNameNamesNoColumn(t *testing.T) {
	people := []string{"Veikko", "", "Olli", "Tyyne"}
	for name, c := range map[string]struct {
		header string
		values []string
		want   bool
	}{
		"one of the values":         {"Aino", people, true},
		"with a family name":        {"Esimerkki, Anna-Liisa", []string{"Testaaja, Veikko", "Koe, Olli"}, true},
		"a name of a column":        {"etunimi", people, false},
		"a word that is a name too": {"Mark", []string{"72", "65", "Olli's"}, false},
		"no values":                 {"Aino", nil, false},
		"other values":              {"Grace", []string{"30 days", "14 days", "Olli", "none", "7 days"}, false},
	} {
		if got := meaning.IsValue(c.header, c.values); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestARowThatNamesNothingKnownAbovePeopleIsOneOfThem(t *testing.T) {
	people := [][]string{{"Veikko Testaaja", "a"}, {"Olli Koe", "b"}, {"", "c"}, {"Tuuletar Esimerkki", "d"}}
	nobody := func(string) bool { return false }
	for name, c := range map[string]struct {
		first []string
		below [][]string
		known func(string) bool
		want  bool
	}{
		"a name on no list":             {[]string{"Tuuletar Esimerkki", "b"}, people, nobody, true},
		"beside a known name":           {[]string{"Tuuletar Esimerkki", "xyz"}, people, func(s string) bool { return s == "xyz" }, false},
		"beside a word for one":         {[]string{"Tuuletar", "sukunimi"}, people, nobody, false},
		"of columns that are no people": {[]string{"xyz", "zyx"}, [][]string{{"1", "a"}, {"2", "b"}}, nobody, false},
		"a few names":                   {[]string{"xyz"}, [][]string{{"Veikko"}, {"b"}, {"c"}}, nobody, false},
		"a common name":                 {[]string{"Aino", "sukunimi"}, people, nobody, true},
		"streets":                       {[]string{"xyz"}, [][]string{{"Mallikatu 6"}, {"Testipolku 3"}}, nobody, true},
		"mail addresses":                {[]string{"xyz"}, [][]string{{"a@posti.example"}, {"b@posti.example"}}, nobody, true},
		"nothing below":                 {[]string{"Tuuletar"}, nil, nobody, false},
	} {
		if got := meaning.IsData(c.first, c.below, c.known); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
