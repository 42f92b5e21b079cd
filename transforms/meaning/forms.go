package meaning

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"uoma/transforms/identifier"
)

// shape counts the signs of a value.
type shape struct {
	length, letters, digits, words int
	joints                         int // spaces, hyphens, apostrophes, stops, commas, asterisks
}

func shapeOf(v string) shape {
	var s shape
	gap := true
	for _, r := range v {
		s.length++
		switch {
		case r == ' ':
			s.joints++
			gap = true
			continue
		case r >= '0' && r <= '9':
			s.digits++
		case 'a' <= r|0x20 && r|0x20 <= 'z', r >= 0x80 && (unicode.IsLetter(r) || unicode.Is(unicode.Mn, r)):
			s.letters++
		case strings.ContainsRune("-'’.,*`´", r):
			s.joints++
		}
		if gap {
			s.words++
			gap = false
		}
	}
	return s
}

// Years in which the people of a file of no special kind were born. A column that is named so may reach further back.
const (
	firstBirth = 1900
	lastBirth  = 2025
)

// parseDate reads the usual forms of dates: three groups of digits with the year first or last, eight digits, a year and
// month, a year alone, each perhaps with a time behind, and English months in letters. whole tells whether there is a day.
func parseDate(v string, s shape) (year int, whole, ok bool) {
	if s.digits < 2 || s.length > 35 || s.words > 4 {
		return 0, false, false
	}
	v, _, _ = strings.Cut(v, "T")
	var room [4]string
	groups := digitGroups(v, room[:0])
	month := s.letters >= 3 && namesMonth(v)
	switch {
	case month && len(groups) == 2:
		return dayAndYear(groups[0], groups[1])
	case month:
		return 0, false, false
	case len(groups) == 1 && len(groups[0]) == 8:
		return eightDigits(groups[0])
	case len(groups) == 1 && len(groups[0]) == 4 && s.letters == 0:
		y := number(groups[0])
		return y, false, y >= 1000 && y <= 2100
	case len(groups) == 2 && s.letters == 0 && len(groups[0]) == 4 && len(groups[1]) == 2:
		y, m := number(groups[0]), number(groups[1])
		return y, false, y >= 1000 && y <= 2100 && m >= 1 && m <= 12
	case len(groups) >= 3 && s.letters <= 3:
		return threeGroups(groups)
	}
	return 0, false, false
}

func dayAndYear(a, b string) (int, bool, bool) {
	if len(a) == 4 {
		a, b = b, a
	}
	year, day := number(b), number(a)
	if len(b) == 2 {
		year += 1900
	}
	return year, true, len(b) != 3 && year >= 1000 && year <= 2100 && day >= 1 && day <= 31
}

func eightDigits(v string) (int, bool, bool) {
	if y, m, d := number(v[:4]), number(v[4:6]), number(v[6:]); isDay(y, m, d) {
		return y, true, true
	}
	y := number(v[4:])
	a, b := number(v[:2]), number(v[2:4])
	return y, true, isDay(y, b, a) || isDay(y, a, b)
}

func threeGroups(g []string) (int, bool, bool) {
	a, b, c := number(g[0]), number(g[1]), number(g[2])
	switch {
	case len(g[0]) == 4 && len(g[1]) <= 2 && len(g[2]) <= 2:
		return a, true, isDay(a, b, c)
	case len(g[0]) > 2 || len(g[1]) > 2:
		return 0, false, false
	case len(g[2]) == 4:
		return c, true, isDay(c, b, a) || isDay(c, a, b)
	case len(g[2]) == 2 && len(g) == 3:
		return 1900 + c, true, isDay(1900+c, b, a) || isDay(1900+c, a, b)
	}
	return 0, false, false
}

