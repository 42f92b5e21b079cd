package quality_test

import (
	"encoding/json"
	"slices"
	"testing"

	"uoma/transforms/quality"
)

// calm is a small run in which every check passes; its numbers are easy to compute by hand.
func calm() quality.Input {
	in := quality.Input{
		Run: quality.Run{ID: "nightly-2026-11-22", Pipeline: "nightly", Date: "2026-11-22", Mode: "nightly", Attempt: 1,
			Started: at("2026-11-22T00:14:00Z"), Finished: at("2026-11-22T00:15:00Z"), Zone: "Europe/Helsinki", Software: "uoma 1.0.0"},
		Sources: []quality.Source{{Feed: "peppi/alumnit", System: "peppi", File: "peppi/peppi_alumnit_20261122.csv",
			Extracted: at("2026-11-21T22:14:00Z"), Arrived: at("2026-11-21T23:00:00Z"), DueBy: at("2026-11-21T23:30:00Z"),
			Read: 1000, Loaded: 40, Unchanged: 950, Merged: 2, Quarantined: quality.Counts{"missing": 5}, Withheld: quality.Counts{"XAMK-31": 3},
			Control: ptr(int64(1000)), Previous: 1000, Added: 5, Changed: 37, Removed: 5, Columns: 12, Digest: digest("a")}},
		Fields: []quality.Field{
			{Feed: "peppi/alumnit", Column: "hetu", Class: "identifier", Required: true, Applicable: 995, Present: 990, Missing: 4, Invalid: quality.Counts{"hetu-check-digit": 1}},
			{Feed: "peppi/alumnit", Column: "kampus", Class: "plain", Applicable: 995, Present: 900, Missing: 95},
		},
		Matching: &quality.Matching{Records: 995, Subjects: 900, Links: quality.Counts{"hetu": 95}, Sizes: quality.Counts{"1": 805, "2": 95}},
		Privacy: &quality.Privacy{Honoured: &quality.Honoured{Withdrawn: 12},
			Consents:  []quality.Consent{{Purpose: "surveys", Channel: "email", Granted: 700, Refused: 100, Withdrawn: 50, Expired: 30, Unknown: 20}},
			Retention: []quality.Retention{{Category: "membership", Clause: "XAMK-31", Records: 900, Due: 8, Done: 8, Next: "2026-11-23"}}},
		Register:   []quality.Table{{Name: "subject", Previous: 898, Added: 5, Removed: 3, Rows: 900, People: true}},
		Deliveries: []quality.Delivery{{ID: "cs-2026-0001", Dataset: "career-survey", Recipient: "office", Sequence: 1, State: "receipted", Level: "accepted", Status: "ok", Done: true}},
		Extracts: []quality.Extract{{Dataset: "career-survey", Recipient: "office", Eligible: 500, Sent: 480, Withheld: quality.Counts{"XAMK-31": 20},
			MinGroup: ptr(int64(6)), Leaks: ptr(int64(0))}},
	}
	for range 8 {
		in.History = append(in.History, quality.Past{Run: "nightly-2026-11-21", Date: "2026-11-21", Mode: "nightly", Verdict: "pass", Read: 1000, Feeds: quality.Counts{"peppi/alumnit": 1000}})
	}
	return in
}

func find(t testing.TB, r *quality.Report, id string) quality.Check {
	t.Helper()
	i := slices.IndexFunc(r.Checks, func(c quality.Check) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("no check %s", id)
	}
	return r.Checks[i]
}

