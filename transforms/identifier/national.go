package identifier

import (
	"strings"

	"uoma/internal/canon"
)

// The Finnish personal identity code (DVV; the 2023 reform added the signs after the first of a century):
// DDMMYYCZZZQ. The sign is part of the identity and is never mapped away.
const (
	hetuLength  = 11
	hetuChecks  = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	hetuDashes  = "\u2010\u2011\u2013\u2212"
	oidPerson   = "1.2.246.562.24."
	oidTail     = 11
	ytunnusForm = 9
)

func hetu(s string, p *Params) Checked {
	s = hetuNormal(s)
	if reason := hetuShape(s); reason != "" {
		return bad(reason)
	}
	century := hetuCentury(s[6])
	if century == 0 {
		return bad("century-sign")
	}
	born, valid := canon.NewDate(century+number(s[4:6]), number(s[2:4]), number(s[:2]))
	individual := number(s[7:10])
	switch {
	case !valid:
		return bad("date")
	case p.RunDate != 0 && born > p.RunDate:
		return bad("future")
	case individual < 2:
		return bad("individual-number")
	case s[10] != hetuChecks[(number(s[:6])*1000+individual)%31]:
		return bad("check-char")
	case individual >= 900 && !p.AllowTemporary:
		return bad("temporary")
	}
	return ok(s)
}

// hetuVirta is hetu for VIRTA, where the tail may be missing: date and sign alone are a birth date, not an identifier.
func hetuVirta(s string, p *Params) Checked {
	if n := hetuNormal(s); partialHetu(n) {
		return bad("partial")
	}
	return hetu(s, p)
}

func partialHetu(n string) bool { return len(n) == 7 && digits(n[:6]) && hetuCentury(n[6]) != 0 }

// PartialBirth gives the birth date that VIRTA writes in place of an identity code: the code's first seven characters.
func PartialBirth(s string) (canon.Date, bool) {
	if s = hetuNormal(s); !partialHetu(s) {
		return 0, false
	}
	return canon.NewDate(hetuCentury(s[6])+number(s[4:6]), number(s[2:4]), number(s[:2]))
}

func hetuNormal(s string) string {
	s = upper(without(s))
	if !isASCII(s) && strings.ContainsAny(s, hetuDashes) {
		s = strings.Map(func(r rune) rune {
			if strings.ContainsRune(hetuDashes, r) {
				return '-'
			}
			return r
		}, s)
	}
	return s
}

func hetuShape(s string) string {
	if len([]rune(s)) != hetuLength {
		return "length"
	}
	if len(s) != hetuLength || !digits(s[:6]) || !digits(s[7:10]) {
		return "pattern"
	}
	if sign := s[6]; sign != '+' && sign != '-' && !isUpper(sign) {
		return "pattern"
	}
	if !isDigit(s[10]) && !isUpper(s[10]) {
		return "pattern"
	}
	return ""
}

// hetuCentury gives 1800, 1900 or 2000, or 0 for a sign that is none.
func hetuCentury(sign byte) int {
	switch sign {
	case '+':
		return 1800
	case '-', 'Y', 'X', 'W', 'V', 'U':
		return 1900
	case 'A', 'B', 'C', 'D', 'E', 'F':
		return 2000
	}
	return 0
}

// Birth gives the birth date in a normalised, valid Finnish personal identity code.
func Birth(hetu string) (canon.Date, bool) {
	if hetuShape(hetu) != "" || hetuCentury(hetu[6]) == 0 {
		return 0, false
	}
	return canon.NewDate(hetuCentury(hetu[6])+number(hetu[4:6]), number(hetu[2:4]), number(hetu[:2]))
}

// oppijanumero is the national learner number: a person's node of the object identifiers of the Finnish National Agency
// for Education. Nodes of organisations are no persons, and dots lost in a spreadsheet are not restored.
func oppijanumero(s string, _ *Params) Checked {
	tail, person := strings.CutPrefix(s, oidPerson)
	if !person || !digits(tail) {
		return bad("pattern")
	}
	if len(tail) != oidTail {
		return bad("length")
	}
	if tail[0] == '0' {
		return bad("range")
	}
	weights := [3]int{7, 3, 1}
	sum := 0
	for i := 0; i < oidTail-1; i++ {
		sum += int(tail[oidTail-2-i]-'0') * weights[i%3]
	}
	if int(tail[oidTail-1]-'0') != (10-sum%10)%10 {
		return bad("check-digit")
	}
	return ok(s)
}

// ytunnus is the Finnish Business ID; the VAT number and the form without a hyphen become NNNNNNN-T.
func ytunnus(s string, _ *Params) Checked {
	s, warning := ytunnusNormal(s)
	if len(s) != ytunnusForm || !digits(s[:7]) || s[7] != '-' || !isDigit(s[8]) {
		return bad("pattern")
	}
	weights := [7]int{7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(s[i]-'0') * w
	}
	check := sum % 11
	if check == 1 {
		return bad("remainder-1")
	}
	if check != 0 {
		check = 11 - check
	}
	if int(s[8]-'0') != check {
		return bad("check-digit")
	}
	return warned(s, warning)
}

func ytunnusNormal(s string) (normal, warning string) {
	s = without(s)
	if !isASCII(s) {
		s = strings.NewReplacer("\u2013", "-", "\u2212", "-").Replace(s)
	}
	if vat, found := strings.CutPrefix(s, "FI"); found && len(vat) == 8 {
		s = vat
	}
	if len(s) == 8 && digits(s) {
		return s[:7] + "-" + s[7:], ""
	}
	if len(s) == 8 && digits(s[:6]) && s[6] == '-' {
		return "0" + s, "padded"
	}
	return s, ""
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// number reads a short run of digits that was checked before.
func number(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n
}
