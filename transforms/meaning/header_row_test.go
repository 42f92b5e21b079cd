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
