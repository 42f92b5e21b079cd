package policy

import "testing"

// TestWhatOutlivesItsRow: what was said against a use stays said when its source gives the row up, and was said by then.
func TestWhatOutlivesItsRow(t *testing.T) {
	const missed, instant = 20_000, 20_010*86_400_000_000 + 5
	for _, tt := range []struct {
		state     State
		time      int64
		instant   int64
		ok        bool
		afterward int64
	}{
		{0, 7, instant, false, 7}, {Granted, 7, instant, false, 7}, {Unknown, 7, instant, false, 7},
		{Expired, 7, instant, true, 7}, {Refused, 7, instant, true, 7}, {Withdrawn, 7, instant, true, 7},
		{Withdrawn, 0, instant, true, endOf(missed)},
		{Withdrawn, 0, 99, true, 99}, // asked of a day before the row went
	} {
		c := Consent{State: tt.state, Time: tt.time}
		if ok := c.Outlive(missed, tt.instant); ok != tt.ok || c.Time != tt.afterward {
			t.Errorf("%s of %d: %v %d", tt.state, tt.time, ok, c.Time)
		}
	}
}
