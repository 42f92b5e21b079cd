package linkage

import (
	"math"
	"slices"
)

// places tell which records of a standing table are under a key, without a look at all of them. They hold hints: a hint may be
// of a record that went or has the key no longer, so that who asks looks at the keys that the record has now; but no record
// has a key without a hint. So what comes and goes costs nothing but hints for the records that came.
type places struct {
	t     *Table
	hints [][]uint64 // by pass, in order: the upper half of a key, and below it the number by which the record came
	at    []int32    // by that number: the record's place in the table, or none
}

const lowerHalf = math.MaxUint32

func hint(key uint64, came int32) uint64 { return key&^lowerHalf | uint64(came) }

// newPlaces finds where all records are.
func (t *Table) newPlaces(passes []pass) *places {
	p := &places{t: t, hints: make([][]uint64, len(passes))}
	for i := range passes {
		list := t.entries(&passes[i], t.n, nil)
		hints := make([]uint64, len(list))
		for k, e := range list {
			hints[k] = hint(e.key, t.labels.order[e.rec])
		}
		p.hints[i] = hints
	}
	p.locate()
	return p
}

// locate notes which place each record has.
func (p *places) locate() {
	p.at = slices.Repeat([]int32{none}, len(p.t.labels.ends))
	for rec, came := range p.t.labels.order {
		p.at[came] = int32(rec)
	}
}

// follow takes over what became of the table: records are in other places, and some, fresh ones, have other keys than before.
func (p *places) follow(passes []pass, fresh []int32) {
	p.locate()
	t := p.t
	parallel(len(passes), func(i int) {
		keys := t.keyer()
		var come []uint64
		for _, rec := range fresh {
			for _, k := range keys.of(&passes[i], rec) {
				come = append(come, hint(k, t.labels.order[rec]))
			}
		}
		slices.Sort(come)
		p.hints[i] = mergeHints(p.hints[i], come)
	})
}

// mergeHints puts hints that come among those that are there, from the end on where there is room.
func mergeHints(list, come []uint64) []uint64 {
	end := len(list) // before which hints have not been moved
	list = slices.Grow(list, len(come))[:len(list)+len(come)]
	for i := len(come) - 1; i >= 0; i-- {
		n, _ := slices.BinarySearch(list[:end], come[i]&^lowerHalf)
		copy(list[n+i+1:], list[n:end])
		list[n+i], end = come[i], n
	}
	return list
}

// under lists the records that have some keys of the i-th pass, by key and record.
func (p *places) under(i int, pass *pass, wanted []uint64) []entry {
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	const chunk = 1 << 10
	parts := make([][]entry, (len(wanted)+chunk-1)/chunk)
	parallel(len(parts), func(k int) {
		keys, hints := p.t.keyer(), p.hints[i]
		var out []entry
		for _, key := range wanted[k*chunk : min((k+1)*chunk, len(wanted))] {
			n, _ := slices.BinarySearch(hints, key&^lowerHalf)
			hints = hints[n:]
			first := len(out)
			for _, h := range hints {
				if (h^key)&^lowerHalf != 0 {
					break
				}
				if rec := p.at[h&lowerHalf]; rec != none && slices.Contains(keys.of(pass, rec), key) {
					out = append(out, entry{key, rec})
				}
			}
			block := out[first:]
			slices.SortFunc(block, func(x, y entry) int { return int(x.rec) - int(y.rec) })
			out = out[:first+len(slices.CompactFunc(block, func(x, y entry) bool { return x.rec == y.rec }))]
		}
		parts[k] = out
	})
	return slices.Concat(parts...)
}

// keysOf lists the keys of some records.
func (t *Table) keysOf(p *pass, recs []int32) (out []uint64) {
	keys := t.keyer()
	for _, rec := range recs {
		out = append(out, keys.of(p, rec)...)
	}
	return out
}

// blockAround builds the blocks of the records that are to be compared anew.
func (s *Standing) blockAround(passes []pass) []*blocks {
	t, anew := s.table, those(s.anew)
	if s.places == nil && len(anew) > 0 { // as it is after reading
		s.places = t.newPlaces(passes)
	}
	out := make([]*blocks, len(passes))
	for i := range passes {
		var list []entry
		if len(anew) > 0 {
			list = s.places.under(i, &passes[i], t.keysOf(&passes[i], anew))
		}
		out[i] = t.blocksOf(&passes[i], list)
	}
	return out
}
