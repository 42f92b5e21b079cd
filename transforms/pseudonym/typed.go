package pseudonym

import (
	"strings"

	"uoma/internal/fault"
)

var errTyped = fault.New("UOMA-PSN-TYPED", "this is no pseudonym as it was shown: a character is another, missing or too much", "copy it again, whole, with the character behind the hyphen")

// dash stands between a token and its check character.
const dash = "-"

// Shown gives a token as people are to read and type it: with a check character behind a hyphen, by ISO/IEC 7064, MOD 37,36.
// It finds every character that is another and nearly every two that changed places. Stores and files have tokens without it.
func Shown(token string) string {
	if !Valid(token) {
		return token
	}
	return token + dash + string(digits[check(token)])
}

// Typed reads a token as people typed it, in either case, with the letters that Crockford's alphabet leaves out read as the
// digits that they look like. Without the hyphen it is one as stores and deliveries have it, of which the form alone is known.
func Typed(text string) (string, error) {
	token, sign, checked := strings.Cut(strings.ToLower(strings.TrimSpace(text)), dash)
	token = alike.Replace(token)
	if !Valid(token) || checked && sign != string(digits[check(token)]) {
		return "", errTyped
	}
	return token, nil
}

// digits are the values of characters in ISO/IEC 7064.
const digits = "0123456789abcdefghijklmnopqrstuvwxyz"

// alike reads what is written alike. The check character is none of it: any two of them tell different texts apart.
var alike = strings.NewReplacer("i", "1", "l", "1", "o", "0")

// check gives the value of a text's check character.
func check(text string) int {
	const m = 36
	p := m
	for i := range len(text) {
		p = (p + strings.IndexByte(digits, text[i])) % m
		if p == 0 {
			p = m
		}
		p = p * 2 % (m + 1)
	}
	return (m + 1 - p) % m
}
