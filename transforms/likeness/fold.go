package likeness

import (
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
	return string(AppendFold(make([]byte, 0, len(s)), s))
}

// AppendFold appends the form that [Fold] gives.
func AppendFold(to []byte, s string) []byte {
	if plain(s) {
		return append(to, s...)
	}
	f := folder{out: to[len(to):], keep: parting} // written in its place if there is room
	f.text(s)
	return append(to, f.out...)
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

// latin gives the folded form of the letters of Latin-1 and Latin Extended-A, which is what most names need: "" for all
// other signs. It does not change.
var latin = func() (out [0x180]string) {
	for r := rune(0xC0); r < rune(len(out)); r++ {
		if unicode.IsLetter(r) {
			f := folder{keep: parting}
			f.any(r)
			out[r] = string(f.out)
		}
	}
	return out
}()

// folder writes folded text.
type folder struct {
	out   []byte
	keep  func(rune) bool // signs that part words
	space bool            // a word ended
}

func (f *folder) text(s string) {
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			f.ascii(byte(r))
		case apostrophe(r), r == utf8.RuneError:
		case r < rune(len(latin)) && latin[r] != "":
			f.word(latin[r])
		default:
			f.any(r)
		}
	}
}

// ascii writes a sign of ASCII.
func (f *folder) ascii(c byte) {
	if c = lower(c); c >= 'a' && c <= 'z' || isDigit(c) {
		if f.space {
			f.out = append(f.out, ' ')
			f.space = false
		}
		f.out = append(f.out, c)
		return
	}
	f.rune(rune(c))
}

// any writes a sign that may have to be decomposed.
func (f *folder) any(r rune) {
	for _, d := range norm.NFKD.String(string(unicode.ToLower(r))) {
		f.rune(d)
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
	if base := letters(r); base != "" {
		f.word(base)
		return
	}
	f.word("")
	f.out = utf8.AppendRune(f.out, r)
}

// word writes folded letters.
func (f *folder) word(s string) {
	if f.space {
		f.out = append(f.out, ' ')
		f.space = false
	}
	f.out = append(f.out, s...)
}
