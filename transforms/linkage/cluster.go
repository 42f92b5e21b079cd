package linkage

import (
	"math"
	"slices"
	"sync/atomic"
)

// Clustering joins the records of one person. Two clusters become one by what all of their records say together: of each
// feature the mean of what the pairs of one with the other say, as far as both tell it, and the weights of the features
// added. So a record that says little joins by what it says, and one that agrees with two people, or a chain of pairs that
// are each alike, joins nobody: what contradicts counts in full. The best pair of clusters is joined first, until no pair
// has a weight above the threshold (average linkage, Sokal and Michener 1958, feature by feature).

// maxComponent is how many records are compared each with each; more are a [crowd].
const maxComponent = 64

// clusterer joins records.
type clusterer struct {
	t         *Table
	s         *scorer
	threshold float64
	careful   bool
	unique    []int             // features of which one person has one value only
	several   [maxFeatures]bool // of which one person has several values: one that agrees is enough
	cannot    map[[2]int32]bool
	clean     []bool // sources that have nobody twice, by number
	rules     []rule
	paired    *pairing // nil without
	alarms    atomic.Int64
}

// kept are clusters of records of which some must be found anew.
type kept struct {
	cluster []int32
	sure    []float32
	anew    []bool // records whose clusters are to be found
}

// holds tells whether a set of records that hang together is as it was.
func (s *kept) holds(recs []int32) bool {
	return s != nil && !slices.ContainsFunc(recs, func(r int32) bool { return s.anew[r] })
}

// clusters gives each record its cluster, which is the first record in it, and how sure it belongs there by the steps that
// made the cluster. What is settled stays.
func (k *clusterer) clusters(pairs []Pair, must [][2]int32, before *kept) (cluster []int32, sure []float32) {
	root := make([]int32, k.t.n)
	for i := range root {
		root[i] = int32(i)
	}
	confidence := make([]float32, k.t.n)
	for i := range confidence {
		confidence[i] = 1
	}
	for _, p := range pairs {
		if float64(p.Weight) > k.threshold {
			union(root, p.A, p.B)
		}
	}
	for _, p := range must {
		union(root, p[0], p[1])
	}
	comps := components(root)
	w := &work{clusterer: k, pairs: pairs, from: firstPair(pairs, k.t.n), parent: make([]int32, k.t.n), confidence: confidence}
	for i := range w.parent {
		w.parent[i] = int32(i)
	}
	if len(must) > 0 {
		w.must = make(map[[2]int32]bool, len(must))
		for _, p := range must {
			w.must[[2]int32{min(p[0], p[1]), max(p[0], p[1])}] = true
		}
	}
	parallel(len(comps), func(i int) {
		if before.holds(comps[i]) {
			for _, r := range comps[i] {
				w.parent[r], confidence[r] = before.cluster[r], before.sure[r]
			}
			return
		}
		c := k.t.comparers.take()
		defer k.t.comparers.give(c)
		if len(comps[i]) > maxComponent {
			w.crowd(comps[i], c)
		} else {
			w.agglomerate(comps[i], c)
		}
	})
	for i := range w.parent {
		w.parent[i] = find(w.parent, int32(i))
	}
	return w.parent, confidence
}

// work is one clustering.
type work struct {
	*clusterer
	pairs      []Pair
	from       []int32 // where each record's pairs begin, being the first of a pair
	must       map[[2]int32]bool
	parent     []int32
	confidence []float32
}

