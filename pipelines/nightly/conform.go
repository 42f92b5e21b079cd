package nightly

import (
	"context"
	"encoding/json"
	"runtime"
	"sort"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/blob"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
	"uoma/transforms/protect"
	"uoma/transforms/pseudonym"
)

// FeedRows is what became of a feed's rows on their way through conform. Together with what protect withholds they add
// up: read = loaded + unchanged + merged + quarantined + withheld.
type FeedRows struct {
	Feed        string           `json:"feed"`
	Read        int64            `json:"read"`
	Before      int64            `json:"before"` // rows of the last good snapshot
	Added       int64            `json:"added"`
	Changed     int64            `json:"changed"`
	Removed     int64            `json:"removed"`
	Unchanged   int64            `json:"unchanged"` // and loaded on an earlier night
	Merged      int64            `json:"merged"`
	Quarantined int64            `json:"quarantined"`
	Reasons     map[string]int64 `json:"reasons,omitempty"` // quarantined rows by code
	Fields      []conform.Field  `json:"fields"`
	Tables      map[string]int64 `json:"tables"` // canonical rows spooled, by table
}

// ConformFacts is what the stage leaves in the ledger.
type ConformFacts struct {
	Feeds []FeedRows `json:"feeds"`
	// Redone tells that every row of some feed was conformed anew, as settings, layouts, policy or program are others than
	// when it was loaded last.
	Redone bool `json:"redone,omitempty"`
}

// conformStage turns the rows of snapshots into canonical rows.
type conformStage struct{ n *Night }

func (conformStage) Name() string { return "conform" }

func (n *Night) conformSettings(r *pipelines.Run) conform.Settings {
	return conform.Settings{RunDate: r.Date, AllowTemporary: n.ws.Settings.TemporaryIdentifiers, AllowSynthetic: n.ws.Settings.TemporaryIdentifiers}
}

