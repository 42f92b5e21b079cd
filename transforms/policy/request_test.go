package policy

import "testing"

// The last day of a request moves by calendar, over the ends of months, leap days and years; it knows no time of day, so that
// no change of clocks moves it.
func TestThreat_T28_LastDaysOfRequests(t *testing.T) {
	month := &Request{ID: "access", due: general.due, extension: general.extension}
	thirty := &Request{ID: "access", due: duration{days: 30}, extension: duration{months: 2}}
	for _, tt := range []struct {
		r                       *Request
		received, due, extended string
	}{
		{month, "2026-01-30", "2026-02-28", "2026-04-30"}, {month, "2026-01-31", "2026-02-28", "2026-04-30"}, {month, "2028-01-31", "2028-02-29", "2028-04-30"},
		{month, "2028-02-29", "2028-03-29", "2028-05-29"}, {month, "2026-12-31", "2027-01-31", "2027-03-31"}, {month, "2026-03-28", "2026-04-28", "2026-06-28"},
		{thirty, "2026-01-31", "2026-03-02", "2026-04-30"}, {thirty, "2028-01-31", "2028-03-01", "2028-04-30"},
	} {
		received := day(t, tt.received)
		if due, extended := tt.r.DueOn(received).String(), tt.r.ExtendedTo(received).String(); due != tt.due || extended != tt.extended {
			t.Errorf("%s: %s, extended %s, not %s, %s", tt.received, due, extended, tt.due, tt.extended)
		}
	}
	for _, id := range ShippedIDs() {
		src, _ := Shipped(id)
		p, err := Parse(id, src)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range RequestKinds {
			if r, ok := p.Request(kind); !ok || r.DueOn(day(t, "2026-01-31")) == day(t, "2026-01-31") {
				t.Errorf("%s: no answer to %s", id, kind)
			}
		}
		if _, ok := p.Request("money"); ok {
			t.Errorf("%s: there is a request for money", id)
		}
	}
}