func TestKnownAnswers(t *testing.T) {
	r := quality.Build(calm())
	if r.Verdict != "pass" || len(r.Reasons) != 0 {
		t.Fatalf("verdict %s because of %v", r.Verdict, r.Reasons)
	}
	for id, want := range map[string]string{
		"peppi/alumnit.balance":                       "0",     // 1000 - 40 - 950 - 2 - 5 - 3
		"peppi/alumnit.quarantineRate":                "0.50",  // 5 / 1000
		"peppi/alumnit.removedRate":                   "0.50",  // 5 / 1000
		"peppi/alumnit.freshness":                     "2",     // 22:14 to 00:14
		"peppi/alumnit.punctuality":                   "-30",   // 23:00 for 23:30
		"peppi/alumnit.reconciliation":                "0",     //
		"peppi/alumnit.volumeAnomaly":                 "0.00",  // eight runs of 1000
		"peppi/alumnit.hetu.completeness":             "99.60", // 991 / 995
		"peppi/alumnit.hetu.conformity":               "99.90", // 990 / 991
		"peppi/alumnit.kampus.conformity":             "100.00",
		"register.subject.registerBalance":            "0", // 898 + 5 - 3 - 900
		"extract/career-survey/office.extractBalance": "0", // 500 - 480 - 20
		"extract/career-survey/office.kAnonymity":     "6",
	} {
		if got := find(t, r, id); got.Value != want || got.Status != "pass" {
			t.Errorf("%s is %s (%s), by hand it is %s", id, got.Value, got.Status, want)
		}
	}
	want := map[string]string{"completeness": "99.60", "conformity": "99.95", "consistency": "100.00", "coverage": "99.50", "usability": "99.50", "accounting": "100.00"}
	for _, m := range r.Datasets[0].Dimensions { // conformity: 1890 / 1891, shown as 99.95
		if m.Value != want[m.Dimension] {
			t.Errorf("%s is %q, by hand it is %q", m.Dimension, m.Value, want[m.Dimension])
		}
	}
	if tot := r.Totals; tot.People != 900 || tot.PeopleChange != 2 || tot.SourcesFresh != 1 || tot.Receipted != 1 {
		t.Errorf("totals %+v", tot)
	}
}

