package linkage

// Options of linking.
type Options struct {
	Threshold float64 // bits of evidence above which two clusters are one person; 0 is even odds
}

// Result is the outcome of linking.
type Result struct {
	Model    *Model
	Cluster  []int32 // of each record: the first record of its cluster
	Compared int64   // pairs
	Edges    int
	Recall   float64 // share of one person's pairs that the passes are estimated to find
}

// Link trains on the table's records and clusters them.
func (t *Table) Link(o Options) *Result {
	res := &Result{}
	candidates := make([]candidate, 0, 32)
	for _, p := range t.candidates() {
		candidates = append(candidates, candidate{pass: p})
	}
	sample := t.sample(candidates)
	m, posts := t.train(sample)
	res.Model = m
	debugSample(t, candidates, sample, posts)
	chosen := choose(candidates, sample, posts, t.n, m.Prior*float64(t.n)*float64(t.n-1)/2)
	var mask uint64
	for _, i := range chosen {
		mask |= 1 << i
		m.Passes = append(m.Passes, candidates[i].name)
	}
	res.Recall = estimate(sample, posts, mask)
	all := make([]*blocks, len(chosen))
	parallel(len(chosen), func(i int) { all[i] = t.block(&candidates[chosen[i]].pass) })
	for _, b := range all {
		n := 0
		for i := range b.len() {
			k := len(b.at(i))
			n += k * (k - 1) / 2
		}
		println("PASS", b.pass.name, n, "split", b.split, "left", b.left, "windows", len(b.windows))
	}
	s := newScorer(m, t)
	edges, compared := t.score(all, s, o.Threshold)
	res.Compared, res.Edges = compared, len(edges)
	k := &clusterer{t: t, s: s, threshold: o.Threshold}
	k.several[featurePlace], k.several[featurePhone], k.several[featureEmail] = true, true, true
	for i, other := range t.others {
		if other.field.Unique {
			k.unique = append(k.unique, featureOther+i)
		}
	}
	res.Cluster = k.clusters(edges)
	return res
}

func debugSample(t *Table, c []candidate, sample []sampled, posts []float64) {
	var all float64
	per := make([]float64, len(c))
	none := 0.0
	for i := range sample {
		x := sample[i].weight * posts[i]
		all += x
		if sample[i].passes == 0 {
			none += x
		}
		for p := range c {
			if sample[i].passes>>p&1 != 0 {
				per[p] += x
			}
		}
	}
	println("sample", len(sample), "matches", int(all), "none", int(none))
	for p := range c {
		println(c[p].name, int(c[p].found), int(c[p].pairs), c[p].drawn, int(per[p]))
	}
}
