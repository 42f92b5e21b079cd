package likeness

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letters gives the base letters of letters that Unicode does not decompose. What one alphabet writes as ä and the next
// as æ is one letter here; who writes it with two ("ae") is met by the comparators.
func letters(r rune) string {
	switch r {
	case 'æ':
		return "a"
	case 'ø', 'œ':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ß':
		return "ss"
	case 'ł':
		return "l"
	case 'ħ':
		return "h"
	case 'ı':
		return "i"
	case 'ŋ':
		return "n"
	case 'ŧ':
		return "t"
	}
	return ""
}

// apostrophe tells of signs that stand within a word.
func apostrophe(r rune) bool {
	switch r {
	case '\'', '`', '´', '’', '‘', 'ʼ', 'ʹ', '′':
		return true
	}
	return false
}

// parting tells of signs that part words, beside spaces. All other signs vanish.
func parting(r rune) bool {
	switch r {
	case '-', '.', ',', '/', '\\', '_', '(', ')', '[', ']', '{', '}', ';', ':', '&', '+', '|', '<', '>', '@':
		return true
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r)
}

// Fold gives the form in which names and text are compared: lower case, letters without their diacritics (å, ä and æ are
// a, ö and ø are o), words parted by one space. Hyphens, dots and brackets part words, apostrophes and all other signs
// vanish. What no Latin alphabet has stays as it is. Fold(Fold(s)) is Fold(s).
func Fold(s string) string {
	if plain(s) {
		return s
	}
	f := folder{out: make([]byte, 0, len(s)), keep: parting}
	f.text(s)
	return string(f.out)
}

// plain tells whether s is its own folded form: lower-case ASCII letters and digits, words parted by one space.
func plain(s string) bool {
	space := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' {
			if space {
				return false
			}
			space = true
			continue
		}
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
		space = false
	}
	return !space || s == ""
}

// folder writes folded text.
type folder struct {
	out   []byte
	keep  func(rune) bool // signs that part words
	space bool            // a word ended
}

func (f *folder) text(s string) {
	var buf [32]byte
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			f.rune(r)
		case apostrophe(r), r == utf8.RuneError:
		default:
			var one [utf8.UTFMax]byte
			n := utf8.EncodeRune(one[:], unicode.ToLower(r))
			for _, d := range string(norm.NFKD.Append(buf[:0], one[:n]...)) {
				f.rune(d)
			}
		}
	}
}

// rune writes one decomposed sign.
func (f *folder) rune(r rune) {
	r = unicode.ToLower(r)
	switch {
	case f.keep(r):
		f.space = len(f.out) > 0
		return
	case apostrophe(r), !unicode.IsLetter(r) && !unicode.IsNumber(r):
		return
	}
	if f.space {
		f.out = append(f.out, ' ')
		f.space = false
	}
	if base := letters(r); base != "" {
		f.out = append(f.out, base...)
		return
	}
	f.out = utf8.AppendRune(f.out, r)
}

// FoldCode gives the form in which identifiers and postcodes are compared: letters and digits alone, in lower case.
func FoldCode(s string) string { return strings.ReplaceAll(Fold(s), " ", "") }

// FoldPhone gives the form in which telephone numbers are compared: digits, after a plus sign where the number says its
// country ("+358400001234", "00358 40 0001234").
func FoldPhone(s string) string {
	out := make([]byte, 0, len(s)+1)
	plus := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+' && len(out) == 0:
			plus = true
		case c >= '0' && c <= '9':
			out = append(out, c)
		}
	}
	digits := string(out)
	if rest, ok := strings.CutPrefix(digits, "00"); ok && !plus {
		plus, digits = true, rest
	}
	if plus && digits != "" {
		return "+" + digits
	}
	return digits
}

// FoldEmail gives the form in which addresses are compared: lower case, no diacritics, no spaces, nothing around it.
func FoldEmail(s string) string {
	s = strings.ToLower(strings.Trim(strings.TrimSpace(s), "<>;,. "))
	s = strings.TrimPrefix(s, "mailto:")
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c := s[i]; c > ' ' && c < utf8.RuneSelf {
			out = append(out, c)
		}
	}
	if len(out) == len(s) {
		return s
	}
	f := folder{out: out[:0], keep: func(rune) bool { return false }}
	for _, r := range s {
		if r > ' ' && r < utf8.RuneSelf {
			f.out = append(f.out, byte(r))
			continue
		}
		f.text(string(r))
	}
	return string(f.out)
}

// FoldNumber gives the form in which numbers are compared: digits, a minus sign, a decimal point.
func FoldNumber(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '-' && len(out) == 0, c == '.':
			out = append(out, c)
		case c == ',':
			out = append(out, '.')
		}
	}
	return string(out)
}
