package nightly

import (
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/resolve"
)

var errCircle = fault.New("UOMA-RES-CIRCLE", "people of a system were merged into each other in a circle, so that none of them is the one that stays; they count as one person",
	"let whoever keeps the system say which of them stays")

// mergesOf gives the records that are one person because their system merged them, whatever else they say: each with the one that
// it was merged into. One that was merged into a third is joined with that one by its own row, and so on to the end.
func mergesOf(members []resolve.Member) (pairs []resolve.Pair) {
	for i := range members {
		if m := &members[i]; m.Into != "" {
			system := canon.SystemOf(m.Feed)
			pairs = append(pairs, resolve.Pair{A: resolve.Key{System: system, PersonKey: m.RowKey}, B: resolve.Key{System: system, PersonKey: m.Into}})
		}
	}
	return pairs
}

// circlesOf tells for each system how many chains of merges have no end.
func circlesOf(merges []resolve.Pair) map[string]int {
	next := make(map[resolve.Key]resolve.Key, len(merges))
	for _, m := range merges {
		next[m.A] = m.B
	}
	circles := map[string]int{}
	walked := map[resolve.Key]int{} // by the number of the walk
	for walk, m := range merges {
		for at := m.A; ; {
			before, met := walked[at]
			if met && before == walk {
				circles[at.System]++
			}
			to, merged := next[at]
			if met || !merged {
				break
			}
			walked[at], at = walk, to
		}
	}
	return circles
}
