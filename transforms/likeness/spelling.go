package likeness

// Similarities by [JaroWinkler] from which two names are close, or similar. Of the pairs Anna/Anni (0.88), Mika/Mikko
// (0.85) and Katariina/Katarina (0.98) only the last is close by it.
const (
	closeNames   = 0.92
	similarNames = 0.80
	unlikeNames  = 0.55 // below, nothing else is asked
)

// spelling compares how two different names are written: 2 is close, 1 similar, 0 neither. A start in common alone makes
// no two names similar (Kallioniemi, Kalliojarvi). Some tells whether they have anything in common.
func spelling(a, b string) (how int, some bool) {
	jw := JaroWinkler(a, b)
	if jw < unlikeNames {
		return 0, false
	}
	longer := max(len(a), len(b))
	limit := max(2, longer/3)
	edits := Edits(a, b, limit)
	switch {
	case edits == 1 && (longer > 4 || !changed(a, b)), edits == 2 && jw >= closeNames:
		return 2, true
	case edits <= limit && jw >= similarNames, edits == 1, edits == 2 && longer >= 7, jumbled(a, b):
		return 1, true
	}
	return 0, true
}

// changed tells of two names that are one slip apart whether it is a letter changed for another. Of short names that makes
// another name more often than it is a mistake (Anna and Anja, Mika and Mira).
func changed(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i+1 >= len(a) || a[i+1] == b[i+1]
}

// jumbled tells whether two words of five letters or more have the same letters but for one.
func jumbled(a, b string) bool {
	if min(len(a), len(b)) < 5 || max(len(a)-len(b), len(b)-len(a)) > 1 {
		return false
	}
	var n [64]int8
	for i := 0; i < len(a) && i < word; i++ {
		n[classes[a[i]]&63]++
	}
	for i := 0; i < len(b) && i < word; i++ {
		n[classes[b[i]]&63]--
	}
	more, fewer := 0, 0
	for _, v := range n {
		if v > 0 {
			more += int(v)
		} else {
			fewer -= int(v)
		}
	}
	return max(more, fewer) <= 1
}
