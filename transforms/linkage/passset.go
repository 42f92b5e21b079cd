package linkage

import (
	"encoding/binary"
	"slices"
)

// passSet says of candidate passes, by their numbers, which are in it: a bit for each, in as many words as that takes.
type passSet []uint64

const passSetWord = 64

// passSetWords is how many words a set of n passes takes.
func passSetWords(n int) int { return (n + passSetWord - 1) / passSetWord }

func newPassSet(n int) passSet { return make(passSet, passSetWords(n)) }

func (s passSet) add(i int) { s[i/passSetWord] |= 1 << (i % passSetWord) }

func (s passSet) has(i int) bool { return s[i/passSetWord]>>(i%passSetWord)&1 != 0 }

// and gives the set with one more pass.
func (s passSet) and(i int) passSet {
	out := slices.Clone(s)
	out.add(i)
	return out
}

// without gives the set with one pass less.
func (s passSet) without(i int) passSet {
	out := slices.Clone(s)
	out[i/passSetWord] &^= 1 << (i % passSetWord)
	return out
}

func (s passSet) empty() bool { return !slices.ContainsFunc(s, func(w uint64) bool { return w != 0 }) }

// meets tells whether two sets have a pass in common.
func (s passSet) meets(o passSet) bool {
	for i, w := range s {
		if w&o[i] != 0 {
			return true
		}
	}
	return false
}

// key appends the set as a key of a map.
func (s passSet) key(out []byte) []byte {
	for _, w := range s {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return out
}
