package likeness

// Levels of [Family].
const (
	FamilySimilar Level = iota + 1 // alike as a whole
	FamilySound                    // sounds alike
	FamilyClose                    // one slip, or two in a long name
	FamilyPart                     // one name of a double name, or the same but for af, von, de
	FamilyRespelt                  // one but for where words end and for ae, oe and aa
	FamilySame
)

// FamilyLevels names the levels of [Family].
var FamilyLevels = [...]string{"different", "similar", "sounds alike", "slips", "part", "spelt otherwise", "same"}

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
	how, some := spelling(a, b)
	switch {
	case how == 2:
		return FamilyClose
	case some && min(len(a), len(b)) > 2 && spokenAlike(a, b):
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

// particle tells of words of three letters or more that go before family names and are often left out.
func particle(w string) bool {
	switch w {
	case "von", "van", "vom", "zum", "zur", "der", "den", "del", "della", "das", "dos", "des", "les", "bin", "ben", "ibn", "abu",
		"ter", "ten", "och", "mac", "san", "saint":
		return true
	}
	return false
}

// spokenAlike tells whether two names are spoken alike, vowels included.
func spokenAlike(a, b string) bool {
	p, q := speaker{vowels: true}, speaker{vowels: true}
	p.speak(a)
	q.speak(b)
	return p.n > 1 && p.n == q.n && p.out == q.out
}
