package likeness

// Levels of [Given].
const (
	GivenSimilar  Level = iota + 1 // alike as a whole, or one name of several in common
	GivenInitial                   // one is the other's first letter
	GivenClose                     // one slip
	GivenNickname                  // one is an everyday form of the other
	GivenPart                      // the same names in another order, or one has more of them
	GivenRespelt                   // one but for where words end and for ae, oe and aa
	GivenSame
)

// GivenLevels names the levels of [Given].
var GivenLevels = [...]string{"different", "similar", "initial", "one slip", "everyday form", "part", "spelt otherwise", "same"}

// Similarities by [JaroWinkler] from which two names are close, or similar. Of the pairs Anna/Anni (0.88), Mika/Mikko
// (0.85) and Katariina/Katarina (0.98) only the last is close by it.
const (
	closeNames   = 0.92
	similarNames = 0.80
)

// Given compares given names, one or several.
func Given(a, b string) Level {
	switch {
	case a == b:
		return GivenSame
	case a == "" || b == "":
		return Different
	case respelt(a, b):
		return GivenRespelt
	case !several(a) && !several(b):
		return givenWord(a, b)
	}
	return givenList(a, b)
}

// givenWord compares two different given names.
func givenWord(a, b string) Level {
	switch {
	case len(a) == 1 || len(b) == 1:
		if a[0] == b[0] {
			return GivenInitial
		}
		return Different
	case everyday(a, b):
		return GivenNickname
	}
	switch spelling(a, b) {
	case 2:
		return GivenClose
	case 1:
		return GivenSimilar
	}
	return Different
}

// spelling compares how two different names are written: 2 is close, 1 similar, 0 neither.
func spelling(a, b string) int {
	longer := max(len(a), len(b))
	jw := JaroWinkler(a, b)
	if jw < 0.6 {
		return 0
	}
	edits := Edits(a, b, 2)
	switch {
	case edits == 1 && longer > 3, jw >= closeNames && edits <= 2:
		return 2
	case jw >= similarNames, edits <= 2 && longer >= 7, edits == 1:
		return 1
	}
	return 0
}

// givenList compares lists of given names, of which one has several.
func givenList(a, b string) Level {
	m, n := count(a), count(b)
	switch {
	case m == 0 || n == 0:
		return Different
	case m <= n && within(a, b), n <= m && within(b, a):
		return GivenPart
	}
	level := GivenSame
	if m <= n {
		level = worstGiven(a, b)
	}
	if n <= m {
		level = min(level, worstGiven(b, a))
	}
	if level > Different {
		return min(level, GivenNickname)
	}
	// A word typed with a space in it, or another middle name.
	if spelling(a, b) == 2 {
		return GivenClose
	}
	if spelling(a, b) == 1 || share(a, b, 2) {
		return GivenSimilar
	}
	return Different
}

// worstGiven gives the level at which the worst word of a finds its like in b.
func worstGiven(a, b string) Level {
	worst := GivenSame
	for v, rest := next(a); v != "" && worst > Different; v, rest = next(rest) {
		best := Different
		for w, more := next(b); w != ""; w, more = next(more) {
			level := GivenSame
			if v != w {
				level = givenWord(v, w)
			}
			best = max(best, level)
		}
		worst = min(worst, best)
	}
	return worst
}

// share tells whether two texts have a word of more than least letters in common.
func share(a, b string, least int) bool {
	for w, rest := next(a); w != ""; w, rest = next(rest) {
		if len(w) > least && has(b, w) {
			return true
		}
	}
	return false
}
