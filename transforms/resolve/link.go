package resolve

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
)

// linkIdentifiers joins records that share a strong identifier, and counts what contradicts.
func (c *clusters) linkIdentifiers(s *Stats) {
	found := make([]*blocks, len(identifiers))
	parallel(len(identifiers), func(i int) { found[i] = identifiers[i].block(c.records) })
	for i := range identifiers {
		id, b := &identifiers[i], found[i]
		count(s.Oversized, id.name, b.oversized)
		for k := range b.len() {
			c.linkBlock(b.at(k), id, s)
		}
	}
}

// linkBlock joins the clusters of a block that share the identifier and are one person. Who fits two that contradict each
// other is nobody's: one of them has the identifier of the other, and nothing tells whose it is.
func (c *clusters) linkBlock(block []int32, id *identifier, s *Stats) {
	var fits []edge
	for i, y := range block {
		for _, x := range block[:i] {
			a, b := c.root(x), c.root(y)
			e := edge{a: min(a, b), b: max(a, b)}
			if a == b || slices.Contains(fits, e) || relate(&c.records[x], &c.records[y], id.of) != agree {
				continue
			}
			fits = append(fits, e)
		}
	}
	if len(fits) == 0 {
		return
	}
	fits = slices.DeleteFunc(fits, func(e edge) bool {
		v := c.byIdentifier(e.a, e.b)
		if v != vetoNone {
			s.Conflicts[id.name+":"+string(v)]++
			c.judged = append(c.judged, edge{a: e.a, b: e.b}) // each the first record of its cluster
		}
		return v != vetoNone
	})
	for _, e := range fits {
		c.judged = append(c.judged, edge{a: e.a, b: e.b})
	}
	joined, unsure := c.joinSure(fits, c.byIdentifier)
	count(s.Links, id.name, joined)
	count(s.Conflicts, id.name+":ambiguous", unsure)
}

// edge is two records, or two clusters, that a rule takes for one person; a is the smaller.
type edge struct {
	a, b int32
	rule rule
}

func compareEdges(x, y edge) int {
	return cmp.Or(cmp.Compare(x.rule, y.rule), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
}

// linkRules applies the rules to what identifiers left apart, the surest rule first.
func (c *clusters) linkRules(s *Stats) {
	edges := c.edges(s)
	c.judged = append(c.judged, edges...)
	for len(edges) > 0 {
		n := 1
		for n < len(edges) && edges[n].rule == edges[0].rule {
			n++
		}
		c.linkRule(edges[:n], s)
		edges = edges[n:]
	}
}

// edges compares the records of every block, those of different clusters, and gives each pair once.
func (c *clusters) edges(s *Stats) []edge {
	of := make([]int32, len(c.records))
	for i := range of {
		of[i] = c.root(int32(i))
	}
	found := make([]*blocks, len(candidates))
	parallel(len(candidates), func(i int) { found[i] = candidates[i].block(c.records) })
	var all []edge
	for i, b := range found {
		count(s.Oversized, candidates[i].name, b.oversized)
		const share = 1024 // blocks that a worker takes at once
		parts := make([][]edge, (b.len()+share-1)/share)
		parallel(len(parts), func(p int) {
			for k := p * share; k < min((p+1)*share, b.len()); k++ {
				parts[p] = c.judgeBlock(parts[p], b.at(k), of)
			}
		})
		for _, p := range parts {
			all = append(all, p...)
		}
	}
	slices.SortFunc(all, compareEdges)
	return slices.Compact(all)
}

func (v *view) judgeBlock(out []edge, block, of []int32) []edge {
	for i, x := range block {
		for _, y := range block[:i] {
			if of[x] == of[y] {
				continue
			}
			if r := v.judge(&v.records[x], &v.records[y]); r != byNothing {
				out = append(out, edge{min(x, y), max(x, y), r})
			}
		}
	}
	return out
}

// linkRule joins the clusters of one rule's edges.
func (c *clusters) linkRule(edges []edge, s *Stats) {
	name := ruleNames[edges[0].rule]
	joined, unsure := c.joinSure(c.fits(edges), c.byRule)
	count(s.Links, name, joined)
	count(s.Review, name, unsure)
}

// joinSure joins pairs of clusters that fit. A cluster is joined to all that it fits when these are one person, too: when
// nothing of them contradicts. Otherwise it is left alone. What is joined is decided before anything is, so that the order
// of pairs does not matter. It gives how many joins were made, and how many pairs are for a person to decide.
func (c *clusters) joinSure(fits []edge, check func(a, b int32) veto) (joined, unsure int) {
	if len(fits) == 1 {
		c.join(fits[0].a, fits[0].b)
		return 1, 0
	}
	neighbours := make(map[int32][]int32, len(fits))
	for _, e := range fits {
		neighbours[e.a] = append(neighbours[e.a], e.b)
		neighbours[e.b] = append(neighbours[e.b], e.a)
	}
	sure := fits[:0]
	for _, e := range fits {
		if c.onePerson(neighbours[e.a], neighbours[e.b], check) {
			sure = append(sure, e)
		} else {
			unsure++
		}
	}
	for _, e := range sure {
		switch a, b := c.root(e.a), c.root(e.b); {
		case a == b:
		case check(a, b) == vetoNone:
			c.join(a, b)
			joined++
		default:
			unsure++
		}
	}
	return joined, unsure
}

// fits gives the pairs of clusters that the edges join and nothing vetoes, each once.
func (c *clusters) fits(edges []edge) []edge {
	out := make([]edge, 0, len(edges))
	for _, e := range edges {
		if a, b := c.root(e.a), c.root(e.b); a != b {
			out = append(out, edge{min(a, b), max(a, b), e.rule})
		}
	}
	slices.SortFunc(out, compareEdges)
	return slices.DeleteFunc(slices.Compact(out), func(e edge) bool { return c.byRule(e.a, e.b) != vetoNone })
}

// onePerson tells whether nothing contradicts among the neighbours of two clusters, who are among them.
func (c *clusters) onePerson(a, b []int32, check func(a, b int32) veto) bool {
	if len(a) == 1 && len(b) == 1 {
		return true
	}
	if len(a)+len(b) > 2*maxCluster {
		return false
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	all = slices.Compact(all)
	for i, x := range all {
		for _, y := range all[:i] {
			if check(x, y) != vetoNone {
				return false
			}
		}
	}
	return true
}

// parallel calls f with 0 to n-1, on as many processors as there are.
func parallel(n int, f func(int)) {
	var next struct {
		sync.Mutex
		at int
	}
	take := func() int {
		next.Lock()
		defer next.Unlock()
		next.at++
		return next.at - 1
	}
	var all sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := take(); i < n; i = take() {
				f(i)
			}
		})
	}
	all.Wait()
}
