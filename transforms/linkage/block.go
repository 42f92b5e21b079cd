package linkage

import (
	"runtime"
	"slices"
)

// blocks are a pass's groups of records that are compared with each other.
type blocks struct {
	pass    *pass
	recs    []int32
	ends    []int32
	split   int     // blocks that were too large and were split by a further key
	left    int64   // pairs of blocks that were split which are not compared
	windows []int32 // blocks that no key splits: a record is compared with the next ones only
}

func (b *blocks) len() int { return len(b.ends) }

func (b *blocks) at(i int) []int32 {
	from := int32(0)
	if i > 0 {
		from = b.ends[i-1]
	}
	return b.recs[from:b.ends[i]]
}

// furtherParts split blocks that are too large, in this order.
var furtherParts = []string{"birth year", "given name", "family name", "birthday", "postcode", "city", "street name", "given initial"}

// block builds a pass's blocks.
func (t *Table) block(p *pass) *blocks { return t.blocksOf(p, t.entries(p, t.n, nil)) }

// further gives the parts that split a pass's blocks.
func (t *Table) further(p *pass) (out []part) {
	for _, name := range furtherParts {
		if i := t.part(name); i >= 0 && !slices.Contains(p.parts, i) {
			out = append(out, t.parts[i])
		}
	}
	return out
}

// blocksOf builds the blocks of records under their keys, by key.
func (t *Table) blocksOf(p *pass, list []entry) *blocks {
	b, further, n := &blocks{pass: p}, t.further(p), 0
	blocksOf(list, func(block []entry) { n += len(block) })
	b.recs = make([]int32, 0, n)
	blocksOf(list, func(block []entry) { b.add(t, block, further) })
	return b
}

// add takes a block, split until it is small enough.
func (b *blocks) add(t *Table, block []entry, further []part) {
	if len(block) <= 2*blockCap {
		b.put(block)
		return
	}
	if len(further) == 0 {
		b.windows = append(b.windows, int32(len(b.ends)))
		n, w := int64(len(block)), int64(blockCap)
		b.left += n*(n-1)/2 - (n*w - w*(w+1)/2)
		b.put(block)
		return
	}
	b.split++
	n := int64(len(block))
	b.left += n * (n - 1) / 2
	blocksOf(splitBlock(block, further[0]), func(block []entry) {
		n := int64(len(block))
		b.left -= n * (n - 1) / 2
		b.add(t, block, further[1:])
	})
}

// splitBlock puts a block's records under a further key.
func splitBlock(block []entry, by part) []entry {
	out := make([]entry, 0, len(block))
	var keys [8]uint64
	for _, e := range block {
		k := by.keys(e.rec, keys[:0])
		if len(k) == 0 {
			k = append(k, 0)
		}
		out = append(out, entry{mix(e.key, k[0]), e.rec})
	}
	return sorted([][]entry{out})
}

func (b *blocks) put(block []entry) {
	for _, e := range block {
		b.recs = append(b.recs, e.rec)
	}
	b.ends = append(b.ends, int32(len(b.recs)))
}

// memberships are each record's blocks of all passes in order, so that it takes one look at each of two records to see
// whether a pass before has brought them together.
type memberships struct {
	from  []int32 // where each record's blocks begin in of
	of    []int32
	first []int32 // the number of each pass's first block
}

func newMemberships(all []*blocks, n int) *memberships {
	m := &memberships{from: make([]int32, n+1), first: make([]int32, len(all))}
	number := int32(0)
	for p, b := range all {
		m.first[p] = number
		number += int32(b.len())
	}
	workers := runtime.GOMAXPROCS(0) // each has records of its own
	parallel(workers, func(w int) {
		from, to := int32(n*w/workers), int32(n*(w+1)/workers)
		for _, b := range all {
			for _, rec := range b.recs {
				if from <= rec && rec < to {
					m.from[rec]++
				}
			}
		}
	})
	total := int32(0)
	for i, k := range m.from {
		total += k
		m.from[i] = total
	}
	m.of = make([]int32, total)
	parallel(workers, func(w int) {
		from, to := int32(n*w/workers), int32(n*(w+1)/workers)
		for p := len(all) - 1; p >= 0; p-- { // from the last, so that from ends where it began
			for i := all[p].len() - 1; i >= 0; i-- {
				for _, rec := range all[p].at(i) {
					if from <= rec && rec < to {
						m.from[rec]--
						m.of[m.from[rec]] = m.first[p] + int32(i)
					}
				}
			}
		}
	})
	return m
}

