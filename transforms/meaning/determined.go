package meaning

import "uoma/transforms/linkage"

// Columns that follow from one another say one thing, and would be counted as many: a company, its town and its number make
// colleagues one person. So of such columns the one that tells most is kept.

// When a column follows from another.
const (
	followsFrom = 0.9 // share of rows with one value of the other column that have one value of this
	byChance    = 0.5 // and no more than this share of any rows
	ofMany      = 5   // rows to each value of the other column: fewer may be one person's
	fewPairs    = 50  // of rows that are looked at, at least
	mostOthers  = 20  // columns that are looked at
)

// dropDetermined ignores texts, numbers and codes that follow from another one. Of two that follow from each other the first stays;
// of two identifiers both do: where one is empty or mistyped the other stands in.
func dropDetermined(columns []column, sample [][]string) {
	var others []int
	for i := range columns {
		switch c := &columns[i]; c.kind {
		case linkage.Text, linkage.Number, linkage.Identifier:
			if c.distinct > 1 && c.distinct*ofMany <= c.filled && len(others) < mostOthers {
				others = append(others, i)
			}
		}
	}
	for _, b := range others {
		for _, a := range others {
			if a == b || columns[a].kind == linkage.Ignored || !follows(sample, a, b) {
				continue
			}
			identifiers := columns[a].kind == linkage.Identifier && columns[b].kind == linkage.Identifier
			if (a > b || identifiers) && follows(sample, b, a) {
				continue
			}
			columns[b].set(linkage.Ignored, 0.7, "follows from "+columns[a].name+", and would count twice")
			break
		}
	}
}

// follows tells whether rows with the same value at a have the same value at b, which others have not. Each row is compared with
// the one before that has its value, and with the one before it.
func follows(sample [][]string, a, b int) bool {
	last := make(map[string]string)
	pairs, same, others, chance := 0, 0, 0, 0
	before := ""
	for _, row := range sample {
		x, y := cell(row, a), cell(row, b)
		if x == "" || y == "" {
			continue
		}
		if z, ok := last[x]; ok {
			pairs++
			if z == y {
				same++
			}
		}
		if before != "" {
			others++
			if before == y {
				chance++
			}
		}
		last[x], before = y, y
	}
	return pairs >= fewPairs && float64(same) >= followsFrom*float64(pairs) && float64(chance) <= byChance*float64(others)
}
