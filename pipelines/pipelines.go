// Package pipelines is what a pipeline is: an ordered list of stages, run once for a logical date.
//
// A [Definition] is a YAML file that names the stages; [Shipped] holds those that come with the program. [Execute]
// runs the stages of a run in order, records each in a [Journal], and after a crash goes on behind the last finished
// checkpoint. The stages themselves live below this package: nightly (land, conform, resolve, protect, load, govern,
// report), survey and outgoing (select, seal, deliver, receipt).
//
// The package knows no source, no table and no store. Time is given to it.
package pipelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Mode says who asked for a run.
type Mode string

const (
	Nightly  Mode = "nightly"  // a schedule
	Manual   Mode = "manual"   // a person
	Backfill Mode = "backfill" // a replay of a past date, on stores of its own
)

// Run is one run of a pipeline.
type Run struct {
	Pipeline string
	Date     canon.Date // the logical date: decides files, policy and every "today" of the run
	Mode     Mode
	Dry      bool // compute everything, write nothing
	// AcceptDrift lets a night go on whose evidence of who is who drifted: somebody looked and found it right.
	AcceptDrift bool
	Attempt     int    // 1 for the first; set by [Execute]
	Actor       string // who is at the keyboard, for the audit log

	Now      func() time.Time // wall clock, for the ledger and for leases alone
	Log      *slog.Logger
	Progress Progress

	// Facts holds what each finished stage left in the journal, by stage name. A stage behind a checkpoint may depend
	// on nothing else of the stages before it.
	Facts map[string]json.RawMessage
}

// ID names the run: pipeline and logical date. A later attempt of the same run has the same id.
func (r *Run) ID() string { return r.Pipeline + "-" + r.Date.String() }

// DateIn gives the logical date that a run's id ends with.
func DateIn(id string) (canon.Date, bool) {
	date, err := canon.ParseDate(id[max(0, len(id)-len("2006-01-02")):])
	return date, err == nil
}

// Fact reads what a finished stage left into out.
func (r *Run) Fact(stage string, out any) error {
	raw, ok := r.Facts[stage]
	if !ok {
		return fmt.Errorf("stage %s has left no facts", stage)
	}
	return json.Unmarshal(raw, out)
}

// Progress is told how far a run is. Its methods may be called from several goroutines.
type Progress interface {
	Begin(stage string)
	// Advance reports n more units of the current stage; unit is a plural noun such as "rows".
	Advance(n int64, unit string)
	End(stage string, took time.Duration)
}

// Stage does one step of a pipeline. Run may be called again for the same run after a crash and must then end in the
// same state: it finds its own half-done work and redoes or finishes it. Run returns facts for the journal, which hold
// counts and digests and never a personal value. A cancelled context ends it soon, with the context's error. An error of
// scope Source must be handled inside the stage; what Run returns stops the run.
type Stage interface {
	Name() string
	Run(ctx context.Context, r *Run) (facts any, err error)
}

// Checkpoint is a stage after which a killed run goes on without repeating the stages before it. Its work and its
// journal entry must be durable together.
type Checkpoint interface {
	Stage
	// Durable tells the engine; it has no effect of its own.
	Durable()
}

// Partial is what facts implement when a stage succeeded in part: some sources failed, the others went on.
type Partial interface{ Partial() bool }

// State of a run in the journal.
type State string

const (
	Running  State = "running"
	Finished State = "finished"
	Part     State = "partial" // finished, but at least one source failed
	Failed   State = "failed"
)

// Journal records runs and stages. The ledger implements it; a dry run has one that records nothing.
type Journal interface {
	// Begin opens the run or finds it: its state before this attempt ("" when new) and the facts of finished stages. Of a
	// run that ended in part it gives no facts: it starts anew, so that sources which came late are taken in.
	Begin(ctx context.Context, r *Run) (before State, facts map[string]json.RawMessage, err error)
	// StageDone records a finished stage. A stage that recorded itself inside its own transaction returns the same facts,
	// and recording them again changes nothing.
	StageDone(ctx context.Context, r *Run, stage string, facts json.RawMessage, started, finished time.Time) error
	// End closes the attempt. code is the error's code when it failed.
	End(ctx context.Context, r *Run, state State, code string) error
}

// Outcome is how a run ended.
type Outcome struct {
	Run     string                     `json:"run"`
	State   State                      `json:"state"`
	Already bool                       `json:"already,omitempty"` // it was finished before; nothing was done
	Facts   map[string]json.RawMessage `json:"facts,omitempty"`
}

var errStage = fault.New("UOMA-RUN-STAGE", "a stage failed", "read the cause below; the next uoma run of the same date goes on where this one stopped")

// Execute runs the stages of a run that the journal does not know as finished.
func Execute(ctx context.Context, r *Run, stages []Stage, j Journal) (Outcome, error) {
	before, facts, err := j.Begin(ctx, r)
	if err != nil {
		return Outcome{}, err
	}
	r.Facts = facts
	if r.Facts == nil {
		r.Facts = map[string]json.RawMessage{}
	}
	out := Outcome{Run: r.ID(), State: before, Facts: r.Facts}
	if before == Finished {
		out.Already = true
		return out, nil
	}
	out.State = Finished
	for _, s := range stages[resumeAt(stages, r.Facts):] {
		partial, err := step(ctx, r, s, j)
		if err != nil {
			out.State = Failed
			// The attempt's end is recorded even when the run was interrupted, or a person would read "running".
			endErr := j.End(context.WithoutCancel(ctx), r, Failed, fault.Code(err))
			return out, errors.Join(err, endErr)
		}
		if partial {
			out.State = Part
		}
	}
	for _, raw := range r.Facts {
		if partialFacts(raw) {
			out.State = Part
		}
	}
	return out, j.End(ctx, r, out.State, "")
}

// resumeAt gives the index of the first stage to run: the one behind the last finished checkpoint.
func resumeAt(stages []Stage, facts map[string]json.RawMessage) int {
	at := 0
	for i, s := range stages {
		_, done := facts[s.Name()]
		if _, durable := s.(Checkpoint); durable && done {
			at = i + 1
		}
	}
	return at
}

func step(ctx context.Context, r *Run, s Stage, j Journal) (partial bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	started := r.Now()
	r.Progress.Begin(s.Name())
	facts, err := s.Run(ctx, r)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
			err = cause // a lost lease is no wish of the person at the terminal
		}
		if fault.Code(err) == "" && !errors.Is(err, context.Canceled) {
			err = errStage.At(fault.Place{Field: s.Name()}).Wrap(err)
		}
		return false, err
	}
	finished := r.Now()
	r.Progress.End(s.Name(), finished.Sub(started))
	raw, err := json.Marshal(facts)
	if err != nil {
		return false, err
	}
	r.Facts[s.Name()] = raw
	if p, ok := facts.(Partial); ok {
		partial = p.Partial()
	}
	return partial, j.StageDone(ctx, r, s.Name(), raw, started, finished)
}

// partialFacts tells whether recorded facts of an earlier attempt speak of a failed source.
func partialFacts(raw json.RawMessage) bool {
	var p struct {
		Failed int `json:"failed_sources"`
	}
	return json.Unmarshal(raw, &p) == nil && p.Failed > 0
}
