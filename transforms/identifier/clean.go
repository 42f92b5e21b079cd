package identifier

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// DefaultEmptyMarkers returns the texts that mean "no value" in any case of letters.
func DefaultEmptyMarkers() []string { return append([]string(nil), emptyMarkers...) }

var emptyMarkers = []string{
	"-", "–", ".", "N/A", "NULL", "none", "ei tiedossa", "tuntematon", "ukjent", "unknown",
}

// clean applies what is common to all identifiers: no invisible characters, Unicode NFC, plain spaces, none around. The
// result is "" when the input is empty or a marker for it; the reason is "encoding" when the input is not UTF-8. ASCII
// text and text that is clean already is returned without a copy.
func clean(s string, p *Params) (v, reason string) {
	if isASCII(s) {
		s = trimASCII(s)
	} else {
		if !utf8.ValidString(s) {
			return "", "encoding"
		}
		s = cleanUnicode(s)
	}
	if isEmptyMarker(s, p) {
		return "", ""
	}
	return s, ""
}

// cleanUnicode drops invisible characters first: one of them between a letter and its accent would keep NFC from
// composing the two.
func cleanUnicode(s string) string {
	if strings.IndexFunc(s, isSpecial) >= 0 {
		s = strings.Map(plain, s)
	}
	if norm.NFC.QuickSpanString(s) != len(s) {
		s = norm.NFC.String(s)
	}
	return strings.TrimSpace(s)
}

func isSpecial(r rune) bool { return plain(r) != r }

func plain(r rune) rune {
	switch r {
	case '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff':
		return -1
	case '\u00a0', '\u202f':
		return ' '
	}
	return r
}

func isEmptyMarker(s string, p *Params) bool {
	markers := emptyMarkers
	if p.EmptyMarkers != nil {
		markers = p.EmptyMarkers
	}
	if s == "" {
		return true
	}
	for _, m := range markers {
		if len(m) == len(s) && strings.EqualFold(m, s) {
			return true
		}
	}
	return false
}

// fold makes every run of white space one space.
func fold(s string) string {
	spaced, run := false, false
	for _, r := range s {
		sp := unicode.IsSpace(r)
		spaced = spaced || sp && (run || r != ' ')
		run = sp
	}
	if !spaced {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// without drops every space.
func without(s string) string {
	if strings.IndexByte(s, ' ') < 0 {
		return s
	}
	return strings.ReplaceAll(s, " ", "")
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func trimASCII(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits tells whether s is nothing but ASCII digits, and at least one.
func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// upper and lower change ASCII letters only: Unicode case mapping would turn foreign letters into code characters.
func upper(s string) string { return mapASCII(s, 'a', 'z') }
func lower(s string) string { return mapASCII(s, 'A', 'Z') }

// mapASCII flips the case of the letters from first to last; it copies only when there is one.
func mapASCII(s string, first, last byte) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; first <= c && c <= last {
			b := []byte(s)
			for ; i < len(b); i++ {
				if first <= b[i] && b[i] <= last {
					b[i] ^= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

// cutFold removes a prefix in any case of ASCII letters.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || lower(s[:len(prefix)]) != prefix {
		return s, false
	}
	return s[len(prefix):], true
}

// zeros pads with leading zeros to a width.
func zeros(s string, width int) string {
	if len(s) >= width {
		return s
	}
	return strings.Repeat("0", width-len(s)) + s
}
