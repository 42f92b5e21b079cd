package schedules_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/schedules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ledger is a history in memory.
type ledger struct {
	finished []canon.Date
	busy     func() bool
	away     func() bool
	err      error
}

func (l *ledger) Finished(context.Context, string) ([]canon.Date, error) {
	if l.away != nil && l.away() {
		return nil, errors.New("the ledger is away")
	}
	return slices.Clone(l.finished), l.err
}

func (l *ledger) Running(context.Context, string) (bool, error) {
	return l.busy != nil && l.busy(), l.err
}

// stage is everything that a server sees, with a clock that moves when it sleeps or runs.
type stage struct {
	ledger
	now   time.Time
	end   time.Time // the context ends here
	stop  context.CancelFunc
	ran   []string // "2026-11-22 02:15 2026-11-22": start in Helsinki, date
	takes time.Duration
	run   func(date canon.Date) error
	jump  map[time.Time]time.Duration // the clock is set when it has reached a time
	log   bytes.Buffer
}

func (s *stage) Now() time.Time { return s.now }

func (s *stage) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 || d > time.Minute {
		panic("a sleep of " + d.String())
	}
	s.pass(d)
	return ctx.Err()
}

func (s *stage) pass(d time.Duration) {
	s.now = s.now.Add(d)
	for at, by := range s.jump {
		if !s.now.Before(at) {
			delete(s.jump, at)
			s.now = s.now.Add(by)
		}
	}
	if !s.now.Before(s.end) {
		s.stop()
	}
}

func (s *stage) serve(t *testing.T, all ...*schedules.Schedule) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.stop = cancel
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	server := schedules.Server{Schedules: all, History: &s.ledger, Clock: s, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
		Run: func(ctx context.Context, _ string, date canon.Date) error {
			s.ran = append(s.ran, s.now.In(helsinki).Format("2006-01-02 15:04 ")+date.String())
			s.pass(s.takes)
			if s.run != nil {
				if err := s.run(date); err != nil {
					return err
				}
			}
			if ctx.Err() == nil {
				s.finished = append(s.finished, date)
			}
			return ctx.Err()
		}}
	if err := server.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	return s.ran
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("ran\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func nightly(t *testing.T, more ...string) *schedules.Schedule {
	return schedule(t, "15 2 * * *", "Europe/Helsinki", more...)
}

func TestServeRunsAtTheMinute(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-23 12:00"), takes: 20 * time.Minute}
	expect(t, s.serve(t, nightly(t)), "2026-11-22 02:15 2026-11-22", "2026-11-23 02:15 2026-11-23")
}

func TestServeCatchesUpInOrder(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-22 06:00"), end: utc(t, "2026-11-23 06:00"), takes: time.Hour, ledger: ledger{finished: days(t, "2026-11-19")}}
	expect(t, s.serve(t, nightly(t, "catch_up: all")),
		"2026-11-22 08:00 2026-11-20", "2026-11-22 09:00 2026-11-21", "2026-11-22 10:00 2026-11-22", "2026-11-23 02:15 2026-11-23")
}

func TestServeLeavesDisabledSchedulesAlone(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-23 12:00")}
	expect(t, s.serve(t, nightly(t, "enabled: false")))
}

func TestServeGoesOnAfterAFailure(t *testing.T) {
	broken := fault.New("UOMA-X-BROKEN", "broken", "mend it")
	s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-23 12:00"), ledger: ledger{finished: days(t, "2026-11-21")}}
	s.run = func(d canon.Date) error {
		if d == day(t, "2026-11-22") && len(s.ran) == 1 {
			return broken
		}
		return nil
	}
	expect(t, s.serve(t, nightly(t, "catch_up: all")),
		"2026-11-22 02:15 2026-11-22", "2026-11-23 02:15 2026-11-22", "2026-11-23 02:15 2026-11-23")
	if !strings.Contains(s.log.String(), "code=UOMA-X-BROKEN") {
		t.Fatalf("the log is\n%s", s.log.String())
	}
}

// Each night's run takes until after the next night's fire time.
func TestServeOverlapOfItsOwnRun(t *testing.T) {
	for _, c := range []struct {
		rule string
		want []string
	}{
		// A queued run starts within half a minute of the end of the one before.
		{"queue", []string{"2026-11-22 02:15 2026-11-22", "2026-11-23 04:15 2026-11-23", "2026-11-24 06:16 2026-11-24", "2026-11-25 08:16 2026-11-25"}},
		{"skip", []string{"2026-11-22 02:15 2026-11-22", "2026-11-24 02:15 2026-11-24"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-25 12:00"), takes: 26 * time.Hour}
			expect(t, s.serve(t, nightly(t, "overlap: "+c.rule)), c.want...)
		})
	}
}

func TestServeOverlapWithAnotherProgram(t *testing.T) {
	for _, c := range []struct {
		rule string
		want []string
	}{
		{"queue", []string{"2026-11-22 03:00 2026-11-22", "2026-11-23 02:15 2026-11-23"}},
		{"skip", []string{"2026-11-23 02:15 2026-11-23"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-23 12:00"), ledger: ledger{finished: days(t, "2026-11-21")}}
			s.busy = func() bool { return s.now.Before(utc(t, "2026-11-22 01:00")) }
			expect(t, s.serve(t, nightly(t, "overlap: "+c.rule)), c.want...)
			if n := strings.Count(s.log.String(), "at work"); n != 1 {
				t.Fatalf("said %d times:\n%s", n, s.log.String())
			}
		})
	}
}

