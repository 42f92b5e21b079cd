package clerical

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Stratum is links of one kind.
type Stratum[L any] struct {
	Name  string
	Links []L // in an order that depends on nothing but the links
}

// Draw takes n links at random without putting back: of every stratum one, and of the rest as many as is its share of all
// links (the largest remainders get what is left over). Of less than one for each stratum nothing could be said of some,
// so that n is raised to that. It gives the drawn links of each stratum, in the order of the draw.
func Draw[L any](strata []Stratum[L], n int, random *rand.Rand) [][]L {
	sizes := make([]int, len(strata))
	for i := range strata {
		sizes[i] = len(strata[i].Links)
	}
	out := make([][]L, len(strata))
	for i, k := range Allot(sizes, n) {
		for _, at := range random.Perm(sizes[i])[:k] {
			out[i] = append(out[i], strata[i].Links[at])
		}
	}
	return out
}

// Allot shares n out among strata of some sizes, as [Draw] does.
func Allot(sizes []int, n int) []int {
	out, total := make([]int, len(sizes)), 0
	for i, s := range sizes {
		total += s
		out[i] = min(s, 1)
		n -= out[i]
	}
	if total == 0 {
		return out
	}
	// What is left goes by size; a stratum that is taken whole leaves its part to the others.
	order := make([]int, len(sizes))
	remainder := make([]float64, len(sizes))
	rest := max(min(n, total-len(sizes)), 0)
	given := 0
	for i, s := range sizes {
		exact := float64(rest) * float64(s) / float64(total)
		k := min(int(exact), s-out[i])
		out[i] += k
		given += k
		order[i], remainder[i] = i, exact-float64(k)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainder[b], remainder[a]) })
	for before := -1; given < rest && given != before; {
		before = given
		for _, i := range order {
			if given < rest && out[i] < sizes[i] {
				out[i]++
				given++
			}
		}
	}
	return out
}
