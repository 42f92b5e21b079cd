package resolve

import "math/bits"

// hash is a 64-bit hash of a text.
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
