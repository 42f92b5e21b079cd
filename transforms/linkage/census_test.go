package linkage

import (
	"math"
	"testing"
)

// What a census draws stands for all pairs, and of few records it counts them all.
func TestCensusOfNames(t *testing.T) {
	for _, x := range []struct {
		people int
		within float64 // of shares, in bits
	}{{60, 1e-9}, {1_500, 0.35}} {
		table := tableOf(campusFields(), campusRecords(t, campusOf{x.people, 5, 0.7}).rows, 0)
		c := newComparer(table)
		for f, got := range table.censuses() {
			if f > featureFamily {
				if got.tells(0) {
					t.Errorf("%s: nothing is counted of it", table.features[f].name)
				}
				continue
			}
			top := table.features[f].top()
			pairs, rare := make([]float64, top+1), make([]float64, top+1)
			told := float64(table.telling(f))
			for a := range int32(table.n) {
				for b := range a {
					l, x, y := c.family(b, a, true)
					n := table.family.rarer
					if f == featureGiven {
						l, x, y = c.given(b, a)
						n = func(x, y int32) int32 { return table.rareGiven(l, x, y) }
					}
					if l == absent {
						continue
					}
					pairs[l]++
					if l > 0 {
						rare[l] += told / float64(n(x, y))
					}
				}
			}
			if len(got.pairs) != top+1 || got.tells(top+1) {
				t.Fatalf("%s: %d levels, want %d", table.features[f].name, len(got.pairs), top+1)
			}
			for l := range pairs {
				if pairs[l] < 2_000 && x.people > 100 && l != top { // too few to be drawn often
					continue
				}
				near := func(what string, got, want float64) {
					within := x.within
					if l == top || l == 0 {
						within = min(within, 0.15)
					}
					if got != want && !(math.Abs(math.Log2(got/want)) <= within) {
						t.Errorf("%d people, %s, %s: %s %.0f, want %.0f", x.people, table.features[f].name, table.features[f].levels[l], what, got, want)
					}
				}
				near("pairs", got.pairs[l], pairs[l])
				near("rarity", got.rare[l], rare[l])
			}
		}
	}
}

// What is the same twice in a record brings it together with another one once.
func TestPartKeysAreEachOnce(t *testing.T) {
	table := tableOf(campusFields(), campusRecords(t, campusOf{300, 5, 0.7}).rows, 0)
	twice := 0
	k := table.keyer()
	for i, p := range table.partKeys(table.n) {
		for rec := range int32(table.n) {
			keys := p.of(rec)
			seen := map[uint32]bool{}
			for _, x := range keys {
				if seen[x] {
					t.Fatalf("%s: a record has a key twice", table.parts[i].name)
				}
				seen[x] = true
			}
			if len(k.part(i, rec)) > len(keys) {
				twice++
			}
		}
	}
	if twice == 0 {
		t.Error("no record says the same twice: the test tests nothing")
	}
}

// Of a level that no pair of a census is at the sample tells.
func TestCensusTellsWhatItDrew(t *testing.T) {
	c := census{pairs: []float64{3, 0}, rare: []float64{0, 0}}
	for l, want := range []bool{true, false, false} {
		if c.tells(l) != want {
			t.Errorf("level %d is told: %v", l, !want)
		}
	}
}

// A model knows how often two people have one name, and how rare it then is, as if all pairs had been looked at. Of the first of
// these registers eight pairs are drawn that have a family name in common and nothing else: they are no household.
func TestTrainingCountsNames(t *testing.T) {
	for _, seed := range []uint64{5, 6} {
		countsNames(t, seed)
	}
}

func countsNames(t *testing.T, seed uint64) {
	p := campusRecords(t, campusOf{2_000, seed, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	m := link(t, table, Defaults()).Model
	c := newComparer(table)
	for _, f := range []int{featureGiven, featureFamily} {
		top := table.features[f].top()
		told, pairs, same, rare := float64(table.telling(f)), 0.0, 0.0, 0.0
		for a := range int32(table.n) {
			for b := range a {
				l, x, y := c.family(b, a, true)
				if f == featureGiven {
					l, x, y = c.given(b, a)
				}
				if l == absent || p.truth[table.Label(a)] == p.truth[table.Label(b)] {
					continue
				}
				pairs++
				if int(l) == top {
					same++
					n := table.family.rarer(x, y)
					if f == featureGiven {
						n = table.rareGiven(l, x, y)
					}
					rare += told / float64(n)
				}
			}
		}
		got := m.Features[f].Levels[top]
		u, rarity := math.Log2(got.U/(same/pairs)), math.Log2(got.Rarity/(rare/same))
		if f == featureFamily { // of which people of one home are not strangers
			u = min(0, u+1) + max(0, u)
		}
		if math.Abs(u) > 0.2 || math.Abs(rarity) > 0.2 {
			t.Errorf("%s: the same is %+.2f bits more often between two people than it is, and %+.2f bits rarer", table.features[f].name, u, rarity)
		}
	}
}
