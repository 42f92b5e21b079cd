package identifier

import "strings"

const (
	nilGUID           = "00000000-0000-0000-0000-000000000000"
	respondentLetters = "ACEFHJKLMNPRTWXY347" // Arvo's alphabet without characters that look alike
)

// guid is a Dataverse key; the all-zero one means none.
func guid(s string, _ *Params) Checked {
	if len(s) == len(nilGUID)+2 && s[0] == '{' && s[len(s)-1] == '}' {
		s = s[1 : len(s)-1]
	}
	s = lower(s)
	if len(s) != len(nilGUID) {
		return bad("pattern")
	}
	for i := 0; i < len(s); i++ {
		if nilGUID[i] == '-' {
			if s[i] != '-' {
				return bad("pattern")
			}
		} else if !isDigit(s[i]) && (s[i] < 'a' || s[i] > 'f') {
			return bad("pattern")
		}
	}
	if s == nilGUID {
		return Checked{}
	}
	return ok(s)
}

// respondent is a survey respondent code. It is a secret of the person: whoever has it can answer in their name.
func respondent(s string, _ *Params) Checked {
	if len(s) != 6 || strings.Trim(s, respondentLetters) != "" {
		return bad("pattern")
	}
	return ok(s)
}

// lookupID is a Raiser's Edge constituent's lookup key: text of up to 20 characters, zeros significant.
func lookupID(s string, _ *Params) Checked {
	if len([]rune(s)) > 20 {
		return bad("length")
	}
	return virtaKey(s, nil)
}

// systemID is a Raiser's Edge system record number.
func systemID(s string, _ *Params) Checked {
	if spreadsheet(s) {
		return bad("spreadsheet")
	}
	if !digits(s) || len(s) > 20 {
		return bad("pattern")
	}
	return ok(s)
}
