package identifier

import (
	"strconv"
	"strings"
)

const maxDecimals = 6

// decimal gives canonical decimal text: no thousands separators, no zeros without meaning, a dot as mark. More than six
// decimals are refused, as nothing in the register is that precise.
func decimal(s string, p *Params) Checked {
	mark := p.Decimal
	if mark == 0 {
		mark = '.'
	}
	s = without(s)
	negative, s := cutSign(s)
	whole := digitRun(s)
	if whole == 0 {
		return bad("pattern")
	}
	fraction := ""
	if whole < len(s) {
		if isScientific(s) {
			return bad("spreadsheet")
		}
		if fraction = s[whole+1:]; s[whole] != mark || !digits(fraction) {
			return bad("pattern")
		}
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > maxDecimals {
		return bad("pattern")
	}
	return ok(signed(negative, s[:whole], fraction))
}

// credits is a decimal of study credits, which are never negative.
func credits(s string, p *Params) Checked {
	c := decimal(s, p)
	if strings.HasPrefix(c.Value, "-") {
		return bad("out-of-range")
	}
	return c
}

func integer(s string, _ *Params) Checked {
	s = without(s)
	if spreadsheet(s) {
		return bad("spreadsheet")
	}
	negative, s := cutSign(s)
	if !digits(s) {
		return bad("pattern")
	}
	v := signed(negative, s, "")
	if _, err := strconv.ParseInt(v, 10, 64); err != nil {
		return bad("out-of-range")
	}
	return ok(v)
}

func cutSign(s string) (negative bool, rest string) {
	for _, sign := range [2]string{"-", "\u2212"} {
		if rest, found := strings.CutPrefix(s, sign); found {
			return true, rest
		}
	}
	return false, s
}

func signed(negative bool, whole, fraction string) string {
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		return "-" + whole
	}
	return whole
}

// boolean takes the words and letters for yes and no of Finnish and English exports.
func boolean(s string, _ *Params) Checked {
	switch strings.ToLower(s) {
	case "k", "kyllä", "1", "true", "yes", "ja":
		return ok("true")
	case "e", "ei", "0", "false", "no", "nei", "nej":
		return ok("false")
	}
	return bad("pattern")
}

// sex gives VIRTA's 1, 2 or 9. Letters depend on the source's country: K is a woman in Norway, N is one in Finland and
// nothing elsewhere.
func sex(s string, p *Params) Checked {
	switch word := lower(s); {
	case word == "1" || word == "2" || word == "9":
		return ok(word)
	case word == "mies" || word == "male" || word == "m":
		return ok("1")
	case word == "nainen" || word == "female":
		return ok("2")
	case word == "n" && (p.Region == "FI" || p.Region == ""), word == "k" && p.Region == "NO":
		return ok("2")
	case word == "other" || word == "x" && p.Region == "NO":
		return ok("9")
	}
	return bad("unknown-code")
}