func isDay(y, m, d int) bool {
	return y >= 1000 && y <= 2100 && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

var months = words("jan feb mar apr may jun jul aug sep oct nov dec")

// digitGroups appends the runs of digits.
func digitGroups(v string, groups []string) []string {
	start := -1
	for i := 0; i <= len(v); i++ {
		digit := i < len(v) && v[i] >= '0' && v[i] <= '9'
		switch {
		case digit && start < 0:
			start = i
		case !digit && start >= 0:
			groups = append(groups, v[start:i])
			start = -1
		}
	}
	return groups
}

// namesMonth tells whether there is an English month in letters.
func namesMonth(v string) bool {
	for i := range max(0, len(v)-2) {
		if c := v[i] | 0x20; 'a' <= c && c <= 's' && months[strings.ToLower(v[i:i+3])] {
			return true
		}
	}
	return false
}

// number reads up to nine digits; more are no number of a date.
func number(digits string) int {
	n := 0
	for i := 0; i < len(digits) && i < 9; i++ {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

// isEmail is loose: mistyped addresses are still addresses.
func isEmail(v string) bool {
	at := strings.LastIndexByte(v, '@')
	return at > 0 && at < len(v)-2 && strings.Count(v, " ") < 2
}

func isPhone(v string, s shape) bool {
	if s.digits < 6 || s.digits > 15 || s.letters > 0 {
		return false
	}
	if _, whole, ok := parseDate(v, s); ok && whole && s.digits <= 8 {
		return false
	}
	return !strings.ContainsFunc(v, func(r rune) bool { return (r < '0' || r > '9') && !strings.ContainsRune("+()-./ \u2011\u2013", r) })
}

// isPostcode knows 12345, 123 45, 1234, 12345-6789, FI-12345, and AB1 2CD.
func isPostcode(v string, s shape) bool {
	switch {
	case s.letters == 0:
		return s.digits >= 4 && s.digits <= 6 && s.length <= 7 || s.digits == 9 && s.length == 10 && v[5] == '-'
	case s.digits >= 4 && s.letters <= 2 && s.length <= 8:
		return unicode.IsLetter(rune(v[0]))
	}
	if s.digits < 2 || s.digits > 3 || s.letters < 3 || s.letters > 4 || s.length > 8 || len(v) != s.length {
		return false
	}
	n := len(v)
	return isDigit(v[n-3]) && !isDigit(v[n-2]) && !isDigit(v[n-1]) && !isDigit(v[0])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHouse(v string, s shape) bool {
	return s.digits >= 1 && s.digits <= 5 && s.letters <= 2 && s.length <= 9 && isDigit(v[0])
}

func isDecimal(v string, s shape) bool {
	if s.digits == 0 || s.letters > 0 || s.words > 1 {
		return false
	}
	rest := strings.TrimLeft(v, "+-€$£")
	return strings.Count(rest, ".") <= 1 && strings.Count(rest, ",") <= 1 &&
		!strings.ContainsFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789.,%€$£", r) })
}

func isSSN(v string) bool {
	if len(v) != 11 || v[3] != '-' || v[6] != '-' {
		return false
	}
	for i := range v {
		if i != 3 && i != 6 && !isDigit(v[i]) {
			return false
		}
	}
	return true
}

// isPersonnummer checks a Swedish personal number: a date, three digits and the check digit of the Luhn rule over the last
// ten digits (Skatteverket, SKV 704).
func isPersonnummer(v string) bool {
	var digits [12]int
	n := 0
	for i := range len(v) {
		switch {
		case isDigit(v[i]) && n < 12:
			digits[n] = int(v[i] - '0')
			n++
		case (v[i] == '-' || v[i] == '+') && i == len(v)-5:
		default:
			return false
		}
	}
	if n != 10 && n != 12 {
		return false
	}
	tail := digits[n-10 : n]
	if m, d := tail[2]*10+tail[3], tail[4]*10+tail[5]; m < 1 || m > 12 || d < 1 || d > 91 || d > 31 && d < 61 {
		return false
	}
	sum := 0
	for i, d := range tail {
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum%10 == 0
}

// streetEnds are words, and ends of words, for street.
var (
	streetWords = words(`street st road rd avenue ave av lane ln drive dr court ct close crescent cres place pl way terrace tce circuit boulevard blvd
		parade grove katu tie kuja polku raitti vagen gatan gata vei veien gate rue calle avenida strasse str via`)
	streetEnds = strings.Fields(`katu tie kuja polku gatan vagen stigen grand gata veien gate strasse`)
)

func isStreet(folded string, s shape) bool {
	numbered, named := false, false
	for w := range strings.FieldsSeq(folded) {
		w = strings.Trim(w, ".,")
		if w == "" {
			continue
		}
		numbered = numbered || isDigit(w[0]) && len(w) <= 5 && !isOrdinal(w)
		named = named || streetWords[w]
		for _, end := range streetEnds {
			named = named || len(w) > len(end)+2 && strings.HasSuffix(w, end)
		}
	}
	return s.words > 1 && (named || numbered && s.letters >= 4 && s.words <= 7) || named && s.letters > 5
}

// isOrdinal knows 1st, 2nd, 3rd, 4th.
func isOrdinal(w string) bool {
	end := strings.TrimLeft(w, "0123456789")
	return end == "st" || end == "nd" || end == "rd" || end == "th"
}

var rules = identifier.Rules() // never written

// lenient accepts the codes of test populations too: synthetic data must mean the same as real data.
var lenient = &identifier.Params{AllowTemporary: true, AllowSynthetic: true}

func valid(rule, v string) bool {
	if !utf8.ValidString(v) {
		return false
	}
	c := rules[rule](v, lenient)
	return c.OK() && !c.Null()
}

var (
	sexCodes  = words(`m f k n w h v male female man woman mies nainen mann kvinne kvinna kvinde u x d other muu annet annan unknown homme femme hombre mujer weiblich mannlich männlich 0 1 2 9`)
	flagWords = words(`0 1 true false yes no y n t f k e kylla kyllä ei ja nej nei on off x`)
)

// longestCode is how many bytes the longest of them has.
const longestCode = len("männlich")