func TestEveryCheckWarnsAndFails(t *testing.T) {
	type change func(*quality.Input)
	src := func(f func(*quality.Source)) change { return func(in *quality.Input) { f(&in.Sources[0]) } }
	fld := func(f func(*quality.Field)) change { return func(in *quality.Input) { f(&in.Fields[0]) } }
	ext := func(f func(*quality.Extract)) change { return func(in *quality.Input) { f(&in.Extracts[0]) } }
	const p, x, d = "peppi/alumnit", "extract/career-survey/office", "delivery/cs-2026-0001"
	for name, c := range map[string]struct {
		id, status, verdict string
		do                  change
	}{
		"row lost":            {p + ".balance", "fail", "block", src(func(s *quality.Source) { s.Loaded-- })},
		"row doubled":         {p + ".balance", "fail", "block", src(func(s *quality.Source) { s.Loaded++ })},
		"register off":        {"register.subject.registerBalance", "fail", "block", func(in *quality.Input) { in.Register[0].Rows++ }},
		"stopped":             {p + ".sourceStopped", "fail", "block", src(func(s *quality.Source) { s.Code = "UOMA-LND-ABSENT" })},
		"stopped, others":     {p + ".balance", "skipped", "block", src(func(s *quality.Source) { s.Code = "UOMA-LND-ABSENT" })},
		"required column":     {p + ".requiredColumns", "fail", "block", src(func(s *quality.Source) { s.Required, s.Missing = []string{"hetu"}, []string{"hetu"} })},
		"new column":          {p + ".schemaDrift", "warn", "warn", src(func(s *quality.Source) { s.Unknown = []string{"lisatieto"} })},
		"other order":         {p + ".schemaDrift", "warn", "warn", src(func(s *quality.Source) { s.Reordered = true })},
		"old":                 {p + ".freshness", "warn", "warn", src(func(s *quality.Source) { s.Extracted = at("2026-11-20T12:13:00Z") })},
		"very old":            {p + ".freshness", "fail", "block", src(func(s *quality.Source) { s.Extracted = at("2026-11-14T12:13:00Z") })},
		"age not known":       {p + ".freshness", "unmeasured", "pass", src(func(s *quality.Source) { s.Extracted = at("0001-01-01T00:00:00Z") })},
		"late":                {p + ".punctuality", "warn", "warn", src(func(s *quality.Source) { s.Arrived = at("2026-11-21T23:31:00Z") })},
		"mojibake":            {p + ".encoding", "warn", "warn", src(func(s *quality.Source) { s.Mojibake = 1 })},
		"formulas":            {p + ".formulaLike", "pass", "pass", src(func(s *quality.Source) { s.Formulas = 9 })},
		"control total":       {p + ".reconciliation", "warn", "warn", src(func(s *quality.Source) { s.Control = ptr(int64(1003)) })},
		"quarantine warns":    {p + ".quarantineRate", "warn", "warn", src(func(s *quality.Source) { s.Quarantined["missing"], s.Loaded = 11, 34 })},
		"quarantine at limit": {p + ".quarantineRate", "pass", "pass", src(func(s *quality.Source) { s.Quarantined["missing"], s.Loaded = 10, 35 })},
		"quarantine blocks":   {p + ".quarantineRate", "fail", "block", src(func(s *quality.Source) { s.Quarantined["missing"], s.Unchanged = 51, 904 })},
		"removed warns":       {p + ".removedRate", "warn", "warn", src(func(s *quality.Source) { s.Removed = 11 })},
		"removed blocks":      {p + ".removedRate", "fail", "block", src(func(s *quality.Source) { s.Removed = 21 })},
		"removed of nothing":  {p + ".removedRate", "unmeasured", "pass", src(func(s *quality.Source) { s.Previous, s.Removed = 0, 0 })},
		"volume": {p + ".volumeAnomaly", "warn", "warn", func(in *quality.Input) {
			for i := range in.History {
				in.History[i].Feeds = quality.Counts{p: 2000 + int64(i)}
			}
		}},
		"empty field":            {p + ".hetu.completeness", "warn", "warn", fld(func(f *quality.Field) { f.Missing, f.Present = 14, 980 })},
		"invalid values":         {p + ".hetu.conformity", "warn", "warn", fld(func(f *quality.Field) { f.Invalid["hetu-check-digit"], f.Present = 21, 970 })},
		"another content":        {p + ".hetu.conformity", "fail", "block", fld(func(f *quality.Field) { f.Invalid["hetu-check-digit"], f.Present = 600, 391 })},
		"nothing applies":        {p + ".hetu.completeness", "unmeasured", "pass", fld(func(f *quality.Field) { *f = quality.Field{Feed: p, Column: "hetu", Required: true} })},
		"cells lost":             {p + ".hetu.cellBalance", "fail", "block", fld(func(f *quality.Field) { f.Present-- })},
		"conflict":               {"register.identifierConflict", "warn", "warn", func(in *quality.Input) { in.Matching.Conflicts = quality.Counts{"hetu:names": 1} }},
		"review":                 {"register.matchReviewRate", "warn", "warn", func(in *quality.Input) { in.Matching.Review = quality.Counts{"name": 51} }},
		"overdue":                {"register.membership.retentionOverdue", "fail", "block", func(in *quality.Input) { in.Privacy.Retention[0].Overdue = 1 }},
		"not honoured":           {"register.consentCoverage", "fail", "block", func(in *quality.Input) { in.Privacy.Honoured.Used = 1 }},
		"honoured unknown":       {"register.consentCoverage", "error", "block", func(in *quality.Input) { in.Privacy.Honoured = nil }},
		"source is read no more": {"peppi/old.sourceUnread", "warn", "warn", func(in *quality.Input) { in.Unread = []string{"peppi/old"} }},
		"words out of order":     {"register.booking.wordOrder", "warn", "warn", func(in *quality.Input) { in.Privacy.Sequences = []quality.Sequence{{ID: "booking", Broken: 2}} }},
		"slow":                   {"register.reactionTime", "warn", "warn", func(in *quality.Input) { in.Privacy.Honoured.SlowestH = ptr(int64(49)) }},
		"extract off":            {x + ".extractBalance", "fail", "block", ext(func(e *quality.Extract) { e.Sent-- })},
		"small groups":           {x + ".kAnonymity", "fail", "block", ext(func(e *quality.Extract) { e.MinGroup, e.SmallRows = ptr(int64(4)), 8 })},
		"leak":                   {x + ".leakScan", "fail", "block", ext(func(e *quality.Extract) { e.Leaks = ptr(int64(1)) })},
		"not scanned":            {x + ".leakScan", "error", "block", ext(func(e *quality.Extract) { e.Leaks = nil })},
		"no receipt": {d + ".receipt", "warn", "warn", func(in *quality.Input) {
			in.Deliveries[0].Done, in.Deliveries[0].Sent = false, at("2026-11-20T00:00:00Z")
		}},
		"refused":     {d + ".deliveryRefused", "warn", "warn", func(in *quality.Input) { in.Deliveries[0].Status = "rejected" }},
		"stage":       {"run.load.stageFailed", "fail", "stop", func(in *quality.Input) { in.Stages = []quality.Stage{{Name: "load", State: "failed"}} }},
		"taken out":   {"run.intake", "warn", "warn", fld(func(f *quality.Field) { f.Examples = []string{"Aino"} })},
		"small cells": {"run.smallCells", "pass", "pass", func(in *quality.Input) { in.Privacy.Protected = 2 }},
		"own leak":    {"run.reportLeak", "pass", "pass", func(*quality.Input) {}},
	} {
		t.Run(name, func(t *testing.T) {
			in := calm()
			c.do(&in)
			r := quality.Build(in)
			got := find(t, r, c.id)
			if got.Status != c.status || r.Verdict != c.verdict {
				t.Fatalf("%s is %s and the verdict %s, want %s and %s (reasons %v)", c.id, got.Status, r.Verdict, c.status, c.verdict, r.Reasons)
			}
			if (got.Status == "warn" || got.Status == "fail") && (got.Why == "" || got.Do == "" || got.Owner == "" || got.Since == "") {
				t.Error("nobody is told why, what to do, or whose it is")
			}
			render(t, r)
		})
	}
}

