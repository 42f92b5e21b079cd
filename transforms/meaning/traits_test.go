package meaning

import "testing"

// TestEveryRowCounts has values that several rows have.
func TestEveryRowCounts(t *testing.T) {
	var sample [][]string
	for range 18 {
		sample = append(sample, []string{"1980-05-17", "Anna"})
	}
	sample = append(sample, []string{"1950-01-02", "Anna Maria"}, []string{"2010-12-24", ""})
	dates, names := measure(sample, 0, map[string]int{}), measure(sample, 1, map[string]int{})
	if dates.dates != 20 || dates.births != 20 || dates.distinct != 3 || dates.spread != 0 || dates.widthOf != 10 {
		t.Errorf("dates: %+v", dates)
	}
	if names.filled != 19 || names.distinct != 2 || names.single != 18 || names.several != 1 || names.given != 19 || names.widthOf != -1 {
		t.Errorf("names: %+v", names)
	}
}
