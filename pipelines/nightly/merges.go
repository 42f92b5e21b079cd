package nightly

import (
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/resolve"
)

var errCircle = fault.New("UOMA-RES-CIRCLE", "people of a system were merged into each other in a circle, so that none of them is the one that stays; they count as one person",
	"let whoever keeps the system say which of them stays")

// mergesOf gives the records that are one person because their system merged them, whatever else they say: each with the one that
// it was merged into. One that was merged into a third is joined with that one by its own row, and so on to the end. circles tells
// for each system how many chains have none.
func mergesOf(members []resolve.Member) (pairs []resolve.Pair, circles map[string]int) {
	next := map[resolve.Key]resolve.Key{}
	var from []resolve.Key // in the order of rows
	for i := range members {
		m := &members[i]
		if m.Into == "" {
			continue
		}
		system := canon.SystemOf(m.Feed)
		a, b := resolve.Key{System: system, PersonKey: m.RowKey}, resolve.Key{System: system, PersonKey: m.Into}
		if _, known := next[a]; !known {
			from = append(from, a)
		}
		next[a] = b
		pairs = append(pairs, resolve.Pair{A: a, B: b})
	}
	circles = map[string]int{}
	walked := map[resolve.Key]int{} // by the number of the walk
	for walk, at := range from {
		for {
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
	return pairs, circles
}
