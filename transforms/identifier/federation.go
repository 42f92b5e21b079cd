package identifier

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"uoma/internal/canon"
)

// eppn is eduPersonPrincipalName. It looks like an e-mail address and is none: it may be given to another person later.
func eppn(s string, p *Params) Checked {
	local, scope, found := strings.Cut(s, "@")
	n := utf8.RuneCountInString(local)
	if !found || n < 1 || n > 64 || strings.IndexFunc(local, unicode.IsSpace) >= 0 || !isDomain(scope, len(scope)) {
		return bad("pattern")
	}
	if utf8.RuneCountInString(s) > 256 {
		return bad("length")
	}
	scope = lower(scope)
	if p.Scopes != nil && !slices.Contains(p.Scopes, scope) {
		return bad("scope")
	}
	if isASCII(s) {
		return ok(lower(s))
	}
	return ok(norm.NFC.String(strings.ToLower(s)))
}

// isDomain tells whether s is two or more labels of letters, digits and inner hyphens, each of at most limit characters.
func isDomain(s string, limit int) bool {
	labels, start := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			if c := s[i] | 0x20; !isDigit(s[i]) && (c < 'a' || c > 'z') && s[i] != '-' {
				return false
			}
			continue
		}
		if i == start || i-start > limit || s[start] == '-' || s[i-1] == '-' {
			return false
		}
		labels++
		start = i + 1
	}
	return labels >= 2
}

// domain is a home organisation (schacHomeOrganization) or another DNS name.
func domain(s string, _ *Params) Checked {
	if !isDomain(s, 63) {
		return bad("pattern")
	}
	return ok(lower(s))
}

const (
	schacCode = "urn:schac:personaluniquecode:"
	schacID   = "urn:schac:personaluniqueid:"
)

// schacStudent reads schacPersonalUniqueCode, whose values a federation header joins with semicolons. The value is the
// student identifiers as pairs of organisation and number, joined by [canon.KeySeparator], pairs by a semicolon. Values
// of other types, such as the European Student Identifier, are no student numbers and are set aside.
func schacStudent(s string, _ *Params) Checked {
	var pairs []string
	for value := range strings.SplitSeq(s, ";") {
		value = trimASCII(value)
		if value == "" || strings.EqualFold(value, "null") {
			continue
		}
		kind, rest, reason := schacParts(value, schacCode)
		if reason != "" {
			return bad(reason)
		}
		if kind != "studentid" {
			continue
		}
		org, tail, found := strings.Cut(rest, ":")
		if !found || !isDomain(org, 63) {
			return bad("pattern")
		}
		id := tail[strings.LastIndexByte(tail, ':')+1:]
		if id == "" || strings.EqualFold(id, "null") {
			return bad("empty-id")
		}
		pairs = append(pairs, lower(org)+canon.KeySeparator+id)
	}
	if pairs == nil {
		return bad("no-student-id")
	}
	return ok(strings.Join(pairs, ";"))
}

// schacNumber reads schacPersonalUniqueCode of the organisation's own people: the student number that it gave, of the
// organisations in [Params.Scopes] alone when there are any.
func schacNumber(s string, p *Params) Checked {
	pairs := schacStudent(s, p)
	if pairs.Reason != "" {
		return pairs
	}
	number := ""
	for pair := range strings.SplitSeq(pairs.Value, ";") {
		org, id, _ := strings.Cut(pair, canon.KeySeparator)
		if len(p.Scopes) > 0 && !slices.Contains(p.Scopes, org) {
			continue
		}
		if number != "" && number != id {
			return bad("pattern")
		}
		number = id
	}
	if number == "" {
		return bad("no-student-id")
	}
	return studentNumber(number, p)
}

// schacHetu reads schacPersonalUniqueID; only the type hetu carries an identifier that is known here.
func schacHetu(s string, p *Params) Checked {
	kind, value, reason := schacParts(s, schacID)
	if reason != "" {
		return bad(reason)
	}
	if kind != "hetu" {
		return bad("unsupported")
	}
	return hetu(value, p)
}

// schacParts splits prefix:country:type:rest; all but the rest is read in any case.
func schacParts(value, prefix string) (kind, rest, reason string) {
	tail, found := cutFold(value, prefix)
	country, tail, more := strings.Cut(tail, ":")
	kind, rest, last := strings.Cut(tail, ":")
	country = lower(country)
	if !found || !more || !last || kind == "" || strings.IndexFunc(rest, unicode.IsControl) >= 0 {
		return "", "", "pattern"
	}
	if country != "int" && (len(country) != 2 || strings.Trim(country, letters) != "") {
		return "", "", "pattern"
	}
	return lower(kind), rest, ""
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// orcid is an ORCID iD, with the check character of ISO 7064 MOD 11-2.
func orcid(s string, _ *Params) Checked {
	for _, prefix := range [2]string{"https://orcid.org/", "http://orcid.org/"} {
		if id, found := strings.CutPrefix(s, prefix); found {
			s = id
			break
		}
	}
	if len(s) == 16 && strings.IndexByte(s, '-') < 0 {
		s = s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
	}
	if len(s) != 19 {
		return bad("pattern")
	}
	if s[18] == 'x' {
		s = s[:18] + "X"
	}
	total := 0
	for i := 0; i < 18; i++ {
		if i%5 == 4 {
			if s[i] != '-' {
				return bad("pattern")
			}
			continue
		}
		if !isDigit(s[i]) {
			return bad("pattern")
		}
		total = (total + int(s[i]-'0')) * 2 % 11
	}
	if !isDigit(s[18]) && s[18] != 'X' {
		return bad("pattern")
	}
	if s[18] != "0123456789X"[(12-total)%11] {
		return bad("check-digit")
	}
	return ok(s)
}
