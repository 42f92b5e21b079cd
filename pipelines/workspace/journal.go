package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/pipelines"
)

// beatEvery is how often a run holds its lease: several times within [ledger.LeaseTime].
const beatEvery = 10 * time.Second

// Journal records runs in the ledger, under a lease per pipeline. It serves one run.
type Journal struct {
	w        *Workspace
	software string
	config   string
	policy   string
	signer   string // of the policy

	run   ledger.Run
	lease ledger.Lease
	stop  context.CancelFunc
	lost  context.CancelCauseFunc
	done  chan struct{}
}

// SignedBy notes who signed the policy of the run.
func (j *Journal) SignedBy(signer string) { j.signer = signer }

// NewJournal makes a journal. software is the program's version; config and policy are digests.
func (w *Workspace) NewJournal(software, config, policy string) *Journal {
	return &Journal{w: w, software: software, config: config, policy: policy}
}

// Hold takes the pipeline's lease and keeps it until Free. The returned context ends when the lease is lost.
func (j *Journal) Hold(ctx context.Context, r *pipelines.Run) (context.Context, error) {
	holder := fmt.Sprintf("%d-%d", os.Getpid(), r.Now().UnixNano())
	lease, err := ledger.Acquire(ctx, j.w.RegisterDB, "run/"+r.Pipeline, holder, r.Now())
	if err != nil {
		return nil, err
	}
	j.lease = lease
	held, lost := context.WithCancelCause(ctx)
	beating, stop := context.WithCancel(held)
	j.lost, j.stop, j.done = lost, stop, make(chan struct{})
	go j.beat(beating, r)
	return held, nil
}

// beat holds the lease. A store that is busy with the night's own transaction is no reason to give up: while it lasts,
// nobody else can write either.
func (j *Journal) beat(ctx context.Context, r *pipelines.Run) {
	defer close(j.done)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := ledger.Beat(ctx, j.w.RegisterDB, j.lease, r.Now()); errors.Is(err, ledger.ErrLost) {
				j.lost(err)
				return
			}
		}
	}
}

// Free gives the lease back.
func (j *Journal) Free(ctx context.Context) error {
	if j.stop == nil {
		return nil
	}
	j.stop()
	<-j.done
	j.lost(nil)
	return ledger.Release(ctx, j.w.RegisterDB, j.lease)
}

// Check proves inside a transaction that the run still holds its lease.
func (j *Journal) Check(ctx context.Context, tx *sqlx.Tx) error {
	return ledger.Check(ctx, tx, j.lease)
}

// Begin opens the run.
func (j *Journal) Begin(ctx context.Context, r *pipelines.Run) (pipelines.State, map[string]json.RawMessage, error) {
	old, found, err := ledger.FindRun(ctx, j.w.RegisterDB, r.ID())
	if err != nil {
		return "", nil, err
	}
	before := pipelines.State(old.State)
	facts := map[string]json.RawMessage{}
	// Nothing of a run rests on what another pack decided: one whose pack was changed under it begins anew.
	anew := before == pipelines.Part || found && before != pipelines.Finished && old.PolicyDigest != j.policy
	if found && !anew {
		if facts, err = j.facts(ctx, r.ID()); err != nil {
			return "", nil, err
		}
	}
	if before == pipelines.Finished {
		return before, facts, nil
	}
	text, err := j.text("")
	if err != nil {
		return "", nil, err
	}
	err = j.w.RegisterDB.Do(ctx, func(tx *sqlx.Tx) (err error) {
		if anew {
			if err := ledger.ForgetStages(ctx, tx, r.ID()); err != nil {
				return err
			}
		}
		j.run, err = ledger.Start(ctx, tx, ledger.Run{
			ID: r.ID(), Pipeline: r.Pipeline, LogicalDate: r.Date.String(), Mode: string(r.Mode),
			Software: j.software, ConfigDigest: j.config, PolicyDigest: j.policy, Facts: text,
		}, r.Now())
		return err
	})
	r.Attempt = int(j.run.Attempt)
	return before, facts, err
}

// facts gives what the finished stages of a run left.
func (j *Journal) facts(ctx context.Context, run string) (map[string]json.RawMessage, error) {
	stages, err := ledger.Stages(ctx, j.w.RegisterDB, run)
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	for _, s := range stages {
		if s.State == ledger.Finished {
			out[s.Name] = json.RawMessage(s.Facts)
		}
	}
	return out, nil
}

// StageDone records a finished stage.
func (j *Journal) StageDone(ctx context.Context, r *pipelines.Run, stage string, facts json.RawMessage, started, finished time.Time) error {
	return RecordStage(ctx, j.w.RegisterDB, r, stage, facts, started, finished)
}

// RecordStage writes a finished stage into the ledger, also inside a transaction of the stage's own. Recording the same
// again changes nothing.
func RecordStage(ctx context.Context, q sqlx.ExtContext, r *pipelines.Run, stage string, facts json.RawMessage, started, finished time.Time) error {
	old, found, err := ledger.FindStage(ctx, q, r.ID(), stage)
	if err != nil {
		return err
	}
	if found && old.State == ledger.Finished && old.Facts == string(facts) {
		return nil
	}
	if err := ledger.StartStage(ctx, q, r.ID(), stage, started); err != nil {
		return err
	}
	return ledger.FinishStage(ctx, q, r.ID(), stage, ledger.Finished, string(facts), finished)
}

// text gives what stands of the run besides its columns.
func (j *Journal) text(code string) (string, error) {
	text, err := json.Marshal(struct {
		Code   string `json:"code,omitempty"`
		Signer string `json:"policy_signer,omitempty"`
	}{code, j.signer})
	return string(text), err
}

// End closes the attempt, and signs the head of the audit log.
func (j *Journal) End(ctx context.Context, r *pipelines.Run, state pipelines.State, code string) error {
	facts, err := j.text(code)
	if err != nil {
		return err
	}
	if err := j.w.SealAudit(ctx, r.ID(), r.Now()); err != nil {
		return err
	}
	return ledger.Finish(ctx, j.w.RegisterDB, j.run, string(state), facts, r.Now())
}

// DryJournal records nothing; a dry run always begins at the first stage.
type DryJournal struct{}

// Begin opens nothing.
func (DryJournal) Begin(context.Context, *pipelines.Run) (pipelines.State, map[string]json.RawMessage, error) {
	return "", nil, nil
}

// StageDone records nothing.
func (DryJournal) StageDone(context.Context, *pipelines.Run, string, json.RawMessage, time.Time, time.Time) error {
	return nil
}

// End records nothing.
func (DryJournal) End(context.Context, *pipelines.Run, pipelines.State, string) error { return nil }
