package schedules

import (
	"context"
	"slices"
	"time"

	"uoma/internal/canon"
)

// History is what the ledger knows of a pipeline's runs.
type History interface {
	// Finished gives the logical dates whose run has ended for good, partial success included, in any order. It may
	// leave out all but the latest few hundred.
	Finished(ctx context.Context, pipeline string) ([]canon.Date, error)
	// Running tells whether some program is at work on the pipeline now: whether its lease is held and not run out.
	Running(ctx context.Context, pipeline string) (bool, error)
}

// Plan gives the logical dates that are due at now, in order, each once. finished are the dates that have run; since is
// the instant from which on somebody was there to see fire times, the zero time when that is not known.
//
// Due are dates of fire times that have come, at most CatchUpDays ago, after the last finished date: a pipeline never
// goes back behind it by itself, because its state has moved on. Of several, catch-up all runs each one, the others the
// last one alone. Where catch-up is none, or nothing has ever finished, fire times up to since do not count.
func (s *Schedule) Plan(finished []canon.Date, since, now time.Time) []canon.Date {
	from := now.AddDate(0, 0, -s.CatchUpDays)
	if (s.CatchUp == None || len(finished) == 0) && since.After(from) {
		from = since
	}
	fires := s.Between(from, now)
	if len(fires) == 0 {
		return nil
	}
	latest := fires[len(fires)-1].Logical
	if slices.Contains(finished, latest) {
		return nil
	}
	if s.CatchUp != All || len(finished) == 0 {
		return []canon.Date{latest}
	}
	last := lastUpTo(finished, latest)
	var due []canon.Date
	for _, f := range fires {
		if f.Logical > last && (len(due) == 0 || due[len(due)-1] != f.Logical) {
			due = append(due, f.Logical)
		}
	}
	return due
}

// lastUpTo gives the last date that is not after limit. A clock that ran ahead may have left dates of a future that is
// not yet here; they must not keep the present from running.
func lastUpTo(dates []canon.Date, limit canon.Date) canon.Date {
	last := canon.Date(-1 << 31)
	for _, d := range dates {
		if d <= limit {
			last = max(last, d)
		}
	}
	return last
}

// Due gives the logical dates that are due at now when nobody has been watching: what a program runs that systemd or a
// crontab has started at a fire time, or at boot after one was missed.
func (s *Schedule) Due(ctx context.Context, h History, now time.Time) ([]canon.Date, error) {
	finished, err := h.Finished(ctx, s.Pipeline)
	if err != nil {
		return nil, err
	}
	return s.Plan(finished, time.Time{}, now), nil
}
