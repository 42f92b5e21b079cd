package linkage

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// entry is a record under a key.
type entry struct {
	key uint64
	rec int32
}

// entries lists the first n records under their keys of a pass, by key and record. What they say of parts may have been kept.
func (t *Table) entries(p *pass, n int, kept []partKeys) []entry {
	const chunk = 1 << 14
	parts := make([][]entry, (n+chunk-1)/chunk)
	parallel(len(parts), func(i int) {
		from, to := i*chunk, min((i+1)*chunk, n)
		out := make([]entry, 0, to-from)
		if single(p, kept) {
			parts[i] = p.only(kept, from, to, out)
			return
		}
		keys := t.keyer()
		keys.kept = kept
		for rec := from; rec < to; rec++ {
			for _, k := range keys.of(p, int32(rec)) {
				out = append(out, entry{k, int32(rec)})
			}
		}
		parts[i] = out
	})
	return sorted(parts)
}

// bucketEntries is about how many entries are sorted at once: so few that they stay in the processor's nearest cache.
const bucketEntries = 1024

// sorted puts lists of entries together, which it lets go of, and sorts them by key; records stay in their order. Keys are hashes, so that their
// first bits deal them out evenly: once to buckets, and once within each.
func sorted(parts [][]entry) []entry {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	top := min(bits.Len(uint(n/bucketEntries)), 12)
	ends := make([]int32, 1<<top)
	for _, p := range parts {
		for i := range p {
			ends[p[i].key>>(64-top)]++
		}
	}
	sum := int32(0)
	for i, k := range ends { // for now where each begins
		ends[i] = sum
		sum += k
	}
	all := make([]entry, n)
	for k, p := range parts {
		for i := range p {
			at := &ends[p[i].key>>(64-top)]
			all[*at] = p[i]
			*at++
		}
		parts[k] = nil // may be collected
	}
	var other []entry
	from := int32(0)
	for _, to := range ends {
		if k := int(to - from); k > len(other) {
			other = make([]entry, k)
		}
		sortBucket(all[from:to], other, 56-top)
		from = to
	}
	return all
}

// sortBucket sorts entries whose keys are the same above shift and eight further bits.
func sortBucket(list, other []entry, shift int) {
	if len(list) < 16 {
		sortFew(list)
		return
	}
	var ends [256]int32
	for i := range list {
		ends[list[i].key>>shift&0xFF]++
	}
	sum := int32(0)
	for i, k := range ends {
		ends[i] = sum
		sum += k
	}
	for i := range list {
		at := &ends[list[i].key>>shift&0xFF]
		other[*at] = list[i]
		*at++
	}
	copy(list, other)
	from := int32(0)
	for _, to := range ends {
		if to-from > 1 {
			sortFew(list[from:to])
		}
		from = to
	}
}

