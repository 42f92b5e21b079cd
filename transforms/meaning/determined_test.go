package meaning

import (
	"fmt"
	"testing"

	"uoma/transforms/linkage"
)

// TestTwoNumbersOfOnePersonBothCount has two numbers of everybody, on many rows each.
func TestTwoNumbersOfOnePersonBothCount(t *testing.T) {
	var sample [][]string
	for i := range 600 {
		who := i * 7 % 100
		sample = append(sample, []string{fmt.Sprint("Anna ", who), fmt.Sprintf("C%06d", 7919*who%1_000_000), fmt.Sprintf("M%06d", 104_729*(who+3)%1_000_000)})
	}
	for i, x := range Guess([]string{"family_name", "customer_no", "member_no"}, sample)[1:] {
		if x.Field.Kind != linkage.Identifier {
			t.Errorf("number %d is %v: %s", i, x.Field.Kind, x.Why)
		}
	}
}

func TestColumnsThatFollowFromAnotherCountOnce(t *testing.T) {
	header := []string{"first_name", "town_of_firm", "firm", "number", "hobby", "remark"}
	rows := func(n, perFirm int) (out [][]string) {
		for i := range n {
			firm := (i * 7) % (n / perFirm)
			out = append(out, []string{"Anna", fmt.Sprint("Town", 'a'+firm%9), fmt.Sprint("Firm ", firm), fmt.Sprint(1000 + firm), fmt.Sprint("hobby ", i%13), fmt.Sprint("seen ", i)})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		sample  [][]string
		ignored string // columns, by number
	}{
		{"many rows to a firm", rows(1000, 20), "[1 3]"}, // the firm tells its town, and its number as well
		{"few rows to a firm", rows(1000, 2), "[]"},      // which may be one person's
		{"few rows", rows(30, 10), "[]"},                 // which may be chance
		{"nothing to look at", nil, "[]"},
	} {
		ignored := []int{}
		for i, x := range Guess(header, c.sample) {
			if x.Field.Kind == linkage.Ignored && i > 0 {
				ignored = append(ignored, i)
			}
		}
		if got := fmt.Sprint(ignored); got != c.ignored {
			t.Errorf("%s: columns %s are ignored, not %s", c.name, got, c.ignored)
		}
	}
}
