package linkage

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
)

func TestSameOutcomeForAnyOrderBatchesAndProcessors(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	fields := campusFields()
	first := tableOf(fields, p.rows, 0)
	want := written(first, link(t, first, Defaults()))
	for i, x := range []struct{ processors, batch int }{{1, 1}, {1, 4096}, {2, 7}, {2, 1000}} {
		t.Run(fmt.Sprint(x), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(x.processors))
			table := tableOf(fields, shuffled(p.rows, uint64(i)), x.batch)
			if got := written(table, link(t, table, Defaults())); got != want {
				t.Fatal("another outcome")
			}
		})
	}
}

func TestIdsDecideNothing(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	fields := campusFields()
	first := tableOf(fields, p.rows, 0)
	want := groups(first, link(t, first, Defaults()))
	for seed := range uint64(3) {
		rows := make(cells, len(p.rows))
		numbers := shuffled(p.rows, seed)
		for i, r := range p.rows {
			rows[i] = append([]string{"r" + numbers[i][0]}, r[1:]...)
		}
		table := tableOf(fields, rows, 0)
		if got := groups(table, link(t, table, Defaults())); !slices.EqualFunc(got, want, slices.Equal[[]int32]) {
			t.Fatal("other clusters under other ids")
		}
	}
}

func TestAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as many records as shares of a thousandth need: the run without the race detector has them")
	}
	for _, x := range []struct {
		identifiers, precision, recall float64
	}{{0.7, 0.998, 0.92}, {0, 0.995, 0.85}} {
		t.Run(fmt.Sprint(x.identifiers), func(t *testing.T) {
			p := campusRecords(t, campusOf{20_000, 5, x.identifiers})
			table := tableOf(campusFields(), p.rows, 4096)
			res := link(t, table, Defaults())
			precision, recall := accuracy(table, res, p.truth)
			t.Logf("precision %.4f recall %.4f, estimated %.4f and %.4f", precision, recall, res.Quality.Precision, res.Quality.Recall)
			if precision < x.precision || recall < x.recall {
				t.Errorf("precision %.4f, recall %.4f; at least %.4f and %.4f", precision, recall, x.precision, x.recall)
			}
		})
	}
}

func TestLinksHoldAndChangeNothingElse(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	free := link(t, table, Defaults())
	var linked, apart [][2]int32
	for _, pair := range free.Pairs {
		switch same := free.Cluster[pair.A] == free.Cluster[pair.B]; {
		case same && len(linked) < 20:
			linked = append(linked, [2]int32{pair.B, pair.A}) // in either order
		case !same && len(apart) < 10:
			apart = append(apart, [2]int32{pair.A, pair.B})
		}
	}
	var alone []int32
	for i, c := range free.Cluster {
		if int(c) == i && len(alone) < 20 && !slices.Contains(free.Cluster[i+1:], c) {
			alone = append(alone, c)
		}
	}
	for i := 0; i+1 < len(alone); i += 2 {
		apart = append(apart, [2]int32{alone[i], alone[i+1]})
	}
	o := Defaults()
	o.Model = free.Model
	o.Links = Links{Must: apart, Cannot: linked}
	res := link(t, table, o)
	touched := map[int32]bool{}
	for _, x := range apart {
		if res.Cluster[x[0]] != res.Cluster[x[1]] {
			t.Error("two records that must be one person's are not")
		}
		touched[free.Cluster[x[0]]], touched[free.Cluster[x[1]]] = true, true
	}
	for _, x := range linked {
		if res.Cluster[x[0]] == res.Cluster[x[1]] {
			t.Error("two records that cannot be one person's are")
		}
		touched[free.Cluster[x[0]]] = true
	}
	for _, pair := range free.Pairs { // what hangs together with something touched may change
		if touched[free.Cluster[pair.A]] || touched[free.Cluster[pair.B]] {
			touched[free.Cluster[pair.A]], touched[free.Cluster[pair.B]] = true, true
		}
	}
	for i, c := range free.Cluster {
		if !touched[c] && (res.Cluster[i] != c || res.Confidence[i] != free.Confidence[i]) {
			t.Fatal("a cluster changed that no decision touches")
		}
	}
}