// sortFew sorts what is short, or for the most part sorted as the entries of one key are.
func sortFew(list []entry) {
	for i := 1; i < len(list); i++ {
		if list[i].key >= list[i-1].key {
			continue
		}
		if i > 32 {
			slices.SortStableFunc(list, func(x, y entry) int { return cmp.Compare(x.key, y.key) })
			return
		}
		x, j := list[i], i
		for ; j > 0 && list[j-1].key > x.key; j-- {
			list[j] = list[j-1]
		}
		list[j] = x
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
	passes passSet // that find it
	v      vector
}

// candidate is a pass with what is known of it before it is chosen.
type candidate struct {
	pass
	found float64 // pairs that it finds among the records of the sample
	drawn int     // of these
	pairs float64 // pairs to be compared among all records, with blocks cut to their cap
}

// sizes of the training sample.
const (
	sampleRecords = 200_000 // it is drawn from so many records, which are any, as the order of records is that of a hash
	// Of each candidate pass as many pairs are drawn as leave little doubt about a weight: a level that one in p of n pairs are at is
	// known to log2(e)·sqrt((p-1)/n) bits, one standard error. So of 2 000 pairs one in 20 is known to 0.14 bits; of all passes
	// together, thirty or so, one in 500. The more records there are, the more strangers each meets, and the dearer a mistake:
	// beyond 100 000 records the pairs grow with them.
	samplePass     = 2_000
	samplePassMost = 6_000
	recordsPerPair = 50
	// Pairs of any two records tell of strangers alone. A level that not one of a record's strangers is at leaves no doubt about
	// whom the record is; one that one of them is at is seen in four pairs, if there are so many for each record.
	anyLeast     = 10_000
	anyMost      = 40_000
	anyPerRecord = 4
)

// passPairs is how many pairs are drawn of each candidate pass, and anyPairs how many of all, of so many records.
func passPairs(n int) int64 { return int64(min(max(samplePass, n/recordsPerPair), samplePassMost)) }
func anyPairs(n int) int64 {
	return min(max(int64(n)*anyPerRecord, anyLeast), anyMost, int64(n)*int64(n-1)/2)
}

// couple is two records, the lesser in the upper half.
type couple uint64

func coupleOf(a, b int32) couple { return couple(min(a, b))<<32 | couple(max(a, b)) }

// sample draws pairs for training: some of every candidate pass and some of all pairs. Each pair that is drawn stands for
// the number of times that it was drawn by the number of times that was to be expected (the multiplicity estimator of sampling
// from several frames that overlap, Hansen and Hurwitz 1943): the sample weighs as all pairs of its records do, although it is
// rich in pairs of one person.
func (t *Table) sample(candidates []candidate) []sampled {
	n := min(t.n, sampleRecords)
	kept := t.partKeys(n)
	drawn := make([][]couple, len(candidates)+1)
	parallel(len(drawn), func(i int) {
		if i == len(candidates) {
			drawn[i] = drawAny(n)
		} else {
			drawn[i] = t.draw(&candidates[i], n, kept, uint64(i))
		}
	})
	all := distinct(slices.Concat(drawn...))
	words := passSetWords(len(candidates))
	sets := make(passSet, len(all)*words) // of all pairs
	const chunk = 4096
	parallel((len(all)+chunk-1)/chunk, func(i int) {
		c := t.comparers.take()
		defer t.comparers.give(c)
		from, to := i*chunk, min((i+1)*chunk, len(all))
		for k := from; k < to; k++ {
			all[k].passes = sets[k*words : (k+1)*words]
			c.compare(all[k].a, all[k].b, &all[k].v)
		}
		represent(all[from:to], candidates, kept, float64(anyPairs(n))/(float64(n)*float64(n-1)/2))
	})
	return all
}

// distinct gives each couple once, weighed by how often it was drawn.
func distinct(drawn []couple) []sampled {
	slices.Sort(drawn)
	n := 0
	for i, x := range drawn {
		if i == 0 || x != drawn[i-1] {
			n++
		}
	}
	all := make([]sampled, n)
	n = -1
	for i, x := range drawn {
		if i == 0 || x != drawn[i-1] {
			n++
			all[n].a, all[n].b = int32(x>>32), int32(x&math.MaxUint32)
		}
		all[n].weight++
	}
	return all
}

// represent says of drawn pairs which passes find them, and how many pairs they stand for.
func represent(drawn []sampled, candidates []candidate, kept []partKeys, chance float64) {
	needs := make([]uint64, len(candidates)) // a bit for each part
	for p := range candidates {
		for _, i := range candidates[p].parts {
			needs[p] |= 1 << i
		}
	}
	all := make([]uint8, len(drawn)*len(kept)) // keys that pairs share, part by part, as each part lies by itself
	for i := range kept {
		for k := range drawn {
			if n := kept[i].shared(drawn[k].a, drawn[k].b); n > 0 {
				all[k*len(kept)+i] = n
			}
		}
	}
	for k := range drawn {
		s, shared, agree := &drawn[k], all[k*len(kept):(k+1)*len(kept)], uint64(0)
		for i, n := range shared {
			if n > 0 {
				agree |= 1 << i
			}
		}
		expected := chance
		for p := range candidates {
			if needs[p]&^agree != 0 || candidates[p].found == 0 {
				continue
			}
			keys := 1
			for _, i := range candidates[p].parts {
				keys *= int(shared[i])
			}
			s.passes.add(p)
			expected += float64(min(keys, maxKeys)) * float64(candidates[p].drawn) / candidates[p].found
		}
		s.weight /= expected
	}
}

// draw takes pairs of a pass with equal chances from the first n records, and counts the pass's pairs.
func (t *Table) draw(c *candidate, n int, kept []partKeys, seed uint64) []couple {
	list := t.entries(&c.pass, n, kept)
	type run struct {
		from, len int32
		before    int64 // pairs of the blocks before
	}
	var runs []run
	pairs, scale := int64(0), float64(t.n)/float64(n)
	for from, to := 0, 0; from < len(list); from = to {
		for to = from + 1; to < len(list) && list[to].key == list[from].key; {
			to++
		}
		if size := int64(to - from); size > 1 {
			runs = append(runs, run{int32(from), int32(size), pairs})
			pairs += size * (size - 1) / 2
			whole := float64(size) * scale
			c.pairs += expectedPairs(float64(size*(size-1)/2)*scale*scale, whole)
		}
	}
	if c.found = float64(pairs); pairs == 0 {
		return nil
	}
	most := passPairs(t.n)
	c.drawn = int(min(most, pairs))
	d := dice(seed*0x1234567 + 42)
	out := make([]couple, 0, c.drawn)
	for k := range int64(c.drawn) {
		if pairs > most { // else each of them once
			k = d.below(pairs)
		}
		i, _ := slices.BinarySearchFunc(runs, k, func(r run, k int64) int {
			if r.before <= k {
				return -1
			}
			return 1
		})
		r := runs[i-1]
		x, y := pairAt(k - r.before)
		out = append(out, coupleOf(list[r.from+int32(x)].rec, list[r.from+int32(y)].rec))
	}
	return out
}

// expectedPairs says how many pairs of a block of a size are compared: all, unless it is so large that further keys split it.
func expectedPairs(pairs, size float64) float64 {
	if size <= 2*blockCap {
		return pairs
	}
	return min(pairs, size*splitPairs)
}

// splitPairs is about how many pairs a record is in when its block was split.
const splitPairs = 6

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

// drawAny takes any two of the first n records; of few records every two once.
func drawAny(n int) []couple {
	d := dice(7)
	pairs, most := int64(n)*int64(n-1)/2, anyPairs(n)
	out := make([]couple, 0, most)
	if pairs == most {
		for k := range pairs {
			a, b := pairAt(k)
			out = append(out, coupleOf(int32(a), int32(b)))
		}
		return out
	}
	for len(out) < int(most) {
		if a, b := int32(d.below(int64(n))), int32(d.below(int64(n))); a != b {
			out = append(out, coupleOf(a, b))
		}
	}
	return out
}