func (s conformStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	var landed LandFacts
	if err := r.Fact("land", &landed); err != nil {
		return nil, err
	}
	if err := s.n.forward(ctx, r); err != nil { // this run may have landed before the later one
		return nil, err
	}
	if err := s.n.sweep(r); err != nil {
		return nil, err
	}
	if err := s.n.recall(ctx, r, landed); err != nil {
		return nil, err
	}
	out := ConformFacts{Redone: s.n.redo}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range s.n.landed() {
		g.Go(func() error {
			rows, err := s.feed(gctx, r, f)
			if err != nil {
				return err
			}
			s.n.mu.Lock()
			defer s.n.mu.Unlock()
			out.Feeds = append(out.Feeds, rows)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	sort.Slice(out.Feeds, func(i, j int) bool { return out.Feeds[i].Feed < out.Feeds[j].Feed })
	return out, nil
}

// recall fills in what a resumed run has only in the ledger: the landed feeds and their changes.
func (n *Night) recall(ctx context.Context, r *pipelines.Run, landed LandFacts) error {
	facts := map[string]FeedFacts{}
	for _, ff := range landed.Feeds {
		facts[ff.Feed] = ff
	}
	var err error
	if err := n.recallDecisions(ctx, r); err != nil {
		return err
	}
	n.each(func(l *layout.Layout, f *layout.Feed) {
		ff := facts[f.FullName()]
		if ff.Digest == "" || err != nil {
			delete(n.feeds, f.FullName())
			return
		}
		fn := n.feeds[f.FullName()]
		if fn == nil {
			fn = &feedNight{}
			n.feeds[f.FullName()] = fn
		}
		fn.layout, fn.feed, fn.facts = l, f, ff
		if fn.changes == nil {
			fn.changes, err = compare(n.ws.Snapshots, ff.Previous, ff.Digest)
		}
		if err == nil && ff.Previous != "" && n.mustRedo(ff.Feed) {
			fn.changes.redo()
			n.redo = true
		}
	})
	return err
}

// landed gives the feeds that have a snapshot, in a fixed order.
func (n *Night) landed() []*feedNight {
	var out []*feedNight
	n.each(func(_ *layout.Layout, f *layout.Feed) {
		if fn := n.feeds[f.FullName()]; fn != nil {
			out = append(out, fn)
		}
	})
	return out
}

// feed conforms one feed. Every row is conformed, so that the counts of fields are those of the whole export; only rows
// that are new, changed or were withheld last night are spooled.
func (s conformStage) feed(ctx context.Context, r *pipelines.Run, f *feedNight) (FeedRows, error) {
	name := f.feed.FullName()
	c, err := conform.New(f.layout, f.feed, s.n.conformSettings(r))
	if err != nil {
		return FeedRows{}, err
	}
	out, err := s.n.ws.Work.Create()
	if err != nil {
		return FeedRows{}, err
	}
	defer out.Discard()
	w := &conforming{n: s.n, out: out, f: f, c: c, members: newMembership(), tokens: s.n.ws.SourceTokens(), rows: FeedRows{
		Feed: name, Before: int64(f.changes.before), Removed: int64(len(f.changes.removed)),
		Read: f.facts.Rows + f.facts.Rejected, Reasons: map[string]int64{}, Tables: map[string]int64{},
	}}
	w.emitting = c.NewSink(func(b *canon.Batch) error {
		w.rows.Tables[b.Table.Name] += int64(b.Len())
		w.members.note(b)
		return canon.WriteBatch(out, b)
	}, w.reject)
	w.counting = c.NewSink(func(*canon.Batch) error { return nil }, w.reject)
	raw := f.feed.RawTable()
	for b, err := range snapshot.Read(ctx, s.n.ws.Snapshots, f.facts.Digest, name, names(raw)) {
		if err != nil {
			return FeedRows{}, err
		}
		if err := w.batch(b); err != nil {
			return FeedRows{}, err
		}
		r.Progress.Advance(int64(b.Len()), "rows")
	}
	if _, err := out.Commit(workName(r, "conform", name), ""); err != nil {
		return FeedRows{}, err
	}
	if err := writeRejections(s.n.ws.Quarantine, workName(r, "conform", name), w.bad); err != nil {
		return FeedRows{}, err
	}
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	s.n.members.add(w.members)
	for _, t := range w.touched {
		s.n.touched[t] = true
	}
	for _, t := range w.refused {
		s.n.held[t] = withheldRow{t, name, refused}
	}
	for _, key := range f.changes.removed {
		s.n.touched[protect.SourceKey(w.tokens, name, string(key))] = true
	}
	return w.total(), nil
}

// conforming is the state of one feed while it is conformed.
type conforming struct {
	n       *Night
	f       *feedNight
	c       *conform.Conformer
	members *membership
	rows    FeedRows
	bad     []canon.Rejection

	out                *blob.Writer
	emitting, counting *conform.Sink
	at                 int // rows of the snapshot before the current batch
	key                []byte
	tokens             *pseudonym.Domain
	touched            []string         // tokens of rows that were there on an earlier night and are decided anew
	touching           map[int64]string // of the current batch, by line
	refused            []string         // tokens of rows that were rejected
	unchangedRejected  int64
	inCounting         bool
}

// batch conforms one batch of the snapshot: the rows that go on, then those that are only counted.
func (w *conforming) batch(b *canon.Batch) error {
	var going, staying []int
	w.touching = map[int64]string{}
	for i := range b.Len() {
		switch f := w.f.changes.fates[w.at+i]; f {
		case changed:
			w.touch(b, i)
			going = append(going, i)
		case added:
			if w.f.facts.Previous != "" { // it may have been there before the last night, and ended
				w.touch(b, i)
			}
			going = append(going, i)
		case unchanged:
			held := w.heldBefore(b, i)
			if held == "" {
				staying = append(staying, i)
				continue
			}
			if held == refused { // an older version of it may stand
				w.touch(b, i)
			}
			going = append(going, i)
		case merged:
			w.rows.Merged++
		case conflict:
			w.conflict(b, i)
		}
	}
	w.at += b.Len()
	if err := w.into(w.emitting, b, going, false); err != nil {
		return err
	}
	for _, token := range w.touching { // their order says nothing: they become a set
		w.touched = append(w.touched, token)
	}
	if err := w.emitting.Flush(); err != nil {
		return err
	}
	if len(going) > 0 {
		if err := endGroup(w.out); err != nil {
			return err
		}
	}
	return w.into(w.counting, b, staying, true)
}

func (w *conforming) into(sink *conform.Sink, b *canon.Batch, rows []int, counting bool) error {
	if len(rows) == 0 {
		return nil
	}
	w.inCounting = counting
	if len(rows) < b.Len() {
		b = pick(b, rows)
	}
	return w.c.Batch(b, sink)
}

// pick copies some rows of a batch.
func pick(b *canon.Batch, rows []int) *canon.Batch {
	out := canon.NewBuilder(b.Table, b.Feed)
	for c := range b.Table.Columns {
		col := b.Col(c)
		for _, i := range rows {
			out.Copy(c, col, i)
		}
	}
	return out.Flush()
}

// touch notes the token of a row that was there on an earlier night and is decided anew, unless it is rejected: then what
// is known of it from before stands until it is right again.
func (w *conforming) touch(b *canon.Batch, i int) {
	if key, ok := w.c.Key(b, i, w.key[:0]); ok {
		w.key = key
		w.touching[b.Col(canon.RawLine).Int(i)] = protect.SourceKey(w.tokens, w.rows.Feed, string(key))
	}
}

// heldBefore gives why a row was kept out on the last night, "" when it was not: what kept it out may have changed without
// the row.
func (w *conforming) heldBefore(b *canon.Batch, i int) string {
	if len(w.n.withheld) == 0 {
		return ""
	}
	key, ok := w.c.Key(b, i, w.key[:0])
	w.key = key
	if !ok {
		return ""
	}
	return w.n.withheld[protect.SourceKey(w.tokens, w.rows.Feed, string(key))].Clause
}

func (w *conforming) conflict(b *canon.Batch, i int) {
	key, _ := w.c.Key(b, i, nil)
	w.quarantine(canon.Rejection{
		Feed: w.rows.Feed, Line: b.Col(canon.RawLine).Int(i), Code: "duplicate-key", Key: string(key),
		Reason: "another row of the export has the same key and other values", Raw: rowText(b, i),
	})
}

func (w *conforming) reject(x canon.Rejection) error {
	if w.inCounting {
		w.unchangedRejected++
	} else {
		delete(w.touching, x.Line)
	}
	if x.Key != "" {
		w.refused = append(w.refused, protect.SourceKey(w.tokens, w.rows.Feed, x.Key))
	}
	w.quarantine(x)
	return nil
}

func (w *conforming) quarantine(x canon.Rejection) {
	w.bad = append(w.bad, x)
	w.rows.Quarantined++
	w.rows.Reasons[x.Code]++
}

// total closes the counts.
func (w *conforming) total() FeedRows {
	r := w.rows
	r.Added, r.Changed = w.f.changes.count(added), w.f.changes.count(changed)
	r.Unchanged = w.counting.Rows().Read - w.unchangedRejected
	r.Quarantined += w.f.facts.Rejected
	if w.f.facts.Rejected > 0 {
		r.Reasons["unreadable"] += w.f.facts.Rejected
	}
	r.Fields = addFields(w.emitting.Fields(), w.counting.Fields())
	return r
}

// rowText gives a row as JSON, for the encrypted quarantine alone.
func rowText(b *canon.Batch, i int) []byte {
	m := map[string]string{}
	for c := canon.RawFirst; c < len(b.Table.Columns); c++ {
		if col := b.Col(c); !col.Null(i) {
			m[b.Table.Columns[c].Name] = col.Text(i)
		}
	}
	text, _ := json.Marshal(m) // a map of strings always marshals
	return text
}

// addFields adds the counts of the same columns.
func addFields(a, b []conform.Field) []conform.Field {
	out := append([]conform.Field(nil), a...)
	for i := range out {
		out[i].Present += b[i].Present
		out[i].Missing += b[i].Missing
		out[i].Invalid = addCounts(a[i].Invalid, b[i].Invalid)
		out[i].Warnings = addCounts(a[i].Warnings, b[i].Warnings)
	}
	return out
}

func addCounts(a, b []conform.Count) []conform.Count {
	sum := map[string]int64{}
	for _, list := range [][]conform.Count{a, b} {
		for _, c := range list {
			sum[c.Code] += c.N
		}
	}
	var out []conform.Count
	for code, n := range sum {
		out = append(out, conform.Count{Code: code, N: n})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out
}
