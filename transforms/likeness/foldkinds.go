package likeness

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// short is as long as most values are, so that it takes no memory of its own to write them.
const short = 64

// FoldCode gives the form in which identifiers and postcodes are compared: letters and digits alone, in lower case.
func FoldCode(s string) string {
	if plain(s) && strings.IndexByte(s, ' ') < 0 {
		return s
	}
	return string(AppendCode(make([]byte, 0, short), s))
}

// AppendCode appends the form that [FoldCode] gives.
func AppendCode(to []byte, s string) []byte {
	begun := len(to)
	for i := range len(s) {
		switch c := lower(s[i]); {
		case c >= utf8.RuneSelf:
			return append(to[:begun], strings.ReplaceAll(Fold(s), " ", "")...)
		case c >= 'a' && c <= 'z' || isDigit(c):
			to = append(to, c)
		}
	}
	return to
}

// FoldPhone gives the form in which telephone numbers are compared: digits, after a plus sign where the number says its
// country ("+358400001234", "00358 40 0001234", "+358 (0)40 0001234").
func FoldPhone(s string) string { return string(AppendPhone(make([]byte, 0, short), s)) }

// AppendPhone appends the form that [FoldPhone] gives.
func AppendPhone(to []byte, s string) []byte {
	s = strings.ReplaceAll(s, "(0)", "") // not dialled from abroad
	begun := len(to)
	to = append(to, '+')
	plus := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+' && len(to) == begun+1:
			plus = true
		case isDigit(c):
			to = append(to, c)
		}
	}
	digits := to[begun+1:]
	if !plus && bytes.HasPrefix(digits, []byte("00")) {
		plus, digits = true, bytes.TrimLeft(digits, "0")
	}
	if plus && len(digits) > 0 {
		begun++
	}
	return append(to[:begun], digits...)
}

// FoldEmail gives the form in which addresses are compared: lower case, no diacritics, no spaces, nothing around it.
func FoldEmail(s string) string {
	s = withoutSigns(s)
	s = strings.Trim(s, ";,.:")
	for strings.HasPrefix(s, "mailto:") {
		s = strings.Trim(s[len("mailto:"):], ";,.:")
	}
	return s
}

// AppendEmail appends the form that [FoldEmail] gives.
func AppendEmail(to []byte, s string) []byte { return append(to, FoldEmail(s)...) }

// withoutSigns writes an address in lower case, without signs that vanish.
func withoutSigns(s string) string {
	if address(s) {
		return s
	}
	f := folder{out: make([]byte, 0, len(s)), keep: func(rune) bool { return false }}
	for _, r := range s {
		switch {
		case r <= ' ' || r == '<' || r == '>' || r == utf8.RuneError:
		case r < utf8.RuneSelf:
			f.out = append(f.out, lower(byte(r)))
		default:
			f.text(string(r))
		}
	}
	return string(f.out)
}

// address tells whether an address is in lower case and has no sign that vanishes, but perhaps at its ends.
func address(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '<' || c == '>' || c >= utf8.RuneSelf || c != lower(c) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// FoldNumber gives the form in which numbers are compared: a minus sign, digits, a decimal point (a comma too is one), no
// zeros that say nothing.
func FoldNumber(s string) string {
	out := make([]byte, 0, len(s))
	minus, point := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '-' && len(out) == 0:
			minus = true
		case (c == '.' || c == ',') && !point:
			point = true
			out = append(out, '.')
		case isDigit(c):
			out = append(out, c)
		}
	}
	number := strings.TrimLeft(string(out), "0")
	if point {
		number = strings.TrimRight(number, "0")
	}
	number = strings.TrimSuffix(number, ".")
	switch {
	case number == "" && len(out) > 0:
		return "0"
	case number != "" && number[0] == '.':
		number = "0" + number
	}
	if minus && number != "" {
		return "-" + number
	}
	return number
}

// AppendNumber appends the form that [FoldNumber] gives.
func AppendNumber(to []byte, s string) []byte { return append(to, FoldNumber(s)...) }
