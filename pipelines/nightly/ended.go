package nightly

import (
	"context"
	"math"
	"slices"
	"strings"

	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
)

// EndedRow is a source row whose time is over: the register has let go of it ([Night.ApplyRetention]), and its source had it
// still when the register was loaded last.
type EndedRow struct {
	Feed     string
	Key      string // the source's own key of the row, parts joined by [canon.KeySeparator]
	Category string
	Anchor   string // the event that the period counted from
	Since    canon.Date
	Due      canon.Date // last day of the period
	Clause   string
	Held     bool // the row says that it is held: it has come under a case since
	// Cells are its canonical values, keys as the source has them.
	Cells map[string]string
}

// List is the last export of a feed that was loaded.
type List struct {
	Feed   string
	Date   canon.Date // its night
	Unread []string   // keys of rows that the register has let go of and that cannot be read tonight
	Torn   bool       // lines of it could not be read as rows, so that a row that it has not may stand in it
}

// EndedRows gives the ended rows of a canonical table, of the feeds of one system, and calls listed for the key of each row that
// the feeds' last exports have, ended or not. Nothing of a row stands in the register any more, and what the source calls it
// never did: both are read from the snapshot. It writes nothing.
func EndedRows(ctx context.Context, ws *workspace.Workspace, pack *policy.Pack, r *pipelines.Run, system, table string, listed func(feed, key string)) (rows []EndedRow, lists []List, err error) {
	layouts, err := ws.Layouts()
	if err != nil {
		return nil, nil, err
	}
	marks, err := ledger.Watermarks(ctx, ws.RegisterDB, "nightly")
	if err != nil {
		return nil, nil, err
	}
	e := &ended{n: &Night{ws: ws, pack: pack, layouts: layouts}, r: r, table: table, listed: listed}
	if e.n.lapses, err = e.n.recallLapses(ctx); err != nil {
		return nil, nil, err
	}
	e.n.each(func(l *layout.Layout, f *layout.Feed) {
		at := slices.IndexFunc(marks, func(w ledger.Watermark) bool { return w.Feed == f.FullName() })
		if err != nil || l.System != system || at < 0 {
			return
		}
		list := List{Feed: f.FullName()}
		if list.Date, err = canon.ParseDate(marks[at].LogicalDate); err == nil {
			if list.Torn, err = torn(ctx, ws, marks[at]); err == nil {
				list.Unread, err = e.feed(ctx, l, f, marks[at].Snapshot)
			}
			lists = append(lists, list)
		}
	})
	return e.rows, lists, err
}

// torn tells whether lines of the export behind a watermark were quarantined before they were rows of its snapshot.
func torn(ctx context.Context, ws *workspace.Workspace, mark ledger.Watermark) (bool, error) {
	s, known, err := ledger.FindSnapshot(ctx, ws.RegisterDB, mark.Feed, mark.LogicalDate, mark.Snapshot)
	if err != nil || !known {
		return false, err
	}
	rows, err := ledger.QuarantineOf(ctx, ws.RegisterDB, s.Run, mark.Feed, math.MaxInt32)
	return slices.ContainsFunc(rows, func(q ledger.Quarantined) bool { return q.Stage == land{}.Name() }), err
}

var errLayoutSince = fault.New("UOMA-OUT-LAYOUT", "the layout reads other columns than when the source's last export was loaded", "run the nightly pipeline first, which reads the export by the layout of now")

// ended is the state of [EndedRows].
type ended struct {
	n      *Night
	r      *pipelines.Run
	table  string
	listed func(feed, key string)
	rows   []EndedRow
}

// feed takes the ended rows of a feed, and gives the keys of those that cannot be read.
func (e *ended) feed(ctx context.Context, l *layout.Layout, f *layout.Feed, digest string) (unread []string, err error) {
	ws, tokens, feed := e.n.ws, e.n.ws.SourceTokens(), f.FullName()
	var places []int32
	place := int32(0)
	err = snapshot.Keys(ws.Snapshots, digest, func(key []byte, _ snapshot.Hash) {
		e.listed(feed, string(key))
		if e.n.lapses[protect.SourceKey(tokens, feed, string(key))] != nil {
			places = append(places, place)
		}
		place++
	})
	if err != nil || len(places) == 0 {
		return nil, err
	}
	wanted := names(f.RawTable())
	had, err := snapshot.Columns(ws.Snapshots, digest)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(wanted, func(c string) bool { return !slices.Contains(had, c) }) {
		return nil, errLayoutSince.At(fault.Place{Field: feed})
	}
	c, err := conform.New(l, f, e.n.conformSettings(e.r))
	if err != nil {
		return nil, err
	}
	at := map[string]int{} // of a source row: its place among ours
	sink := c.NewSink(func(b *canon.Batch) error {
		if b.Table.Name == e.table {
			e.take(b, at)
		}
		return nil
	}, func(x canon.Rejection) error {
		unread = append(unread, x.Key)
		return nil
	})
	for b, err := range snapshot.Select(ctx, ws.Snapshots, digest, feed, wanted, places) {
		if err != nil {
			return nil, err
		}
		if err := c.Batch(b, sink); err != nil {
			return nil, err
		}
	}
	return unread, sink.Flush()
}

// take notes the rows of a batch whose time is over by the pack in force.
func (e *ended) take(b *canon.Batch, at map[string]int) {
	tokens, loader, hold := e.n.ws.SourceTokens(), e.n.pack.Loader(e.r.Date), b.Table.Index("hold")
	category := loader.Table(b.Feed, e.table).Category
	for i := range b.Len() {
		key := strings.Clone(b.Col(canon.RowKey).Text(i))
		held := hold >= 0 && b.Col(hold).Bool(i)
		if n, seen := at[key]; seen { // several rows of a source row are one
			e.rows[n].Held = e.rows[n].Held || held
			continue
		}
		x := e.n.lapses.of(protect.SourceKey(tokens, b.Feed, key), category)
		if x == nil {
			continue
		}
		anchor, known := policy.ParseAnchor(x.Anchor)
		item := policy.Item{Category: category, Feed: b.Feed}
		item.Anchors.Set(anchor, x.Day)
		d, due := e.n.pack.DueAt(&item, e.r.Date)
		if !known || !due || !d.Action.Ends() { // by another pack its time is not over
			continue
		}
		row := EndedRow{Feed: b.Feed, Key: key, Category: category, Anchor: x.Anchor, Since: x.Day, Due: max(x.Day, d.DueDate-1), Clause: x.Clause, Held: held, Cells: map[string]string{}}
		for n := len(canon.Provenance()); n < len(b.Table.Columns); n++ {
			row.Cells[b.Table.Columns[n].Name] = string(b.Col(n).AppendTo(nil, i))
		}
		at[key] = len(e.rows)
		e.rows = append(e.rows, row)
	}
}
