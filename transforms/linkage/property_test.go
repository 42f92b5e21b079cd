package linkage

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// anyTable draws a small table of records that are often alike.
func anyTable(t *rapid.T) ([]Field, cells) {
	fields := []Field{{"id", RecordID, false}}
	n := rapid.IntRange(1, 8).Draw(t, "columns")
	for i := range n {
		fields = append(fields, Field{fmt.Sprint("c", i), Kind(rapid.IntRange(0, int(Kinds)-1).Draw(t, "kind")), rapid.Bool().Draw(t, "unique")})
		if fields[i+1].Kind == RecordID {
			fields[i+1].Kind = Text
		}
	}
	cell := rapid.SampledFrom([]string{"", "Anna", "Anna Maria", "Anna, Specimen", "Specimen", "specimen", "1990-01-02", "2.1.1990", "1990", "1", "2", "m",
		"Rantatie 4 B 3", "Rantatie", "20100", "Turku", "+358400000001", "040 000 0002", "anna@mail.example", "a", " ", "-", "é", "\xff", "210292Y987R"})
	rows := make(cells, rapid.IntRange(0, 40).Draw(t, "records"))
	for i := range rows {
		row := []string{fmt.Sprint("r", i)}
		for range n {
			row = append(row, cell.Draw(t, "cell"))
		}
		rows[i] = row
	}
	return fields, rows
}

func TestAnyTable(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fields, rows := anyTable(rt)
		table := tableOf(fields, rows, 0)
		var o = Defaults()
		n := int32(table.Len())
		if n > 1 {
			for range rapid.IntRange(0, 3).Draw(rt, "decisions") {
				a, b := rapid.Int32Range(0, n-1).Draw(rt, "a"), rapid.Int32Range(0, n-1).Draw(rt, "b")
				if a == b {
					continue
				}
				if rapid.Bool().Draw(rt, "same") {
					o.Links.Must = append(o.Links.Must, [2]int32{a, b})
				} else {
					o.Links.Cannot = append(o.Links.Cannot, [2]int32{a, b})
				}
			}
		}
		res := link(t, table, o)
		for _, p := range o.Links.Must {
			if res.Cluster[p[0]] != res.Cluster[p[1]] {
				rt.Fatalf("%v must be one person's", p)
			}
		}
		must := make([]int32, n)
		for i := range must {
			must[i] = int32(i)
		}
		for _, p := range o.Links.Must {
			union(must, p[0], p[1])
		}
		for _, p := range o.Links.Cannot {
			if res.Cluster[p[0]] == res.Cluster[p[1]] && find(must, p[0]) != find(must, p[1]) {
				rt.Fatalf("%v cannot be one person's", p)
			}
		}
		again := tableOf(fields, shuffled(rows, 1), 3)
		if written(again, link(t, again, Defaults())) != written(table, link(t, table, Defaults())) {
			rt.Fatal("another outcome in another order")
		}
	})
}

func TestClusterOfComparisonsIsSymmetric(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fields, rows := anyTable(rt)
		table := tableOf(fields, rows, 0)
		c := newComparer(table)
		var v, w vector
		for a := range int32(table.Len()) {
			for b := range a {
				c.compare(a, b, &v)
				if c.compare(b, a, &w); v != w {
					rt.Fatalf("records %v and %v: %v one way, %v the other", rows[table.Came(a)], rows[table.Came(b)], v, w)
				}
			}
		}
	})
}

func TestEntriesAreSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30_000).Draw(t, "entries")
		d := dice(rapid.Uint64().Draw(t, "seed"))
		mask := rapid.SampledFrom([]uint64{3, 0xFF, 0xFFFFFFFF, 3 << 62, ^uint64(0)}).Draw(t, "mask")
		list := make([]entry, n)
		for i := range list {
			list[i] = entry{d.next() & mask, int32(i)}
		}
		list = sorted([][]entry{list[:n/3], list[n/3:]})
		if !slices.IsSortedFunc(list, func(a, b entry) int {
			return bytes.Compare(fmt.Appendf(nil, "%016x %06d", a.key, a.rec), fmt.Appendf(nil, "%016x %06d", b.key, b.rec))
		}) {
			t.Fatal("not in order, or records changed places")
		}
	})
}

func FuzzLink(f *testing.F) {
	f.Add([]byte("Anna;Specimen;1990-01-02;Turku\nAnna;Specimen;2.1.1990;Turku\n"), uint32(0x4b2e))
	f.Add([]byte("Specimen, Anna;;\xff\n;;;\n,;,;,;,"), uint32(7))
	f.Fuzz(func(t *testing.T, raw []byte, kinds uint32) {
		var fields []Field
		for i := range 6 {
			fields = append(fields, Field{fmt.Sprint("c", i), Kind(kinds>>(5*i)&31) % Kinds, i%2 == 0})
		}
		var rows cells
		for line := range bytes.SplitSeq(raw, []byte("\n")) {
			row := make([]string, len(fields))
			for i, cell := range bytes.Split(line, []byte(";")) {
				row[i%len(row)] = string(cell)
			}
			if rows = append(rows, row); len(rows) == 200 {
				break
			}
		}
		table := tableOf(fields, rows, 0)
		res := link(t, table, Defaults())
		for _, p := range res.Pairs[:min(len(res.Pairs), 5)] {
			table.Explain(res.Model, p.A, p.B)
		}
	})
}

// TestWeightStopsOnlyBelowTheLeast holds the weight that stops early to the one of all comparisons, and that one to what the bits of
// its features combine to, for pairs that passes bring together and for any.
func TestWeightStopsOnlyBelowTheLeast(t *testing.T) {
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	res := link(t, table, Defaults())
	s, c := newScorer(res.Model, table), newComparer(table)
	var w vector
	check := func(a, b int32) {
		c.compare(a, b, &w)
		want := s.weight(&w)
		var bits [maxFeatures]float64
		for f := range s.n {
			bits[f] = s.feature(f, &w)
		}
		if sum := s.combine(s.prior[w.between], &bits); math.Abs(sum-want) > 1e-9 {
			t.Fatalf("records %d and %d weigh %v, and their features combine to %v", a, b, want, sum)
		}
		for _, least := range []float64{-40, -3, 2, 12} {
			if got := c.weight(a, b, s, least); got != want && max(got, want) > least+1e-9 {
				t.Fatalf("records %d and %d weigh %v, and %v above %v", a, b, want, got, least)
			}
		}
	}
	passes, err := table.named(table.lists(res.Model.Passes))
	if err != nil {
		t.Fatal(err)
	}
	for i := range passes {
		b := table.block(&passes[i])
		for k := range b.len() {
			recs := b.at(k)
			for x := range recs {
				for _, y := range recs[x+1:] {
					check(recs[x], y)
				}
			}
		}
	}
	d := dice(5)
	for range 20_000 {
		check(int32(d.below(int64(table.n))), int32(d.below(int64(table.n))))
	}
}
