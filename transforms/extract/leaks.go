package extract

import "regexp"

// Patterns of values that have columns of their own: a national identity code, an e-mail address, a phone number.
var (
	identityCode = regexp.MustCompile(`[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]`)
	emailAddress = regexp.MustCompile(`[^\s@]+@[^\s@]+\.[^\s@]+`)
	phoneNumber  = regexp.MustCompile(`\+[0-9]{7,15}`)
)

// own are the columns in which a pattern is expected.
var own = map[string]*regexp.Regexp{
	"henkilotunnus": identityCode, "sahkoposti1": emailAddress, "sahkoposti2": emailAddress, "puhelin1": phoneNumber, "puhelin2": phoneNumber,
}

// Leaks counts the cells that hold what belongs to another column: somebody typed an identity code, an address or a
// number into a text. An identity code is such a cell in its own column too, unless the settings send it.
func (x *Extract) Leaks(s Settings) (n int64) {
	for i := range x.Rows {
		for _, c := range x.Rows[i].cells() {
			if stray(c, s) {
				n++
			}
		}
	}
	return n
}

func stray(c cell, s Settings) bool {
	if c.text == "" {
		return false
	}
	expected := own[c.column]
	if expected == identityCode && !s.IdentityCode {
		return true
	}
	for _, p := range []*regexp.Regexp{identityCode, emailAddress, phoneNumber} {
		if p != expected && p.MatchString(c.text) {
			return true
		}
	}
	return false
}
