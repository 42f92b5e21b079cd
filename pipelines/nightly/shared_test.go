package nightly

import (
	"slices"
	"testing"

	"uoma/pipelines"
	"uoma/transforms/policy"
)

// TestWhoSharesARecordStandsAlone has two people of one record, whose standings are worked out side by side: neither puts the list
// of objections that the record gives both into order under the other's hands.
func TestWhoSharesARecordStandsAlone(t *testing.T) {
	pack, err := policy.ShippedPack("xamk")
	if err != nil {
		t.Fatal(err)
	}
	said := []policy.Objection{{Scope: "marketing", Time: 9}, {Scope: "marketing", Time: 3}, {Scope: "all", Time: 3}}
	before := slices.Clone(said)
	told := &person{facts: policy.Facts{Objections: said}}
	g := &governing{n: &Night{pack: pack}, r: &pipelines.Run{Date: dutyNight}, people: map[string]*person{}, byRecord: map[string][]*person{}}
	one, two := &person{token: "one"}, &person{token: "two", number: 1}
	for _, p := range []*person{one, two} {
		p.join(told)
		p.stand(g.n.pack, g.r.Date)
	}
	if !slices.Equal(said, before) {
		t.Errorf("the record's list was put into order: %v", said)
	}
	if want := []policy.Objection{before[2], before[1], before[0]}; !slices.Equal(one.facts.Objections, want) || !slices.Equal(two.facts.Objections, want) {
		t.Errorf("one objects %v, the other %v", one.facts.Objections, two.facts.Objections)
	}
}

// TestAnErasureOfNobodyForgetsNobody has an entry of the book without a subject: what rows say of others stays, and of the one whose
// subject it names what outlived its row goes.
func TestAnErasureOfNobodyForgetsNobody(t *testing.T) {
	n := &Night{toldBefore: map[string][]rowFact{"peppi/people": {
		{Feed: "peppi/people", Person: "1", Kind: toldJoined}, {Feed: "peppi/people", Person: "2", Kind: toldDead, Subject: "s2"},
		{Feed: "peppi/people", Person: "3", Kind: toldLeft, Subject: "s3"}}}}
	n.unsettle(func(_, person string) bool { return person == "4" }, "", "s3")
	var left []string
	for _, x := range n.toldBefore["peppi/people"] {
		left = append(left, x.Person)
	}
	if !slices.Equal(left, []string{"1", "2"}) {
		t.Errorf("the night knows what is said of %q", left)
	}
}

// TestADoubtRevivesNoEnd has somebody of whom data went when they unsubscribed: it ends what is left, but not while the row of their
// only consent cannot be read.
func TestADoubtRevivesNoEnd(t *testing.T) {
	pack, err := policy.ShippedPack("nmbu")
	if err != nil {
		t.Fatal(err)
	}
	for _, doubted := range [][]policy.Consent{nil, {{Purpose: "general_info", State: policy.Granted}}} {
		var ended policy.Anchors
		ended.Set(policy.SubscriptionEnd, dutyNight-9)
		g := &governing{n: &Night{pack: pack}, r: &pipelines.Run{Date: dutyNight}, seen: map[itemKey]int{}, ended: map[string]policy.Anchors{"one": ended}}
		one := &person{token: "one", facts: policy.Facts{Doubted: doubted}}
		g.join(policy.Item{Feed: "mira/alumni", SourceKey: "key", Category: "stakeholder_contact"}, []*person{one}, 0)
		if (len(g.items) == 1) != (doubted == nil) {
			t.Errorf("in doubt of %v %d items may be due", doubted, len(g.items))
		}
	}
}
