package linkage

import "slices"

// census tells of the names in a table how many pairs of the sample's records are at each level, whoever they are, and how rare their
// values are. It has a sample of its own, of names alone. Pairs that are compared in everything tell the same with more doubt, most of
// all of rarity: a name that few bear counts much, and is seldom drawn.
type census struct {
	pairs []float64 // at each level
	rare  []float64 // of these the sum of 1/f, f being the share of records that have the rarer value
}

const (
	// Of each feature four pairs for each record are drawn, but not fewer nor more than so many, and half as many of those that share a value.
	censusLeast     = 10_000
	censusMost      = 40_000
	censusPerRecord = 4
	censusChunk     = 8192 // pairs that are drawn by one worker
)

// tells says whether it is known how many pairs are at a level. Of one that was never drawn it is not, nor of names in each other's
// place, which are no level of one name.
func (c *census) tells(l int) bool { return l < len(c.pairs) && c.pairs[l] > 0 }

// censuses gives what is known of each feature: of given and family names something, of all else nothing.
func (t *Table) censuses() []census {
	out := make([]census, len(t.features))
	if !t.hasNames {
		return out
	}
	out[featureGiven] = t.census(featureGiven, t.given,
		func(id int32) int32 { return t.words.uses[t.names[id].words[0]] },
		func(c *comparer, a, b int32) (uint8, int32) {
			l, x, y := c.given(a, b)
			if l == absent || l == 0 {
				return l, 0
			}
			return l, t.rareGiven(l, x, y)
		})
	out[featureFamily] = t.census(featureFamily, t.family,
		func(id int32) int32 { return t.family.uses[id] },
		func(c *comparer, a, b int32) (uint8, int32) {
			l, x, y := c.family(a, b, true)
			if l == absent || l == 0 {
				return l, 0
			}
			return l, t.family.rarer(x, y)
		})
	return out
}

// census takes that of one feature. Of few records every pair counts. Else two kinds of pairs are drawn, and each weighs by how seldom
// it is: those that are the same in the feature by a record and one that shares a value with it; the others half as any two,
// half with a record of rare values. So what counts much is drawn often.
func (t *Table) census(f int, v *values, uses func(id int32) int32, compare func(c *comparer, a, b int32) (uint8, int32)) census {
	told, top := float64(max(1, t.telling(f))), t.features[f].top()
	out := census{make([]float64, top+1), make([]float64, top+1)}
	p := t.tellersOf(v, uses)
	n := int64(len(p.tell))
	if n < 2 {
		return out
	}
	draws, every := min(max(n*censusPerRecord, censusLeast), censusMost), false
	if all := n * (n - 1) / 2; all <= draws {
		draws, every = all, true
	}
	sums := make([]census, (draws+censusChunk-1)/censusChunk)
	parallel(len(sums), func(i int) {
		c := t.comparers.take()
		defer t.comparers.give(c)
		sums[i] = census{make([]float64, top+1), make([]float64, top+1)}
		add := func(x, y int32, weight float64) (int, float64, float64) {
			l, rare := compare(c, p.tell[x], p.tell[y])
			if rare > 0 {
				return int(l), weight, weight * told / float64(rare)
			}
			return int(l), weight, 0
		}
		count := func(l int, pairs, rare float64) {
			sums[i].pairs[l] += pairs
			sums[i].rare[l] += rare
		}
		d := dice(uint64(f)<<32 + uint64(i))
		d = dice(d.next())
		for k := int64(i) * censusChunk; k < min(int64(i+1)*censusChunk, draws); k++ {
			if every {
				x, y := pairAt(k)
				count(add(int32(x), int32(y), 1))
				continue
			}
			x, y := p.apart(&d, k%2 == 1)
			if x != y {
				if l, pairs, rare := add(x, y, 1/(float64(draws)*p.apartChance(x, y))); l != top {
					count(l, pairs, rare)
				}
			}
			if k%2 == 1 {
				continue
			}
			if x, y := p.sharing(&d); x != y {
				if l, pairs, rare := add(x, y, 1/(float64((draws+1)/2)*p.sharingChance(x, y))); l == top {
					count(l, pairs, rare)
				}
			}
		}
	})
	for _, s := range sums {
		for l := range out.pairs {
			out.pairs[l] += s.pairs[l]
			out.rare[l] += s.rare[l]
		}
	}
	return out
}

// tellers are the records of the sample that tell a feature, by what is drawn of them.
type tellers struct {
	v      *values
	tell   []int32
	rarer  []float64 // of each of them, 1 by the uses of the rarest value, summed up
	ends   []int32   // of each value: where those that have it end in having
	having []int32   // places in tell
}

func (t *Table) tellersOf(v *values, uses func(id int32) int32) *tellers {
	p := &tellers{v: v, ends: make([]int32, v.dict.len())}
	total := 0.0
	for rec := range int32(min(t.n, sampleRecords)) {
		rare := int32(0)
		for _, id := range v.has(rec) {
			p.ends[id]++
			if k := uses(id); rare == 0 || k < rare {
				rare = k
			}
		}
		if rare > 0 {
			p.tell = append(p.tell, rec)
			total += 1 / float64(rare)
			p.rarer = append(p.rarer, total)
		}
	}
	sum := int32(0)
	for id, k := range p.ends { // for now where each begins
		p.ends[id] = sum
		sum += k
	}
	p.having = make([]int32, sum)
	for i, rec := range p.tell {
		for _, id := range v.has(rec) {
			p.having[p.ends[id]] = int32(i)
			p.ends[id]++
		}
	}
	return p
}

// of gives those that have a value.
func (p *tellers) of(id int32) []int32 {
	from := int32(0)
	if id > 0 {
		from = p.ends[id-1]
	}
	return p.having[from:p.ends[id]]
}

// apart draws two, the second one by chance or by how rare its values are; they may be the same one.
func (p *tellers) apart(d *dice, rare bool) (x, y int32) {
	n := len(p.tell)
	x, y = int32(d.below(int64(n))), int32(d.below(int64(n)))
	if rare {
		at, _ := slices.BinarySearch(p.rarer, float64(d.next()>>11)/(1<<53)*p.rarer[n-1])
		y = int32(min(at, n-1))
	}
	return x, y
}

// apartChance is with which two are drawn, in any order, when half of the second ones are rare.
func (p *tellers) apartChance(x, y int32) float64 {
	n := float64(len(p.tell))
	return (2/n + p.rareChance(x) + p.rareChance(y)) / (2 * n)
}

func (p *tellers) rareChance(i int32) float64 {
	before := 0.0
	if i > 0 {
		before = p.rarer[i-1]
	}
	return (p.rarer[i] - before) / p.rarer[len(p.rarer)-1]
}

// sharing draws two that share a value; they may be the same one.
func (p *tellers) sharing(d *dice) (x, y int32) {
	x = int32(d.below(int64(len(p.tell))))
	has := p.v.has(p.tell[x])
	with := p.of(has[d.below(int64(len(has)))])
	return x, with[d.below(int64(len(with)))]
}

// sharingChance is with which two that share something are drawn, in any order.
func (p *tellers) sharingChance(x, y int32) (chance float64) {
	xs, ys := p.v.has(p.tell[x]), p.v.has(p.tell[y])
	for _, id := range xs {
		if slices.Contains(ys, id) {
			chance += (1/float64(len(xs)) + 1/float64(len(ys))) / float64(len(p.of(id)))
		}
	}
	return chance / float64(len(p.tell))
}
