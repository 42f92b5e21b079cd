package resolve

// Blocking: records that have a value in common, found by the value's hash. Two values with one hash do no harm, as
// whoever joins two records looks at the values themselves.

// hash is a 64-bit FNV-1a hash of a value.
type hash uint64

const noHash hash = 14695981039346656037

func (h hash) text(s string) hash {
	for i := 0; i < len(s); i++ {
		h = (h ^ hash(s[i])) * 1099511628211
	}
	return h.part()
}

func (h hash) day(d int32) hash {
	for i := 0; i < 32; i += 8 {
		h = (h ^ hash(byte(d>>i))) * 1099511628211
	}
	return h.part()
}

// part closes a part of a value, so that "ab"+"c" is another one than "a"+"bc".
func (h hash) part() hash { return (h ^ 0x1f) * 1099511628211 }

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
