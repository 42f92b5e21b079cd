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

// TestADoubtEndsNothing: a consent whose row cannot be read any more allows no use, and nothing is due for the want of it.
func TestADoubtEndsNothing(t *testing.T) {
	p, _ := ShippedPack("nmbu")
	const instant = 20_780 * 86_400_000_000
	f := Facts{Consents: []Consent{{Purpose: "stakeholder_newsletter", State: Withdrawn, Time: 5}}}
	ends := func() bool {
		var a Anchors
		p.ConsentEnds(&f, "stakeholder_contact", instant, &a)
		_, over := a.Get(SubscriptionEnd)
		return over
	}
	if !ends() {
		t.Fatal("the last subscription was given up")
	}
	f.Doubted = []string{"general_info"}
	if ends() {
		t.Error("a doubt ends what it may keep")
	}
	for _, s := range p.Effective(&f, instant) {
		if s.State == Granted {
			t.Errorf("a doubt grants %s", s.Purpose)
		}
	}
	if st, ok := ParseState(Doubted); st != Unknown || !ok {
		t.Errorf("the register's word for it is read as %s", st)
	}
}
