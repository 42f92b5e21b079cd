package linkage

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// hash64 is a fast hash of bytes that is the same in every run: it folds eight bytes at a time with a 128-bit product, as
// wyhash does. Keys of blocks and the order of records come from it.
func hash64(v []byte) uint64 {
	const k0, k1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	h := k0 ^ uint64(len(v))
	for len(v) >= 8 {
		h = fold128(h^binary.LittleEndian.Uint64(v), k1)
		v = v[8:]
	}
	var tail [8]byte
	copy(tail[:], v)
	return fold128(h^binary.LittleEndian.Uint64(tail[:]), k0)
}

func fold128(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// mix combines two hashes; the order matters.
func mix(a, b uint64) uint64 { return fold128(a^0x8bb84b93962eacc9, b^0x2d358dccaa6c78a5) }

// none is the number of a value that is not there.
const none = int32(-1)

// dictionary gives each distinct value a number, counted from 0 in order of appearance.
type dictionary struct {
	text   []byte
	ends   []uint32
	slots  []uint64 // the upper half of a value's hash, and its number + 1; 0 where free. A power of two
	hashes []uint64 // of each value
	looked uint64   // what internAll fetched, so that it does
}

func (d *dictionary) len() int { return len(d.ends) }

func (d *dictionary) value(i int32) []byte {
	from := uint32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return d.text[from:d.ends[i]]
}

// intern gives the number of a value. An empty value is none.
func (d *dictionary) intern(v []byte) int32 {
	if len(v) == 0 {
		return none
	}
	return d.internHashed(v, hash64(v))
}

// internHashed gives the number of a value that is not empty and has this hash.
func (d *dictionary) internHashed(v []byte, h uint64) int32 {
	if len(d.ends)*3 >= len(d.slots)*2 {
		d.grow()
	}
	mask := uint64(len(d.slots) - 1)
	at := h & mask
	for ; d.slots[at] != 0; at = (at + 1) & mask {
		if (d.slots[at]^h)>>32 == 0 {
			if i := int32(uint32(d.slots[at]) - 1); string(d.value(i)) == string(v) {
				return i
			}
		}
	}
	d.text = append(d.text, v...)
	d.ends = append(d.ends, uint32(len(d.text)))
	d.hashes = append(d.hashes, h)
	d.slots[at] = slot(h, len(d.ends))
	return int32(len(d.ends) - 1)
}

// abreast is how many values are looked up side by side.
const abreast = 32

// internAll gives the numbers of values with their hashes. In a large dictionary each value lies somewhere else in memory, so
// that what some of them will be compared with is fetched at once before one after the other is.
func (d *dictionary) internAll(values [][]byte, hashes []uint64, out []int32) []int32 {
	out = slices.Grow(out[:0], len(values))[:len(values)]
	for from := 0; from < len(values); from += abreast {
		to := min(from+abreast, len(values))
		d.internAbreast(values[from:to], hashes[from:to], out[from:to])
	}
	return out
}

func (d *dictionary) internAbreast(values [][]byte, hashes []uint64, out []int32) {
	if (len(d.ends)+abreast)*3 >= len(d.slots)*2 {
		d.grow()
	}
	mask := uint64(len(d.slots) - 1)
	looked := uint64(0)
	for _, h := range hashes {
		looked += d.slots[h&mask]
	}
	for i, h := range hashes { // what has the same half of a hash is most likely the same
		at := h & mask
		for d.slots[at] != 0 && (d.slots[at]^h)>>32 != 0 {
			at = (at + 1) & mask
		}
		out[i] = int32(uint32(d.slots[at])) - 1
		if out[i] != none {
			looked += uint64(d.ends[out[i]])
		}
	}
	for _, like := range out {
		if like != none {
			looked += uint64(d.text[d.ends[like]-1])
		}
	}
	d.looked += looked
	for i, v := range values {
		switch {
		case len(v) == 0:
			out[i] = none
		case out[i] == none || string(d.value(out[i])) != string(v):
			out[i] = d.internHashed(v, hashes[i])
		}
	}
}

func slot(hash uint64, number int) uint64 { return hash>>32<<32 | uint64(number) }

// grow makes room for as many values again, and for those of a dictionary that was frozen.
func (d *dictionary) grow() {
	size := max(1024, 2*len(d.slots))
	for size < 2*(len(d.hashes)+abreast) {
		size *= 2
	}
	room := size*2/3 - len(d.hashes)
	d.ends, d.hashes = slices.Grow(d.ends, room), slices.Grow(d.hashes, room)
	d.slots = make([]uint64, size)
	mask := uint64(len(d.slots) - 1)
	for i, h := range d.hashes {
		at := h & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = slot(h, i+1)
	}
}

// freeze drops what only intern needs, and room for further values.
func (d *dictionary) freeze() {
	d.slots = nil
	d.text, d.ends, d.hashes = fitting(d.text), fitting(d.ends), fitting(d.hashes)
}

// fitting gives a list that takes hardly more memory than its items.
func fitting[T any](list []T) []T {
	if cap(list)-len(list) > len(list)/16 {
		return slices.Clone(list)
	}
	return list
}
