package nightly

import (
	"testing"

	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/policy"
)

const dutyNight = canon.Date(20_000)

// dutyRow is a row of a table of the register, of text and days.
func dutyRow(columns []canon.Column, values ...any) *canon.Batch {
	w := canon.NewBuilder(&canon.Table{Name: "row", Columns: columns}, "")
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			w.Null(i)
		case string:
			w.Text(i, v)
		case canon.Date:
			w.Day(i, v)
		case int64:
			w.Instant(i, v)
		}
	}
	w.EndRow()
	return w.Flush()
}

func dutyGovern(t *testing.T, date canon.Date) *governing {
	t.Helper()
	pack, err := policy.ShippedPack("metropolia_exam")
	if err != nil {
		t.Fatal(err)
	}
	return &governing{n: &Night{pack: pack}, r: &pipelines.Run{Date: date}, people: map[string]*person{}, byRecord: map[string][]*person{}}
}

func dutyColumns(last ...canon.Column) []canon.Column {
	return append([]canon.Column{{Name: "record", Type: canon.Text}, {Name: "source", Type: canon.Text}, {Name: "last_seen_run", Type: canon.Text}}, last...)
}

// TestEndOfADuty has one role of somebody whom the directory knows since long ago.
func TestEndOfADuty(t *testing.T) {
	const d, known = dutyNight, dutyNight - 400
	run := func(day canon.Date) string { return "nightly-" + day.String() }
	for name, tt := range map[string]struct {
		kind           string
		gone, from, to any
		end            canon.Date // 0 of who has a duty
	}{
		"no dates":               {"staff", nil, nil, nil, 0},
		"begins tonight":         {"teacher", nil, d, nil, 0},
		"begins later":           {"teacher", nil, d + 1, nil, known},
		"its last day":           {"admin", nil, nil, d, 0},
		"over":                   {"admin", nil, nil, d - 1, d - 1},
		"gone":                   {"staff", run(d), nil, nil, d},
		"over and then gone":     {"staff", run(d), nil, d - 9, d - 9},
		"gone before it is over": {"staff", run(d - 9), nil, d - 1, d - 9},
		"no duty":                {"student", nil, nil, nil, known},
	} {
		g := dutyGovern(t, d)
		x := duty{known: true, since: known}
		g.noteDuty(&x, dutyRow(dutyColumns(canon.Column{Name: "kind", Type: canon.Text}, canon.Column{Name: "from", Type: canon.Day}, canon.Column{Name: "to", Type: canon.Day}),
			"r", "haka/henkilot", tt.gone, tt.kind, tt.from, tt.to), 0)
		if day, ended := x.end(); ended != (tt.end > 0) || day != tt.end {
			t.Errorf("%s: %v %v, not %v", name, day, ended, tt.end)
		}
	}
	var nobody duty
	if day, ended := nobody.end(); ended {
		t.Errorf("who is not known had a duty to %v", day)
	}
}

// TestTheDayOfADutysEndStays looks at a row without a duty on three nights: the right is due from the night that brought the row,
// and stays due from that day when the row changes again.
func TestTheDayOfADutysEndStays(t *testing.T) {
	came := dutyNight - 2
	for n := range canon.Date(3) {
		g := dutyGovern(t, came+n)
		var x duty
		g.noteKnown(&x, dutyRow(dutyColumns(canon.Column{Name: "modified_at", Type: canon.Instant}, canon.Column{Name: "first_seen_run", Type: canon.Text}),
			"r", "haka/henkilot", nil, nil, "nightly-"+came.String()), 0)
		day, _ := x.end()
		item := policy.Item{Category: "user_right", Feed: "exam/users"}
		item.Anchors.Set(policy.DutyEnd, day)
		if d, is := g.n.pack.DueAt(&item, g.r.Date); day != came || !is || d.DueDate != came {
			t.Errorf("night %d: ended %v, not %v; due %v %v", n, day, came, is, d.DueDate)
		}
	}
	x := duty{known: true, since: dutyNight, stood: dutyNight - 3}
	if day, _ := x.end(); day != dutyNight-3 {
		t.Errorf("what was due on a day before moved to %v", day)
	}
}

// TestADutyMayBeginLater holds a fact against dates: it is remembered as it was told.
func TestADutyMayBeginLater(t *testing.T) {
	x := rowFact{Kind: toldDuty, From: int32(dutyNight), Day: int32(dutyNight + 1)}
	for n, on := range map[canon.Date]bool{dutyNight - 1: false, dutyNight: true, dutyNight + 1: true, dutyNight + 2: false} {
		if x.onDuty(n) != on {
			t.Errorf("%v: %v", n, !on)
		}
	}
}

// TestWhoHasNoDutyIsNotRead has somebody whom the directory knows as a student: nothing of theirs ends with a duty but what has the
// category.
func TestWhoHasNoDutyIsNotRead(t *testing.T) {
	g := dutyGovern(t, dutyNight)
	p := &person{token: "p", duty: duty{known: true, since: dutyNight}}
	if left, waiting := g.left()(p), g.n.pack.WaitingFor(policy.DutyEnd); left || len(waiting) != 1 || waiting[0] != "user_right" {
		t.Errorf("read: %v, categories %v", left, waiting)
	}
}
