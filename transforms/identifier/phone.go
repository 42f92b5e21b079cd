package identifier

import "strings"

// E.164 allows 15 digits; a longer run is not a number however it is written.
const (
	phoneDigits = 15
	phoneBuffer = 32
)

// phone makes E.164 (ITU-T E.164) of a number as people write it. [Params.Region] completes national numbers of FI, NO
// and GB; the trunk zero of the first and the last is dropped.
func phone(s string, p *Params) Checked {
	if rest, found := cutFold(s, "tel:"); found {
		s = trimASCII(rest)
	}
	warning := ""
	if end := severalPhones(s); end >= 0 {
		if !p.FirstOfMultiple {
			return bad("multiple")
		}
		s, warning = trimASCII(s[:end]), "multiple"
	}
	if isScientific(s) {
		return bad("spreadsheet")
	}
	var buf [phoneBuffer]byte
	b, reason := phoneCharacters(buf[:0], s)
	if reason == "" {
		b, reason = international(b, p.Region)
	}
	if reason != "" {
		return bad(reason)
	}
	b, trunk := dropTrunkZero(b)
	if trunk && warning == "" {
		warning = "trunk-zero"
	}
	if reason := checkE164(b); reason != "" {
		return bad(reason)
	}
	if string(b) == s {
		return warned(s, warning)
	}
	return warned(string(b), warning)
}

// severalPhones gives where the first number ends when a cell holds more than one, else -1.
func severalPhones(s string) int {
	last := lastDigit(s)
	seen := false
	for i := 0; i < last; i++ {
		if isDigit(s[i]) {
			seen = true
		} else if seen && isPhoneSeparator(s[i:]) {
			if isScientific(s) {
				return -1
			}
			return i
		}
	}
	return -1
}

// isPhoneSeparator tells whether s begins with what people write between two numbers.
func isPhoneSeparator(s string) bool {
	if s[0] == ',' || s[0] == ';' {
		return true
	}
	for _, word := range [3]string{" / ", " tai ", " or "} {
		if _, found := cutFold(s, word); found {
			return true
		}
	}
	return false
}

// isScientific recognises 3,58401E+11, whose comma separates nothing.
func isScientific(s string) bool {
	return strings.ContainsAny(s, "eE") && spreadsheet(strings.Replace(s, ",", ".", 1))
}

// lastDigit gives the position of the last ASCII digit, or -1.
func lastDigit(s string) int {
	i := len(s) - 1
	for i >= 0 && !isDigit(s[i]) {
		i--
	}
	return i
}

// phoneCharacters keeps the digits and a leading plus. Spaces and parentheses go, and so do marks between digits; "(0)"
// directly after a country code goes with its zero.
func phoneCharacters(b []byte, s string) (_ []byte, reason string) {
	last := lastDigit(s)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isDigit(c), c == '+' && len(b) == 0:
			if len(b) == cap(b) {
				return nil, "pattern"
			}
			b = append(b, c)
		case c == '(' && strings.HasPrefix(s[i:], "(0)") && endsCountryCode(b):
			i += 2
		case c == ' ', c == '(', c == ')':
		case c == '-' || c == '.' || c == '/':
			if len(b) == 0 || b[len(b)-1] == '+' || i > last {
				return nil, "pattern"
			}
		default:
			return nil, "pattern"
		}
	}
	return b, ""
}

// endsCountryCode tells whether b is an international prefix and exactly one country code.
func endsCountryCode(b []byte) bool {
	switch {
	case len(b) > 1 && b[0] == '+':
		b = b[1:]
	case len(b) > 2 && b[0] == '0' && b[1] == '0':
		b = b[2:]
	default:
		return false
	}
	return len(b) == countryCodeLength(b)
}

// countryCodeLength gives the length of the E.164 country code that b begins with.
func countryCodeLength(b []byte) int {
	const twoDigits = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66" +
		" 81 82 84 86 90 91 92 93 94 95 98 "
	if b[0] == '1' || b[0] == '7' {
		return 1
	}
	if len(b) > 1 && strings.Contains(twoDigits, string([]byte{' ', b[0], b[1], ' '})) {
		return 2
	}
	return 3
}

// international puts the plus and the country code before the digits.
func international(b []byte, region string) (_ []byte, reason string) {
	switch {
	case len(b) > 0 && b[0] == '+':
		return b, ""
	case len(b) > 1 && b[0] == '0' && b[1] == '0':
		return prefix(b[2:], "+"), ""
	case region == "FI" && len(b) > 0 && b[0] == '0':
		return prefix(b[1:], "+358"), ""
	case region == "GB" && len(b) > 0 && b[0] == '0':
		return prefix(b[1:], "+44"), ""
	case region == "NO" && len(b) == 8:
		return prefix(b, "+47"), ""
	}
	return nil, "no-region"
}

func prefix(b []byte, code string) []byte {
	if len(b) > phoneDigits { // too long for any number; checkE164 refuses it
		return b
	}
	n := len(b)
	b = append(b, code...)
	copy(b[len(code):], b[:n])
	copy(b, code)
	return b
}

// dropTrunkZero removes the zero of national dialling that some people keep behind the country code.
func dropTrunkZero(b []byte) ([]byte, bool) {
	for _, code := range [2]string{"+3580", "+440"} {
		if n := len(code); len(b) >= n && string(b[:n]) == code {
			return append(b[:n-1], b[n:]...), true
		}
	}
	return b, false
}

func checkE164(b []byte) string {
	n := len(b) - 1
	if n < 7 || n > phoneDigits || b[0] != '+' || b[1] == '0' {
		return "pattern"
	}
	switch {
	case string(b[1:4]) == "358":
		if b[4] == '0' {
			return "pattern" // a second trunk zero
		}
		if n < 3+5 || n > 3+12 {
			return "length"
		}
	case string(b[1:3]) == "47" && n != 2+8:
		return "length"
	case string(b[1:3]) == "44" && b[3] == '0':
		return "pattern"
	}
	return ""
}
