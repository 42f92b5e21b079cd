package likeness

import "strings"

// Levels of [Street].
const (
	StreetSimilar Level = iota + 1 // alike as a whole
	StreetNumber                   // the same street or a slip in it, another number
	StreetWords                    // the same words in another order, or one has more of them, such as the number
	StreetClose                    // one or two slips
	StreetShort                    // but for abbreviations and where words end
	StreetSame
)

// StreetLevels names the levels of [Street].
var StreetLevels = [...]string{"different", "similar", "other number", "other words", "slips", "spelt otherwise", "same"}

// Street compares streets, with house numbers or without.
func Street(a, b string) Level {
	switch {
	case a == b:
		return StreetSame
	case a == "" || b == "":
		return Different
	}
	x, numberX := splitStreet(a)
	y, numberY := splitStreet(b)
	if x == "" || y == "" {
		x, numberX, y, numberY = a, "", b, ""
	}
	level := min(streetName(x, y), StreetShort) // the number may stand before the name or behind it
	if level <= StreetNumber || numberX == numberY {
		return level
	}
	if numberX != "" && numberY != "" && leading(numberX) != leading(numberY) {
		return StreetNumber
	}
	return min(level, StreetWords)
}

// splitStreet parts a street's name from its number, which goes before or behind it: all from the first word that starts
// with a digit, or that word alone where it is the first.
func splitStreet(s string) (name, number string) {
	w, rest := next(s)
	if w != "" && isDigit(w[0]) {
		return rest, w
	}
	for i := 1; i < len(s); i++ {
		if s[i-1] == ' ' && isDigit(s[i]) {
			return s[:i-1], s[i:]
		}
	}
	return s, ""
}

// streetName compares streets without their numbers.
func streetName(a, b string) Level {
	switch {
	case a == b:
		return StreetSame
	case respelt(a, b), sameWords(a, b):
		return StreetShort
	}
	longest := max(len(a), len(b))
	switch edits := Edits(a, b, 2); {
	case edits == 1 && longest > 4, edits == 2 && longest > 9:
		return StreetClose
	case (several(a) || several(b)) && (within(a, b) || within(b, a)):
		return StreetWords
	}
	// What all streets have in common makes no two alike.
	a, b = withoutRoad(a, b)
	if a == "" || b == "" {
		return Different
	}
	if how, _ := spelling(a, b); how > 0 || Dice(a, b) >= similarStreets {
		return StreetSimilar
	}
	return Different
}

// similarStreets is the similarity by [Dice] from which street names are similar.
const similarStreets = 0.65

// withoutRoad takes the word for a road from the end of two street names that have it in common.
func withoutRoad(a, b string) (string, string) {
	if at(a, len(a)-1) != at(b, len(b)-1) {
		return a, b
	}
	for _, r := range roads {
		if x, ok := strings.CutSuffix(a, r[0]); ok {
			if y, ok := strings.CutSuffix(b, r[0]); ok {
				return strings.TrimRight(x, " "), strings.TrimRight(y, " ")
			}
		}
	}
	return a, b
}

// sameWords tells whether two streets are the same word for word, abbreviations written out.
func sameWords(a, b string) bool {
	for {
		var v, w string
		v, a = next(a)
		w, b = next(b)
		if v == "" || w == "" {
			return v == w
		}
		if v != w && !abbreviated(v, w) && !abbreviated(w, v) {
			return false
		}
	}
}

// roads lists the last words of street names, a longer one before its own ending: the full word, then its abbreviations.
// It does not change.
var roads = [...][]string{
	{"katu", "k"}, {"tie", "t"}, {"kuja", "kj"}, {"polku", "p"}, {"raitti", "r"},
	{"vagen", "v", "vag"}, {"vag", "v"}, {"gatan", "g", "gt"}, {"gata", "g", "gt"},
	{"gate", "g", "gt"}, {"veien", "v", "vei"}, {"vegen", "v", "veg"}, {"vei", "v"}, {"plads", "pl"}, {"plass", "pl"},
	{"street", "st", "str"}, {"road", "rd"}, {"avenue", "av", "ave"}, {"drive", "dr"}, {"place", "pl"}, {"court", "ct", "crt"},
	{"crescent", "cr", "cres"}, {"close", "cl"}, {"lane", "ln", "la"}, {"square", "sq"}, {"terrace", "tce", "ter"},
	{"boulevard", "bvd", "blvd"}, {"highway", "hwy"}, {"circuit", "cct", "cir"}, {"parade", "pde"}, {"grove", "gr", "gv"},
	{"gardens", "gdns"}, {"saint", "st"}, {"mount", "mt"}, {"north", "n"}, {"south", "s"}, {"east", "e"}, {"west", "w"},
}

// abbreviated tells whether short is full with its ending written short ("kauppak", "kauppakatu"; "st", "street").
func abbreviated(full, short string) bool {
	if len(full) <= len(short) || full[0] != short[0] {
		return false
	}
	for _, r := range roads {
		stem, ok := strings.CutSuffix(full, r[0])
		if !ok {
			continue
		}
		for _, s := range r[1:] {
			if len(short) == len(stem)+len(s) && short[:len(stem)] == stem && short[len(stem):] == s {
				return true
			}
		}
	}
	return false
}
