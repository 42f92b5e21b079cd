package nightly

import (
	"context"
	"fmt"

	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/resolve"
)

// ResolveFacts is what the stage leaves in the ledger.
type ResolveFacts struct {
	resolve.Stats
	Created  int  `json:"created"`
	Merged   int  `json:"merged"`
	Split    int  `json:"split"`
	Vanished int  `json:"vanished"`
	Accepted bool `json:"accepted"` // drift was found right by whoever ran the night
	// Circles counts by system how often people were merged into each other, so that none of them stays.
	Circles map[string]int `json:"merged_in_circles,omitempty"`
}

// resolveStage finds the subject of every record.
type resolveStage struct{ n *Night }

func (resolveStage) Name() string { return "resolve" }

func (s resolveStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	e := s.n.engine
	for _, f := range s.n.landed() {
		for _, key := range f.over() {
			e.Remove(f.feed.FullName(), string(key))
		}
		if err := s.add(ctx, r, f); err != nil {
			return nil, err
		}
	}
	if err := s.n.heed(ctx, e, r.Date.String()); err != nil {
		return nil, err
	}
	circles := circlesOf(mergesOf(e.Members()))
	for _, system := range sortedKeys(circles) {
		r.Log.Warn("merged in a circle", "system", system, "circles", circles[system], "code", errCircle.Code, "reason", errCircle.Message, "next", errCircle.Hint)
	}
	if r.AcceptDrift {
		e.LearnAnew() // what was found right is what later nights expect
	}
	res, err := e.Resolve()
	if err != nil {
		return nil, err
	}
	if err := s.n.gate(r, &res.Stats.Linkage); err != nil {
		return nil, err
	}
	s.n.resolved = res
	facts := ResolveFacts{Stats: res.Stats, Accepted: r.AcceptDrift, Circles: circles}
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

// Drift of the evidence stops a night from maxDrift bits on, if at least leastDrift linked pairs show it.
const (
	maxDrift   = 3
	leastDrift = 500
)

var errDrift = fault.New("UOMA-RES-DRIFT", "what records of one person have in common is not what it was, so nothing was loaded",
	"look at the field in the exports of the night: a system may write it in another way; if the change is right, run with --accept-drift")

// gate stops the night before anything is loaded when records agree in another way than the model expects: when a system
// writes dates in another form, the night would part people by the thousand. A register that is too small for a model of its
// own is weighed by one of other people, from whom it may differ.
func (n *Night) gate(r *pipelines.Run, l *resolve.Linkage) error {
	if l.Shipped || l.Drift <= maxDrift || !l.Learned && l.Linked < leastDrift {
		return nil
	}
	drift := fmt.Sprintf("%s by %.1f bits", l.Drifted, l.Drift)
	if r.AcceptDrift || n.replayOf != nil {
		r.Log.Warn("drift of the evidence was accepted", "run", r.ID(), "drift", drift)
		return nil
	}
	return errDrift.At(fault.Place{Field: drift})
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
