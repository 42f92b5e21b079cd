package linkage

import (
	"math"
	"slices"
	"sort"
)

// entry is a record under a key.
type entry struct {
	key uint64
	rec int32
}

// entries lists the records of a pass under their keys, by key and record. Of the keys only those stay of which one in
// share is taken: a sample of whole blocks.
func (t *Table) entries(p *pass, share uint64) []entry {
	const chunk = 1 << 14
	parts := make([][]entry, (t.n+chunk-1)/chunk)
	parallel(len(parts), func(i int) {
		var keys [maxKeys]uint64
		out := make([]entry, 0, chunk/int(share)+64)
		for rec := i * chunk; rec < min((i+1)*chunk, t.n); rec++ {
			for _, k := range p.keys(int32(rec), keys[:0]) {
				if share == 1 || k>>20%share == 0 {
					out = append(out, entry{k, int32(rec)})
				}
			}
		}
		parts[i] = out
	})
	all := slices.Concat(parts...)
	sortEntries(all)
	return all
}

// sortEntries sorts by key; records stay in their order, as the sort is stable. It is a radix sort by the key's bytes.
func sortEntries(list []entry) {
	if len(list) < 256 {
		sort.SliceStable(list, func(i, j int) bool { return list[i].key < list[j].key })
		return
	}
	other := make([]entry, len(list))
	// Three digits of eleven bits part the keys well enough; what they leave together is sorted by comparing.
	const bits, digits = 11, 3
	for d := range digits {
		shift := 64 - bits*(digits-d)
		var at [1 << bits]int32
		for i := range list {
			at[list[i].key>>shift&(1<<bits-1)]++
		}
		sum := int32(0)
		for i, n := range at {
			at[i] = sum
			sum += n
		}
		for i := range list {
			k := list[i].key >> shift & (1<<bits - 1)
			other[at[k]] = list[i]
			at[k]++
		}
		list, other = other, list
	}
	copy(other, list) // an odd number of digits leaves the outcome in the other half
	list = other
	const top = 64 - bits*digits
	for from := 0; from < len(list); {
		to := from + 1
		same := true
		for to < len(list) && list[to].key>>top == list[from].key>>top {
			same = same && list[to].key == list[from].key
			to++
		}
		if !same {
			part := list[from:to]
			sort.SliceStable(part, func(i, j int) bool { return part[i].key < part[j].key })
		}
		from = to
	}
}

// blocksOf calls f with each run of entries of one key that has two records or more.
func blocksOf(list []entry, f func(block []entry)) {
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].key == list[from].key {
			to++
		}
		if to-from > 1 {
			f(list[from:to])
		}
		from = to
	}
}

// dice are random numbers that are the same in every run (SplitMix64).
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9E3779B97F4A7C15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (d *dice) below(n int64) int64 { return int64(d.next() % uint64(n)) }

// sampled is a pair of the training sample.
type sampled struct {
	a, b   int32
	weight float64 // how many pairs of all it stands for
	passes uint64  // the passes that find it
	v      vector
}

// candidate is a pass with what is known of it before it is chosen.
type candidate struct {
	pass
	pairs float64 // that it finds, without a cap
	kept  float64 // and with blocks cut to their cap
	drawn int
}

// sampling of pairs for training: some of every candidate pass and some of all pairs. Each pair that is drawn stands for
// the inverse of the number of times it was to be expected among those drawn (the multiplicity estimator of sampling from
// several frames that overlap, Hansen and Hurwitz 1943): the sample weighs as all pairs of the table do, although it is
// rich in pairs of one person.
func (t *Table) sample(candidates []candidate, each, random int, pairBlocks int) []sampled {
	share := uint64(1)
	for t.n/int(share) > pairBlocks {
		share *= 2
	}
	drawn := make([][]sampled, len(candidates)+1)
	parallel(len(candidates)+1, func(i int) {
		if i == len(candidates) {
			drawn[i] = t.drawAny(random)
			return
		}
		drawn[i] = t.draw(&candidates[i], share, each, uint64(i))
	})
	all := slices.Concat(drawn...)
	total := float64(t.n) * float64(t.n-1) / 2
	const chunk = 4096
	parallel((len(all)+chunk-1)/chunk, func(i int) {
		c := newComparer(t)
		for k := i * chunk; k < min((i+1)*chunk, len(all)); k++ {
			s := &all[k]
			expected := float64(random) / total
			var ka, kb [maxKeys]uint64
			for p := range candidates {
				as, bs := candidates[p].keys(s.a, ka[:0]), candidates[p].keys(s.b, kb[:0])
				for _, x := range as {
					if slices.Contains(bs, x) {
						s.passes |= 1 << p
						if candidates[p].pairs > 0 {
							expected += float64(candidates[p].drawn) / candidates[p].pairs
						}
					}
				}
			}
			s.weight = 1 / expected
			c.compare(s.a, s.b, &s.v)
		}
	})
	return all
}

// draw takes pairs of a pass with equal chances, and counts the pass's pairs.
func (t *Table) draw(c *candidate, share uint64, n int, seed uint64) []sampled {
	list := t.entries(&c.pass, share)
	type run struct {
		from, len int32
		before    int64 // pairs of the blocks before
	}
	var runs []run
	pairs, kept, at := int64(0), int64(0), 0
	for from := 0; from < len(list); from = at {
		at = from + 1
		for at < len(list) && list[at].key == list[from].key {
			at++
		}
		if size := int64(at - from); size > 1 {
			runs = append(runs, run{int32(from), int32(size), pairs})
			pairs += size * (size - 1) / 2
			kept += min(size*(size-1)/2, size*blockCap/2)
		}
	}
	c.pairs, c.kept = float64(pairs)*float64(share), float64(kept)*float64(share)
	if pairs == 0 {
		return nil
	}
	d := dice(seed*0x1234567 + 42)
	c.drawn = n
	if int64(n) > pairs { // all of them
		c.drawn = int(pairs)
	}
	out := make([]sampled, 0, c.drawn)
	take := func(k int64) {
		i, _ := slices.BinarySearchFunc(runs, k, func(r run, k int64) int {
			if r.before <= k {
				return -1
			}
			return 1
		})
		r := runs[i-1]
		x, y := pairAt(k - r.before)
		a, b := list[r.from+int32(x)].rec, list[r.from+int32(y)].rec
		out = append(out, sampled{a: min(a, b), b: max(a, b)})
	}
	for k := range int64(c.drawn) {
		if c.drawn == int(pairs) {
			take(k)
		} else {
			take(d.below(pairs))
		}
	}
	return out
}

// pairAt gives the k-th pair (x, y) with x < y, counted by y.
func pairAt(k int64) (x, y int64) {
	y = int64((1 + math.Sqrt(float64(1+8*k))) / 2)
	for y*(y-1)/2 > k {
		y--
	}
	for (y+1)*y/2 <= k {
		y++
	}
	return k - y*(y-1)/2, y
}

// drawAny takes any two records.
func (t *Table) drawAny(n int) []sampled {
	d := dice(7)
	out := make([]sampled, 0, n)
	for len(out) < n {
		a, b := int32(d.below(int64(t.n))), int32(d.below(int64(t.n)))
		if a != b {
			out = append(out, sampled{a: min(a, b), b: max(a, b)})
		}
	}
	return out
}
