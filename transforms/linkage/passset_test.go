package linkage

import (
	"fmt"
	"slices"
	"testing"
)

// TestManyCandidates has more candidates than a machine word has bits: what the last ones find counts as what the first ones do.
func TestManyCandidates(t *testing.T) {
	for _, n := range []int{1, 63, 64, 65, 128, 129, 200} {
		candidates := make([]candidate, n)
		var sample []sampled
		var posts []float64
		for i := range candidates {
			candidates[i] = candidate{pass: pass{name: fmt.Sprint("pass ", i)}, found: 1, pairs: 1000}
			only := newPassSet(n) // of a pair that no other pass finds
			only.add(i)
			sample, posts = append(sample, sampled{weight: 1, passes: only}), append(posts, 1)
		}
		found := findings(sample, posts)
		if len(found) != n {
			t.Fatalf("%d candidates that find different pairs give %d findings", n, len(found))
		}
		chosen := choose(candidates, found, 100_000, float64(n))
		used := newPassSet(n)
		for i := range n {
			if !slices.Contains(chosen, i) {
				t.Errorf("of %d candidates number %d was lost", n, i)
			}
			used.add(i)
			if got, want := estimate(found, used), float64(i+1)/float64(n); got != want {
				t.Errorf("%d of %d candidates find %v of the pairs, want %v", i+1, n, got, want)
			}
		}
		if newPassSet(n).meets(used) || !newPassSet(n).empty() || used.empty() {
			t.Errorf("a set of %d candidates is taken for another", n)
		}
	}
}

// TestSampledByManyCandidates draws pairs for more candidates than a machine word has bits.
func TestSampledByManyCandidates(t *testing.T) {
	p := campusRecords(t, campusOf{1000, 3, 0.7})
	table := tableOf(campusFields(), p.rows, 0)
	var candidates []candidate
	for len(candidates) <= 2*passSetWord { // the same ones again and again
		for _, p := range table.candidates() {
			candidates = append(candidates, candidate{pass: p})
		}
	}
	first := len(table.candidates())
	for _, s := range table.sample(candidates) {
		for i := range candidates {
			if s.passes.has(i) != s.passes.has(i%first) {
				t.Fatalf("candidate %d does not find what candidate %d finds, which is the same", i, i%first)
			}
		}
	}
}
