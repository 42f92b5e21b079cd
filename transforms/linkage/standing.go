package linkage

import "slices"

// Standing is a table that stays linked while its records come and go. [Standing.Change] takes records out and in, and
// [Standing.Link] compares only what that may have changed: records that came, and those of which a pair weighs otherwise
// or is compared by other passes. What comes out is what linking all records anew by the same model gives.
//
// Three things make that so. Weights depend on a pair's two records, the model, and rough counts (steady.go). Who is
// compared depends on blocks, and of those that are split otherwise than before all records are compared anew. And
// records that hang together are clustered by what they say alone, so that a set that nothing touched stays as it was.
type Standing struct {
	table *Table
	model *Model

	pairs   []Pair // of a weight above Options.Review, by A and B
	cluster []int32
	sure    []float32 // how sure each record's place is, by the steps that made its cluster
	named   []int32   // records that links named when clusters were last found

	places  *places // where records are found by their keys; nil until something changes
	anew    []bool  // records to be compared with all others; nil before the first linking: all of them
	touched []bool  // records whose clusters are to be found anew besides those of anew
}

// NewStanding makes a standing table of a finished one, which it takes over. A nil model is learned from its records.
func NewStanding(t *Table, m *Model) (*Standing, error) {
	t.round()
	s := &Standing{table: t, model: m}
	if m != nil {
		if err := t.fits(m); err != nil {
			return nil, err
		}
		t.among = amongOf(t.n, m)
	}
	return s, nil
}

// Model gives the model that the records are linked by, nil before one was learned.
func (s *Standing) Model() *Model { return s.model }

// Linked tells whether the table has been linked.
func (s *Standing) Linked() bool { return s.anew != nil }

// Table gives the records.
func (s *Standing) Table() *Table { return s.table }

// Change takes the records with some ids out and brings others in. It answers false when the table has become another
// one, as there is a source or a kind of identifier that it was not made for, or a fraction or a multiple of the records: it
// is of no use then, and all records are to be put into a new one.
func (s *Standing) Change(gone []string, rows Rows) bool {
	passes, err := s.passes()
	if err != nil {
		return false
	}
	if s.anew != nil && s.places == nil {
		s.places = s.table.newPlaces(passes)
	}
	c := s.table.change(s.table.find(gone), rows, passes)
	if c == nil || s.model != nil && amongOf(s.table.n, s.model) != s.table.among {
		return false
	}
	if s.anew != nil {
		s.places.follow(passes, those(c.fresh))
		s.regroup(c, passes)
		s.move(c)
	}
	s.table.settle()
	return true
}

func (s *Standing) passes() ([]pass, error) {
	if s.model == nil {
		return nil, nil
	}
	return s.table.named(s.table.lists(s.model.Passes))
}

// regroup finds the records that are in other blocks than before, beside those that the change is about.
func (s *Standing) regroup(c *change, passes []pass) {
	t, fresh := s.table, those(c.fresh)
	for i := range passes {
		wanted := t.keysOf(&passes[i], fresh)
		for _, e := range c.keys[i] {
			wanted = append(wanted, e.key)
		}
		list := s.places.under(i, &passes[i], wanted)
		for _, e := range c.keys[i] {
			list = append(list, entry{e.key, int32(t.n) + e.rec})
		}
		list = sorted([][]entry{list})
		further := t.further(&passes[i])
		blocksOf(list, func(block []entry) { c.regroup(t, block, further) })
	}
}

// regroup looks at a block as it was and as it is. Its records are fresh when it is split in another way than before.
func (c *change) regroup(t *Table, block []entry, further []part) {
	before, now := 0, 0
	for _, e := range block {
		switch {
		case int(e.rec) >= t.n:
			before++
		case c.fresh[e.rec] && !c.spread[e.rec]:
			now++
		default:
			before, now = before+1, now+1
		}
	}
	if before == len(block) && now == len(block) {
		return
	}
	whole := func(n int) bool { return n <= 2*blockCap }
	switch {
	case whole(before) && whole(now):
	case whole(before) || whole(now) || len(further) == 0:
		for _, e := range block {
			if int(e.rec) < t.n && !c.fresh[e.rec] {
				c.fresh[e.rec], c.spread[e.rec] = true, true
			}
		}
	default:
		blocksOf(splitBlock(block, further[0]), func(block []entry) { c.regroup(t, block, further[1:]) })
	}
}

