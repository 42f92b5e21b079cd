package resolve

import "slices"

// index finds records by their key. It is an open table of places, a power of two and at most half full: a map of keys
// would take ten times the room, for as long as a night lasts.
type index struct {
	records []record
	slots   []int32 // place of a record, from 1; 0 is a free slot
}

func newIndex(records int) *index {
	size := 16
	for size < 2*records {
		size *= 2
	}
	return &index{slots: make([]int32, size)}
}

// slot gives where a key is, or the free slot where it belongs.
func (x *index) slot(k Key) int {
	h := noHash.text(k.PersonKey).text(k.System)
	at := int(h^h>>32) & (len(x.slots) - 1)
	for n := x.slots[at]; n != 0 && x.records[n-1].Key != k; n = x.slots[at] {
		at = (at + 1) & (len(x.slots) - 1)
	}
	return at
}

// find gives the place of a record.
func (x *index) find(k Key) (place int32, ok bool) {
	n := x.slots[x.slot(k)]
	return n - 1, n != 0
}

// place gives the place of a record, which comes after all others when it is new. There is room for as many as the index
// was made for.
func (x *index) place(k Key) int32 {
	at := x.slot(k)
	if x.slots[at] == 0 {
		x.records = append(x.records, record{Key: k})
		x.slots[at] = int32(len(x.records))
	}
	return x.slots[at] - 1
}

// every lists the numbers of all records.
func (x *index) every() []int32 {
	all := make([]int32, len(x.records))
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

// order gives the places of the records in the order of their keys.
func (x *index) order() []int32 {
	from := make([]int32, len(x.records))
	for i := range from {
		from[i] = int32(i)
	}
	slices.SortFunc(from, func(a, b int32) int { return compareKeys(x.records[a].Key, x.records[b].Key) })
	return from
}

// reorder puts the records into another order: of each new place it is told the old one.
func (x *index) reorder(from []int32) {
	records, to := make([]record, len(from)), make([]int32, len(from))
	for i, old := range from {
		records[i], to[old] = x.records[old], int32(i)
	}
	for i, n := range x.slots {
		if n != 0 {
			x.slots[i] = to[n-1] + 1
		}
	}
	x.records = records
}
