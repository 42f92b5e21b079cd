package workspace

import (
	"strconv"
	"sync"
	"testing"

	"uoma/connectors/keys"
)

// TestSeveralAskForPseudonymsAtOnce: two people who approve in the same moment ask the one vault.
func TestSeveralAskForPseudonymsAtOnce(t *testing.T) {
	w := &Workspace{Keys: &keys.Ring{}}
	person := w.person()
	want := make([]string, 100_000)
	for i := range want {
		want[i] = PersonOf(w.Persons(), strconv.Itoa(i))
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range want {
				if got := person(strconv.Itoa(i)); got != want[i] {
					t.Errorf("%d: %s, alone %s", i, got, want[i])
					return
				}
			}
		})
	}
	all.Wait()
}
