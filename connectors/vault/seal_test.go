package vault

import "testing"

// TestThreat_T15_APlaceIsOneCell changes each part of a cell's place by itself, as a cell under a key that was copied with it would
// only not open in another's place for that.
func TestThreat_T15_APlaceIsOneCell(t *testing.T) {
	seen := map[string]bool{}
	add := func(place []byte) {
		t.Helper()
		if seen[string(place)] {
			t.Errorf("two cells have the place %q", place)
		}
		seen[string(place)] = true
	}
	for _, column := range []string{"names", "contacts"} {
		for _, subject := range []string{"a", "ab"} {
			for _, key := range []string{"bc", "c"} {
				for _, epoch := range []int64{1, 2} {
					add(appendPlace(nil, column, subject, key, epoch))
				}
			}
		}
	}
	for _, subject := range []string{"a", "b"} {
		for _, epoch := range []int64{1, 2} {
			add(wrapPlace(subject, epoch))
		}
	}
}
