package linkage

import (
	"math"
	"testing"
)

func TestPairsAreDrawnByTheNumberOfRecords(t *testing.T) {
	for _, x := range []struct {
		records   int
		pass, any int64
	}{
		{0, 2_000, 0}, {1, 2_000, 0}, {5, 2_000, 10}, {21, 2_000, 210}, {142, 2_000, 10_000}, {1_000, 2_000, 10_000}, {4_000, 2_000, 16_000},
		{10_000, 2_000, 40_000}, {100_000, 2_000, 40_000}, {200_000, 4_000, 40_000}, {300_000, 6_000, 40_000}, {5_000_000, 6_000, 40_000},
	} {
		if pass, any := passPairs(x.records), anyPairs(x.records); pass != x.pass || any != x.any {
			t.Errorf("of %d records %d pairs of a pass and %d of all are drawn, want %d and %d", x.records, pass, any, x.pass, x.any)
		}
	}
}

func TestWhatIsDrawnTwiceWeighsTwice(t *testing.T) {
	all := distinct([]couple{coupleOf(7, 2), coupleOf(1, 3), coupleOf(2, 7), coupleOf(2, 3)})
	want := []sampled{{a: 1, b: 3, weight: 1}, {a: 2, b: 3, weight: 1}, {a: 2, b: 7, weight: 2}}
	if len(all) != len(want) {
		t.Fatalf("%d pairs, want %d", len(all), len(want))
	}
	for i, x := range want {
		if got := all[i]; got.a != x.a || got.b != x.b || got.weight != x.weight {
			t.Errorf("pair %d is %d and %d and weighs %v, want %d, %d and %v", i, got.a, got.b, got.weight, x.a, x.b, x.weight)
		}
	}
}

// TestTheSampleWeighsAsAllPairsDo counts what the sample stands for, of all pairs and of each pass. Several columns say the same name.
func TestTheSampleWeighsAsAllPairsDo(t *testing.T) {
	p := campusRecords(t, campusOf{3000, 3, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	var candidates []candidate
	for _, p := range table.candidates() {
		candidates = append(candidates, candidate{pass: p})
	}
	weighed, all := make([]float64, len(candidates)), 0.0
	for _, s := range table.sample(candidates) {
		all += s.weight
		for i := range candidates {
			if s.passes.has(i) {
				weighed[i] += s.weight
			}
		}
	}
	if want := float64(table.n) * float64(table.n-1) / 2; math.Abs(all/want-1) > 0.01 {
		t.Errorf("the sample stands for %.0f pairs, there are %.0f", all, want)
	}
	for i, c := range candidates {
		pairs := map[couple]bool{}
		blocksOf(table.entries(&c.pass, table.n, nil), func(block []entry) {
			for k, x := range block {
				for _, y := range block[:k] {
					pairs[coupleOf(x.rec, y.rec)] = true
				}
			}
		})
		if n := float64(len(pairs)); n > 200 && math.Abs(weighed[i]/n-1) > 0.1 {
			t.Errorf("%s: the sample stands for %.0f pairs, the pass has %.0f", c.name, weighed[i], n)
		}
	}
}
