package linkage

import (
	"cmp"
	"math"
	"slices"
)

// crowd is a set of records that hang together and are too many to be compared each with each: equal rows by the hundred,
// or people whom weak links chain. Its pairs are taken by weight, the surest first, and the clusters of two records become
// one if some records of both, weighed together, allow it. What must not be together is asked of all records.
type crowd struct {
	*work
	members map[int32][]int32   // by the first record
	cannot  [][2]int32          // within the crowd
	clean   map[int32][]int32   // sources that have nobody twice, of each cluster
	named   map[int32][][]int32 // of each cluster and unique feature: records with its values, each value once
	ruled   map[int32][][]int32 // of each cluster and rule: records that it holds for, each value within another once
	side    map[int32]sides
}

// asked is how many records speak for a cluster.
const asked = 4

func (w *work) crowd(recs []int32, c *comparer) {
	w.alarms.Add(1)
	g := crowd{work: w, members: map[int32][]int32{}, clean: map[int32][]int32{}, named: map[int32][][]int32{}, ruled: map[int32][][]int32{}, side: map[int32]sides{}}
	var pairs, must []Pair
	for _, r := range recs {
		g.members[r] = []int32{r}
		if w.clean != nil && !w.careful {
			if s := w.t.sources.first(r); s != none && w.clusterer.clean[s] {
				g.clean[r] = []int32{s}
			}
		}
		g.named[r] = make([][]int32, len(w.unique))
		for i, f := range w.unique {
			if w.careful { // all records are asked
				break
			}
			if w.t.others[f-featureOther].first(r) != none {
				g.named[r][i] = []int32{r}
			}
		}
		g.ruled[r] = make([][]int32, len(w.rules))
		for i := range w.rules {
			if _, _, ok := w.rules[i].holds(r); ok {
				g.ruled[r][i] = []int32{r}
			}
		}
		g.side[r] = w.paired.of(w.t, r)
		for _, p := range w.pairs[w.from[r]:w.from[r+1]] {
			if float64(p.Weight) > w.threshold {
				pairs = append(pairs, p)
			}
		}
	}
	for p := range w.must {
		if g.members[p[0]] != nil && g.members[p[1]] != nil {
			must = append(must, Pair{p[0], p[1], maxWeight})
		}
	}
	for p := range w.clusterer.cannot {
		if g.members[p[0]] != nil && g.members[p[1]] != nil {
			g.cannot = append(g.cannot, p)
		}
	}
	slices.SortFunc(must, comparePairs)
	slices.SortFunc(pairs, func(x, y Pair) int { return cmp.Or(cmp.Compare(y.Weight, x.Weight), comparePairs(x, y)) })
	for _, p := range must {
		g.join(find(w.parent, p.A), find(w.parent, p.B), maxWeight)
	}
	for _, p := range pairs {
		a, b := find(w.parent, p.A), find(w.parent, p.B)
		if a == b {
			continue
		}
		if bits := g.between(a, b, c); bits > w.threshold {
			g.join(a, b, bits)
		}
	}
}

// between weighs two clusters.
func (g *crowd) between(a, b int32, c *comparer) float64 {
	if g.forbidden(a, b, c) {
		return math.Inf(-1)
	}
	one, two := speakers(g.members[a]), speakers(g.members[b])
	if g.careful {
		if one, two = g.members[a], g.members[b]; len(one)+len(two) > maxRecords {
			return math.Inf(-1)
		}
	}
	var sum relation
	for _, i := range one {
		for _, j := range two {
			var x relation
			g.relate(i, j, c, &x)
			g.add(&sum, &x)
		}
	}
	return g.weigh(&sum)
}

// speakers picks the records that speak for a cluster, from all over it.
func speakers(members []int32) []int32 {
	if len(members) <= asked {
		return members
	}
	out := make([]int32, asked)
	for i := range out {
		out[i] = members[i*len(members)/asked]
	}
	return out
}

func (g *crowd) forbidden(a, b int32, c *comparer) bool {
	for _, s := range g.clean[a] {
		if slices.Contains(g.clean[b], s) {
			return true
		}
	}
	for _, p := range g.cannot {
		if x, y := find(g.parent, p[0]), find(g.parent, p[1]); x == a && y == b || x == b && y == a {
			return true
		}
	}
	if g.paired.forbids(g.side[a].and(g.side[b])) {
		return true
	}
	for i := range g.rules {
		for _, x := range g.ruled[a][i] {
			if slices.ContainsFunc(g.ruled[b][i], func(y int32) bool { return g.rules[i].apart(x, y) }) {
				return true
			}
		}
	}
	var v vector
	for i, f := range g.unique {
		for _, x := range g.named[a][i] {
			for _, y := range g.named[b][i] {
				if c.compare(x, y, &v); v.level[f] == 0 {
					return true
				}
			}
		}
	}
	return false
}

// join makes two clusters one.
func (g *crowd) join(a, b int32, bits float64) {
	if a == b {
		return
	}
	a, b = min(a, b), max(a, b)
	g.parent[b] = a
	g.members[a] = append(g.members[a], g.members[b]...)
	g.clean[a] = append(g.clean[a], g.clean[b]...)
	for i, f := range g.unique {
		o := g.t.others[f-featureOther]
		for _, y := range g.named[b][i] {
			if !slices.ContainsFunc(g.named[a][i], func(x int32) bool { return o.first(x) == o.first(y) }) {
				g.named[a][i] = append(g.named[a][i], y)
			}
		}
	}
	for i := range g.rules {
		for _, y := range g.ruled[b][i] {
			if !slices.ContainsFunc(g.ruled[a][i], func(x int32) bool { return g.rules[i].same(x, y) }) {
				g.ruled[a][i] = append(g.ruled[a][i], y)
			}
		}
	}
	g.side[a] = g.side[a].and(g.side[b])
	delete(g.members, b)
	delete(g.clean, b)
	delete(g.named, b)
	delete(g.ruled, b)
	delete(g.side, b)
	sure := float32(Probability(bits))
	for _, r := range g.members[a] {
		g.confidence[r] = min(g.confidence[r], sure)
	}
}
