package nightly

import (
	"context"

	"uoma/pipelines"
	"uoma/transforms/resolve"
)

// ResolveFacts is what the stage leaves in the ledger.
type ResolveFacts struct {
	resolve.Stats
	Created  int `json:"created"`
	Merged   int `json:"merged"`
	Split    int `json:"split"`
	Vanished int `json:"vanished"`
}

// resolveStage finds the subject of every record.
type resolveStage struct{ n *Night }

func (resolveStage) Name() string { return "resolve" }

func (s resolveStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	e, err := s.n.recallEngine(ctx, r)
	if err != nil {
		return nil, err
	}
	s.n.engine = e
	for _, f := range s.n.landed() {
		for _, key := range f.changes.removed {
			e.Remove(f.feed.FullName(), string(key))
		}
		if err := s.add(ctx, r, f); err != nil {
			return nil, err
		}
	}
	if err := s.n.heed(ctx, e, r.Date.String()); err != nil {
		return nil, err
	}
	res := e.Resolve()
	s.n.resolved = res
	facts := ResolveFacts{Stats: res.Stats}
	var tonight changesOfWho
	for _, ev := range res.Events {
		switch ev.Kind {
		case resolve.Created:
			tonight.Created++
		case resolve.Merged:
			tonight.Merged++
		case resolve.Split:
			tonight.Split++
		case resolve.Vanished:
			tonight.Vanished++
		}
	}
	s.n.who.add(tonight)
	facts.Created, facts.Merged, facts.Split, facts.Vanished = s.n.who.Created, s.n.who.Merged, s.n.who.Split, s.n.who.Vanished
	return facts, nil
}

// add gives the resolver the identity facts of a feed's spooled rows.
func (s resolveStage) add(ctx context.Context, r *pipelines.Run, f *feedNight) error {
	spool, err := s.n.ws.Work.Open(workName(r, "conform", f.feed.FullName()))
	if err != nil {
		return err
	}
	defer spool.Close()
	for b, err := range spoolBatches(spool) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.n.engine.Add(b)
		r.Progress.Advance(int64(b.Len()), "canonical rows")
	}
	return nil
}
