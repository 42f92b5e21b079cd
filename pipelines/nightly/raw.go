package nightly

import (
	"context"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
)

// sweepRaw removes snapshots and quarantined rows whose own time is over, and snapshots that the ledger does not know: a
// killed program left them. Those that the next night compares with stay, however old. It tells how many went.
func (n *Night) sweepRaw(ctx context.Context, date canon.Date, pipeline string) (dropped int, err error) {
	before := (date - canon.Date(n.ws.Settings.Retention.RawDays)).String()
	needed, err := n.neededSnapshots(ctx, pipeline)
	if err != nil {
		return 0, err
	}
	err = n.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) (err error) {
		dropped, err = ledger.DropSnapshots(ctx, tx, before, needed)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := n.sweepSnapshots(ctx, pipeline); err != nil {
		return dropped, err
	}
	runs, err := ledger.Runs(ctx, n.ws.RegisterDB, pipeline, maxRuns)
	if err != nil {
		return dropped, err
	}
	for _, run := range runs {
		if run.LogicalDate < before {
			if err := n.ws.Quarantine.Remove(run.ID); err != nil {
				return dropped, err
			}
		}
	}
	return dropped, nil
}

// sweepSnapshots removes snapshots that the ledger does not name.
func (n *Night) sweepSnapshots(ctx context.Context, pipeline string) error {
	keep, err := n.neededSnapshots(ctx, pipeline)
	if err != nil {
		return err
	}
	known, err := ledger.Digests(ctx, n.ws.RegisterDB)
	if err != nil {
		return err
	}
	for _, d := range known {
		keep[d] = true
	}
	return n.ws.Snapshots.SweepDigests(snapshot.Ext, keep)
}

// neededSnapshots gives the snapshots that a pipeline's next night reads.
func (n *Night) neededSnapshots(ctx context.Context, pipeline string) (map[string]bool, error) {
	out := map[string]bool{}
	marks, err := ledger.Watermarks(ctx, n.ws.RegisterDB, pipeline)
	if err != nil {
		return nil, err
	}
	for _, m := range marks {
		out[m.Snapshot] = true
	}
	last, found, err := ledger.FindState(ctx, n.ws.RegisterDB, pipeline, stateRows)
	if err != nil || !found {
		return out, err
	}
	rows, err := snapshot.ReadRows[rememberedFeed](n.ws.State, last.Digest)
	for _, f := range rows {
		out[f.Snapshot], out[f.Base] = true, true
	}
	return out, err
}
