package likeness

import "strings"

// mailboxName is how many letters what stands beside a name in an address must have to be taken for a name.
const mailboxName = 3

// MailboxNames tells what the local part of an e-mail address says of a person's names beyond what is told: the given or the
// family name that stands beside the other one, or its first letter where nothing is told. All names are folded, and of several all
// are looked at. "" is what it does not say: an address is taken for names only when one of them is known.
func MailboxNames(local string, given, family []string) (otherGiven, otherFamily string) {
	for len(local) > 0 && (isDigit(local[len(local)-1]) || isMark(local[len(local)-1])) {
		local = local[:len(local)-1]
	}
	i := 0
	for i < len(local) && !isMark(local[i]) {
		i++
	}
	if i == len(local) {
		return joinedNames(local, given, family)
	}
	a, b := local[:i], local[i+1:]
	if !allLetters(a) || !allLetters(b) || bears(given, a) && bears(family, b) || bears(family, a) && bears(given, b) {
		return "", ""
	}
	if g, f := besideName(a, b, given, family); g != "" || f != "" {
		return g, f
	}
	return besideName(b, a, given, family)
}

// besideName takes g for the given and f for the family name, if one of them is known.
func besideName(g, f string, given, family []string) (otherGiven, otherFamily string) {
	switch {
	case bears(given, g) && len(f) >= mailboxName && !abbreviates(f, family):
		return "", f
	case bears(family, f) && (len(g) >= mailboxName || len(given) == 0) && !abbreviates(g, given):
		return g, ""
	case len(g) == 1 && len(family) == 0 && len(f) >= mailboxName && abbreviates(g, given):
		return "", f
	case len(f) == 1 && len(given) == 0 && len(g) >= mailboxName && abbreviates(f, family):
		return g, ""
	}
	return "", ""
}

// joinedNames finds the missing one of two names that are written as one word.
func joinedNames(local string, given, family []string) (otherGiven, otherFamily string) {
	if !allLetters(local) {
		return "", ""
	}
	if len(given) == 0 {
		for _, name := range family {
			for _, rest := range [2]string{strings.TrimSuffix(local, name), strings.TrimPrefix(local, name)} {
				if len(name) >= mailboxName && len(rest) < len(local) && (len(rest) == 1 || len(rest) >= mailboxName) {
					return rest, ""
				}
			}
		}
	}
	if len(family) == 0 {
		for _, name := range given {
			rest := strings.TrimPrefix(local, name)
			if len(name) >= mailboxName && len(rest) < len(local) && len(rest) > mailboxName {
				return "", rest
			}
		}
	}
	return "", ""
}

// bears tells whether a word is one of some names, or of their words.
func bears(names []string, word string) bool {
	for _, s := range names {
		for w, rest := next(s); w != ""; w, rest = next(rest) {
			if w == word {
				return true
			}
		}
	}
	return false
}

// abbreviates tells whether a word is the beginning of one of some names, or of their words.
func abbreviates(word string, names []string) bool {
	for _, s := range names {
		for w, rest := next(s); w != ""; w, rest = next(rest) {
			if strings.HasPrefix(w, word) {
				return true
			}
		}
	}
	return false
}

func isMark(c byte) bool { return c == '.' || c == '-' || c == '_' }

func allLetters(s string) bool {
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return s != ""
}
