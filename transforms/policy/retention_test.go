package policy

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
)

func TestPeriods(t *testing.T) {
	tests := []struct{ from, period, last, due string }{
		{"2026-02-28", "P1Y", "2027-02-28", "2027-03-01"},
		{"2024-02-29", "P1Y", "2025-02-28", "2025-03-01"},
		{"2024-02-29", "P4Y", "2028-02-29", "2028-03-01"},
		{"2026-08-31", "P6M", "2027-02-28", "2027-03-01"},
		{"2026-01-31", "P1M", "2026-02-28", "2026-03-01"},
		{"2026-01-01", "P90D", "2026-04-01", "2026-04-02"},
		{"2026-01-01", "P2W", "2026-01-15", "2026-01-16"},
		{"2026-01-31", "P1M1D", "2026-03-01", "2026-03-02"},
		{"2026-01-31", "P0D", "2026-01-31", "2026-01-31"},
		{"2006-11-21", "P20Y", "2026-11-21", "2026-11-22"},
	}
	for _, tt := range tests {
		p, err := parsePeriod(tt.period)
		if err != nil {
			t.Fatal(err)
		}
		if last, due := p.lastDay(day(t, tt.from)), p.due(day(t, tt.from)); last.String() != tt.last || due.String() != tt.due {
			t.Errorf("%s + %s: last day %s, due %s", tt.from, tt.period, last, due)
		}
	}
	for _, bad := range []string{"", "P", "P1", "1Y", "P1.5Y", "PT1H", "P1D1Y", "P1000Y", "P-1Y", "p1y"} {
		if _, err := parsePeriod(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestDue(t *testing.T) {
	p := xamk(t)
	at := func(a Anchor, date string) (out Anchors) { out.Set(a, day(t, date)); return out }
	items := []Item{
		{SourceKey: "left today", Category: "alumni_basics", Feed: "peppi/alumnit", Anchors: at(MembershipEnd, "2026-11-22")},
		{SourceKey: "leaves tomorrow", Category: "alumni_basics", Feed: "peppi/alumnit", Anchors: at(MembershipEnd, "2026-11-23")},
		{SourceKey: "open", Category: "alumni_basics", Feed: "peppi/alumnit"},
		{SourceKey: "another anchor", Category: "alumni_basics", Feed: "peppi/alumnit", Anchors: at(ContractEnd, "1999-01-01")},
		{SourceKey: "invoice, over", Category: "customer", Feed: "dynamics365/contacts", Anchors: at(ContractEnd, "2016-11-21")},
		{SourceKey: "invoice, last day", Category: "customer", Feed: "dynamics365/contacts", Anchors: at(ContractEnd, "2016-11-22")},
		{SourceKey: "project", Category: "project", Feed: "reportronic/projektihenkilot", Anchors: at(ProjectEnd, "2006-11-21")},
		{SourceKey: "held", Category: "stakeholder", Feed: "dynamics365/contacts", Anchors: at(MembershipEnd, "2026-01-01"), Holds: []string{"rdi"}},
		{SourceKey: "a hold that does not count here", Category: "education", Feed: "peppi/alumnit", Anchors: at(MembershipEnd, "2026-01-01"), Holds: []string{"rdi"}},
		{SourceKey: "frozen", Category: "education", Feed: "peppi/alumnit", Anchors: at(MembershipEnd, "2026-01-01"), Holds: []string{"rdi", "legal_claim"}},
		{SourceKey: "hold unheard of", Category: "education", Feed: "peppi/alumnit", Anchors: at(MembershipEnd, "2026-01-01"), Holds: []string{"?"}},
		{SourceKey: "unknown category", Category: "?", Feed: "peppi/alumnit", Anchors: at(MembershipEnd, "2026-01-01")},
		{SourceKey: "staff contact", Category: "contact", Feed: "pegasos/henkilot", Anchors: at(EmploymentEnd, "2026-11-01")},
		{SourceKey: "alumnus's contact", Category: "contact", Feed: "peppi/alumnit", Anchors: at(EmploymentEnd, "2026-11-01")},
	}
	want := []struct {
		key, due string
		action   Action
		clause   string
	}{
		{"left today", "2026-11-22", Delete, "XAMK-36"}, {"invoice, over", "2026-11-22", Delete, "XAMK-37"},
		{"project", "2026-11-22", Delete, "XAMK-38"}, {"a hold that does not count here", "2026-01-01", Delete, "XAMK-36"},
		{"staff contact", "2026-11-01", Delete, "XAMK-34"},
	}
	got := p.Due(items, day(t, "2026-11-22"))
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i, w := range want {
		d := got[i]
		if d.SourceKey != w.key || d.DueDate.String() != w.due || d.Action != w.action || d.Clause != w.clause || items[d.Item].SourceKey != w.key {
			t.Errorf("got %+v, want %+v", d, w)
		}
	}
	held := p.Held(items, day(t, "2026-11-22"))
	if len(held) != 3 || held[0].Hold != "rdi" || held[1].Hold != "legal_claim" || held[2].Hold != "?" {
		t.Errorf("held %+v", held)
	}
}

// TestSuppressedBy has entries of one source, and entries without a period.
func TestSuppressedBy(t *testing.T) {
	p := xamk(t)
	check := func(feed string, want ...Anchor) {
		t.Helper()
		if got := p.SuppressedBy("consent", feed); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", feed, got, want)
		}
	}
	check("peppi/alumnit", MembershipEnd, SourceRemoved)
	for _, n := range p.retention["consent"] {
		if p.Retention[n].anchor == SourceRemoved {
			p.Retention[n].Sources = []string{"dynamics365"}
		}
	}
	check("peppi/alumnit", MembershipEnd)
	check("dynamics365/consents", MembershipEnd, SourceRemoved)
	for _, n := range p.retention["consent"] {
		p.Retention[n].Undecided = true
	}
	check("dynamics365/consents")
}

func TestKeepIsNeverDue(t *testing.T) {
	src, _ := Shipped("xamk")
	p, err := Parse("x.yaml", []byte(strings.Replace(string(src), "period: P20Y, action: delete", "period: P20Y, action: keep", 1)))
	if err != nil {
		t.Fatal(err)
	}
	item := Item{Category: "project", Feed: "reportronic/projektihenkilot"}
	item.Anchors.Set(ProjectEnd, day(t, "1980-01-01"))
	if got := p.Due([]Item{item}, day(t, "2026-11-22")); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestTheEarliestEndCounts(t *testing.T) {
	p := xamk(t)
	var a Anchors
	a.Set(MembershipEnd, day(t, "2026-12-01"))
	a.Set(SourceRemoved, day(t, "2026-11-01"))
	got := p.Due([]Item{{Category: "contact", Feed: "peppi/alumnit", Anchors: a}}, day(t, "2026-12-31"))
	if len(got) != 1 || got[0].Anchor != SourceRemoved || got[0].DueDate.String() != "2026-11-01" {
		t.Errorf("got %+v", got)
	}
}

// slowLast finds the last day of a period by walking the calendar: month by month to the month's name, then to the day,
// or to the month's last day; then day by day.
func slowLast(from canon.Date, months, days int) canon.Date {
	start := from.Time()
	year, month := start.Year(), int(start.Month())
	for range months {
		if month++; month == 13 {
			year, month = year+1, 1
		}
	}
	d, ok := canon.NewDate(year, month, start.Day())
	for back := 1; !ok; back++ {
		d, ok = canon.NewDate(year, month, start.Day()-back)
	}
	for range days {
		d++
	}
	return d
}

func TestThreat_T26_DueIsTheSlowReference(t *testing.T) {
	p := xamk(t)
	rapid.Check(t, func(t *rapid.T) {
		years, months, days := rapid.IntRange(0, 25).Draw(t, "years"), rapid.IntRange(0, 30).Draw(t, "months"), rapid.SampledFrom([]int{0, 0, 1, 30, 90}).Draw(t, "days")
		period := duration{12*years + months, days}
		from := canon.Date(rapid.Int32Range(0, 25000).Draw(t, "anchor"))
		if rapid.Bool().Draw(t, "month end") { // the days on which calendars disagree
			from, _ = canon.NewDate(from.Year(), 2, 28)
			from += canon.Date(rapid.IntRange(0, 1).Draw(t, "leap"))
		}
		last := slowLast(from, period.months, days)
		want := last + 1
		if period == (duration{}) {
			want = from
		}
		q := *p
		q.Retention = []Retention{{Category: "project", anchor: ProjectEnd, period: period, Action: Delete, Holds: []string{"contract"}, Entry: Entry{Clause: []string{"XAMK-38"}}}}
		q.retention = map[string][]int{"project": {0}}
		item := Item{Category: "project"}
		item.Anchors.Set(ProjectEnd, from)
		if got := q.Due([]Item{item}, want-1); len(got) != 0 {
			t.Fatalf("%s + %v is due a day early", from, period)
		}
		got := q.Due([]Item{item}, want)
		if len(got) != 1 || got[0].DueDate != want || got[0].LastDay != last && period != (duration{}) || got[0].AnchorDate != from {
			t.Fatalf("%s + %v: %+v, want %s", from, period, got, want)
		}
		hold := rapid.SampledFrom([]string{"contract", "teaching", "legal_claim", "strange"}).Draw(t, "hold")
		item.Holds = []string{hold}
		held := 1 // named by the entry, freezing, or known to nobody
		if hold == "teaching" {
			held = 0
		}
		if due, kept := q.Due([]Item{item}, want), q.Held([]Item{item}, want); len(kept) != held || len(due) != 1-held {
			t.Fatalf("under %s %+v is due and %+v is held", hold, due, kept)
		}
	})
}

func BenchmarkDue(b *testing.B) {
	p := xamk(b)
	items := make([]Item, 1<<16)
	for i := range items {
		items[i] = Item{Category: "contact", Feed: "peppi/alumnit"}
		items[i].Anchors.Set(MembershipEnd, day(b, "2026-11-22")+canon.Date(i%100))
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Due(items, day(b, "2026-11-22"))
	}
}
