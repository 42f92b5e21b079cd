package linkage

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"uoma/transforms/likeness"
)

// TestLiftsOfMadeUpPairs measures pairs whose lifts are known. Numbers are of pairs that agree in both features, in the first, in the
// second and in neither, and of those that tell the first alone and agree in it.
func TestLiftsOfMadeUpPairs(t *testing.T) {
	type pairs [5]int
	same, far := uint8(likeness.TextSame), uint8(likeness.Different)
	levels := [5][2]uint8{{same, same}, {same, far}, {uint8(likeness.TextClose), same}, {far, far}, {same, absent}}
	for name, x := range map[string]struct {
		two, one pairs
		weight   float64 // pairs that each stands for
		often    int     // times that each is in the sample
		want     string
	}{
		"dependent":           {two: pairs{100, 100, 100, 700}, want: "2.5 100 0"},
		"independent":         {two: pairs{100, 300, 150, 450}, want: "1 100 0"},
		"opposed":             {two: pairs{50, 200, 200, 550}, want: "0.8 50 0"},
		"the same":            {two: pairs{40, 0, 0, 960}, want: "25 40 0"},
		"one not told":        {two: pairs{100, 100, 100, 700, 5000}, want: "2.5 100 0"},
		"one person's":        {two: pairs{100, 100, 100, 700}, one: pairs{810, 90, 90, 10}, want: "2.5 100 1"},
		"of one person alone": {one: pairs{810, 90, 90, 10}},
		"too few":             {two: pairs{19, 19, 19, 700}},
		"just enough":         {two: pairs{20, 20, 20, 140}, want: "2.5 20 0"},
		"shares too rough":    {two: pairs{20, 0, 0, 980}, want: ""},
		"heavy":               {two: pairs{100, 100, 100, 700}, weight: 1e6, want: "2.5 100 0"},
		"drawn twice":         {two: pairs{50, 50, 50, 350}, weight: 0.5, often: 2, want: "2.5 50 0"},
	} {
		t.Run(name, func(t *testing.T) {
			table := tableOf([]Field{{"firm", Text, false}, {"town", Text, false}}, cells{{"a", "b"}}, 0)
			var sample []sampled
			var posts []float64
			for post, counts := range []pairs{x.two, x.one} {
				for k, n := range counts {
					for range n * max(x.often, 1) {
						s := sampled{weight: cond(x.weight == 0, 1, x.weight)}
						s.v = table.nothing
						s.v.level[featureOther], s.v.level[featureOther+1] = levels[k][0], levels[k][1]
						sample, posts = append(sample, s), append(posts, float64(post))
					}
				}
			}
			m, _ := table.train(nil)
			patterns, of := patternsOf(sample, len(table.features))
			got := ""
			for _, d := range table.dependence(m, patterns, sample, of, posts) {
				got += fmt.Sprintf("%.6g %d %.6g", d.Lift, d.Pairs, d.OnePerson)
				if d.A != "firm" || d.B != "town" || d.Once {
					t.Errorf("%+v", d)
				}
				if bits := math.Log2(d.Lift); math.Abs(d.Bits()-bits) > 1e-12 || d.Strong() != (bits-2*d.Error >= 1) || !(d.Error > 0) {
					t.Errorf("%+v: %v bits, strong %v", d, d.Bits(), d.Strong())
				}
			}
			if got != x.want {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}

// withColumns appends columns of texts to the records of people: room and desk say the same but for a tenth of them, shelf
// has nothing to do with them.
func withColumns(rows cells) cells {
	d := dice(11)
	word := func(kind string) string { return fmt.Sprint(kind, 1000+d.below(150)) }
	var out cells
	for _, r := range rows {
		room, shelf := word("room "), word("shelf ")
		desk := "desk" + room[len("room"):]
		if d.below(10) == 0 {
			desk = word("desk ")
		}
		out = append(out, append(slices.Clone(r), room, desk, shelf))
	}
	return out
}

func TestDependenceIsTold(t *testing.T) {
	p := campusRecords(t, campusOf{6000, 3, 0.7})
	rows := withColumns(p.rows)
	find := func(all []Dependence, a, b string) *Dependence {
		i := slices.IndexFunc(all, func(d Dependence) bool { return d.A == a && d.B == b })
		if i < 0 {
			return nil
		}
		return &all[i]
	}
	for _, x := range []struct {
		kind Kind
		once bool
	}{{Text, false}, {AddressLine, true}} {
		t.Run(x.kind.String(), func(t *testing.T) {
			fields := append(campusFields(), Field{"room", x.kind, false}, Field{"desk", x.kind, false}, Field{"shelf", Text, false})
			all := link(t, tableOf(fields, rows, 0), Defaults()).Model.Dependence
			// Of 150 rooms a desk agrees 9 times in 10 by its room in both records, and else by chance: 0.81 · 150 and a bit.
			if d := find(all, "room", "desk"); d == nil || !d.Strong() || d.Lift < 90 || d.Lift > 160 || d.Once != x.once || d.Pairs < fewestPairs {
				t.Errorf("a copied column: %+v", d)
			}
			if d := find(all, "address", "phone"); d == nil || !d.Strong() || !d.Once {
				t.Errorf("what people of one home share: %+v", d)
			}
			for _, d := range all {
				if (d.A == "shelf" || d.B == "shelf" || d.A == "sex" || d.B == "sex") && (d.Strong() || math.Abs(d.Bits()) > 5*d.Error) {
					t.Errorf("independent columns: %+v", d)
				}
			}
			if !slices.IsSortedFunc(all, func(x, y Dependence) int { return -compareLifts(x, y) }) {
				t.Errorf("not the strongest first: %+v", all)
			}
		})
	}
}

func compareLifts(x, y Dependence) int {
	switch {
	case x.Lift < y.Lift:
		return -1
	case x.Lift > y.Lift:
		return 1
	}
	return 0
}

// TestOnePieceOfEvidence tells of every kind of features which the engine does not add up.
func TestOnePieceOfEvidence(t *testing.T) {
	fields := append(campusFields(), Field{"block", AddressLine, false}, Field{"firm", Text, false})
	p := campusRecords(t, campusOf{several(6000), 3, 0.7})
	var rows cells
	for _, r := range p.rows {
		rows = append(rows, append(slices.Clone(r), "", ""))
	}
	table := tableOf(fields, rows, 0)
	s := newPlainScorer(link(t, table, Defaults()).Model)
	got := map[string]bool{}
	for a := range table.features {
		for b := a + 1; b < len(table.features); b++ {
			got[table.features[a].name+", "+table.features[b].name] = table.once(s, a, b)
		}
	}
	for pair, want := range map[string]bool{
		"family name, address": true, "address, phone": true, "phone, email": true, "address, block": true, // a household's
		"birth date, address":      true, // twins'
		"given names, family name": true, "given names, email": true, "family name, email": true,
		"given names, birth date": false, "given names, sex": false, "sex, email": false, "address, firm": false, "email, hetu": false, "hetu, student_number": false,
	} {
		if once, there := got[pair]; once != want || !there {
			t.Errorf("%s: one piece of evidence %v, want %v (there: %v)", pair, once, want, there)
		}
	}
	s.share[featureEmail] = [kindred]float64{} // where no home shares a mailbox, it is told by the names alone
	if !table.once(s, featureGiven, featureEmail) || !table.once(s, featureFamily, featureEmail) || table.once(s, featurePhone, featureEmail) {
		t.Error("an address that no home shares")
	}
}
