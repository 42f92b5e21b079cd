package likeness

// Levels of [Given].
const (
	GivenShared   Level = iota + 1 // one name of several in common
	GivenSimilar                   // alike as a whole
	GivenNickname                  // one is an everyday form of the other
	GivenInitial                   // one is the other's first letter
	GivenClose                     // one slip, or two in a long name
	GivenPart                      // the same names in another order, or one has more of them
	GivenRespelt                   // one but for where words end and for ae, oe and aa
	GivenSame
)

// GivenLevels names the levels of [Given].
var GivenLevels = [...]string{
	"different", "one in common", "similar", "everyday form", "initial", "slips", "part", "spelt otherwise", "same",
}

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
	return givenSpelling(a, b)
}

func givenSpelling(a, b string) Level {
	switch how, _ := spelling(a, b); how {
	case 2:
		return GivenClose
	case 1:
		return GivenSimilar
	}
	return Different
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
		return min(level, GivenClose)
	}
	level = givenSpelling(a, b) // a name typed with a space in it
	if level == Different && share(a, b, 2) {
		return GivenShared
	}
	return level
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
