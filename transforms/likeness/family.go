package likeness

// Levels of [Family].
const (
	FamilySimilar Level = iota + 1 // alike as a whole
	FamilySound                    // sounds alike
	FamilyClose                    // one slip
	FamilyPart                     // one name of a double name, or the same but for af, von, de
	FamilyRespelt                  // one but for where words end and for ae, oe and aa
	FamilySame
)

// FamilyLevels names the levels of [Family].
var FamilyLevels = [...]string{"different", "similar", "sounds alike", "one slip", "part", "spelt otherwise", "same"}

// Family compares family names.
func Family(a, b string) Level {
	switch {
	case a == b:
		return FamilySame
	case a == "" || b == "":
		return Different
	case respelt(a, b):
		return FamilyRespelt
	case (several(a) || several(b)) && shareName(a, b):
		return FamilyPart
	}
	switch how := spelling(a, b); {
	case how == 2:
		return FamilyClose
	case len(a) > 2 && len(b) > 2 && spokenAlike(a, b):
		return FamilySound
	case how == 1:
		return FamilySimilar
	}
	return Different
}

// shareName tells whether two family names have a word in common that is no particle.
func shareName(a, b string) bool {
	for w, rest := next(a); w != ""; w, rest = next(rest) {
		if len(w) > 2 && !particle(w) && has(b, w) {
			return true
		}
	}
	return false
}

// particle tells of words that go before family names and are often left out.
func particle(w string) bool {
	switch w {
	case "af", "av", "von", "van", "vom", "zu", "zum", "zur", "de", "der", "den", "del", "della", "di", "da", "das", "dos", "do", "du",
		"des", "la", "le", "les", "el", "al", "bin", "ben", "ibn", "abu", "ter", "ten", "och", "y", "e", "mac", "mc", "st", "san", "saint":
		return true
	}
	return false
}

// spokenMost is the longest spoken form that two names are compared by.
const spokenMost = 48

// spokenAlike tells whether two names are spoken alike, vowels included.
func spokenAlike(a, b string) bool {
	if JaroWinkler(a, b) < 0.6 {
		return false
	}
	var x, y [spokenMost]byte
	k, l := spoken(x[:0], a, true), spoken(y[:0], b, true)
	return len(k) > 1 && string(k) == string(l)
}
