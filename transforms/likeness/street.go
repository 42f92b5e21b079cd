package likeness

import "strings"

// Levels of [Street].
const (
	StreetSimilar Level = iota + 1 // alike as a whole
	StreetNumber                   // the same street, another number
	StreetClose                    // one or two slips
	StreetWords                    // the same words in another order, or one has more of them
	StreetShort                    // but for abbreviations
	StreetSame
)

// StreetLevels names the levels of [Street].
var StreetLevels = [...]string{"different", "similar", "other number", "slips", "other words", "abbreviated", "same"}

// Street compares streets, with house numbers or without.
func Street(a, b string) Level {
	switch {
	case a == b:
		return StreetSame
	case a == "" || b == "":
		return Different
	}
	level := streetText(a, b)
	if level > StreetNumber && otherNumbers(a, b) {
		return StreetNumber
	}
	return level
}

// streetText compares streets without minding their numbers.
func streetText(a, b string) Level {
	switch {
	case respelt(a, b), sameWords(a, b):
		return StreetShort
	case within(a, b), within(b, a):
		return StreetWords
	}
	longest := max(len(a), len(b))
	switch edits := Edits(a, b, 2); {
	case edits == 1 && longest > 3, edits == 2 && longest > 9:
		return StreetClose
	case JaroWinkler(a, b) >= closeNames && edits <= 2:
		return StreetClose
	}
	if Dice(a, b) >= 0.6 || JaroWinkler(a, b) >= 0.88 {
		return StreetSimilar
	}
	return Different
}

// otherNumbers tells whether two streets have numbers, and different ones.
func otherNumbers(a, b string) bool {
	x, y := number(a), number(b)
	return x != "" && y != "" && x != y
}

// number gives the digits of the first word that starts with a digit.
func number(s string) string {
	for w, rest := next(s); w != ""; w, rest = next(rest) {
		if isDigit(w[0]) {
			return leading(w)
		}
	}
	return ""
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

// roads lists the last words of street names: the full word, then its abbreviations.
var roads = [...][]string{
	{"katu", "k"}, {"tie", "t"}, {"kuja", "kj"}, {"polku", "p"}, {"vagen", "v", "vag"}, {"vag", "v"}, {"gatan", "g", "gt"},
	{"gata", "g", "gt"}, {"gate", "g", "gt"}, {"veien", "v", "vei"}, {"vei", "v"}, {"vegen", "v"}, {"street", "st", "str"}, {"road", "rd"},
	{"avenue", "av", "ave"}, {"drive", "dr"}, {"place", "pl"}, {"court", "ct", "crt"}, {"crescent", "cr", "cres"}, {"close", "cl"},
	{"lane", "ln", "la"}, {"square", "sq"}, {"terrace", "tce", "ter"}, {"boulevard", "bvd", "blvd"}, {"highway", "hwy"}, {"circuit", "cct", "cir"},
	{"parade", "pde"}, {"saint", "st"}, {"mount", "mt"}, {"north", "n"}, {"south", "s"}, {"east", "e"}, {"west", "w"},
}

// abbreviated tells whether short is full with its ending written short ("kauppak", "kauppakatu"; "st", "street").
func abbreviated(full, short string) bool {
	if len(full) <= len(short) {
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
