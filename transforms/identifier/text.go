package identifier

import (
	"strings"
	"unicode"
)

// text keeps any text, with every run of white space as one space.
func text(s string, p *Params) Checked {
	s = fold(s)
	if isEmptyMarker(s, p) {
		return Checked{}
	}
	return ok(s)
}

// name takes letters of any script, spaces and - ' . and at least one letter. Typographic apostrophes and hyphens
// become the plain ones. Asterisks around the call name, as Finnish student registers write it, are removed.
func name(s string, p *Params) Checked {
	s = fold(s)
	warning := ""
	if strings.IndexByte(s, '*') >= 0 {
		warning = "call-name"
		// Cleaned again, as an accent may have stood behind the asterisk.
		s = fold(cleanUnicode(strings.ReplaceAll(s, "*", "")))
	}
	if strings.ContainsAny(s, "\u2019\u2010\u2011") {
		s = strings.NewReplacer("\u2019", "'", "\u2010", "-", "\u2011", "-").Replace(s)
	}
	if isEmptyMarker(s, p) {
		return Checked{}
	}
	letter := false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letter = true
		case r == ' ', r == '-', r == '\'', r == '.', unicode.IsMark(r):
		default:
			return bad("pattern")
		}
	}
	if !letter {
		return bad("pattern")
	}
	return warned(s, warning)
}

// CallName gives the name between asterisks in a list of given names such as "Aino *Maria*", or "" when none is marked.
func CallName(givenNames string) string {
	_, rest, found := strings.Cut(givenNames, "*")
	if !found {
		return ""
	}
	marked, _, found := strings.Cut(rest, "*")
	if !found {
		return ""
	}
	return fold(cleanUnicode(marked))
}
