package likeness

import "strings"

// next gives the first word of folded text and what follows it; "" when there is none.
func next(s string) (w, rest string) {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	if i := strings.IndexByte(s, ' '); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// several tells whether text has more than one word.
func several(s string) bool { return strings.IndexByte(s, ' ') >= 0 }

// count gives how many words a text has.
func count(s string) int {
	n := 0
	for w, rest := next(s); w != ""; w, rest = next(rest) {
		n++
	}
	return n
}

// has tells whether w is one of the words of s.
func has(s, w string) bool {
	for v, rest := next(s); v != ""; v, rest = next(rest) {
		if v == w {
			return true
		}
	}
	return false
}

// within tells whether every word of a is one of b's.
func within(a, b string) bool {
	for w, rest := next(a); w != ""; w, rest = next(rest) {
		if !has(b, w) {
			return false
		}
	}
	return true
}

// respelt tells whether two values are one but for where words end and for letters that some keyboards write with two:
// ae for ä and æ, oe for ö and ø, aa for å, ue for ü (ICAO Doc 9303 part 3, section 6).
func respelt(a, b string) bool {
	i, j := 0, 0
	for {
		for i < len(a) && a[i] == ' ' {
			i++
		}
		for j < len(b) && b[j] == ' ' {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if a[i] != b[j] {
			return false
		}
		twoA, twoB := digraph(a[i:]), digraph(b[j:])
		i++
		j++
		if twoA && !twoB {
			i++
		}
		if twoB && !twoA {
			j++
		}
	}
}

// digraph tells whether s starts with two letters that may stand for one.
func digraph(s string) bool {
	if len(s) < 2 {
		return false
	}
	switch s[0] {
	case 'a':
		return s[1] == 'a' || s[1] == 'e'
	case 'o', 'u':
		return s[1] == 'e'
	}
	return false
}
