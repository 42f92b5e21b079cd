package nightly

import (
	"context"
	"errors"
	"fmt"
	"time"

	"uoma/connectors/charset"
	"uoma/connectors/odata"
	"uoma/connectors/snapshot"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/layout"
)

// ChangesFacts is what landing a feed left behind whose layout asks for changes.
type ChangesFacts struct {
	Since   string `json:"since,omitempty"`        // from where on the next night asks, "" when it cannot
	Alone   bool   `json:"alone"`                  // what changed was read, and nothing else
	Changed int64  `json:"changed"`                // entities that the service called new or changed
	Removed int64  `json:"removed"`                // entities that it called gone
	Whole   string `json:"read_in_full,omitempty"` // why all rows were read though changes could have been asked for
}

// position is from where on a feed's changes are asked for. It belongs to the snapshot that the feed's watermark names,
// since both are committed with the night that took it; so a night that is given up leaves the position of the one before,
// and the next one is told of the same changes again.
type position struct {
	Feed   string `parquet:"feed"`
	Layout string `parquet:"layout"` // digest of the layout that named the columns
	Since  string `parquet:"since"`
}

// recallPositions gives the positions of the last committed night, by feed.
func (n *Night) recallPositions(ctx context.Context, r *pipelines.Run) (map[string]position, error) {
	rows, err := recallRows[position](ctx, n, r, stateChanges)
	out := make(map[string]position, len(rows))
	for _, p := range rows {
		out[p.Feed] = p
	}
	return out, err
}

// positionsToRemember gives the positions after tonight: those of feeds that did not land are as they were.
func (n *Night) positionsToRemember() []position {
	var out []position
	for _, feed := range sortedKeys(n.positions) {
		if n.feeds[feed] == nil {
			out = append(out, n.positions[feed])
		}
	}
	for _, f := range n.landed() {
		if c := f.facts.Changes; c != nil && c.Since != "" {
			out = append(out, position{f.feed.FullName(), f.layout.Digest(), c.Since})
		}
	}
	return out
}

// open opens a feed's export: all of it, or what changed since the last night, put into the last night's snapshot.
func (s land) open(ctx context.Context, r *pipelines.Run, files Files, l *layout.Layout, f *layout.Feed, ff *FeedFacts, reject func(canon.Rejection)) (export, error) {
	if f.OData != nil && f.OData.Changes {
		ff.Changes = &ChangesFacts{}
		e, err := s.changed(ctx, files, l, f, ff)
		var why *fault.Error
		switch {
		case err == nil && e != nil:
			r.Log.Info("asked for changes alone", "feed", ff.Feed, "changed", ff.Changes.Changed, "removed", ff.Changes.Removed)
			return e, nil
		case errors.As(err, &why) && (why.Code == odata.ErrExpired.Code || why.Code == odata.ErrUnclear.Code):
			ff.Changes.Whole = why.Code + ": " + why.Message
			r.Log.Warn("read in full", "feed", ff.Feed, "code", why.Code, "reason", why.Message)
		case err != nil:
			return nil, err
		}
	}
	return openExport(ctx, files, s.n.ws.Work, workName(r, "export", ff.Feed), f, ff.File, reject)
}

// changed gives a feed's export made of its last snapshot and of what changed since, or nil when there is nothing to begin
// from.
func (s land) changed(ctx context.Context, files Files, l *layout.Layout, f *layout.Feed, ff *FeedFacts) (export, error) {
	p, known := s.n.positions[ff.Feed]
	switch {
	case ff.Previous == "":
		return nil, nil
	case !known:
		ff.Changes.Whole = "the last night left nothing from which changes could be asked for"
		return nil, nil
	case p.Layout != l.Digest():
		ff.Changes.Whole = "the layout is another than last night"
		return nil, nil
	case !s.n.ws.Snapshots.Has(ff.Previous, snapshot.Ext):
		ff.Changes.Whole = "the last night's snapshot is not there"
		return nil, nil
	}
	options, err := tabularOptions(f, ff.File, nil)
	if err != nil {
		return nil, err
	}
	changes, err := files.Changed(ctx, f, options, p.Since)
	if err != nil {
		return nil, err
	}
	for _, at := range changes.Last {
		if at == odata.Removed {
			ff.Changes.Removed++
		} else {
			ff.Changes.Changed++
		}
	}
	ff.Changes.Alone = true
	return &increment{night: s.n, feed: f, base: ff.Previous, changes: changes}, nil
}

// text says for the report how the rows were read.
func (c *ChangesFacts) text() string {
	switch {
	case c == nil:
		return ""
	case c.Whole != "":
		return "read in full: " + c.Whole
	case c.Alone:
		return fmt.Sprintf("read as changes: %d changed, %d gone", c.Changed, c.Removed)
	}
	return "read in full for the first time"
}

// closed notes from where on the next night asks. Rows that are not in the snapshot, or without a key there, would be lost
// to it: behind them everything is read again.
func (c *ChangesFacts) closed(e export, rows []rowPrint, rejected int) {
	t, tracked := e.(interface{ Since() string })
	if c == nil || !tracked || rejected > 0 {
		return
	}
	for i := range rows {
		if rows[i].id == (rowID{}) {
			return
		}
	}
	c.Since = t.Since()
}

// increment is the export of a feed as it would be read in full: the rows of the last snapshot, but for those of entities
// that are gone, with those that changed in their places and the new ones behind them.
type increment struct {
	night   *Night
	feed    *layout.Feed
	base    string // digest of the last snapshot
	changes *odata.Changes
	rows    int64
}

// Batches implements [tabular.Reader].
func (e *increment) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		table := e.feed.RawTable()
		out, key := canon.NewBuilder(table, table.Name), canon.RawFirst+e.feed.Index(e.feed.Key[0][0])
		full := func() bool { return out.Len() < canon.BatchRows || yield(out.Flush(), nil) }
		given := make([]bool, len(e.changes.Keys))
		for b, err := range snapshot.Read(ctx, e.night.ws.Snapshots, e.base, e.feed.FullName(), names(table)) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range b.Len() {
				if b.Col(key).Null(i) {
					continue // its person was erased
				}
				at, changed := e.changes.Last[odata.Key(b.Col(key).Text(i))]
				switch {
				case !changed:
					e.add(out, b, i)
				case at != odata.Removed && !given[at]:
					given[at] = true
					e.add(out, e.changes.Rows, at)
				}
				if !full() {
					return
				}
			}
		}
		for at, key := range e.changes.Keys {
			if e.changes.Last[key] == at && !given[at] {
				e.add(out, e.changes.Rows, at)
			}
			if !full() {
				return
			}
		}
		if out.Len() > 0 {
			yield(out.Flush(), nil)
		}
	}
}

// add gives a row the number that it has in tonight's snapshot.
func (e *increment) add(out *canon.Builder, b *canon.Batch, i int) {
	e.rows++
	out.Int(canon.RawLine, e.rows)
	for c := canon.RawKinds; c < len(b.Table.Columns); c++ {
		out.Copy(c, b.Col(c), i)
	}
	out.EndRow()
}

// Summary implements [tabular.Reader].
func (e *increment) Summary() tabular.Summary {
	return tabular.Summary{Rows: e.rows, Encoding: charset.UTF8}
}

// Since gives from where on the next night asks.
func (e *increment) Since() string { return e.changes.Since }

// Extracted is not known: the service does not say of when its changes are.
func (*increment) Extracted() time.Time { return time.Time{} }
func (*increment) Verify() error        { return nil }
func (*increment) Sum() string          { return "" }
func (*increment) Close() error         { return nil }
