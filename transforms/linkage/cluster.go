package linkage

import (
	"math"
	"slices"
)

// Clustering joins the records of one person. Two clusters become one by what all of their records say together: of each
// feature the mean of what the pairs of one with the other say, as far as both tell it, and the weights of the features
// added. So a record that says little joins by what it says, and one that agrees with two people, or a chain of pairs that
// are each alike, joins nobody: what contradicts counts in full. The best pair of clusters is joined first, until no pair
// has a weight above the threshold (average linkage, Sokal and Michener 1958, feature by feature).

// maxComponent is how many records are clustered at once. More that hang together are a sign of a weak link: they are
// taken apart at a higher threshold first.
const maxComponent = 64

// Links are decisions that clustering must keep.
type Links struct {
	Must   [][2]int32 // pairs of records of one person
	Cannot [][2]int32 // pairs of records of two people
}

// clusterer joins records.
type clusterer struct {
	t         *Table
	s         *scorer
	threshold float64
	unique    []int // features of which one person has one value only
	must      []int32
	cannot    map[[2]int32]bool
	alarms    int
	several   [maxFeatures]bool // of which one person has several values: one that agrees is enough
}

// clusters gives each record its cluster: the first record in it.
func (k *clusterer) clusters(edges []edge) []int32 {
	root := make([]int32, k.t.n)
	for i := range root {
		root[i] = int32(i)
	}
	for _, e := range edges {
		if float64(e.weight) > k.threshold {
			union(root, e.a, e.b)
		}
	}
	comps := components(root)
	parent := make([]int32, k.t.n)
	for i := range parent {
		parent[i] = int32(i)
	}
	comparers := newPool(k.t)
	byRec := firstEdge(edges, k.t.n)
	parallel(len(comps), func(i int) {
		c := comparers.take()
		defer comparers.give(c)
		k.component(comps[i], k.threshold, edges, byRec, c, parent)
	})
	for i := range parent {
		parent[i] = find(parent, int32(i))
	}
	return parent
}

func find(root []int32, i int32) int32 {
	for root[i] != i {
		root[i] = root[root[i]]
		i = root[i]
	}
	return i
}

func union(root []int32, a, b int32) {
	a, b = find(root, a), find(root, b)
	if a < b {
		root[b] = a
	} else {
		root[a] = b
	}
}

// components lists the sets of two records or more, each in order.
func components(root []int32) [][]int32 {
	size := make([]int32, len(root))
	for i := range root {
		size[find(root, int32(i))]++
	}
	total, n := int32(0), 0
	start := make([]int32, len(root))
	for i, s := range size {
		if s > 1 {
			start[i] = total
			total += s
			n++
		}
	}
	recs := make([]int32, total)
	fill := slices.Clone(start)
	for i := range root {
		if r := find(root, int32(i)); size[r] > 1 {
			recs[fill[r]] = int32(i)
			fill[r]++
		}
	}
	out := make([][]int32, 0, n)
	for i, s := range size {
		if s > 1 {
			out = append(out, recs[start[i]:start[i]+s])
		}
	}
	return out
}

// firstEdge gives where each record's edges begin, being the first of a pair.
func firstEdge(edges []edge, n int) []int32 {
	out := make([]int32, n+1)
	for _, e := range edges {
		out[e.a+1]++
	}
	for i := range n {
		out[i+1] += out[i]
	}
	return out
}

// component clusters records that hang together.
func (k *clusterer) component(recs []int32, threshold float64, edges []edge, byRec []int32, c *comparer, parent []int32) {
	if len(recs) > maxComponent {
		local := make([]int32, len(recs))
		for i := range local {
			local[i] = int32(i)
		}
		threshold += 2
		for i, r := range recs {
			for _, e := range edges[byRec[r]:byRec[r+1]] {
				if float64(e.weight) > threshold {
					if j, ok := slices.BinarySearch(recs, e.b); ok {
						union(local, int32(i), int32(j))
					}
				}
			}
		}
		for _, part := range components(local) {
			sub := make([]int32, len(part))
			for i, p := range part {
				sub[i] = recs[p]
			}
			k.component(sub, threshold, edges, byRec, c, parent)
		}
		return
	}
	k.agglomerate(recs, c, parent)
}

// relation is what the records of two clusters say of each other: sums over their pairs.
type relation struct {
	sum    [maxFeatures]float32 // of features of which a person has several, contact points, the most
	told   [maxFeatures]int16   // pairs that tell the feature
	prior  float32              // sum over pairs
	pairs  int16
	cannot bool
}

// weigh gives the log odds in bits that two clusters are one person.
func (k *clusterer) weigh(x *relation) float64 {
	if x.cannot {
		return math.Inf(-1)
	}
	var r [maxFeatures]float64
	for f := range k.s.n {
		if x.told[f] > 0 {
			r[f] = float64(x.sum[f])
			if !k.several[f] {
				r[f] /= float64(x.told[f])
			}
		}
	}
	return k.s.combine(float64(x.prior)/float64(x.pairs), &r)
}

// relate compares two records.
func (k *clusterer) relate(a, b int32, c *comparer, x *relation) {
	var v vector
	c.compare(a, b, &v)
	x.prior, x.pairs = float32(k.s.prior[v.between]), 1
	for f := range k.s.n {
		if v.level[f] != absent {
			x.sum[f] = float32(k.s.feature(f, &v))
			x.told[f] = 1
		}
	}
	for _, f := range k.unique {
		x.cannot = x.cannot || k.t.features[f].base(v.level[f]) == 0
	}
	x.cannot = x.cannot || k.cannot[[2]int32{min(a, b), max(a, b)}]
}

// add takes what a cluster that was joined says over to the cluster that it joined.
func (k *clusterer) add(to, from *relation) {
	for f := range k.s.n {
		switch {
		case from.told[f] == 0:
		case k.several[f] && to.told[f] > 0:
			to.sum[f] = max(to.sum[f], from.sum[f])
		default:
			to.sum[f] += from.sum[f]
		}
		to.told[f] += from.told[f]
	}
	to.prior += from.prior
	to.pairs += from.pairs
	to.cannot = to.cannot || from.cannot
}

func (k *clusterer) agglomerate(recs []int32, c *comparer, parent []int32) {
	n := len(recs)
	rel := make([]relation, n*n) // of i with j at i*n+j, i < j
	weight := make([]float64, n*n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			x := &rel[i*n+j]
			k.relate(recs[i], recs[j], c, x)
			weight[i*n+j] = k.weigh(x)
		}
	}
	gone := make([]bool, n)
	for {
		best, bi, bj := k.threshold, -1, -1
		for i := range n {
			if gone[i] {
				continue
			}
			for j := i + 1; j < n; j++ {
				if !gone[j] && weight[i*n+j] > best {
					best, bi, bj = weight[i*n+j], i, j
				}
			}
		}
		if bi < 0 {
			return
		}
		gone[bj] = true
		parent[recs[bj]] = recs[bi]
		for o := range n {
			if gone[o] || o == bi {
				continue
			}
			to := &rel[min(o, bi)*n+max(o, bi)]
			from := &rel[min(o, bj)*n+max(o, bj)]
			k.add(to, from)
			weight[min(o, bi)*n+max(o, bi)] = k.weigh(to)
		}
	}
}
