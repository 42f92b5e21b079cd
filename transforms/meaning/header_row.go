package meaning

import (
	"slices"
	"strings"
)

// IsData tells that the first row of a table names no columns: a name of a person stands in it above such names, or nothing in it is
// a name of a column that anybody knows, and below stand people's names, streets, mail addresses or identity codes. In doubt it is
// data: a draft with somebody's name in it is worse than one that calls columns by their place.
func IsData(first []string, below [][]string, known func(name string) bool) bool {
	header, people := false, false
	seen := make(map[string]int)
	values := make([]string, len(below))
	for i, name := range first {
		for j, row := range below {
			values[j] = cell(row, i)
		}
		if IsValue(name, values) {
			return true
		}
		header = header || known(name) || readHeader(name).strength >= partOfName
		t := measure(below, i, seen)
		people = people || t.filled > 0 && slices.ContainsFunc([]int{t.given + t.mixed, t.streets, t.emails, t.hetu + t.fnr + t.swede}, func(n int) bool { return 2*n >= t.filled })
	}
	return people && !header
}

// IsValue tells that what stands for a column's name is the name of a person, as its values are: the first row names no columns.
func IsValue(name string, values []string) bool {
	if !hasGiven(name) {
		return false
	}
	given, filled := 0, 0
	for _, v := range values {
		if v == "" {
			continue
		}
		if filled++; hasGiven(v) {
			given++
		}
	}
	return given > 0 && 3*given >= filled
}

// hasGiven tells of a text with a common given name in it.
func hasGiven(text string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(fold(text)), betweenNames), func(w string) bool { return commonGiven[w] })
}
