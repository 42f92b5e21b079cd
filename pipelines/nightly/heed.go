package nightly

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/erasures"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/resolve"
)

// Open opens the workspace in dir as [workspace.Open] does, and carries out what the book of erasures has and the files that
// the nightly wrote have not: the workspace was put back from a backup, or an erasure was killed. While another program holds
// the nightly's lease that is left to it. Where that fails, as over a snapshot that no layout describes, the workspace does not
// open: nothing reads what is to be gone.
func Open(ctx context.Context, dir string, now func() time.Time) (*workspace.Workspace, error) {
	ws, err := workspace.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := heedAlone(ctx, ws, now); err != nil {
		return nil, errors.Join(err, ws.Close())
	}
	return ws, nil
}

func heedAlone(ctx context.Context, ws *workspace.Workspace, now func() time.Time) error {
	if !ws.Behind() {
		return nil
	}
	layouts, err := ws.Layouts()
	if err != nil {
		return err
	}
	r := &pipelines.Run{Pipeline: "nightly", Date: canon.DateOf(now().In(ws.Settings.Location)), Mode: pipelines.Manual, Now: now,
		Log: slog.New(slog.DiscardHandler), Progress: unseen{}}
	j := ws.NewJournal("", "", "")
	held, err := j.Hold(ctx, r)
	if errors.Is(err, ledger.ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	n := New(ws, layouts, nil, nil, j.Check)
	defer n.Close()
	return errors.Join(n.HeedErasures(held, r), j.Free(context.WithoutCancel(ctx)))
}

// HeedErasures carries out every erasure that the book has and the workspace has not, in all of [workspace.Places]: stores
// first, then snapshots, quarantine, what reviewers decided, and what the resolver remembers. It is noted as done when all of
// it is: killed anywhere, a repetition ends the same. The run is the pipeline's, and its caller holds the lease.
func (n *Night) HeedErasures(ctx context.Context, r *pipelines.Run) error {
	if err := n.ws.HeedErasures(ctx); err != nil {
		return err
	}
	rest, err := n.ws.Unheeded(ctx)
	if err != nil || len(rest) == 0 {
		return err
	}
	if !slices.ContainsFunc(rest, erasures.Entry.Erases) { // words are the register's alone
		end := rest[len(rest)-1]
		return n.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error {
			return ledger.SetErasureHead(ctx, tx, ledger.OfFiles, end.Number, end.Chain)
		})
	}
	other := New(n.ws, n.layouts, n.pack, nil, n.check) // what it recalls is of before, and nobody else's
	if err := other.heedBook(ctx, r, rest); err != nil {
		return err
	}
	if err := n.ws.RegisterDB.Scrub(ctx); err != nil {
		return err
	}
	if err := n.sweepSnapshots(ctx, r.Pipeline); err != nil {
		return err
	}
	return n.SweepState(ctx)
}

// heedBook cleans what is beside the stores of everybody whom some entries of the book name.
func (n *Night) heedBook(ctx context.Context, r *pipelines.Run, book []erasures.Entry) error {
	last, err := LastNight(ctx, n.ws.RegisterDB, r.Pipeline)
	if err != nil {
		return err
	}
	traces := n.tracesOf(book)
	if n.engine, err = n.recallEngine(ctx, r); err != nil {
		return err
	}
	if err := n.recallDecisions(ctx, r); err != nil {
		return err
	}
	if err := n.heed(ctx, n.engine, dateOf(last)); err != nil { // everybody is who they are in the register
		return err
	}
	if n.resolved, err = n.engine.Resolve(); err != nil {
		return err
	}
	bearers := n.bearers(book, &traces)
	gone := func(k resolve.Key) bool { return traces.key(k.System, k.PersonKey) }
	var subjects []string
	for _, e := range book {
		if e.Erases() {
			subjects = append(subjects, e.Subject)
		}
	}
	n.unsettle(traces.key, subjects...)
	n.engine.ForgetRecords(gone)
	n.resolved.Review = slices.DeleteFunc(n.resolved.Review, func(c resolve.Candidate) bool { return gone(c.A) || gone(c.B) })
	night, err := n.ws.Register.Begin(ctx)
	if err != nil {
		return err
	}
	defer night.Rollback()
	if _, err := n.cleanSnapshots(ctx, night, r.Pipeline, traces); err != nil {
		return err
	}
	if _, err := n.cleanQuarantine(ctx, night, traces); err != nil {
		return err
	}
	if err := n.ws.Work.RemoveRuns(r.Pipeline); err != nil { // spools of a night that was at work when the backup was made
		return err
	}
	if err := forgetReview(ctx, night.Tx(), sortedKeys(traces.records)); err != nil {
		return err
	}
	if err := night.MarkErased(ctx, bearers); err != nil {
		return err
	}
	if last != "" {
		mem, err := n.remember(r)
		if err != nil {
			return err
		}
		if err := mem.commit(ctx, night.Tx(), r); err != nil {
			return err
		}
	}
	end := book[len(book)-1]
	if err := ledger.SetErasureHead(ctx, night.Tx(), ledger.OfFiles, end.Number, end.Chain); err != nil {
		return err
	}
	if err := n.check(ctx, night.Tx()); err != nil {
		return err
	}
	return night.Commit()
}
