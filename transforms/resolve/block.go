package resolve

import "math/bits"

// Blocking: records that have a value in common, found by the value's hash. Two values with one hash do no harm, as
// whoever joins two records looks at the values themselves.

// hash is a 64-bit hash of a value.
type hash uint64

const noHash hash = 14695981039346656037

// odd is any odd number without a pattern; this one is 2^64 by the golden ratio.
const odd = 0x9e3779b97f4a7c15

// text takes a part of a value. It takes its length too, so that "ab"+"c" is another value than "a"+"bc".
func (h hash) text(s string) hash {
	h = h.word(uint64(len(s)))
	for ; len(s) > 8; s = s[8:] {
		h = h.word(word(s))
	}
	if len(s) == 8 {
		return h.word(word(s))
	}
	last := uint64(0)
	for i := range len(s) {
		last |= uint64(s[i]) << (8 * i)
	}
	return h.word(last)
}

func (h hash) day(d int32) hash { return h.word(uint64(uint32(d))) }

// word mixes in eight bytes: both halves of a product with what is there already.
func (h hash) word(w uint64) hash {
	high, low := bits.Mul64(uint64(h)^w, odd)
	return hash(high ^ low ^ w)
}

// word gives the first eight bytes of a text.
func word(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// blocking gives the hashes of what a row may have in common with others.
type blocking struct {
	name  string
	limit int // more records with one value are no evidence of one person
	keys  func(m *Member, put func(hash))
}

// entry is a record under a value.
type entry struct {
	value hash
	rec   int32
}

// blocks are lists of records, each under one value, in the order of their first record.
type blocks struct {
	recs      []int32
	ends      []int32
	oversized int
}

func (b *blocks) len() int { return len(b.ends) }

func (b *blocks) at(i int) []int32 {
	from := int32(0)
	if i > 0 {
		from = b.ends[i-1]
	}
	return b.recs[from:b.ends[i]]
}

// block groups records by value. A record with several values is in several blocks.
func (bl *blocking) block(records []record) *blocks {
	entries := make([]entry, 0, len(records)+len(records)/4)
	rec, first := int32(0), 0 // the record in work, and where its entries begin
	put := func(h hash) {
		for _, e := range entries[first:] {
			if e.value == h {
				return
			}
		}
		entries = append(entries, entry{h, rec})
	}
	for i := range records {
		rec, first = int32(i), len(entries)
		for _, m := range records[i].rows {
			bl.keys(m, put)
		}
	}
	return group(entries, bl.limit)
}

func group(entries []entry, limit int) *blocks {
	group, sizes := number(entries)
	out := &blocks{}
	ends := make([]int32, len(sizes)) // where the next record of a group goes, or -1
	total := int32(0)
	for g, n := range sizes {
		switch {
		case n < 2:
			ends[g] = -1
		case int(n) > limit:
			ends[g] = -1
			out.oversized++
		default:
			ends[g] = total
			total += n
			out.ends = append(out.ends, total)
		}
	}
	out.recs = make([]int32, total)
	for i, e := range entries {
		if at := &ends[group[i]]; *at >= 0 {
			out.recs[*at] = e.rec
			*at++
		}
	}
	return out
}

// number gives equal values one number, counted from 0 in order of appearance, and how many entries each has. Its table
// is open and a power of two.
func number(entries []entry) (group, sizes []int32) {
	size := 16
	for size < 2*len(entries) {
		size *= 2
	}
	type slot struct {
		value hash
		group int32 // from 1; 0 is a free slot
	}
	table := make([]slot, size)
	group = make([]int32, len(entries))
	for i, e := range entries {
		at := int(e.value^e.value>>32) & (size - 1)
		for table[at].group != 0 && table[at].value != e.value {
			at = (at + 1) & (size - 1)
		}
		if table[at].group == 0 {
			sizes = append(sizes, 0)
			table[at] = slot{e.value, int32(len(sizes))}
		}
		group[i] = table[at].group - 1
		sizes[group[i]]++
	}
	return group, sizes
}
