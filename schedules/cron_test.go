package schedules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/schedules"
)

// schedule makes a schedule of an expression, a zone and more lines of YAML.
func schedule(t testing.TB, cron, zone string, more ...string) *schedules.Schedule {
	t.Helper()
	src := fmt.Sprintf("schedule: x\ntitle: t\npipeline: nightly\ncron: %q\nzone: %s\n%s\n", cron, zone, strings.Join(more, "\n"))
	s, err := schedules.Parse("x.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func utc(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func day(t testing.TB, s string) canon.Date {
	t.Helper()
	d, err := canon.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNext(t *testing.T) {
	for _, c := range []struct{ name, cron, zone, after, want string }{
		{"winter night", "15 2 * * *", "Europe/Helsinki", "2026-11-21 12:00", "2026-11-22 00:15"},
		{"summer night", "15 2 * * *", "Europe/Helsinki", "2026-06-21 12:00", "2026-06-21 23:15"},
		{"strictly after", "15 2 * * *", "Europe/Helsinki", "2026-11-22 00:15", "2026-11-23 00:15"},
		{"the gap's first instant", "30 3 * * *", "Europe/Helsinki", "2026-03-29 00:00", "2026-03-29 01:00"},
		{"the day after the gap", "30 3 * * *", "Europe/Helsinki", "2026-03-29 01:00", "2026-03-30 00:30"},
		{"the gap's start", "0 3 * * *", "Europe/Helsinki", "2026-03-29 00:59", "2026-03-29 01:00"},
		{"the gap's end", "0 4 * * *", "Europe/Helsinki", "2026-03-29 00:59", "2026-03-29 01:00"},
		{"repeated: the first pass", "30 3 * * *", "Europe/Helsinki", "2026-10-24 12:00", "2026-10-25 00:30"},
		{"repeated: not the second", "30 3 * * *", "Europe/Helsinki", "2026-10-25 00:30", "2026-10-26 01:30"},
		{"repeated: asked between", "30 3 * * *", "Europe/Helsinki", "2026-10-25 01:10", "2026-10-26 01:30"},
		{"Oslo's gap", "15 2 * * *", "Europe/Oslo", "2026-03-28 12:00", "2026-03-29 01:00"},
		{"London's gap", "15 1 * * *", "Europe/London", "2026-03-28 12:00", "2026-03-29 01:00"},
		{"half an hour's gap", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-03 15:30"},
		{"a whole day's gap", "15 2 30 12 *", "Pacific/Apia", "2011-12-29 12:00", "2011-12-30 10:00"},
		{"leap day", "0 6 29 2 *", "UTC", "2026-01-01 00:00", "2028-02-29 06:00"},
		{"leap day over 2100", "0 6 29 2 *", "UTC", "2096-03-01 00:00", "2104-02-29 06:00"},
		{"months of 31 days", "0 6 31 * *", "UTC", "2026-01-31 06:00", "2026-03-31 06:00"},
		{"year's end", "59 23 31 12 *", "Europe/Helsinki", "2026-12-31 21:59", "2027-12-31 21:59"},
		{"either day field", "0 6 1 * MON", "UTC", "2026-11-01 06:00", "2026-11-02 06:00"},
		{"weekdays", "0 6 * * 1-5", "UTC", "2026-11-20 06:00", "2026-11-23 06:00"},
		{"Sunday is 0 and 7", "0 6 * * 7", "UTC", "2026-11-21 06:00", "2026-11-22 06:00"},
		{"steps", "*/20 * * * *", "UTC", "2026-11-21 06:05", "2026-11-21 06:20"},
		{"yearly", "0 6 1 10 *", "Europe/Helsinki", "2026-10-01 03:00", "2027-10-01 03:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := schedule(t, c.cron, c.zone)
			if got := s.Next(utc(t, c.after)); !got.Equal(utc(t, c.want)) {
				t.Fatalf("got %s, want %s", got.UTC(), c.want)
			}
		})
	}
}

// Every minute of the hours around a change, in zones whose changes are at other local times, over seven years: each
// day has one fire, at its wall-clock time, or at the first instant after the gap that holds it.
func TestThreat_T28_EachNightRunsOnceAcrossClockChanges(t *testing.T) {
	for _, zone := range []string{"Europe/Helsinki", "Europe/Oslo", "Europe/London"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2023, 12, 31, 12, 0, 0, 0, loc)
		to := time.Date(2030, 12, 31, 12, 0, 0, 0, loc)
		days := int(canon.DateOf(to) - canon.DateOf(from))
		for clock := 0; clock < 5*60; clock += 15 {
			hour, minute := clock/60, clock%60
			s := schedule(t, fmt.Sprintf("%d %d * * *", minute, hour), zone)
			fires := s.Between(from, to)
			if len(fires) != days {
				t.Fatalf("%s %02d:%02d: %d fires in %d days", zone, hour, minute, len(fires), days)
			}
			for i, f := range fires {
				if want := canon.DateOf(from) + 1 + canon.Date(i); f.Logical != want || canon.DateOf(f.At) != want {
					t.Fatalf("%s %02d:%02d: fire %d is for %s at %s, want %s", zone, hour, minute, i, f.Logical, f.At, want)
				}
				if shown := f.At.Hour()*60 + f.At.Minute(); shown != clock {
					_, before := f.At.Add(-time.Second).Zone()
					_, after := f.At.Zone()
					if after <= before || shown < clock {
						t.Fatalf("%s %02d:%02d: fires at %s, which is not the end of a gap", zone, hour, minute, f.At)
					}
				}
				if earlier := f.At.Add(-time.Hour); earlier.Hour() == hour && earlier.Minute() == minute {
					t.Fatalf("%s: %s is the second pass of a repeated time", zone, f.At)
				}
			}
		}
	}
}

func TestLogicalDateOfTheDayBefore(t *testing.T) {
	s := schedule(t, "30 0 * * *", "Europe/Helsinki", "logical_date: yesterday")
	fires := s.Between(utc(t, "2024-02-29 12:00"), utc(t, "2024-03-01 12:00"))
	if len(fires) != 1 || fires[0].Logical != day(t, "2024-02-29") {
		t.Fatalf("got %v", fires)
	}
}

func TestOneGapIsOneFire(t *testing.T) {
	s := schedule(t, "*/15 3 * * *", "Europe/Helsinki")
	if got := s.Between(utc(t, "2026-03-29 00:00"), utc(t, "2026-03-29 12:00")); len(got) != 1 {
		t.Fatalf("got %v", got)
	}
	if got := s.Between(utc(t, "2026-10-25 00:00"), utc(t, "2026-10-25 12:00")); len(got) != 3 { // 00:00 is from itself
		t.Fatalf("got %v", got)
	}
}

var zones = []string{"Europe/Helsinki", "Europe/Oslo", "Europe/London", "UTC", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"}

// drawSchedule gives a schedule of any form.
func drawSchedule(t *rapid.T) *schedules.Schedule {
	field := func(name string, low, high int) string {
		switch rapid.IntRange(0, 4).Draw(t, name+" form") {
		case 0:
			return fmt.Sprint(rapid.IntRange(low, high).Draw(t, name))
		case 1:
			a, b := rapid.IntRange(low, high).Draw(t, name), rapid.IntRange(low, high).Draw(t, name)
			return fmt.Sprintf("%d-%d", min(a, b), max(a, b))
		case 2:
			return fmt.Sprintf("*/%d", rapid.IntRange(1, high/2).Draw(t, name))
		case 3:
			return fmt.Sprintf("%d,%d", rapid.IntRange(low, high).Draw(t, name), rapid.IntRange(low, high).Draw(t, name))
		}
		return "*"
	}
	cron := strings.Join([]string{field("minute", 0, 59), field("hour", 0, 23), field("day", 1, 28), field("month", 1, 12), field("weekday", 0, 7)}, " ")
	logical := rapid.SampledFrom([]string{"today", "yesterday"}).Draw(t, "logical")
	src := fmt.Sprintf("schedule: x\ntitle: t\npipeline: nightly\ncron: %q\nzone: %s\nlogical_date: %s\ncatch_up: all\n", cron, rapid.SampledFrom(zones).Draw(t, "zone"), logical)
	s, err := schedules.Parse("x.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func drawInstant(t *rapid.T, name string) time.Time {
	return time.Unix(rapid.Int64Range(1_672_531_200, 1_924_991_999).Draw(t, name), 0).UTC() // 2023 to 2030
}

func TestNextIsAfterAndBetweenIsAdditive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, from := drawSchedule(t), drawInstant(t, "from")
		if next := s.Next(from); !next.After(from) {
			t.Fatalf("next of %s is %s", from, next)
		}
		middle := from.Add(time.Duration(rapid.Int64Range(0, 40*3600).Draw(t, "to middle")) * time.Second)
		to := middle.Add(time.Duration(rapid.Int64Range(0, 40*3600).Draw(t, "to end")) * time.Second)
		whole := s.Between(from, to)
		parts := append(s.Between(from, middle), s.Between(middle, to)...)
		if !slices.EqualFunc(whole, parts, func(a, b schedules.Fire) bool { return a.At.Equal(b.At) && a.Logical == b.Logical }) {
			t.Fatalf("whole %v, parts %v", whole, parts)
		}
		for i := 1; i < len(whole); i++ {
			if !whole[i].At.After(whole[i-1].At) || whole[i].Logical < whole[i-1].Logical {
				t.Fatalf("%v does not come after %v", whole[i], whole[i-1])
			}
		}
	})
}

func TestADailyScheduleNamesEachDateOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cron := fmt.Sprintf("%d %d * * *", rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 23).Draw(t, "hour"))
		src := fmt.Sprintf("schedule: x\ntitle: t\npipeline: nightly\ncron: %q\nzone: %s\n", cron, rapid.SampledFrom(zones).Draw(t, "zone"))
		s, err := schedules.Parse("x.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		from := drawInstant(t, "from")
		fires := s.Between(from, from.AddDate(0, 8, 0))
		for i := 1; i < len(fires); i++ {
			if fires[i].Logical != fires[i-1].Logical+1 {
				t.Fatalf("%s comes after %s", fires[i].Logical, fires[i-1].Logical)
			}
		}
	})
}
