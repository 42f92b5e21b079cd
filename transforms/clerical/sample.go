package clerical

// Stratum is links of one kind.
type Stratum[L any] struct {
	Name  string
	Links []L // in an order that depends on nothing but the links
}

// Draw takes n links at random without putting back, of each stratum as many as is its share of all links, and at least
// one: of a stratum without any nothing could be said, so that n is raised to their number. perm gives a random permutation
// of the numbers from 0 to n − 1. The drawn links of each stratum are given in the order of the draw.
func Draw[L any](strata []Stratum[L], n int, perm func(n int) []int) [][]L {
	sizes := make([]int, len(strata))
	for i := range strata {
		sizes[i] = len(strata[i].Links)
	}
	out := make([][]L, len(strata))
	for i, k := range Allot(sizes, n) {
		for _, at := range perm(sizes[i])[:k] {
			out[i] = append(out[i], strata[i].Links[at])
		}
	}
	return out
}

// Allot shares n out among strata of some sizes, as [Draw] does.
func Allot(sizes []int, n int) []int {
	out, total, filled := make([]int, len(sizes)), 0, 0
	for _, s := range sizes {
		total += s
		filled += min(s, 1)
	}
	n = min(max(n, filled), total)
	if total == 0 {
		return out
	}
	given := 0
	for i, s := range sizes {
		out[i] = max(n*s/total, min(s, 1))
		given += out[i]
	}
	// owed is how much less a stratum has than its share.
	owed := func(i int) float64 { return float64(n)*float64(sizes[i])/float64(total) - float64(out[i]) }
	for ; given < n; given++ {
		out[most(len(sizes), func(i int) bool { return out[i] < sizes[i] }, owed)]++
	}
	for ; given > n; given-- {
		out[most(len(sizes), func(i int) bool { return out[i] > 1 }, func(i int) float64 { return -owed(i) })]--
	}
	return out
}

// most gives the first of those below n that may be taken of which by is highest.
func most(n int, may func(int) bool, by func(int) float64) int {
	best := -1
	for i := range n {
		if may(i) && (best < 0 || by(i) > by(best)) {
			best = i
		}
	}
	return best
}
