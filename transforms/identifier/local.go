package identifier

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Local numbers mean something only together with their institution's code.

// spreadsheet tells whether a spreadsheet turned a code into a number: 1.2345E+6 or 2100001.0.
func spreadsheet(s string) bool {
	whole := digitRun(s)
	rest := s[whole:]
	if whole == 0 || rest == "" {
		return false
	}
	fraction := ""
	if rest[0] == '.' {
		n := digitRun(rest[1:])
		if n == 0 {
			return false
		}
		fraction, rest = rest[1:1+n], rest[1+n:]
	}
	if rest == "" {
		return strings.Trim(fraction, "0") == ""
	}
	if rest[0] != 'E' && rest[0] != 'e' {
		return false
	}
	return digits(strings.TrimPrefix(rest[1:], "+"))
}

// digitRun gives the number of ASCII digits at the start.
func digitRun(s string) int {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

func studentNumber(s string, p *Params) Checked {
	if spreadsheet(s) {
		return bad("spreadsheet")
	}
	if p.Pattern != nil {
		if !p.Pattern.MatchString(s) {
			return bad("pattern")
		}
	} else if n := len(strings.TrimSuffix(s, "Y")); n < 5 || n > 9 || !digits(s[:n]) {
		return bad("pattern")
	}
	if p.StripSuffix {
		s = strings.TrimRight(s, "Y")
	}
	return ok(s)
}

func employeeNumber(s string, p *Params) Checked {
	if spreadsheet(s) {
		return bad("spreadsheet")
	}
	warning := ""
	if p.Width > len(s) && digits(s) {
		s, warning = zeros(s, p.Width), "padded"
	}
	if p.Pattern != nil {
		if !p.Pattern.MatchString(s) {
			return bad("pattern")
		}
	} else if len(s) < 3 || len(s) > 8 || !digits(s) {
		return bad("pattern")
	}
	return warned(s, warning)
}

// fsStudent is FS's student number: six digits, stored as an integer.
func fsStudent(s string, _ *Params) Checked {
	switch {
	case spreadsheet(s):
		return bad("spreadsheet")
	case !digits(s) || len(s) > 6:
		return bad("pattern")
	case len(s) < 6:
		return warned(zeros(s, 6), "padded")
	}
	return ok(s)
}

// fsPerson is FS's running number of a person.
func fsPerson(s string, _ *Params) Checked {
	if spreadsheet(s) {
		return bad("spreadsheet")
	}
	if !digits(s) || len(s) > 10 || s[0] == '0' {
		return bad("pattern")
	}
	return ok(s)
}

// virtaKey is a key in VIRTA's XML, unique inside one institution only.
func virtaKey(s string, _ *Params) Checked {
	if utf8.RuneCountInString(s) > 100 {
		return bad("length")
	}
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return bad("pattern")
	}
	return ok(s)
}
