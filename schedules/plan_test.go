package schedules_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"uoma/internal/canon"
)

func days(t testing.TB, list ...string) []canon.Date {
	t.Helper()
	var out []canon.Date
	for _, s := range list {
		out = append(out, day(t, s))
	}
	return out
}

func TestPlan(t *testing.T) {
	const now = "2026-11-22 12:00"
	for _, c := range []struct {
		name, catchUp string
		since         string
		finished      []string
		want          []string
	}{
		{"nothing to do", "all", "", []string{"2026-11-22"}, nil},
		{"tonight alone", "all", "", []string{"2026-11-21"}, []string{"2026-11-22"}},
		{"all that were missed", "all", "", []string{"2026-11-19"}, []string{"2026-11-20", "2026-11-21", "2026-11-22"}},
		{"at most so many days back", "all", "", []string{"2026-10-01"}, []string{"2026-11-20", "2026-11-21", "2026-11-22"}},
		{"never back behind what has finished", "all", "", []string{"2026-11-19", "2026-11-21"}, []string{"2026-11-22"}},
		{"the last alone", "last", "", []string{"2026-11-19"}, []string{"2026-11-22"}},
		{"missed and forgotten", "none", "2026-11-22 06:00", []string{"2026-11-19"}, nil},
		{"seen", "none", "2026-11-21 22:00", []string{"2026-11-19"}, []string{"2026-11-22"}},
		{"missed, though somebody came later", "all", "2026-11-22 06:00", []string{"2026-11-20"}, []string{"2026-11-21", "2026-11-22"}},
		{"first of all: nothing to catch up with", "all", "2026-11-22 06:00", nil, nil},
		{"first of all: seen", "all", "2026-11-21 22:00", nil, []string{"2026-11-22"}},
		{"first of all: started by another", "all", "", nil, []string{"2026-11-22"}},
		{"a future that a wrong clock left", "all", "", []string{"2026-11-20", "2027-11-22"}, []string{"2026-11-21", "2026-11-22"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := schedule(t, "15 2 * * *", "Europe/Helsinki", "catch_up: "+c.catchUp, "catch_up_days: 3")
			var since time.Time
			if c.since != "" {
				since = utc(t, c.since)
			}
			if got := s.Plan(days(t, c.finished...), since, utc(t, now)); !slices.Equal(got, days(t, c.want...)) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestPlanNamesADateOfManyFiresOnce(t *testing.T) {
	s := schedule(t, "0 * * * *", "Europe/Helsinki", "catch_up: all")
	got := s.Plan(days(t, "2026-11-20"), time.Time{}, utc(t, "2026-11-22 12:00"))
	if want := days(t, "2026-11-21", "2026-11-22"); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestPlanIsAscendingAndNeverWhatHasFinished(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, now := drawSchedule(t), drawInstant(t, "now")
		var finished []canon.Date
		for _, back := range rapid.SliceOf(rapid.Int32Range(-2, 12)).Draw(t, "finished") {
			finished = append(finished, canon.DateOf(now)-canon.Date(back))
		}
		due := s.Plan(finished, time.Time{}, now)
		for i, d := range due {
			if slices.Contains(finished, d) || i > 0 && d <= due[i-1] {
				t.Fatalf("due %v, finished %v", due, finished)
			}
		}
		if again := s.Plan(append(finished, due...), time.Time{}, now); len(again) > 0 {
			t.Fatalf("after %v have run, %v are due", due, again)
		}
	})
}

func TestDue(t *testing.T) {
	s := schedule(t, "15 2 * * *", "Europe/Helsinki", "catch_up: all", "enabled: false")
	got, err := s.Due(context.Background(), &ledger{finished: days(t, "2026-11-20")}, utc(t, "2026-11-22 12:00"))
	if want := days(t, "2026-11-21", "2026-11-22"); err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v, %v", got, err)
	}
	broken := errors.New("away")
	if _, err := s.Due(context.Background(), &ledger{err: broken}, time.Time{}); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}