// move puts what is known of records to their new places, and notes whom the change touches.
func (s *Standing) move(c *change) {
	n := s.table.n
	anew, touched := make([]bool, n), make([]bool, n)
	copy(anew, c.fresh)
	for old, now := range c.moved {
		if now != none {
			anew[now] = anew[now] || s.anew[old]
			touched[now] = s.touched[old]
		}
	}
	pairs := s.pairs[:0]
	for _, p := range s.pairs {
		a, b := c.moved[p.A], c.moved[p.B]
		if a != none && b != none && !anew[a] && !anew[b] {
			pairs = append(pairs, Pair{a, b, p.Weight})
			continue
		}
		for _, x := range [2]int32{a, b} {
			if x != none {
				touched[x] = true
			}
		}
	}
	cluster, sure := make([]int32, n), make([]float32, n)
	for i := range cluster {
		cluster[i], sure[i] = int32(i), 1
	}
	for old, now := range c.moved {
		if now != none {
			// Whose first record went, is touched.
			cluster[now], sure[now] = max(c.moved[s.cluster[old]], 0), s.sure[old]
		}
	}
	named := s.named[:0]
	for _, x := range s.named {
		if now := c.moved[x]; now != none {
			named = append(named, now)
		}
	}
	s.pairs, s.cluster, s.sure, s.named, s.anew, s.touched = pairs, cluster, sure, named, anew, touched
}

// Link finds the clusters. The options' thresholds, sources and passes must be those of the times before; Model is not
// looked at. Records are named in Links by their places after the last change.
func (s *Standing) Link(o Options) (*Result, error) {
	t, res := s.table, &Result{Model: s.model}
	first, given := s.anew == nil, s.model != nil
	if err := t.takes(o); err != nil {
		return nil, err
	}
	passes, err := t.ready(o, res)
	if err != nil {
		return nil, err
	}
	s.model, t.among = res.Model, amongOf(t.n, res.Model)
	var all []*blocks
	if first {
		all = t.blockAll(passes)
	} else {
		all = s.blockAround(passes)
	}
	for _, b := range all {
		res.Passes = append(res.Passes, b.report())
	}
	sc := newScorer(res.Model, t)
	found, compared := t.score(all, sc, o.Review, s.anew)
	s.pairs, res.Compared = mergePairs(s.pairs, found), compared
	k := t.clusterer(sc, o)
	var before *kept
	if !first {
		before = &kept{s.cluster, s.sure, s.unsettled(found, o.Links)}
	}
	s.cluster, s.sure = k.clusters(s.pairs, o.Links.Must, before)
	s.named = o.Links.records()
	if given {
		res.Drift = s.driftOf(found)
	}
	s.anew, s.touched = make([]bool, t.n), make([]bool, t.n)
	res.Pairs, res.Cluster, res.Confidence = s.pairs, s.cluster, slices.Clone(s.sure)
	res.doubtAlone()
	res.Alarms = int(k.alarms.Load())
	res.judge(t, sc, o)
	return res, nil
}

// unsettled gives the records whose clusters may be others than before.
func (s *Standing) unsettled(found []Pair, links Links) []bool {
	out := s.touched
	for i, is := range s.anew {
		out[i] = out[i] || is
	}
	for _, p := range found {
		out[p.A], out[p.B] = true, true
	}
	for _, x := range slices.Concat(s.named, links.records()) {
		out[x] = true
	}
	return out
}

// records lists the records that links name.
func (l Links) records() (out []int32) {
	for _, list := range [][][2]int32{l.Must, l.Cannot} {
		for _, p := range list {
			out = append(out, p[0], p[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mergePairs puts two lists of pairs together, each in order.
func mergePairs(a, b []Pair) []Pair {
	if len(b) == 0 {
		return a
	}
	out := make([]Pair, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if comparePairs(a[0], b[0]) < 0 {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}