// doubtAlone lowers the confidence of records by the pairs of which the other record is in another cluster.
func (r *Result) doubtAlone() {
	for _, p := range r.Pairs {
		if r.Cluster[p.A] != r.Cluster[p.B] {
			apart := float32(1 - Probability(float64(p.Weight)))
			r.Confidence[p.A] = min(r.Confidence[p.A], max(apart, 0.5))
			r.Confidence[p.B] = min(r.Confidence[p.B], max(apart, 0.5))
		}
	}
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

// firstPair gives where each record's pairs begin, being the first of a pair.
func firstPair(pairs []Pair, n int) []int32 {
	out := make([]int32, n+1)
	for _, p := range pairs {
		out[p.A+1]++
	}
	for i := range n {
		out[i+1] += out[i]
	}
	return out
}

// maxWeight is more than any pair's weight.
const maxWeight = 500

// relation is what the records of two clusters say of each other: sums over their pairs.
type relation struct {
	sum    [maxFeatures]float32 // of features of which a person has several, contact points, the most
	told   [maxFeatures]int16   // pairs that tell the feature
	prior  float32              // sum over pairs
	pairs  int16
	cannot bool
	must   bool // some pair has been decided
	doubt  doubt
}

// weigh gives the log odds in bits that two clusters are one person.
func (k *clusterer) weigh(x *relation) float64 {
	if x.must {
		return maxWeight
	}
	if x.cannot || x.doubt.forbids() {
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
	bits := k.s.combine(float64(x.prior)/float64(x.pairs), &r)
	if k.careful && !x.doubt.beyond {
		bits -= namesAlone
	}
	return bits
}

// relate compares two records.
func (w *work) relate(a, b int32, c *comparer, x *relation) {
	k := w.clusterer
	var v vector
	c.compare(a, b, &v)
	x.prior, x.pairs = float32(k.s.prior[v.between]), 1
	for f := range k.s.n {
		if v.level[f] != absent {
			x.sum[f] = float32(k.s.feature(f, &v))
			x.told[f] = 1
		}
	}
	if !k.careful {
		for _, f := range k.unique {
			x.cannot = x.cannot || k.t.features[f].base(v.level[f]) == 0
		}
	}
	for i := range k.rules {
		x.cannot = x.cannot || k.rules[i].apart(a, b)
	}
	pair := [2]int32{min(a, b), max(a, b)}
	x.cannot = x.cannot || k.cannot[pair]
	if k.careful {
		var cannot bool
		x.doubt, cannot = k.doubts(a, b, &v)
		x.cannot = x.cannot || cannot
	} else {
		x.cannot = x.cannot || k.twice(a, b)
	}
	x.must = w.must[pair]
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
	to.must = to.must || from.must
	to.doubt = to.doubt.and(from.doubt)
}

// couple joins two records that hang together with no others, when nothing but their weight is asked for, which is known.
func (w *work) couple(a, b int32) bool {
	pair := [2]int32{a, b}
	if w.careful || w.must[pair] || w.clusterer.cannot[pair] || w.twice(a, b) ||
		slices.ContainsFunc(w.rules, func(r rule) bool { return r.apart(a, b) }) {
		return false
	}
	for _, f := range w.unique {
		o := w.t.others[f-featureOther]
		if x, y := o.first(a), o.first(b); x != y && x != none && y != none {
			return false
		}
	}
	pairs := w.pairs[w.from[a]:w.from[a+1]]
	i := slices.IndexFunc(pairs, func(p Pair) bool { return p.B == b })
	if i < 0 {
		return false
	}
	w.parent[b] = a
	sure := float32(Probability(float64(pairs[i].Weight)))
	w.confidence[a], w.confidence[b] = sure, sure
	return true
}

func (w *work) agglomerate(recs []int32, c *comparer) {
	n := len(recs)
	if n == 2 && w.couple(recs[0], recs[1]) {
		return
	}
	rel := make([]relation, n*n) // of i with j at i*n+j, i < j
	weight := make([]float64, n*n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			x := &rel[i*n+j]
			w.relate(recs[i], recs[j], c, x)
			weight[i*n+j] = w.weigh(x)
		}
	}
	gone := make([]bool, n)
	side := make([]sides, n)
	for i, r := range recs {
		side[i] = w.paired.of(w.t, r)
	}
	for {
		best, bi, bj := w.threshold, -1, -1
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
		if w.careful && best < maxWeight {
			at := func(i, j int) float64 { return weight[min(i, j)*n+max(i, j)] }
			a, b := rival(at, gone, bi, bj, w.threshold), rival(at, gone, bj, bi, w.threshold)
			if gone[bi], gone[bj] = a, b; a || b {
				continue // alone from now on, and nobody's rival
			}
		}
		gone[bj] = true
		sure := float32(Probability(best))
		for i, r := range recs {
			if root := find(w.parent, r); root == recs[bi] || root == recs[bj] {
				w.confidence[recs[i]] = min(w.confidence[recs[i]], sure)
			}
		}
		w.parent[recs[bj]] = recs[bi]
		side[bi] = side[bi].and(side[bj])
		for o := range n {
			if gone[o] || o == bi {
				continue
			}
			to := &rel[min(o, bi)*n+max(o, bi)]
			w.add(to, &rel[min(o, bj)*n+max(o, bj)])
			to.cannot = to.cannot || w.paired.forbids(side[bi].and(side[o]))
			weight[min(o, bi)*n+max(o, bi)] = w.weigh(to)
		}
	}
}
