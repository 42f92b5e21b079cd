package linkage

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// few are columns of small tables.
func few() []Field {
	return []Field{{"id", RecordID, false}, {"given", GivenNames, false}, {"family", FamilyName, false}, {"born", BirthDate, false},
		{"city", City, false}, {"mail", Email, false}}
}

func TestTinyTables(t *testing.T) {
	rows := cells{}
	for i := range 10 {
		rows = append(rows, []string{fmt.Sprint(i), "Anna", "Specimen" + strings.Repeat("x", i), "1990-01-02", "Turku", ""})
	}
	for _, n := range []int{0, 1, 2, 10} {
		res := link(t, tableOf(few(), rows[:n], 0), Defaults())
		if len(res.Cluster) != n {
			t.Errorf("%d records, %d in clusters", n, len(res.Cluster))
		}
	}
	ignored := few()
	for i := range ignored {
		ignored[i].Kind = Ignored
	}
	link(t, tableOf(ignored, rows, 0), Defaults())
	link(t, tableOf(nil, cells{{}, {}}, 0), Defaults())
	for kind := Ignored; kind < Kinds; kind++ { // each alone
		link(t, tableOf([]Field{{"x", kind, false}}, cells{{"a"}, {"a"}, {"b"}, {""}}, 0), Defaults())
	}
}

func TestNothingSaidLinksNobody(t *testing.T) {
	rows := cells{}
	for i := range 5000 {
		rows = append(rows, []string{fmt.Sprint(i), "", "", "", "", ""})
	}
	func() {
		if res := link(t, tableOf(few(), rows, 0), Defaults()); len(res.Pairs) > 0 || res.Quality.Unlinkable != 1 {
			t.Errorf("%d pairs of records that say nothing, %v unlinkable", len(res.Pairs), res.Quality.Unlinkable)
		}
	}()
}

func TestManyColumnsOfTheirOwn(t *testing.T) {
	fields, rows := few(), cells{{"1", "Anna", "Specimen", "1990-01-02", "Turku", ""}, {"2", "Anna", "Specimen", "1990-01-02", "Turku", ""}}
	for i := range 60 {
		fields = append(fields, Field{fmt.Sprint("text", i), Text, false}, Field{fmt.Sprint("number", i), Identifier, false})
		for r := range rows {
			rows[r] = append(rows[r], fmt.Sprint("value ", i), fmt.Sprint(1000+i))
		}
	}
	link(t, tableOf(fields, rows, 0), Defaults())
}

// withCampus puts rows among those of a campus, as a model needs people to learn from. Columns: see campusFields.
func withCampus(t *testing.T, rows cells) (*Table, *Result) {
	t.Helper()
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	table := tableOf(campusFields(), slices.Concat(p.rows, rows), 0)
	return table, link(t, table, Defaults())
}

func TestEqualRowsAreOnePerson(t *testing.T) {
	var rows cells
	for i := range 500 {
		rows = append(rows, []string{fmt.Sprint("same", i), "peppi", "Iiris Matilda", "Iiris", "Lumikumpu", "", "1988-03-04", "f", "Kivikuja 3", "20100", "Turku",
			"+358400009999", "iiris.lumikumpu@mail.example", "", "", "", ""})
	}
	func() {
		table, res := withCampus(t, rows)
		roots := map[int32]int{}
		for i := range rows {
			rec, _ := table.Find(rows[i][0])
			roots[res.Cluster[rec]]++
		}
		if len(roots) != 1 {
			t.Errorf("500 equal rows are %d people", len(roots))
		}
	}()
}

func TestManyOfOneName(t *testing.T) {
	var rows cells
	for i := range 5000 {
		rows = append(rows, []string{fmt.Sprint("name", i), "peppi", "Matti", "Matti", "Virtanen", "", fmt.Sprintf("%d-%02d-%02d", 1930+i%70, 1+i/70%12, 1+i/840%28), "m",
			fmt.Sprintf("Tie%c%c %d", 'a'+i%26, 'a'+i/26%26, i%90), "20100", "Turku", "", "", "", "", "", ""})
	}
	func() {
		table, res := withCampus(t, rows)
		if res.Compared > int64(table.Len())*200 {
			t.Errorf("%d pairs of %d records compared", res.Compared, table.Len())
		}
		joined := 0
		for i := range rows {
			if rec, _ := table.Find(rows[i][0]); res.Cluster[rec] != rec {
				joined++
			}
		}
		if joined > 50 {
			t.Errorf("%d of 5000 people of one name are linked with another", joined)
		}
	}()
}

func TestLargeBlocksAreSplitAndTold(t *testing.T) {
	var rows cells
	for i := range 3000 {
		rows = append(rows, []string{fmt.Sprint(i), "Anna", "Specimen", "", fmt.Sprint("Town", i%2), ""})
	}
	table := tableOf(few(), rows, 0)
	o := Defaults()
	o.Passes = [][]string{{"names"}}
	res := link(t, table, o)
	r := res.Passes[0]
	if r.Split == 0 || r.Windows == 0 || r.Left == 0 {
		t.Fatalf("%+v", r)
	}
	if all := int64(3000 * 2999 / 2); r.Left+res.Compared != all {
		t.Errorf("%d pairs compared and %d left are not all %d", res.Compared, r.Left, all)
	}
	b := table.block(&pass{parts: []int{table.part("names")}})
	seen := map[int32]bool{}
	for i := range b.len() {
		for _, rec := range b.at(i) {
			seen[rec] = true
		}
	}
	if len(seen) != len(rows) {
		t.Errorf("%d of %d records are in a block", len(seen), len(rows))
	}
}

func TestMustHoldsForManyRecords(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	o := Defaults()
	for i := range int32(150) {
		o.Links.Must = append(o.Links.Must, [2]int32{i, i + 1})
	}
	res := link(t, table, o)
	for i := range int32(150) {
		if res.Cluster[i] != res.Cluster[i+1] {
			t.Fatal("records that must be one person's are not")
		}
	}
}
