package likeness

// Levels of [Postcode].
const (
	PostcodeArea Level = iota + 1 // the same first digits
	PostcodeSlip                  // one slip
	PostcodeSame
)

// PostcodeLevels names the levels of [Postcode].
var PostcodeLevels = [...]string{"different", "same area", "one slip", "same"}

// area is how many first digits of a postcode are an area.
const area = 2

// Postcode compares postcodes as [FoldCode] gives them.
func Postcode(a, b string) Level {
	switch {
	case a == b:
		return PostcodeSame
	case min(len(a), len(b)) <= area:
		return Different
	case Edits(a, b, 1) == 1:
		return PostcodeSlip
	case a[:area] == b[:area]:
		return PostcodeArea
	}
	return Different
}

// Levels of [HouseNumber].
const (
	HouseNumberSlip   Level = iota + 1 // one slip; of two digits, swapped
	HouseNumberLetter                  // the same number with another letter, or with none
	HouseNumberSame
)

// HouseNumberLevels names the levels of [HouseNumber].
var HouseNumberLevels = [...]string{"different", "one slip", "same number", "same"}

// HouseNumber compares house numbers ("12", "12 b 3").
func HouseNumber(a, b string) Level {
	switch {
	case a == b:
		return HouseNumberSame
	case a == "" || b == "":
		return Different
	case leading(a) != "" && leading(a) == leading(b):
		return HouseNumberLetter
	case Edits(a, b, 1) == 1 && (max(len(a), len(b)) > 2 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]):
		return HouseNumberSlip
	}
	return Different
}

// leading gives the digits that a value starts with.
func leading(s string) string {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[:i]
}

// Levels of [City].
const (
	CitySimilar Level = iota + 1 // alike as a whole
	CityPart                     // one has more words, or a word in common
	CityClose                    // one slip
	CitySame
)

// CityLevels names the levels of [City].
var CityLevels = [...]string{"different", "similar", "part", "one slip", "same"}

// City compares names of towns, regions and countries.
func City(a, b string) Level {
	switch {
	case a == b:
		return CitySame
	case a == "" || b == "":
		return Different
	case respelt(a, b):
		return CityClose
	case (several(a) || several(b)) && share(a, b, 3):
		return CityPart
	}
	switch how, _ := spelling(a, b); how {
	case 2:
		return CityClose
	case 1:
		return CitySimilar
	}
	return Different
}
