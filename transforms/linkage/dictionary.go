package linkage

import (
	"encoding/binary"
	"math/bits"
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
	looked uint64   // at by look
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

// internAll gives the numbers of at most so many values. In a large dictionary each value lies somewhere else in memory, so
// that all of them are fetched at once before one after the other is compared.
func (d *dictionary) internAll(values [][]byte, out []int32) {
	const large = 1 << 14 // slots: fewer lie near the processor
	var hashes [abreast]uint64
	for i, v := range values {
		hashes[i] = hash64(v)
	}
	if len(d.slots) > large {
		d.look(hashes[:len(values)])
	}
	for i, v := range values {
		out[i] = none
		if len(v) > 0 {
			out[i] = d.internHashed(v, hashes[i])
		}
	}
}

// look fetches what values with some hashes will be compared with.
func (d *dictionary) look(hashes []uint64) {
	var at [abreast]uint32
	mask := uint64(len(d.slots) - 1)
	for i, h := range hashes {
		at[i] = uint32(d.slots[h&mask])
	}
	for i := range hashes {
		if at[i] > 0 {
			at[i] = d.ends[at[i]-1]
		}
	}
	for i := range hashes {
		if at[i] > 0 {
			d.looked += uint64(d.text[at[i]-1])
		}
	}
}

func slot(hash uint64, number int) uint64 { return hash>>32<<32 | uint64(number) }

// grow makes room for as many values again, and for those of a dictionary that was frozen.
func (d *dictionary) grow() {
	size := max(1024, 2*len(d.slots))
	for size < 2*len(d.hashes) {
		size *= 2
	}
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

// freeze drops what only intern needs.
func (d *dictionary) freeze() { d.slots = nil }
