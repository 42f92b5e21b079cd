package likeness

import "strconv"

// Levels of [Text].
const (
	TextSimilar Level = iota + 1 // alike as a whole
	TextWords                    // the same words in another order, or one has more of them
	TextClose                    // one slip, or two in a long text
	TextSame
)

// TextLevels names the levels of [Text].
var TextLevels = [...]string{"different", "similar", "other words", "slips", "same"}

// Similarities by [Dice] and [JaroWinkler] from which texts are similar.
const (
	similarTexts    = 0.6
	similarSpelling = 0.88
)

// Text compares any folded text.
func Text(a, b string) Level {
	switch {
	case a == b:
		return TextSame
	case a == "" || b == "":
		return Different
	case respelt(a, b):
		return TextClose
	}
	longest := max(len(a), len(b))
	switch edits := Edits(a, b, 2); {
	case edits == 1 && longest > 3, edits == 2 && longest > 9:
		return TextClose
	case (several(a) || several(b)) && (within(a, b) || within(b, a)):
		return TextWords
	case edits == 1, Dice(a, b) >= similarTexts, JaroWinkler(a, b) >= similarSpelling:
		return TextSimilar
	}
	return Different
}

// Levels of [Identifier].
const (
	IdentifierTwo  Level = iota + 1 // two slips
	IdentifierSlip                  // one slip
	IdentifierSame
)

// IdentifierLevels names the levels of [Identifier].
var IdentifierLevels = [...]string{"different", "two slips", "one slip", "same"}

// Identifier compares numbers and codes as [FoldCode] gives them. Of codes shorter than four signs every sign counts, of
// those shorter than seven two slips are too many.
func Identifier(a, b string) Level {
	if a == b {
		return IdentifierSame
	}
	shortest := min(len(a), len(b))
	switch edits := Edits(a, b, 2); {
	case edits == 1 && shortest >= 4:
		return IdentifierSlip
	case edits == 2 && shortest >= 7:
		return IdentifierTwo
	}
	return Different
}

// Levels of [Number].
const (
	NumberNear Level = iota + 1 // within a twentieth
	NumberSlip                  // one digit typed wrong, left out or too many, or two neighbours swapped
	NumberSame
)

// NumberLevels names the levels of [Number].
var NumberLevels = [...]string{"different", "near", "one slip", "same"}

// Number compares numbers as [FoldNumber] gives them.
func Number(a, b string) Level {
	switch {
	case a == b:
		return NumberSame
	case min(len(a), len(b)) >= 4 && Edits(a, b, 1) == 1:
		return NumberSlip
	}
	x, ok := decimal(a)
	y, fine := decimal(b)
	if ok && fine && max(x-y, y-x) <= 0.05*max(x, -x, y, -y) {
		return NumberNear
	}
	return Different
}

// decimal reads a number that FoldNumber gave; ok is false for anything else.
func decimal(s string) (v float64, ok bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	dots := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c), c == '-' && i == 0 && len(s) > 1 && isDigit(s[1]):
		case c == '.' && i > 0 && i < len(s)-1 && isDigit(s[i-1]) && dots == 0:
			dots++
		default:
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}
