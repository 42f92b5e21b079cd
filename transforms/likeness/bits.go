package likeness

import "math/bits"

// classes numbers the bytes that folded values are made of, 1 to 63; all other bytes are 0. It does not change.
var classes = func() (out [256]uint8) {
	next := uint8(1)
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789 @.-_+") {
		out[c] = next
		next++
	}
	return out
}()

// places tells for each class of bytes where it stands in a value of at most 64 bytes: bit i is set for byte i.
type places [64]uint64

// of notes where each byte of s stands; ok is false when some byte has no class.
func (p *places) of(s string) (ok bool) {
	for i := 0; i < len(s); i++ {
		c := classes[s[i]]
		if c == 0 {
			return false
		}
		p[c&63] |= 1 << (i & 63)
	}
	return true
}

// wide is places for values of any bytes.
type wide [256]uint64

func (p *wide) of(s string) {
	for i := 0; i < len(s); i++ {
		p[s[i]] |= 1 << (i & 63)
	}
}

// word is the longest value, in bytes, that one machine word has bits for.
const word = 64

// JaroWinkler gives the similarity of two values, 0 to 1, by the measure of Jaro with Winkler's weight of 0.1 for each of
// at most four first bytes in common (Winkler 1990). Of values longer than 64 bytes the first 64 count.
func JaroWinkler(a, b string) float64 {
	if a == b {
		return 1
	}
	a, b = a[:min(len(a), word)], b[:min(len(b), word)]
	if a == b {
		return 1
	}
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	if len(a) > len(b) || len(a) == len(b) && a > b {
		a, b = b, a // the measure is not symmetric where letters repeat
	}
	usedA, usedB := jaroMatches(a, b)
	if usedA == 0 {
		return 0
	}
	m := float64(bits.OnesCount64(usedA))
	swaps := 0
	for x, y := usedA, usedB; x != 0; x, y = x&(x-1), y&(y-1) {
		if a[bits.TrailingZeros64(x)] != b[bits.TrailingZeros64(y)] {
			swaps++
		}
	}
	jaro := (m/float64(len(a)) + m/float64(len(b)) + (m-float64(swaps/2))/m) / 3
	prefix := 0
	for prefix < min(4, len(a)) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*0.1*(1-jaro)
}

// jaroMatches tells which bytes of two values, of which a is not the longer one, match in Jaro's sense.
func jaroMatches(a, b string) (usedA, usedB uint64) {
	window := max(len(b)/2-1, 0)
	reach := uint64(1)<<min(window+1, 63) - 1 // bits 0 to window: the places that byte 0 may match
	var p places
	if !p.of(b) {
		return jaroAny(a, b, window)
	}
	for i := 0; i < len(a); i++ {
		if free := p[classes[a[i]]&63] & reach &^ usedB; free != 0 {
			usedA |= 1 << i
			usedB |= free & -free
		}
		reach <<= 1
		if i < window {
			reach |= 1
		}
	}
	return usedA, usedB
}

// jaroAny is jaroMatches for any bytes.
func jaroAny(a, b string, window int) (usedA, usedB uint64) {
	for i := 0; i < len(a); i++ {
		for j := max(0, i-window); j <= min(len(b)-1, i+window); j++ {
			if usedB&(1<<j) == 0 && a[i] == b[j] {
				usedA |= 1 << i
				usedB |= 1 << j
				break
			}
		}
	}
	return usedA, usedB
}
