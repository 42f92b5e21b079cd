package linkage

import "testing"

// TestComparersThatWaitHoldNoRows keeps rows that a night lays anew from being held by what compared the old ones.
func TestComparersThatWaitHoldNoRows(t *testing.T) {
	table := tableOf(campusFields(), campusRecords(t, campusOf{300, 5, 0.7}).rows, 0)
	link(t, table, Defaults())
	weighed := 0
	for _, c := range table.comparers.free {
		weighed += len(c.trials)
		for i := range c.trials {
			if c.trials[i].one != nil || c.trials[i].two != nil {
				t.Fatal("a comparer that waits holds a row")
			}
		}
	}
	if weighed == 0 {
		t.Error("no comparer that waits has weighed anything: the test tests nothing")
	}
}
