package identifier

import (
	"strings"

	"uoma/internal/canon"
)

// The Norwegian birth number and D-number (Skatteetaten): DDMMYYIIIKK. Day + 40 marks a D-number, month + 40 a help
// number, month + 80 the synthetic test population.
const (
	fnrLength     = 11
	dNumberDay    = 40
	helpMonth     = 40
	syntheticDate = 80
)

// fnrParts are the parts of a number with the offsets removed.
type fnrParts struct {
	day, month, year, individual int
	help, synthetic              bool
	check1                       int // remainder of the first check; 0 under the rule of 1964
	check2                       int
}

func fnr(s string, p *Params) Checked {
	s = fnrNormal(s)
	warning := ""
	if p.PadLeadingZero && len(s) == fnrLength-1 && digits(s) {
		s, warning = "0"+s, "padded"
	}
	if !digits(s) {
		return bad("pattern")
	}
	if len(s) != fnrLength {
		return bad("length")
	}
	n := splitFnr(s)
	highest := 3
	if p.FnrRule == "1964" {
		highest = 0
	}
	switch {
	case !n.dated():
		return bad("date")
	case n.check1 > highest:
		return bad("k1")
	case n.check2 != 0:
		return bad("k2")
	case n.synthetic && !p.AllowSynthetic:
		return bad("synthetic")
	case n.help:
		warning = "help-number" // never a matching key, which weighs more than a restored zero
	}
	return warned(s, warning)
}

func fnrNormal(s string) string {
	if !strings.ContainsAny(s, " .-") {
		return s
	}
	return fnrMarks.Replace(s)
}

var fnrMarks = strings.NewReplacer(" ", "", ".", "", "-", "")

func splitFnr(s string) fnrParts {
	n := fnrParts{day: number(s[:2]), month: number(s[2:4]), year: number(s[4:6]), individual: number(s[6:9])}
	if n.day > dNumberDay {
		n.day -= dNumberDay
	}
	switch {
	case n.month > syntheticDate:
		n.month, n.synthetic = n.month-syntheticDate, true
	case n.month > helpMonth:
		n.month, n.help = n.month-helpMonth, true
	}
	weights1 := [10]int{3, 7, 6, 1, 8, 9, 4, 5, 2, 1}
	weights2 := [11]int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1}
	for i, w := range weights1 {
		n.check1 += int(s[i]-'0') * w
	}
	for i, w := range weights2 {
		n.check2 += int(s[i]-'0') * w
	}
	n.check1 %= 11
	n.check2 %= 11
	return n
}

// dated tells whether the day exists: in the century of the individual number where the rule of 1964 gives one, else in
// any century.
func (n fnrParts) dated() bool {
	if c := n.century(); c != 0 {
		_, valid := canon.NewDate(c+n.year, n.month, n.day)
		return valid
	}
	for _, c := range [3]int{1800, 1900, 2000} {
		if _, valid := canon.NewDate(c+n.year, n.month, n.day); valid {
			return true
		}
	}
	return false
}

// century gives 1800, 1900 or 2000, or 0 where the number does not tell: numbers of the rule of 2032, and test numbers
// outside the table.
func (n fnrParts) century() int {
	switch {
	case n.check1 != 0:
		return 0
	case n.individual < 500:
		return 1900
	case n.individual < 750 && n.year >= 54:
		return 1800
	case n.year < 40:
		return 2000
	case n.individual >= 900:
		return 1900
	}
	return 0
}

// BirthFnr gives the birth date in a normalised, valid Norwegian number, where the number tells the century.
func BirthFnr(fnr string) (canon.Date, bool) {
	if len(fnr) != fnrLength || !digits(fnr) {
		return 0, false
	}
	n := splitFnr(fnr)
	c := n.century()
	if c == 0 || n.check2 != 0 {
		return 0, false
	}
	return canon.NewDate(c+n.year, n.month, n.day)
}

// JoinFnr joins the two parts in which FS publishes a number, birth date (six digits) and person number (five), each
// padded to its own width, as integer columns lose leading zeros. It is "" when a part is missing.
func JoinFnr(birth, person string) string {
	birth, person = trimASCII(birth), trimASCII(person)
	if birth == "" || person == "" {
		return ""
	}
	return zeros(birth, 6) + zeros(person, 5)
}
