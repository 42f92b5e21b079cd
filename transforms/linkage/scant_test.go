package linkage

import (
	"fmt"
	"testing"
)

// only leaves nothing but the record's id and the named columns.
func only(fields []Field, names ...string) []Field {
	var rest []string
	for _, f := range fields[1:] {
		rest = append(rest, f.Name)
	}
	out := without(fields, rest...)
	for i := range out {
		for _, n := range names {
			if out[i].Name == n {
				out[i].Kind = fields[i].Kind
			}
		}
	}
	return out
}

// Files that tell one thing of people link those who have it in common, if it is somebody's own.
func TestOneThingIsEnoughToLink(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	for _, c := range []struct {
		columns           []string
		precision, recall float64
	}{
		{[]string{"given_names", "family_name"}, 0.98, 0.6},
		{[]string{"given_names", "family_name", "city"}, 0.98, 0.6},
		{[]string{"given_names", "family_name", "sex"}, 0.98, 0.6},
		{[]string{"hetu"}, 0.99, 0.05},
		{[]string{"email"}, 0.75, 0.3},
		{[]string{"phone"}, 0.75, 0.3},
	} {
		table := tableOf(only(campusFields(), c.columns...), p.rows, 0)
		res := link(t, table, Defaults())
		precision, recall := accuracy(table, res, p.truth)
		if !(precision >= c.precision) || recall < c.recall {
			t.Errorf("%v: precision %.4f, recall %.4f", c.columns, precision, recall)
		}
	}
}

// What many share by nature is nobody's own: it alone links nobody. Among few people a birth date and a town are somebody's.
func TestBirthDatesAndAddressesAloneLinkNobody(t *testing.T) {
	p := campusRecords(t, campusOf{6000, 3, 0.7})
	for _, columns := range [][]string{{"birth_date"}, {"street", "postcode", "city"}, {"birth_date", "city"}, {"sex"}} {
		if res := link(t, tableOf(only(campusFields(), columns...), p.rows, 0), Defaults()); res.Quality.Unlinkable < 1 {
			t.Errorf("%v: %v unlinkable", columns, res.Quality.Unlinkable)
		}
	}
}

// Rare names of a register that has nobody twice are not taken for persons.
func TestNamesOfDifferentPeopleLinkNearlyNobody(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	var rows cells
	seen := map[string]bool{}
	for _, row := range p.rows {
		if who := p.truth[row[0]]; !seen[who] {
			seen[who] = true
			rows = append(rows, row)
		}
	}
	table := tableOf(only(campusFields(), "given_names", "family_name"), rows, 0)
	if n := len(groups(table, link(t, table, Defaults()))); n*100 > len(rows) {
		t.Errorf("%d of %d people are linked with another", n, len(rows))
	}
}

// Records that say all the same are one person's, although there are no strangers to compare them with.
func TestNothingButEqualRowsAreOnePerson(t *testing.T) {
	for _, n := range []int{2, 10, 50, 500} {
		var rows cells
		for i := range n {
			rows = append(rows, []string{fmt.Sprint(i), "Anna", "Specimen", "1990-01-02", "Turku", "anna@specimen.example"})
		}
		if got := groups(tableOf(few(), rows, 0), link(t, tableOf(few(), rows, 0), Defaults())); len(got) != 1 || len(got[0]) != n {
			t.Errorf("%d equal rows are %d people", n, len(got))
		}
	}
}