func TestServeMeetsALeaseThatAnotherTookFirst(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-22 12:00"), ledger: ledger{finished: days(t, "2026-11-21")}}
	s.run = func(canon.Date) error {
		if len(s.ran) == 1 {
			return errors.Join(schedules.ErrBusy)
		}
		return nil
	}
	expect(t, s.serve(t, nightly(t)), "2026-11-22 02:15 2026-11-22", "2026-11-22 02:15 2026-11-22")
}

func TestThreat_T31_AKilledServerWaitsForItsOwnLeaseEvenWhereOverlapIsSkip(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-22 00:20"), end: utc(t, "2026-11-22 12:00"), ledger: ledger{finished: days(t, "2026-11-21")}}
	s.busy = func() bool { return s.now.Before(utc(t, "2026-11-22 00:21")) }
	expect(t, s.serve(t, nightly(t, "overlap: skip")), "2026-11-22 02:21 2026-11-22")
}

func TestServeTriesALedgerAgain(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-22 12:00"), ledger: ledger{finished: days(t, "2026-11-21")}}
	s.away = func() bool { return s.now.Before(utc(t, "2026-11-22 00:30")) }
	expect(t, s.serve(t, nightly(t)), "2026-11-22 02:30 2026-11-22")
}

func TestThreat_T28_ClockJumps(t *testing.T) {
	for _, c := range []struct {
		name string
		by   time.Duration
		want []string
	}{
		{"a day ahead", 24 * time.Hour, []string{"2026-11-22 02:15 2026-11-22", "2026-11-23 20:00 2026-11-23", "2026-11-24 02:15 2026-11-24"}},
		{"a day back", -24 * time.Hour, []string{"2026-11-22 02:15 2026-11-22", "2026-11-23 02:15 2026-11-23", "2026-11-24 02:15 2026-11-24"}},
		{"three days ahead", 72 * time.Hour, []string{"2026-11-22 02:15 2026-11-22", "2026-11-25 20:00 2026-11-23", "2026-11-25 20:00 2026-11-24", "2026-11-25 20:00 2026-11-25"}},
		{"two minutes ahead", 2 * time.Minute, []string{"2026-11-22 02:15 2026-11-22", "2026-11-23 02:15 2026-11-23", "2026-11-24 02:15 2026-11-24"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-24 12:00"), ledger: ledger{finished: days(t, "2026-11-21")}}
			if c.by > 48*time.Hour {
				s.end = utc(t, "2026-11-25 20:00")
			}
			s.jump = map[time.Time]time.Duration{utc(t, "2026-11-22 18:00"): c.by}
			expect(t, s.serve(t, nightly(t, "catch_up: all")), c.want...)
			if n := strings.Count(s.log.String(), "planning anew"); n != 1 {
				t.Fatalf("said %d times:\n%s", n, s.log.String())
			}
		})
	}
}

func TestThreat_T28_ThereAndBackRunsNoDateTwice(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-21 12:00"), end: utc(t, "2026-11-24 12:00"), ledger: ledger{finished: days(t, "2026-11-21")}}
	s.jump = map[time.Time]time.Duration{utc(t, "2026-11-22 12:00"): 24 * time.Hour, utc(t, "2026-11-23 12:30"): -24 * time.Hour}
	expect(t, s.serve(t, nightly(t, "catch_up: all")),
		"2026-11-22 02:15 2026-11-22", "2026-11-23 14:00 2026-11-23", "2026-11-24 02:15 2026-11-24")
	// Dates of a future that is not yet here keep no night from running, and let none run twice.
	for _, catchUp := range []string{"catch_up: all", "catch_up: last"} {
		for finished, want := range map[string][]canon.Date{"2026-11-21": days(t, "2026-11-22"), "2026-11-22": nil} {
			due := nightly(t, catchUp).Plan(days(t, finished, "2026-11-30"), time.Time{}, utc(t, "2026-11-22 12:00"))
			if !slices.Equal(due, want) {
				t.Errorf("%s behind %s: due are %v", catchUp, finished, due)
			}
		}
	}
}

func TestServeRunsThroughNightsOfChange(t *testing.T) {
	s := &stage{now: utc(t, "2026-03-28 12:00"), end: utc(t, "2026-03-30 12:00"), ledger: ledger{finished: days(t, "2026-03-28")}}
	expect(t, s.serve(t, schedule(t, "30 3 * * *", "Europe/Helsinki")), "2026-03-29 04:00 2026-03-29", "2026-03-30 03:30 2026-03-30")
	s = &stage{now: utc(t, "2026-10-24 12:00"), end: utc(t, "2026-10-26 12:00"), ledger: ledger{finished: days(t, "2026-10-24")}}
	expect(t, s.serve(t, schedule(t, "30 3 * * *", "Europe/Helsinki")), "2026-10-25 03:30 2026-10-25", "2026-10-26 03:30 2026-10-26")
}

func TestServeStopsInTheMiddleOfARun(t *testing.T) {
	s := &stage{now: utc(t, "2026-11-22 06:00"), end: utc(t, "2026-11-22 07:30"), takes: time.Hour, ledger: ledger{finished: days(t, "2026-11-18")}}
	expect(t, s.serve(t, nightly(t, "catch_up: all")), "2026-11-22 08:00 2026-11-19", "2026-11-22 09:00 2026-11-20")
}
