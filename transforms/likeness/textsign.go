package likeness

import (
	"math/bits"
	"strings"
)

// TextSign stands for a text of several words: the name of a street or a town, or anything else.
type TextSign struct {
	letters, grams  uint64 // letters as in a [Sign]; a bit for each piece of two letters, as [Dice] takes them
	words           uint32 // a bit for each word
	start, initials uint32 // the first four bytes, and those that the first four words start with
	more, moreGrams uint8  // letters and pieces that have no bit of their own
	size            uint8  // bytes; 0 when the sign says nothing
	road            uint8  // of a street whose name ends with a word for a road: which one, and whether a space is before it
}

const (
	roadMask  = 1<<6 - 1 // of TextSign.road: the number in roads, from 1
	roadSpace = 1 << 6
)

// spare are the buckets of what may stand in one of two values that [respelt] takes for one.
var spare = maySpare | (1<<32+1)<<buckets[' ']

// NewTextSign makes the sign of a folded text.
func NewTextSign(s string) (x TextSign) {
	if s == "" || len(s) > word || s[0] == ' ' || s[len(s)-1] == ' ' || strings.Contains(s, "  ") {
		return x
	}
	x.size = uint8(len(s))
	x.letters, x.more = lettersOf(s)
	for i := 1; i < len(s); i++ {
		b := uint64(1) << (gram(s[i-1], s[i]) % 64)
		if x.grams&b != 0 {
			x.moreGrams++
		}
		x.grams |= b
	}
	for i := range min(4, len(s)) {
		x.start |= uint32(s[i]) << (8 * i)
	}
	number := 0
	for w, rest := next(s); w != ""; w, rest = next(rest) {
		h := uint32(2166136261)
		for i := range len(w) {
			h = (h ^ uint32(w[i])) * 16777619
		}
		x.words |= 1 << (h >> 27)
		x.initials |= uint32(w[0]) << (8 * number) // of the fifth and those behind it nothing is left
		number++
	}
	return x
}

// NewStreetSign makes the sign of a folded street without its number.
func NewStreetSign(s string) (x TextSign) {
	if _, number := splitStreet(s); number != "" {
		return x
	}
	if x = NewTextSign(s); x.size == 0 {
		return x
	}
	for i := range roads {
		if name, ok := strings.CutSuffix(s, roads[i][0]); ok {
			x.road = uint8(i + 1)
			if strings.HasSuffix(name, " ") {
				x.road |= roadSpace
			}
			break
		}
	}
	return x
}

// common is how many letters two texts have in common at most, and commonGrams how many pieces.
func (x *TextSign) common(y *TextSign) int {
	return bits.OnesCount64(x.letters&y.letters) + int(min(x.more, y.more))
}

func (x *TextSign) commonGrams(y *TextSign) int {
	return bits.OnesCount64(x.grams&y.grams) + int(min(x.moreGrams, y.moreGrams))
}

// apart proves that two texts are not one in two spellings.
func (x *TextSign) apart(y *TextSign) bool {
	return x.size > 0 && y.size > 0 && (x.letters^y.letters)&^spare != 0
}

// outside proves that each of two texts has a word that the other one has not.
func (x *TextSign) outside(y *TextSign) bool { return x.words&^y.words != 0 && y.words&^x.words != 0 }

// CityApart proves that two texts are [Different] by [City].
func (x *TextSign) CityApart(y *TextSign) bool {
	longer := int(max(x.size, y.size))
	return x.apart(y) && x.words&y.words == 0 && longer-x.common(y) > max(2, longer/3)
}

// TextApart proves that two texts are [Different] by [Text].
func (x *TextSign) TextApart(y *TextSign) bool {
	if !x.apart(y) || !x.outside(y) {
		return false
	}
	shorter, longer, common := int(min(x.size, y.size)), int(max(x.size, y.size)), x.common(y)
	if longer-common <= 2 || 2*float64(x.commonGrams(y)) >= similarTexts*float64(shorter+longer-2)-1e-9 {
		return false
	}
	return mostJaroWinkler(common, shorter, longer, x.start^y.start) < similarSpelling-1e-9
}

// mostJaroWinkler is the most that [JaroWinkler] may give, by the letters that two values have in common and how their first four bytes
// differ.
func mostJaroWinkler(common, shorter, longer int, starts uint32) float64 {
	prefix := min(bits.TrailingZeros32(starts)/8, shorter)
	jaro := (float64(common)/float64(shorter) + float64(common)/float64(longer) + 1) / 3
	return jaro + 0.1*float64(prefix)*(1-jaro)
}

// StreetApart proves that two streets are [Different] by [Street]. A word for a road that both end with is taken from all that
// they have in common.
func (x *TextSign) StreetApart(y *TextSign) bool {
	if !x.apart(y) || x.initials == y.initials || !x.outside(y) {
		return false
	}
	longer, common := int(max(x.size, y.size)), x.common(y)
	road, space := 0, 0 // letters of the road that both have; a space that only one has before it
	if at := x.road & roadMask; at != 0 && at == y.road&roadMask {
		road = len(roads[at-1][0])
		switch x.road & y.road & roadSpace {
		case roadSpace:
			road++
		default:
			space = int((x.road ^ y.road) >> 6)
		}
	}
	if longer-common-space <= max(2, (longer-road)/3) {
		return false
	}
	grams := 2 * float64(x.commonGrams(y)-max(road-1, 0))
	return grams < similarStreets*float64(int(x.size)+int(y.size)-2*road-space-2)-1e-9
}
