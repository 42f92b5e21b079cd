package identifier

import (
	"strings"
	"sync"
)

var (
	countries = sync.OnceValue(readCountries)
	languages = sync.OnceValue(readLanguages)
)

// countryCodes lead to alpha-2.
type countryCodes struct{ alpha2, alpha3, numeric, names map[string]string }

// readCountries reads codes/countries.txt: alpha-2, alpha-3, numeric, names joined by a bar.
func readCountries() countryCodes {
	c := countryCodes{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}}
	for _, row := range codeRows("countries") {
		code := row[0]
		c.alpha2[code], c.alpha3[row[1]], c.numeric[row[2]] = code, code, code
		for n := range strings.SplitSeq(strings.Join(row[3:], " "), "|") {
			c.names[n] = code
		}
	}
	return c
}

// readLanguages reads codes/languages.txt: every code of a row leads to the two-letter one.
func readLanguages() map[string]string {
	list := map[string]string{"bokmal": "nb", "bokmål": "nb", "nynorsk": "nn"} // FS writes the form by name
	for _, row := range codeRows("languages") {
		for _, code := range row {
			list[code] = row[0]
		}
	}
	return list
}

// countryNumeric gives alpha-2 for VIRTA's numeric code; 999 is unknown.
func countryNumeric(s string, _ *Params) Checked {
	if len(s) != 3 || !digits(s) {
		return bad("pattern")
	}
	if s == "999" {
		return Checked{}
	}
	return known(countries().numeric, s)
}

// countryAlpha takes alpha-2 and alpha-3, and the two unofficial codes in wide use.
func countryAlpha(s string, _ *Params) Checked {
	s = upper(s)
	if len(s) < 2 || len(s) > 3 || strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) >= 0 {
		return bad("pattern")
	}
	switch {
	case s == "UK":
		return warned("GB", "alias")
	case s == "EL":
		return warned("GR", "alias")
	case len(s) == 3:
		return known(countries().alpha3, s)
	}
	return known(countries().alpha2, s)
}

// country takes a code of any kind or a name in English, Finnish, Swedish or Norwegian.
func country(s string, p *Params) Checked {
	if c := countryNumeric(s, p); c.Reason != "pattern" {
		return c
	}
	if code, found := countries().names[strings.ToLower(fold(s))]; found {
		return ok(code)
	}
	if c := countryAlpha(s, p); c.Reason != "pattern" {
		return c
	}
	return bad("unknown-code")
}

// language gives ISO 639-1. VIRTA's 20 (other), 98 (none) and 99 (unknown) say nothing about a language.
func language(s string, _ *Params) Checked {
	s = strings.ToLower(s)
	if s == "20" || s == "98" || s == "99" {
		return Checked{}
	}
	if i := strings.IndexAny(s, "-_"); i >= 0 && isRegion(s[i+1:]) {
		s = s[:i]
	}
	if code, found := languages()[s]; found {
		return ok(code)
	}
	if len(s) < 2 || len(s) > 3 || strings.Trim(s, letters) != "" {
		return bad("pattern")
	}
	return bad("unknown-code")
}

// isRegion tells whether s is the region part of a language tag.
func isRegion(s string) bool {
	return len(s) == 2 && strings.Trim(s, letters) == "" || len(s) == 3 && digits(s)
}

// surveyLanguage takes the languages in which the career survey is held. For another valid language the caller uses
// its fall-back and counts.
func surveyLanguage(s string, p *Params) Checked {
	c := language(s, p)
	switch c.Value {
	case "", "fi", "sv", "en":
		return c
	}
	return bad("unsupported")
}

func known(list map[string]string, s string) Checked {
	code, found := list[s]
	if !found {
		return bad("unknown-code")
	}
	return ok(code)
}