func TestCleanSourcesAndUniqueIdentifiers(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	fields := campusFields()
	fields[14].Unique = true
	table := tableOf(fields, p.rows, 0)
	o := Defaults()
	o.Clean = []string{"dynamics365"}
	res := link(t, table, o)
	byID := map[string]int{}
	for i, r := range p.rows {
		byID[r[0]] = i
	}
	seen := map[string]string{}
	free := link(t, table, Defaults())
	twice, freely := 0, map[string]bool{}
	for i, c := range res.Cluster {
		row := p.rows[byID[table.Label(int32(i))]]
		if row[1] == "dynamics365" {
			if freely[fmt.Sprint(free.Cluster[i])] {
				twice++
			}
			freely[fmt.Sprint(free.Cluster[i])] = true
			if seen[fmt.Sprint("source ", c)] != "" {
				t.Fatal("a clean source has somebody twice")
			}
			seen[fmt.Sprint("source ", c)] = row[0]
		}
	}
	if twice == 0 {
		t.Error("the source would have had nobody twice anyway")
	}
	for _, pair := range res.Pairs {
		a, b := p.rows[byID[table.Label(pair.A)]], p.rows[byID[table.Label(pair.B)]]
		if res.Cluster[pair.A] == res.Cluster[pair.B] && a[14] != "" && b[14] != "" && a[14] != b[14] {
			e := table.Explain(res.Model, pair.A, pair.B)
			i := slices.IndexFunc(e.Evidence, func(e Evidence) bool { return e.Feature == "oppijanumero" })
			if e.Evidence[i].Level == "different" {
				t.Fatal("a person has two numbers of which nobody has two")
			}
		}
	}
}

func TestModelRoundTrip(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	res := link(t, table, Defaults())
	raw, err := json.Marshal(res.Model)
	if err != nil {
		t.Fatal(err)
	}
	var m Model
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	o := Defaults()
	o.Model = &m
	for i := range res.Passes { // a model that is given expects nothing of them
		r := &res.Passes[i]
		r.Estimated, r.Expected, r.Alone = false, 0, 0
	}
	if again := link(t, table, o); written(table, again) != written(table, res) {
		t.Error("another outcome by the model that was read back")
	}
}

func TestModelOfOtherColumnsIsRefused(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	fields := campusFields()
	o := Defaults()
	o.Model = link(t, tableOf(fields, p.rows, 0), o).Model
	renamed := slices.Clone(fields)
	renamed[14].Name = "learner"
	text := slices.Clone(fields)
	text[14].Kind = Text
	for name, fields := range map[string][]Field{
		"another identifier": renamed, "another kind": text, "one less": without(fields, "oppijanumero"), "no sources": without(fields, "source"),
	} {
		if _, err := tableOf(fields, p.rows[:100], 0).Link(o); err == nil {
			t.Error(name, "is taken")
		}
	}
	old := *o.Model
	old.Version++
	o.Model = &old
	if _, err := tableOf(fields, p.rows[:100], 0).Link(o); err == nil {
		t.Error("a model of another version is taken")
	}
	o = Defaults()
	o.Passes = [][]string{{"shoe size"}}
	if _, err := tableOf(fields, p.rows[:100], 0).Link(o); err == nil {
		t.Error("a pass of what is not there is taken")
	}
}

func TestExplanationsAddUp(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	res := link(t, table, Defaults())
	for _, pair := range res.Pairs[:min(2000, len(res.Pairs))] {
		e := table.Explain(res.Model, pair.A, pair.B)
		sum := e.Prior + e.Alike
		for _, x := range e.Evidence {
			if sum += x.Bits; x.Level == "" && x.Bits != 0 {
				t.Fatalf("%s says %v bits and is not there", x.Feature, x.Bits)
			}
		}
		if math.Abs(sum-e.Weight) > 1e-6 || math.Abs(e.Weight-float64(pair.Weight)) > 1e-4 || e.Alike > 0 {
			t.Fatalf("parts %v, weight %v, pair %v, alike %v", sum, e.Weight, pair.Weight, e.Alike)
		}
		if back := table.Explain(res.Model, pair.B, pair.A); math.Abs(back.Weight-e.Weight) > 1e-9 {
			t.Fatalf("weight %v one way, %v the other", e.Weight, back.Weight)
		}
	}
}