func TestWaiver(t *testing.T) {
	for name, c := range map[string]struct {
		w    quality.Waiver
		want string
	}{
		"holds":         {quality.Waiver{Check: "peppi/alumnit.removedRate", Reason: "R-118", By: "registrar", Second: "dpo", From: "2026-11-20", Until: "2026-11-30"}, "waived"},
		"one person":    {quality.Waiver{Check: "peppi/alumnit.removedRate", Reason: "R-118", By: "registrar", Second: "registrar", From: "2026-11-20", Until: "2026-11-30"}, "fail"},
		"ended":         {quality.Waiver{Check: "peppi/alumnit.removedRate", Reason: "R-118", By: "registrar", Second: "dpo", From: "2026-11-01", Until: "2026-11-21"}, "fail"},
		"too long":      {quality.Waiver{Check: "peppi/alumnit.removedRate", Reason: "R-118", By: "registrar", Second: "dpo", From: "2026-11-20", Until: "2026-12-31"}, "fail"},
		"without cause": {quality.Waiver{Check: "peppi/alumnit.removedRate", By: "registrar", Second: "dpo", From: "2026-11-20", Until: "2026-11-30"}, "fail"},
	} {
		in := calm()
		in.Sources[0].Removed = 30
		in.Waivers = []quality.Waiver{c.w}
		if got := find(t, quality.Build(in), "peppi/alumnit.removedRate").Status; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	in := calm()
	in.Sources[0].Loaded--
	in.Waivers = []quality.Waiver{{Check: "peppi/alumnit.balance", Reason: "R-1", By: "registrar", Second: "dpo", From: "2026-11-20", Until: "2026-11-30"}}
	if got := find(t, quality.Build(in), "peppi/alumnit.balance").Status; got != "fail" {
		t.Errorf("a balance was waived: %s", got)
	}
}

func TestGates(t *testing.T) {
	gate := func(r *quality.Report, name, dataset string) string {
		for _, g := range r.Gates {
			if g.Gate == name && g.Dataset == dataset {
				return g.Decision
			}
		}
		return "none"
	}
	const x = "extract/career-survey/office"
	in := calm()
	in.Sources[0].Code = "UOMA-LND-ABSENT"
	r := quality.Build(in)
	if gate(r, "G1", "peppi/alumnit") != "closed" || gate(r, "G3", x) != "open" {
		t.Error("a stopped source closes its own gate and no other")
	}
	in = calm()
	in.Privacy.Honoured.Used = 1
	r = quality.Build(in)
	if gate(r, "G3", x) != "closed" || gate(r, "G4", x) != "closed" || gate(r, "G1", "peppi/alumnit") != "open" {
		t.Error("a withdrawal that was not honoured must keep every extract in the house")
	}
	in = calm()
	in.Extracts[0].Leaks = ptr(int64(1))
	r = quality.Build(in)
	if gate(r, "G3", x) != "open" || gate(r, "G4", x) != "closed" {
		t.Error("a leak closes the sending of its extract")
	}
}

func TestStreakGrowsNightByNight(t *testing.T) {
	in := calm()
	in.Sources[0].Mojibake = 3
	for night := 1; night <= 6; night++ {
		r := quality.Build(in)
		c := find(t, r, "peppi/alumnit.encoding")
		if c.Runs != night || c.Since != "2026-11-22" {
			t.Fatalf("night %d: %d runs since %s", night, c.Runs, c.Since)
		}
		in.History = append(in.History, r.Past())
	}
}

func TestPastSurvivesJSON(t *testing.T) {
	p := quality.Build(night()).Past()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var q quality.Past
	if err := json.Unmarshal(data, &q); err != nil || q.Feeds["peppi/alumnit"] != 35210 {
		t.Fatal("what is kept of a run must come back", err)
	}
}

func TestPercentNeverRoundsToWhole(t *testing.T) {
	for r, want := range map[quality.Ratio]string{
		{Num: 0, Den: 0}: "", {Num: 5, Den: 0}: "", {Num: 0, Den: 7}: "0.00", {Num: 7, Den: 7}: "100.00",
		{Num: 999999, Den: 1000000}: "99.99", {Num: 1, Den: 1000000}: "0.01", {Num: 1, Den: 3}: "33.33", {Num: 2, Den: 3}: "66.67",
	} {
		if got := r.Percent(); got != want {
			t.Errorf("%d/%d is %q, want %q", r.Num, r.Den, got, want)
		}
	}
}

func TestWilson(t *testing.T) {
	// Wilson (1927) as tabulated: 8 of 10 gives 49.02 to 94.33 %; 0 of 10 gives 0 to 27.75 %.
	for _, c := range [][4]int64{{8, 10, 4902, 9433}, {0, 10, 0, 2775}, {10, 10, 7225, 10000}} {
		low, high, ok := quality.Wilson(quality.Ratio{Num: c[0], Den: c[1]})
		if !ok || low != c[2] || high != c[3] {
			t.Errorf("%d of %d: %d to %d, want %d to %d", c[0], c[1], low, high, c[2], c[3])
		}
	}
}

func TestRowRef(t *testing.T) {
	// HMAC-SHA-256 under "key" over "peppi/alumnit", a zero byte and "17", computed with OpenSSL.
	if got := quality.RowRef([]byte("key"), "peppi/alumnit", 17); got != "1afc7bcf27817a23d1a6" {
		t.Errorf("row_ref %s", got)
	}
	if quality.RowRef([]byte("key"), "peppi/alumnit1", 7) == quality.RowRef([]byte("key"), "peppi/alumnit", 17) {
		t.Error("source and row number run together")
	}
}
