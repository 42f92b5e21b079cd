package likeness

import (
	"math/bits"
	"strings"
)

// Most pairs of values that are compared are different, and that can often be told from a few numbers that are made of each
// value once. What follows proves that a comparator would give [Different], or says nothing.

// Sign stands for one word of a name.
type Sign struct {
	letters  uint64 // bit i: a letter of bucket i; bit 32+i: a second one
	formal   uint32 // lines of the everyday forms on which the word is formal, by their numbers modulo 32
	informal uint32 // and on which it is an everyday form
	spoken   uint32 // hash of how it is spoken, 0 when that says nothing
	more     uint8  // letters beyond the second of a bucket
	size     uint8  // bytes; 0 when the sign says nothing
	first    byte
}

// buckets numbers bytes: each of a to z has a bucket of its own. It does not change.
var buckets = func() (out [256]uint8) {
	for c := range out {
		if class := classes[c]; 1 <= class && class <= 26 {
			out[c] = class - 1
		} else {
			out[c] = 26 + class%6
		}
	}
	return out
}()

// maySpare are the buckets of letters that one spelling has and another leaves out (ae for ä).
var maySpare = func() (mask uint64) {
	for _, c := range []byte("ae") {
		mask |= (1<<32 + 1) << buckets[c]
	}
	return mask
}()

// NewSign makes the sign of a folded word.
func NewSign(w string) (x Sign) {
	if w == "" || len(w) > word || several(w) {
		return x
	}
	x.size, x.first = uint8(len(w)), w[0]
	x.letters, x.more = lettersOf(w)
	p := speaker{vowels: true}
	if p.speak(w); p.n > 1 {
		h := uint32(2166136261)
		for _, c := range p.out[:p.n] {
			h = (h ^ uint32(c)) * 16777619
		}
		x.spoken = max(h, 1)
	}
	if l := everydayIndex[w]; l != nil {
		for _, m := range l {
			switch {
			case m < 0:
			case m&1 == 0:
				x.formal |= 1 << (m / 2 % 32)
			default:
				x.informal |= 1 << (m / 2 % 32)
			}
		}
	}
	return x
}

// lettersOf counts the letters of at most 64 bytes: a bit for one of a bucket, a bit for a second one, and those beyond.
func lettersOf(w string) (letters uint64, more uint8) {
	for i := range len(w) {
		b := uint64(1) << buckets[w[i]]
		switch {
		case letters&b == 0:
			letters |= b
		case letters&(b<<32) == 0:
			letters |= b << 32
		default:
			more++
		}
	}
	return letters, more
}

// unlike tells whether two words are neither spelt alike nor one word spelt in two ways. The letters that the longer one
// has and the other has not are so many slips at least.
func (x *Sign) unlike(y *Sign) bool {
	if x.size == 0 || y.size == 0 || (x.letters^y.letters)&^maySpare == 0 {
		return false
	}
	common := bits.OnesCount64(x.letters&y.letters) + int(min(x.more, y.more))
	longer := int(max(x.size, y.size))
	return longer-common > max(2, longer/3)
}

// GivenApart proves that two words are [Different] by [Given].
func (x *Sign) GivenApart(y *Sign) bool {
	if x.size == 1 || y.size == 1 {
		return x.size > 0 && y.size > 0 && x.first != y.first
	}
	return x.formal&y.informal|x.informal&y.formal == 0 && x.unlike(y)
}

// FamilyApart proves that two words are [Different] by [Family].
func (x *Sign) FamilyApart(y *Sign) bool {
	return (x.spoken != y.spoken || x.spoken == 0) && x.unlike(y)
}

// Sketch stands for a number or code of at most sixteen signs: four bits for each, the last one lowest. Zero says nothing.
type Sketch uint64

// NewSketch makes the sketch of a folded value.
func NewSketch(s string) (x Sketch) {
	if len(s) > 16 {
		return 0
	}
	for i := range len(s) {
		c := s[i]
		if isDigit(c) {
			c -= '0'
		} else {
			c = 10 + c%5
		}
		x = x<<4 | Sketch(c+1)
	}
	return x
}

// NewPhoneSketch makes the sketch of a telephone number as [FoldPhone] gives it.
func NewPhoneSketch(s string) Sketch { return NewSketch(strings.TrimLeft(s, "+0")) }

// beyond proves that more than limit slips part two values: a sign that the other value has nowhere within that many places
// is one.
func (x Sketch) beyond(y Sketch, limit int) bool {
	const ones = 0x1111111111111111
	set := func(z Sketch) Sketch { return (z | z>>1 | z>>2 | z>>3) & ones }
	missing := set(x) & set(x^y)
	for shift := 4; shift <= 4*limit; shift += 4 {
		missing &= set(x^y<<shift) & set(x^y>>shift)
	}
	return x != 0 && y != 0 && bits.OnesCount64(uint64(missing)) > limit
}

// PhoneApart proves that two numbers are [Different] by [Phone].
func (x Sketch) PhoneApart(y Sketch) bool {
	return (x^y)&(1<<(4*subscriber)-1) != 0 && x.beyond(y, 1)
}

// EmailSign stands for an e-mail address: for what stands before the at sign, as one domain makes no two people alike.
type EmailSign struct {
	letters uint64 // as in a [Sign]
	start   uint32 // the first four bytes, the first one lowest
	more    uint8
	size    uint8 // bytes; 0 when the sign says nothing
}

// NewEmailSign makes the sign of an address as [FoldEmail] gives it.
func NewEmailSign(s string) (x EmailSign) {
	local, domain, _ := strings.Cut(s, "@")
	if local == "" || len(local) > word || domain == "" || strings.ContainsAny(domain, "@") || strings.ContainsAny(local, "+") {
		return x
	}
	x.size = uint8(len(local))
	x.letters, x.more = lettersOf(local)
	for i := range min(4, len(local)) {
		x.start |= uint32(local[i]) << (8 * i)
	}
	return x
}

// onlyLetters are the buckets that hold one letter each, and no sign that may be left out of an address.
const onlyLetters = (1<<26 - 1) * (1<<32 + 1)

// Most gives the highest level by [Email] that two different addresses may have.
func (x *EmailSign) Most(y *EmailSign) Level {
	shorter, longer := int(min(x.size, y.size)), int(max(x.size, y.size))
	if shorter == 0 || (x.letters^y.letters)&onlyLetters == 0 {
		return EmailSame - 1
	}
	common := bits.OnesCount64(x.letters&y.letters) + int(min(x.more, y.more))
	// Two slips reach letters beyond the at sign only where all of the shorter one stands in the longer one.
	if common >= shorter || longer-common <= 2 {
		return EmailSlips
	}
	if mostJaroWinkler(common, shorter, longer, x.start^y.start) < similarLocals-1e-9 {
		return Different
	}
	return EmailSimilar
}

// IdentifierApart proves that two codes are [Different] by [Identifier].
func (x Sketch) IdentifierApart(y Sketch) bool { return x.beyond(y, 2) }
