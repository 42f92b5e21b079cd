package likeness

// grams is how many two-letter pieces of a text are counted.
const grams = 128

// Dice gives the similarity of two texts by their two-letter pieces, 0 to 1: twice the pieces in common over all pieces
// (Dice 1945). The order of words hardly matters. Of texts longer than 128 bytes the first 128 count.
func Dice(a, b string) float64 {
	if a == b {
		return 1
	}
	a, b = a[:min(len(a), grams+1)], b[:min(len(b), grams+1)]
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	var seen [256]uint8 // pieces by hash; two pieces of one hash count as the same
	for i := 1; i < len(a); i++ {
		seen[gram(a[i-1], a[i])]++
	}
	common := 0
	for i := 1; i < len(b); i++ {
		if g := gram(b[i-1], b[i]); seen[g] > 0 {
			seen[g]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b)-2)
}

func gram(x, y byte) uint8 { return x*31 + y*7 + y>>3 }
