package schedules

import (
	"time"

	"github.com/netresearch/go-cron"

	"uoma/internal/canon"
)

// Cron fields describe a wall clock, so they are evaluated on one: a clock without offset changes, held as UTC. Only
// then is a wall-clock time placed in the zone, where it may not exist or exist twice; instant has the rules. The order
// of wall-clock times is kept, so that fire times and logical dates never go backwards.

// leapGap is the longest time between two 29ths of February, as from 2096 to 2104.
const leapGap = 8

// parseCron reads five fields and makes sure that they ever match.
func parseCron(expression string) (*cron.SpecSchedule, error) {
	// Either day field is enough when both are restricted: POSIX, crontab.
	p := cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom)
	parsed, err := p.WithMaxSearchYears(leapGap).Parse(expression)
	if err != nil {
		return nil, err
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, errCron
	}
	spec.Location = time.UTC
	if spec.Next(time.Unix(0, 0)).IsZero() {
		return nil, errNever
	}
	return spec, nil
}

// Fire is one time that a schedule fires.
type Fire struct {
	At      time.Time  `json:"at"` // in the schedule's zone
	Logical canon.Date `json:"logical_date"`

	moved bool // the wall clock skips the time that the cron expression names
}

// Next gives the first fire time after an instant, in the schedule's zone.
func (s *Schedule) Next(after time.Time) time.Time { return s.next(after).At }

// Between gives the fires after from, up to and including to. Several fire times that one gap of the wall clock
// swallows are one fire.
func (s *Schedule) Between(from, to time.Time) []Fire {
	var out []Fire
	for f := s.next(from); !f.At.IsZero() && !f.At.After(to); f = s.next(f.At) {
		out = append(out, f)
	}
	return out
}

func (s *Schedule) next(after time.Time) Fire {
	for wall := s.days.Next(wallClock(after.In(s.location))); !wall.IsZero(); wall = s.days.Next(wall) {
		at, exists := instant(wall, s.location)
		if !at.After(after) { // the second pass of a repeated hour: this wall-clock time was the first
			continue
		}
		day := canon.DateOf(wall)
		if s.LogicalDate == Yesterday {
			day--
		}
		return Fire{At: at, Logical: day, moved: !exists}
	}
	return Fire{}
}

// wallClock gives what a clock on the wall of t's location shows, as a time in UTC.
func wallClock(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// instant places a wall-clock time in a zone: the first of two instants where the time is repeated; where it is
// skipped, the first instant after the gap, and exists is false.
func instant(wall time.Time, loc *time.Location) (at time.Time, exists bool) {
	// time.Date promises an instant that is right on one side of a change, and does not say on which.
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, loc)
	start, end := t.ZoneBounds()
	switch shown := wallClock(t); {
	case shown.After(wall):
		return start, false
	case shown.Before(wall):
		return end, false
	}
	if start.IsZero() {
		return t, true
	}
	_, before := start.Add(-time.Nanosecond).Zone()
	first := wall.Add(-time.Duration(before) * time.Second).In(loc)
	if first.Before(start) {
		return first, true
	}
	return t, true
}
