package schedules

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Runner runs a pipeline for a logical date and returns when it has ended, soon when the context does. A run that the
// ledger knows as finished must do nothing and give nil; [ErrBusy] says that another program holds the pipeline.
type Runner func(ctx context.Context, pipeline string, date canon.Date) error

// ErrBusy is what a [Runner] returns, wrapped or bare, when another program was faster.
var ErrBusy = fault.New("UOMA-SCH-BUSY", "another program is at work on the pipeline", "let it end")

// Clock is the wall clock and the only way in which a [Server] waits.
type Clock interface {
	Now() time.Time
	// Sleep returns nil after d, or the context's error as soon as it ends.
	Sleep(ctx context.Context, d time.Duration) error
}

const (
	// tick is the longest sleep. Timers stand still while a machine is suspended and know nothing of a clock that is
	// set, so the wall clock is read at least this often; a pipeline that was busy is asked this often too.
	tick = 30 * time.Second
	// maxDrift is how far the wall clock may be from where a sleep should have left it before it counts as set.
	maxDrift = time.Minute
)

// Server runs what is due, one run at a time in the order of the schedules: pipelines of one workspace share its stores.
type Server struct {
	Schedules []*Schedule // those that are not enabled are left alone
	History   History
	Run       Runner
	Clock     Clock
	Log       *slog.Logger
}

// watch is a schedule and how far the server has come with it.
type watch struct {
	*Schedule
	seen    time.Time // fire times up to here are dealt with
	owed    bool      // missed fire times from before the start are not dealt with yet
	waiting bool      // said once that the pipeline is busy
}

// Serve catches up, and then runs each schedule at its fire times until the context ends, which is no error. A run that
// fails is logged, and its date is due again at the next fire time that includes it.
func (s *Server) Serve(ctx context.Context) error {
	start := s.Clock.Now()
	var watches []*watch
	for _, w := range s.Schedules {
		if w.Enabled {
			watches = append(watches, &watch{Schedule: w, seen: start, owed: true})
			s.Log.Info("watching", "schedule", w.Name, "next", w.Next(start))
		}
	}
	for due := start; ctx.Err() == nil; {
		if drift := s.Clock.Now().Sub(due).Round(time.Second); drift.Abs() > maxDrift {
			s.Log.Warn("the clock was set, or the machine was asleep: planning anew", "by", drift)
		}
		for _, w := range watches {
			s.attend(ctx, w)
		}
		now := s.Clock.Now()
		pause := untilNext(watches, now)
		// Without its monotonic part a time is compared as the wall shows it.
		due = now.Round(0).Add(pause)
		if s.Clock.Sleep(ctx, pause) != nil {
			break
		}
	}
	return nil
}

// untilNext gives the time until a watch next needs attention, at most a tick.
func untilNext(watches []*watch, now time.Time) time.Duration {
	pause := tick
	for _, w := range watches {
		if next := w.Next(now); !next.IsZero() {
			pause = min(pause, next.Sub(now))
		}
	}
	return pause
}

// attend runs what is due of one schedule, if a fire time has come since the last look.
func (s *Server) attend(ctx context.Context, w *watch) {
	now := s.Clock.Now().Round(0)
	if now.Before(w.seen) {
		w.seen = now // the clock went back; what has run is in the ledger
	}
	if next := w.Next(w.seen); !w.owed && (next.IsZero() || next.After(now)) {
		return
	}
	log := s.Log.With("schedule", w.Name, "pipeline", w.Pipeline)
	dates, err := s.plan(ctx, w, now)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, ErrBusy):
		s.busy(log, w, now)
		return
	case err != nil:
		log.Error("cannot read the ledger, trying again", "code", fault.Code(err))
		return
	}
	for _, date := range dates {
		err := s.Run(ctx, w.Pipeline, date)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrBusy):
			s.busy(log, w, now)
			return
		case err != nil:
			log.Error("run failed", "date", date, "code", fault.Code(err))
		default:
			log.Info("run ended", "date", date)
		}
	}
	w.owed, w.waiting, w.seen = false, false, now
	if w.Overlap == Skip && len(dates) > 0 {
		w.seen = s.Clock.Now().Round(0) // fire times that came during the runs are passed over
	}
}

// plan gives the dates that are due, or ErrBusy when there are some and the pipeline is at work.
func (s *Server) plan(ctx context.Context, w *watch, now time.Time) ([]canon.Date, error) {
	finished, err := s.History.Finished(ctx, w.Pipeline)
	if err != nil {
		return nil, err
	}
	dates := w.Plan(finished, w.seen, now)
	if len(dates) == 0 {
		return nil, nil
	}
	running, err := s.History.Running(ctx, w.Pipeline)
	if running {
		err = ErrBusy
	}
	return dates, err
}

// busy follows the overlap rule. What was missed before the start waits in any case: the pipeline may seem busy only
// because this very program was killed in a run and its lease has not run out yet.
func (s *Server) busy(log *slog.Logger, w *watch, now time.Time) {
	if w.Overlap == Skip && !w.owed {
		log.Warn("the pipeline is at work: fire time skipped")
		w.seen = now
		return
	}
	if !w.waiting {
		log.Warn("the pipeline is at work: waiting for it")
	}
	w.waiting = true
}
