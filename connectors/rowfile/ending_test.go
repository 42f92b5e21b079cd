package rowfile

import (
	"strings"
	"testing"
)

func TestAnEndingIsNoName(t *testing.T) {
	for name, want := range map[string]string{"people.CSV": ".csv", "a.b.xlsx": ".xlsx", "aino.virta": "", "readme": "", "x.csv.old": ""} {
		if got := ending.FindString(strings.ToLower(name)); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
