package ledger

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/internal/fault"
)

// States of runs and stages.
const (
	Running  = "running"
	Finished = "finished"
	Partial  = "partial" // some source stopped, the others are in
	Failed   = "failed"
)

// Run is one pipeline on one logical date.
type Run struct {
	ID           string `db:"id"` // "nightly-2026-11-22"
	Pipeline     string `db:"pipeline"`
	LogicalDate  string `db:"logical_date"` // YYYY-MM-DD
	Attempt      int64  `db:"attempt"`      // 1, and one more each time the run is taken up again
	State        string `db:"state"`
	Mode         string `db:"mode"` // nightly, backfill or manual
	StartedAt    int64  `db:"started_at"`
	FinishedAt   int64  `db:"finished_at"`
	Software     string `db:"software"` // version
	ConfigDigest string `db:"config_digest"`
	PolicyDigest string `db:"policy_digest"`
	Facts        string `db:"facts"` // JSON
}

var runColumns = []string{"id", "pipeline", "logical_date", "attempt", "state", "mode", "started_at", "finished_at",
	"software", "config_digest", "policy_digest", "facts"}

// ErrFinished is a start of a run that is done: there is nothing to do.
var ErrFinished = fault.New("UOMA-LDG-FINISHED", "the run is finished", "nothing is left to do; name another date")

// Start opens a run or takes up one that was left, and gives it with its attempt. Of r, the fields that say how the run
// ended are not read. The caller holds the pipeline's lease.
func Start(ctx context.Context, q sqlx.ExtContext, r Run, now time.Time) (Run, error) {
	old, ok, err := FindRun(ctx, q, r.ID)
	if err != nil {
		return Run{}, err
	}
	r.State, r.StartedAt, r.FinishedAt, r.Attempt = Running, now.UnixMicro(), 0, old.Attempt+1
	switch {
	case !ok:
		return r, insert(ctx, q, "run", runColumns, r.ID, r.Pipeline, r.LogicalDate, r.Attempt, r.State, r.Mode, r.StartedAt, r.FinishedAt,
			r.Software, r.ConfigDigest, r.PolicyDigest, r.Facts)
	case old.State == Finished:
		return old, ErrFinished
	}
	return r, swap(ctx, q, "UPDATE `run` SET `attempt` = ?, `state` = ?, `mode` = ?, `started_at` = ?, `finished_at` = 0, `software` = ?,"+
		" `config_digest` = ?, `policy_digest` = ?, `facts` = ? WHERE `id` = ? AND `attempt` = ? AND `state` = ?",
		r.Attempt, r.State, r.Mode, r.StartedAt, r.Software, r.ConfigDigest, r.PolicyDigest, r.Facts, r.ID, old.Attempt, old.State)
}

// Finish closes a running attempt with its last state and facts.
func Finish(ctx context.Context, q sqlx.ExtContext, r Run, state, facts string, now time.Time) error {
	return swap(ctx, q, "UPDATE `run` SET `state` = ?, `finished_at` = ?, `facts` = ? WHERE `id` = ? AND `attempt` = ? AND `state` = ?",
		state, now.UnixMicro(), facts, r.ID, r.Attempt, Running)
}

// FindRun gives a run by its id.
func FindRun(ctx context.Context, q sqlx.QueryerContext, id string) (r Run, ok bool, err error) {
	ok, err = get(ctx, q, &r, "SELECT "+database.Columns(runColumns)+" FROM `run` WHERE `id` = ?", id)
	return r, ok, err
}

// Runs lists the latest runs of a pipeline, or of all when it is "", by logical date and start, newest first.
func Runs(ctx context.Context, q sqlx.QueryerContext, pipeline string, limit int) ([]Run, error) {
	return list[Run](ctx, q, "SELECT "+database.Columns(runColumns)+" FROM `run` WHERE ? = '' OR `pipeline` = ?"+
		" ORDER BY `logical_date` DESC, `started_at` DESC, `id` LIMIT ?", pipeline, pipeline, limit)
}

// FirstStart gives when the first run began, 0 when there was none.
func FirstStart(ctx context.Context, q sqlx.QueryerContext) (at int64, err error) {
	_, err = get(ctx, q, &at, "SELECT COALESCE(MIN(`started_at`), 0) FROM `run`")
	return at, err
}

// Stage is one step of a run.
type Stage struct {
	Run        string `db:"run"`
	Name       string `db:"name"`
	State      string `db:"state"`
	StartedAt  int64  `db:"started_at"`
	FinishedAt int64  `db:"finished_at"`
	Facts      string `db:"facts"` // JSON
}

var stageColumns = []string{"run", "name", "state", "started_at", "finished_at", "facts"}

// StartStage opens a stage, or opens it again.
func StartStage(ctx context.Context, q sqlx.ExtContext, run, name string, now time.Time) error {
	old, ok, err := FindStage(ctx, q, run, name)
	if err != nil {
		return err
	}
	if !ok {
		return insert(ctx, q, "stage", stageColumns, run, name, Running, now.UnixMicro(), 0, "")
	}
	return swap(ctx, q, "UPDATE `stage` SET `state` = ?, `started_at` = ?, `finished_at` = 0, `facts` = '' WHERE `run` = ? AND `name` = ?"+
		" AND `state` = ? AND `started_at` = ?", Running, now.UnixMicro(), run, name, old.State, old.StartedAt)
}

// FinishStage closes a running stage with its last state and facts.
func FinishStage(ctx context.Context, q sqlx.ExtContext, run, name, state, facts string, now time.Time) error {
	return swap(ctx, q, "UPDATE `stage` SET `state` = ?, `finished_at` = ?, `facts` = ? WHERE `run` = ? AND `name` = ? AND `state` = ?",
		state, now.UnixMicro(), facts, run, name, Running)
}

// ForgetStages removes the stages of a run that starts anew, so that what an earlier attempt left is not taken for done.
func ForgetStages(ctx context.Context, q sqlx.ExtContext, run string) error {
	_, err := q.ExecContext(ctx, "DELETE FROM `stage` WHERE `run` = ?", run)
	if err != nil {
		return database.Failed("forget the stages of a run", err)
	}
	return nil
}

// FindStage gives one stage of a run.
func FindStage(ctx context.Context, q sqlx.QueryerContext, run, name string) (s Stage, ok bool, err error) {
	ok, err = get(ctx, q, &s, "SELECT "+database.Columns(stageColumns)+" FROM `stage` WHERE `run` = ? AND `name` = ?", run, name)
	return s, ok, err
}

// Stages lists a run's stages in the order of their start.
func Stages(ctx context.Context, q sqlx.QueryerContext, run string) ([]Stage, error) {
	return list[Stage](ctx, q, "SELECT "+database.Columns(stageColumns)+" FROM `stage` WHERE `run` = ? ORDER BY `started_at`, `name`", run)
}
