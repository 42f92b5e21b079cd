package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"uoma/internal/canon"
)

func TestPlan(t *testing.T) {
	p := filledIn(t, "xamk")
	item := func(key, feed, category string, anchor Anchor, on string, holds ...string) Item {
		x := Item{Person: "p-" + key, Feed: feed, SourceKey: key, Category: category, Holds: holds}
		x.Anchors.Set(anchor, day(t, on))
		return x
	}
	items := []Item{
		item("1", "peppi/alumnit", "education", MembershipEnd, "2026-11-20"),
		item("=2", "dynamics365/contacts", "stakeholder", MembershipEnd, "2026-11-01", "rdi"),
		item("3", "reportronic/projektihenkilot", "project", ProjectEnd, "2006-11-01"),
		item("4", "peppi/alumnit", "education", MembershipEnd, "2027-01-01"),
	}
	plan := p.Plan(items, day(t, "2026-11-22"))
	keys := func(p Plan) (out []string) {
		for _, d := range p {
			out = append(out, d.SourceKey)
		}
		return out
	}
	plan.Sort("due")
	if got := keys(plan); !slices.Equal(got, []string{"=2", "3", "1"}) {
		t.Errorf("by day: %q", got)
	}
	plan.Sort("category")
	if got := keys(plan); !slices.Equal(got, []string{"1", "3", "=2"}) {
		t.Errorf("by category: %q", got)
	}
	yes, no := true, false
	for name, tt := range map[string]struct {
		filter PlanFilter
		want   []string
	}{
		"held":     {PlanFilter{Held: &yes}, []string{"=2"}},
		"not held": {PlanFilter{Held: &no}, []string{"1", "3"}},
		"system":   {PlanFilter{Source: "peppi"}, []string{"1"}},
		"feed":     {PlanFilter{Source: "peppi/alumnit"}, []string{"1"}},
		"clause":   {PlanFilter{Clause: "XAMK-38"}, []string{"3"}},
		"person":   {PlanFilter{Person: "p-1"}, []string{"1"}},
		"action":   {PlanFilter{Action: "review"}, nil},
		"from":     {PlanFilter{From: day(t, "2026-11-02")}, []string{"1", "3"}},
		"category": {PlanFilter{Category: "project"}, []string{"3"}},
	} {
		if got := keys(plan.Keep(tt.filter)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	var b strings.Builder
	if err := plan.Keep(PlanFilter{Held: &yes}).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	want := "due,action,category,clause,hold,anchor,anchor_date,person,source,source_key\r\n" +
		"2026-11-01,delete,stakeholder,XAMK-35,rdi,membership_end,2026-11-01,p-=2,dynamics365/contacts,'=2\r\n"
	if b.String() != want {
		t.Errorf("CSV %q", b.String())
	}
}

// winter is what the clock of each zone is ahead of UTC in winter, in hours.
var winter = map[string]int{"Europe/Helsinki": 2, "Europe/Oslo": 1, "Europe/London": 0}

// slowDay gives the date on the wall, counted by hand: an hour is added between the last Sundays of March and October,
// each at one o'clock UTC (Directive 2000/84/EC, and the same rule in the United Kingdom, since 1996).
func slowDay(at time.Time, zone string) (canon.Date, bool) {
	change := func(month time.Month) time.Time {
		d := time.Date(at.Year(), month, 31, 1, 0, 0, 0, time.UTC)
		for d.Weekday() != time.Sunday {
			d = d.Add(-24 * time.Hour)
		}
		return d
	}
	hours := winter[zone]
	if !at.Before(change(time.March)) && at.Before(change(time.October)) {
		hours++
	}
	wall := at.Add(time.Duration(hours) * time.Hour)
	return canon.NewDate(wall.Year(), int(wall.Month()), wall.Day())
}

// TestThreat_T26_ADayIsTheControllers holds instants to the calendar of the controller, around midnights, clock changes and
// leap days.
func TestThreat_T26_ADayIsTheControllers(t *testing.T) {
	for _, id := range ShippedIDs() {
		p, _, _, _ := shippedPack(t, id)
		rapid.Check(t, func(t *rapid.T) {
			start := time.Date(rapid.IntRange(1996, 2040).Draw(t, "year"), time.Month(rapid.SampledFrom([]int{1, 2, 3, 6, 10, 12}).Draw(t, "month")),
				rapid.SampledFrom([]int{1, 24, 25, 26, 27, 28, 29, 30, 31}).Draw(t, "day"), 0, 0, 0, 0, time.UTC)
			at := start.Add(time.Duration(rapid.IntRange(-240, 240).Draw(t, "minutes")) * time.Minute)
			want, ok := slowDay(at, p.Controller.Zone)
			if got := p.Day(at.UnixMicro()); !ok || got != want {
				t.Fatalf("%s at %s is %s, want %s", p.ID, at, got, want)
			}
		})
	}
}

// TestThreat_T26_RecordingsGoAfterNinetyDays takes an exam near midnight and near the clock change: the 90 days count from the
// day on which it was taken by the clock on the wall.
func TestThreat_T26_RecordingsGoAfterNinetyDays(t *testing.T) {
	p := filledIn(t, "metropolia_exam")
	for taken, due := range map[string]string{
		"2026-10-24T20:59:00Z": "2027-01-23", // 23:59 on 24 October, summer time
		"2026-10-24T21:00:00Z": "2027-01-24", // midnight
		"2026-10-25T21:59:00Z": "2027-01-24", // 23:59 on 25 October, winter time
		"2026-10-25T22:00:00Z": "2027-01-25",
		"2023-11-30T12:00:00Z": "2024-02-29",
	} {
		at, err := time.Parse(time.RFC3339, taken)
		if err != nil {
			t.Fatal(err)
		}
		item := Item{Category: "recording", Feed: "axis/cameras"}
		item.Anchors.Set(ExamDate, p.Day(at.UnixMicro()))
		d, ok := p.DueAt(&item, day(t, due))
		if _, early := p.DueAt(&item, day(t, due)-1); !ok || early || d.DueDate.String() != due {
			t.Errorf("taken at %s: due %s, want %s", taken, d.DueDate, due)
		}
	}
}

func TestReviewsComeAgain(t *testing.T) {
	p := filledIn(t, "metropolia_exam")
	item := Item{Category: "identification", Feed: "exam/users"}
	item.Anchors.Set(Registered, day(t, "2020-02-29"))
	for _, tt := range []struct{ reviewed, on, due string }{
		{"", "2021-02-28", ""}, {"", "2021-03-01", "2021-03-01"}, {"", "2026-11-22", "2021-03-01"},
		{"2026-11-01", "2026-11-22", ""}, {"2026-11-01", "2027-11-02", "2027-11-02"},
	} {
		x := item
		if tt.reviewed != "" {
			x.Anchors.Set(Reviewed, day(t, tt.reviewed))
		}
		d, ok := p.DueAt(&x, day(t, tt.on))
		if ok != (tt.due != "") || ok && (d.DueDate.String() != tt.due || d.Action != Review) {
			t.Errorf("reviewed %q, on %s: %v %+v", tt.reviewed, tt.on, ok, d)
		}
	}
}

// TestConsentEnds follows a guest of an event and a subscriber through their words.
func TestConsentEnds(t *testing.T) {
	p := filledIn(t, "nmbu")
	word := func(purpose, topic string, state State, on string) Consent {
		return Consent{Purpose: purpose, Topic: topic, State: state, Time: day(t, on).End() - 12*3600e6}
	}
	tests := []struct {
		name, category string
		words          []Consent
		anchor         Anchor
		since          string
		kept           []string
	}{
		{"a guest", "event_contact", []Consent{word("run_event", "", Granted, "2026-01-01")}, ConsentWithdrawn, "", nil},
		{"a guest for similar events", "event_contact", []Consent{word("run_event", "", Granted, "2026-01-01"), word("similar_events", "", Granted, "2026-01-01")}, ConsentWithdrawn, "", []string{"similar_events"}},
		{"a guest who withdrew", "event_contact", []Consent{word("run_event", "", Granted, "2026-01-01"), word("run_event", "", Withdrawn, "2026-02-01")}, ConsentWithdrawn, "2026-02-01", nil},
		{"a guest who gave up sharing alone", "event_contact", []Consent{word("run_event", "", Granted, "2026-01-01"), word("event_sharing", "", Withdrawn, "2026-02-01")}, ConsentWithdrawn, "", nil},
		{"a subscriber of one topic left", "stakeholder_contact", []Consent{word("stakeholder_newsletter", "library", Granted, "2026-01-01"), word("general_info", "", Withdrawn, "2026-03-01")}, SubscriptionEnd, "", nil},
		{"the last subscription ended", "stakeholder_contact", []Consent{word("stakeholder_newsletter", "library", Granted, "2026-01-01"), word("general_info", "", Withdrawn, "2026-03-01"), word("stakeholder_newsletter", "library", Withdrawn, "2026-04-01")}, SubscriptionEnd, "2026-04-01", nil},
		{"nobody spoke", "stakeholder_contact", nil, SubscriptionEnd, "", nil},
		{"a word to come", "event_contact", []Consent{word("run_event", "", Granted, "2026-01-01"), word("run_event", "", Withdrawn, "2027-02-01")}, ConsentWithdrawn, "", nil},
	}
	for _, tt := range tests {
		var a Anchors
		kept := p.ConsentEnds(&Facts{Consents: tt.words}, tt.category, day(t, "2026-11-22").End(), &a)
		since, ok := a.Get(tt.anchor)
		if ok != (tt.since != "") || ok && since.String() != tt.since || !slices.Equal(slices.Compact(kept), tt.kept) {
			t.Errorf("%s: %v %s, kept %q", tt.name, ok, since, kept)
		}
	}
	if !p.ConsentsEnd() || filledIn(t, "xamk").ConsentsEnd() || !p.Waits("alumni_contact", Registered) || p.Waits("education", Registered) {
		t.Error("which packs wait for what")
	}
}

func TestYearEnd(t *testing.T) {
	for _, tt := range []struct{ id, day, end string }{
		{"ljmu", "2026-07-31", "2026-07-31"}, {"ljmu", "2026-08-01", "2027-07-31"}, {"xamk", "2026-08-01", "2026-12-31"}, {"xamk", "2026-12-31", "2026-12-31"},
	} {
		p, _, _, _ := shippedPack(t, tt.id)
		if got := p.YearEnd(day(t, tt.day)).String(); got != tt.end {
			t.Errorf("%s, %s: %s", tt.id, tt.day, got)
		}
	}
	p, _, _, _ := shippedPack(t, "xamk")
	leap := *p
	leap.yearEnd = [2]int{2, 29}
	for on, end := range map[string]string{"2023-03-01": "2024-02-29", "2024-02-29": "2024-02-29", "2024-03-01": "2025-02-28"} {
		if got := leap.YearEnd(day(t, on)).String(); got != end {
			t.Errorf("%s: %s", on, got)
		}
	}
}

func TestAnchorsJoin(t *testing.T) {
	var a, b Anchors
	a.Set(EmploymentEnd, 5)
	b.Set(EmploymentEnd, 7)
	b.Set(Deceased, 3)
	a.Join(&b)
	if end, _ := a.Get(EmploymentEnd); end != 7 {
		t.Errorf("the later end counts: %d", end)
	}
	if died, ok := a.Get(Deceased); !ok || died != 3 {
		t.Error("an anchor is lost")
	}
}

// BenchmarkRetentionOfAMillion plans a million people's records, three of each, and sorts the plan.
func BenchmarkRetentionOfAMillion(b *testing.B) {
	p := filledIn(b, "xamk")
	at := day(b, "2026-11-22")
	people := population(b, million)
	items := make([]Item, 0, 3*million)
	for i := range people {
		var a Anchors
		if len(people[i].Left) > 0 {
			a.Set(MembershipEnd, people[i].Left[0])
		}
		if people[i].Deceased {
			a.Set(Deceased, 0)
		}
		if i%10 == 0 {
			a.Set(SourceRemoved, at-canon.Date(i%400))
		}
		for _, category := range []string{"alumni_basics", "contact", "education"} {
			items = append(items, Item{Person: "p", Feed: "peppi/alumnit", SourceKey: "k", Category: category, Anchors: a, Holds: people[i].Holds})
		}
	}
	lines := 0
	b.ReportAllocs()
	cpu := userTime(b)
	for b.Loop() {
		plan := p.Plan(items, at)
		plan.Sort("due")
		lines = len(plan)
	}
	b.ReportMetric((userTime(b)-cpu).Seconds()/float64(b.N), "cpu-s/million")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/million")
	b.ReportMetric(float64(lines), "lines")
}
