package resolve

import (
	"strings"
	"unicode"
)

// folding maps letters of the Nordic languages to the base letter that typists without the key use, and the letters that
// transliteration writes with two. Others lose their diacritic through the table in foldRune.
var folding = map[rune]string{
	'å': "a", 'ä': "a", 'ö': "o", 'ø': "o", 'æ': "ae", 'ü': "u", 'é': "e", 'è': "e", 'ê': "e", 'ë': "e", 'á': "a", 'à': "a", 'â': "a",
	'ã': "a", 'í': "i", 'ì': "i", 'î': "i", 'ï': "i", 'ó': "o", 'ò': "o", 'ô': "o", 'õ': "o", 'ú': "u", 'ù': "u", 'û': "u", 'ç': "c",
	'ñ': "n", 'š': "s", 'ž': "z", 'č': "c", 'đ': "d", 'ð': "d", 'þ': "th", 'ß': "ss", 'ł': "l", 'ý': "y",
}

// Fold gives the form in which names are compared: lower case, no diacritics, words parted by one space; hyphens part
// words, and dots and apostrophes vanish ("O'Specimen" and "OSpecimen" agree).
func Fold(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		r = unicode.ToLower(r)
		switch {
		case r == '\'' || r == '’' || r == '.' || r == '`':
			continue
		case r == '-' || r == '–' || unicode.IsSpace(r) || r == ',':
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if f, ok := folding[r]; ok {
			b.WriteString(f)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain tells whether s is its own folded form: lower-case ASCII letters and digits alone.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
