package nightly

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

var errNoSnapshot = fault.New("UOMA-BKF-SNAPSHOT", "no run up to the date has taken a good snapshot of the feed",
	"begin the backfill at a later date, or put the old export into the inbox and run the nightly for its date").For(fault.Source)

// NewReplay prepares a night in scratch over the snapshots that of's runs took, instead of an inbox. What it does depends
// on nothing but them, of's policy and layouts, and the nights replayed before it.
func NewReplay(scratch, of *workspace.Workspace, layouts []*layout.Layout, pack *policy.Pack, check func(context.Context, *sqlx.Tx) error) *Night {
	n := New(scratch, layouts, pack, nil, check)
	n.replayOf = of
	return n
}

// Prepare gives a scratch workspace what it must not be without: the list of erased people, what has lapsed since and the
// words that are kept of it, what was decided of who is who, and what was said by hand.
func Prepare(ctx context.Context, scratch, of *workspace.Workspace) error {
	list, err := of.Vault.Suppressed(ctx)
	if err != nil {
		return err
	}
	return errors.Join(scratch.Vault.Suppress(ctx, sortedValues(list)), copyDecisions(ctx, scratch, of), copyLapses(ctx, scratch, of),
		rights.CopyWords(ctx, scratch.Register, of.Register))
}

// copyLapses copies what is known of data that is gone.
func copyLapses(ctx context.Context, scratch, of *workspace.Workspace) error {
	words, err := of.Vault.Words(ctx)
	if err != nil {
		return err
	}
	if err := scratch.Vault.KeepWords(ctx, slices.Concat(sortedValues(words)...)); err != nil {
		return err
	}
	var all []register.Lapse
	for l, err := range of.Register.Lapses(ctx) {
		if err != nil {
			return err
		}
		all = append(all, l)
	}
	looks, err := ledger.RetentionReviews(ctx, of.RegisterDB)
	if err != nil {
		return err
	}
	night, err := scratch.Register.Begin(ctx)
	if err != nil {
		return err
	}
	defer night.Rollback()
	if err := night.Lapse(ctx, all); err != nil {
		return err
	}
	for _, v := range looks {
		if _, err := ledger.AddRetentionReview(ctx, night.Tx(), v); err != nil {
			return err
		}
	}
	return night.Commit()
}

func sortedValues[V any](m map[string]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, m[k])
	}
	return out
}

// replay stands in for land.
type replay struct{ n *Night }

func (replay) Name() string { return "land" }

// Durable marks the checkpoint: the facts name the snapshots.
func (replay) Durable() {}

func (s replay) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	taken, err := Taken(ctx, s.n.replayOf, r.Pipeline, r.Date)
	if err != nil {
		return nil, err
	}
	marks, err := s.n.marks(ctx, r)
	if err != nil {
		return nil, err
	}
	var facts []FeedFacts
	s.n.each(func(l *layout.Layout, f *layout.Feed) {
		ff, found := taken[f.FullName()]
		if !found {
			ff = FeedFacts{Feed: f.FullName()}
			ff.fail(errNoSnapshot)
		}
		ff.Changes = nil // what was asked for then is no position of now
		ff.Previous = marks[ff.Feed]
		if ferr := s.guard(ctx, r, l, f, &ff); ferr != nil {
			err = errors.Join(err, ferr)
		}
		facts = append(facts, ff)
	})
	if err != nil {
		return nil, err
	}
	return landFacts(r, facts), nil
}

// guard compares with the night replayed before; a feed that lost too much stops as it would have.
func (s replay) guard(ctx context.Context, r *pipelines.Run, l *layout.Layout, f *layout.Feed, ff *FeedFacts) error {
	if ff.Digest == "" {
		return nil
	}
	rows, err := prints(s.n.ws.Snapshots, ff.Digest)
	if err == nil {
		err = s.n.guard(ctx, r, l, f, ff, rows)
	}
	var e *fault.Error
	if err = ofSource(err); errors.As(err, &e) && e.Scope != fault.Run {
		ff.fail(e)
		return nil
	}
	return err
}

// Taken gives the last good snapshot of each feed that the runs of a pipeline took up to a date.
func Taken(ctx context.Context, ws *workspace.Workspace, pipeline string, date canon.Date) (map[string]FeedFacts, error) {
	runs, err := ledger.Runs(ctx, ws.RegisterDB, pipeline, maxRuns)
	if err != nil {
		return nil, err
	}
	out := map[string]FeedFacts{}
	for _, run := range runs { // newest first
		if run.LogicalDate > date.String() || run.State != ledger.Finished && run.State != ledger.Partial {
			continue
		}
		st, found, err := ledger.FindStage(ctx, ws.RegisterDB, run.ID, "land")
		if err != nil {
			return nil, err
		}
		var facts LandFacts
		if !found || json.Unmarshal([]byte(st.Facts), &facts) != nil {
			continue
		}
		for _, ff := range facts.Feeds {
			if _, known := out[ff.Feed]; !known && ff.Digest != "" {
				out[ff.Feed] = ff
			}
		}
	}
	return out, nil
}

// maxRuns is how far back a backfill looks for snapshots: more nights than any retention of snapshots keeps.
const maxRuns = 10_000