// fresh leaves out those of at most so many pairs as are looked up abreast that a pass before this one has brought together.
func (m *memberships) fresh(pass int, pairs [][2]int32, c *comparer) [][2]int32 {
	var from [abreast][2]int32
	for i, p := range pairs {
		from[i] = [2]int32{m.from[p[0]], m.from[p[1]]}
	}
	for i := range pairs {
		c.looked += m.of[from[i][0]] + m.of[from[i][1]]
	}
	out := pairs[:0]
	for i, p := range pairs {
		if !m.before(pass, from[i][0], from[i][1]) {
			out = append(out, p)
		}
	}
	return out
}

// before tells whether a pass before this one has two records in one block, whose blocks begin at x and y.
func (m *memberships) before(pass int, x, y int32) bool {
	first := m.first[pass]
	xs, ys := m.of[x:], m.of[y:] // both go on to this pass at least
	for i, j := 0, 0; xs[i] < first && ys[j] < first; {
		switch a, b := xs[i], ys[j]; {
		case a == b:
			return true
		case a < b:
			i++
		default:
			j++
		}
	}
	return false
}

// score compares the pairs of all passes, each once, and gives those of a weight above the least. With only, one of the
// two records must be among these.
func (t *Table) score(all []*blocks, s *scorer, least float64, only []bool) (pairs []Pair, compared int64) {
	type job struct{ pass, from, to int }
	var jobs []job
	for p, b := range all {
		const chunk = 2048
		for from := 0; from < b.len(); from += chunk {
			jobs = append(jobs, job{p, from, min(from+chunk, b.len())})
		}
	}
	found := make([][]Pair, len(jobs))
	counts := make([]int64, len(jobs))
	members := newMemberships(all, t.n)
	parallel(len(jobs), func(i int) {
		c := t.comparers.take()
		defer t.comparers.give(c)
		j := jobs[i]
		b := all[j.pass]
		var out []Pair
		waiting, fresh := make([][2]int32, 0, abreast), 0
		flush := func(enough int) { // weighs those that wait, once so many are left without those a pass before has brought together
			if j.pass > 0 {
				waiting = waiting[:fresh+len(members.fresh(j.pass, waiting[fresh:], c))]
			}
			if fresh = len(waiting); fresh < enough {
				return
			}
			counts[i] += int64(len(waiting))
			for _, x := range c.try(waiting, s, least) {
				out = append(out, Pair{min(x.a, x.b), max(x.a, x.b), float32(x.at)})
			}
			waiting, fresh = waiting[:0], 0
		}
		for k := j.from; k < j.to; k++ {
			recs := b.at(k)
			reach := len(recs)
			if _, windowed := slices.BinarySearch(b.windows, int32(k)); windowed {
				reach = blockCap
			}
			for x := range recs {
				for y := x + 1; y < min(len(recs), x+1+reach); y++ {
					one, two := recs[x], recs[y]
					if one == two || only != nil && !only[one] && !only[two] {
						continue
					}
					if waiting = append(waiting, [2]int32{one, two}); len(waiting) == abreast {
						flush(abreast * 3 / 4)
					}
				}
			}
		}
		flush(0)
		found[i] = out
	})
	for _, n := range counts {
		compared += n
	}
	return sortedPairs(found, t.n), compared
}

// sortedPairs puts lists of pairs of n records together, in order and each once.
func sortedPairs(lists [][]Pair, n int) []Pair {
	all := slices.Concat(lists...)
	from := firstPair(all, n)
	out := make([]Pair, len(all))
	next := slices.Clone(from)
	for _, p := range all {
		out[next[p.A]] = p
		next[p.A]++
	}
	for i := range n {
		if run := out[from[i]:from[i+1]]; len(run) > 1 {
			slices.SortFunc(run, comparePairs)
		}
	}
	return slices.CompactFunc(out, func(x, y Pair) bool { return x.A == y.A && x.B == y.B })
}
