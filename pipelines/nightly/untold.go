package nightly

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/layout"
	"uoma/transforms/quality"
)

// NoticeFacts is what the side-car of a list says of telling its people where the list is from (GDPR 14).
type NoticeFacts struct {
	Says     string `json:"says"` // sent, due or exempt
	Obtained string `json:"obtained_at,omitempty"`
	Told     string `json:"told,omitempty"` // date of the last list of the feed that did not say due: whoever was in the register by then needs no word
}

// notice gives what the side-car of an export says, with what those of the feed's lists before said.
func (n *Night) notice(ctx context.Context, r *pipelines.Run, feed string, src export) (*NoticeFacts, error) {
	f, ok := src.(*file)
	if !ok || f.beside == nil || f.beside.notice == nil {
		return nil, nil
	}
	out := *f.beside.notice
	if out.Says != layout.NoticeDue {
		out.Told = r.Date.String()
		return &out, nil
	}
	marks, err := ledger.Watermarks(ctx, n.ws.RegisterDB, r.Pipeline)
	if err != nil {
		return nil, err
	}
	before, err := n.loadedNotice(ctx, marks, feed)
	if before != nil {
		out.Told = before.Told
	}
	return &out, err
}

// loadedNotice gives what is known of the list that the register was last loaded from, nil of none.
func (n *Night) loadedNotice(ctx context.Context, marks []ledger.Watermark, feed string) (*NoticeFacts, error) {
	at := slices.IndexFunc(marks, func(w ledger.Watermark) bool { return w.Feed == feed })
	if at < 0 {
		return nil, nil
	}
	s, known, err := ledger.FindSnapshot(ctx, n.ws.RegisterDB, feed, marks[at].LogicalDate, marks[at].Snapshot)
	if err != nil || !known {
		return nil, err
	}
	return n.noticeIn(ctx, s.Run, feed)
}

// noticeIn gives what a run learnt from the side-car of a feed's list.
func (n *Night) noticeIn(ctx context.Context, run, feed string) (*NoticeFacts, error) {
	st, found, err := ledger.FindStage(ctx, n.ws.RegisterDB, run, land{}.Name())
	if err != nil || !found {
		return nil, err
	}
	var facts LandFacts
	if err := json.Unmarshal([]byte(st.Facts), &facts); err != nil {
		return nil, err
	}
	at := slices.IndexFunc(facts.Feeds, func(ff FeedFacts) bool { return ff.Feed == feed })
	if at < 0 {
		return nil, nil
	}
	return facts.Feeds[at].Notice, nil
}

// untold gives the lists of whose people some are still to be told: by feed and last day. Somebody whom several lists named is
// owed a word since the first of them.
func (n *Night) untold(ctx context.Context, r *pipelines.Run, marks []ledger.Watermark) (out []quality.Untold, err error) {
	owing := map[string]*NoticeFacts{}
	n.each(func(_ *layout.Layout, f *layout.Feed) {
		if err != nil || f.Sidecar == nil {
			return
		}
		var says *NoticeFacts
		if says, err = n.loadedNotice(ctx, marks, f.FullName()); says != nil && says.Says == layout.NoticeDue {
			owing[f.FullName()] = says
		}
	})
	for _, feed := range sortedKeys(owing) {
		if err != nil {
			return nil, err
		}
		var first map[string]string
		err = n.ws.Register.See(ctx, func(v *register.View) (err error) {
			first, err = v.FirstSeen(ctx, feed)
			return err
		})
		if err != nil {
			return nil, err
		}
		people := map[string]int64{} // by run that first saw them
		for _, run := range first {
			people[run]++
		}
		by := map[canon.Date]int64{}
		for _, run := range sortedKeys(people) {
			last, owed, err := n.tellBy(ctx, run, feed, owing[feed])
			if err != nil {
				return nil, err
			}
			if owed {
				by[last] += people[run]
			}
		}
		for _, last := range slices.Sorted(maps.Keys(by)) {
			out = append(out, quality.Untold{Feed: feed, People: by[last], By: last.String(), Overdue: last < r.Date})
		}
	}
	return out, err
}

// tellBy gives the last day on which people may be told whom a run first saw in a list. owed is false when a list since, or that
// one, says that they were or need not be.
func (n *Night) tellBy(ctx context.Context, run, feed string, now *NoticeFacts) (last canon.Date, owed bool, err error) {
	seen, known, err := ledger.FindRun(ctx, n.ws.RegisterDB, run)
	if err != nil || known && seen.LogicalDate <= now.Told {
		return 0, false, err
	}
	says, err := n.noticeIn(ctx, run, feed)
	if err != nil {
		return 0, false, err
	}
	if says == nil { // by a program that kept nothing of side-cars, or a list that came before there were any
		says = now
	}
	last, owed = says.tellBy(seen.LogicalDate)
	return last, owed, nil
}

// tellBy gives the last day on which the people of a list that was first seen on a date may be told: a month after it was
// obtained (GDPR 14(3)(a)), or after it was seen where nobody knows when that was. A list that no day is known of owes nothing.
func (f *NoticeFacts) tellBy(seen string) (last canon.Date, owed bool) {
	for _, text := range []string{f.Obtained, seen} {
		if day, err := canon.ParseDate(text); err == nil {
			return day.AddMonths(1), f.Says == layout.NoticeDue
		}
	}
	return 0, false
}
