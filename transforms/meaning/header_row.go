package meaning

import (
	"slices"
	"strings"
)

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
