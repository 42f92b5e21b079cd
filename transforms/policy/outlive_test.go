package policy

import (
	"reflect"
	"testing"

	"uoma/internal/canon"
)

// TestWhatOutlivesItsRow: what was said against a use stays said when its source gives the row up, and was said by then.
func TestWhatOutlivesItsRow(t *testing.T) {
	const missed, instant = canon.Date(20_000), 20_010*86_400_000_000 + 5
	for _, tt := range []struct {
		state     State
		time      int64
		instant   int64
		ok        bool
		afterward int64
	}{
		{0, 7, instant, false, 7}, {Granted, 7, instant, false, 7}, {Unknown, 7, instant, false, 7},
		{Expired, 7, instant, true, 7}, {Refused, 7, instant, true, 7}, {Withdrawn, 7, instant, true, 7},
		{Withdrawn, 0, instant, true, missed.End()},
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
	for _, tt := range []struct {
		name  string
		after []Consent
		ends  bool
	}{
		{name: "nothing later"},
		{"said elsewhere before", []Consent{{Purpose: "general_info", State: Withdrawn, Time: 6}}, false},
		{"said elsewhere later", []Consent{{Purpose: "general_info", State: Withdrawn, Time: 8}}, true},
		{"of another channel", []Consent{{Purpose: "general_info", Channel: SMS, State: Withdrawn, Time: 8}}, false},
		{"and given anew", []Consent{{Purpose: "general_info", State: Withdrawn, Time: 8}, {Purpose: "general_info", Channel: Email, State: Granted, Time: 9}}, false},
	} {
		f.Consents = append(f.Consents[:1:1], tt.after...)
		f.Doubted = nil
		for _, channel := range []string{"email", "fax"} {
			f.Hear(ConsentRow{Purpose: "general_info", Channel: channel, State: Doubted, Time: 7}, instant)
		}
		if len(f.Doubted) != 1 || ends() != tt.ends {
			t.Errorf("%s: %d doubted, ends %v", tt.name, len(f.Doubted), ends())
		}
	}
	f.Consents = f.Consents[:1]
	for _, s := range p.Effective(&f, instant) {
		if s.State == Granted {
			t.Errorf("a doubt grants %s", s.Purpose)
		}
	}
	if st, ok := ParseState(Doubted); st != Unknown || !ok {
		t.Errorf("the register's word for it is read as %s", st)
	}
}

// TestHeedTakesStopsAlone: of another person's facts everything that stops a use is taken, and nothing that allows one.
func TestHeedTakesStopsAlone(t *testing.T) {
	other := Facts{Consents: []Consent{{Purpose: "a", State: Granted}, {Purpose: "b", State: Withdrawn}, {Purpose: "c"}}, Objections: []Objection{{Scope: "x"}},
		Degrees: []Degree{{"10118", 1}}, Joined: []canon.Date{1}, Left: []canon.Date{2}, Holds: []string{"legal_claim"}, Roles: []string{"student"}, Doubted: []Consent{{Purpose: "d"}},
		Restricted: true, Suppressed: true, Protected: true, Deceased: true, DeceasedOn: 9}
	shared := make([]Objection, 1, 9)
	shared[0].Scope = "own"
	f, twin := Facts{Objections: shared, DeceasedOn: 3}, Facts{Objections: shared}
	f.Heed(&other)
	twin.Heed(&Facts{Objections: []Objection{{Scope: "y"}}})
	want := Facts{Consents: other.Consents[1:2], Objections: []Objection{{Scope: "own"}, {Scope: "x"}}, Holds: []string{"legal_claim"},
		Restricted: true, Suppressed: true, Protected: true, Deceased: true, DeceasedOn: 9}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("%+v", f)
	}
}
