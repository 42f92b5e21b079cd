package tabular

import (
	"strings"
	"testing"
)

// TestTheFirstFaultOfSeveralIsTold: of columns that are named and not read it is always the same one.
func TestTheFirstFaultOfSeveralIsTold(t *testing.T) {
	o := Options{Feed: "peppi/people", Columns: []Column{{Name: "user"}}, SkipWhenEmpty: []string{"first"}, SkipWhenFilled: []string{"second"}}
	for range 20 {
		if err := o.check(); err == nil || !strings.Contains(err.Error(), "column first of skip-when-empty") {
			t.Fatal(err)
		}
	}
}
