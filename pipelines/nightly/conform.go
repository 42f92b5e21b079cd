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
	Before      int64            `json:"before"` // rows of the last good snapshot of an earlier date
	Added       int64            `json:"added"`
	Changed     int64            `json:"changed"`
	Removed     int64            `json:"removed"`           // also those that ended
	Ended       int64            `json:"ended,omitempty"`   // of them, those that are exported, and that the layout refuses since then
	Unchanged   int64            `json:"unchanged"`         // and loaded on an earlier night
	Earlier     int64            `json:"earlier,omitempty"` // loaded by an earlier attempt of this night, and the same since
	Waiting     int64            `json:"waiting,omitempty"` // unchanged, and withheld, in part at least, while their person's standing is the same
	Merged      int64            `json:"merged"`            // the same as another row of the export, or an earlier version of it
	Quarantined int64            `json:"quarantined"`
	Reasons     map[string]int64 `json:"reasons,omitempty"` // quarantined rows by code
	Fields      []conform.Field  `json:"fields"`
	Tables      map[string]int64 `json:"tables"` // canonical rows that the feed's rows give, by table
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
	out := ConformFacts{}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	g.Go(func() (err error) { // for the next stage: on most nights there is more to remember than to conform
		s.n.engine, err = s.n.recallEngine(gctx, r)
		return err
	})
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
	out.Redone = s.n.redo
	s.n.everything = s.n.mostDecided()
	return out, nil
}

// mostDecided tells whether a good part of all rows is decided tonight.
func (n *Night) mostDecided() bool {
	const part = 4
	decided, all := 0, 0
	for _, f := range n.landed() {
		decided += len(f.rows.lines)
		all += len(f.changes.fates)
	}
	return decided*part > all
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

// feed conforms one feed: the rows that are new, changed or were withheld last night. The others are counted as they were
// counted last night; see [conform.Tally] for why that is right.
func (s conformStage) feed(ctx context.Context, r *pipelines.Run, f *feedNight) (FeedRows, error) {
	name := f.feed.FullName()
	f.ended = nil
	c, err := conform.New(f.layout, f.feed, s.n.conformSettings(r))
	if err != nil {
		return FeedRows{}, err
	}
	out, err := s.n.ws.Work.Create()
	if err != nil {
		return FeedRows{}, err
	}
	defer out.Discard()
	w := &conforming{n: s.n, r: r, out: out, f: f, c: c, tokens: s.n.ws.SourceTokens(), rows: FeedRows{
		Feed: name, Read: f.facts.Rows + f.facts.Rejected + f.facts.Outdated, Merged: f.facts.Outdated, Reasons: map[string]int64{},
	}}
	if err := w.plan(ctx); err != nil {
		return FeedRows{}, err
	}
	w.listen()
	w.sink = c.NewSinkOn(f.rows.tally, func(b *canon.Batch) error {
		w.note(b)
		return canon.WriteBatch(out, b)
	}, w.reject)
	for b, err := range w.rawRows(ctx, w.wanted) {
		if err != nil {
			return FeedRows{}, err
		}
		if err := w.batch(b); err != nil {
			return FeedRows{}, err
		}
		r.Progress.Advance(int64(b.Len()), "rows")
	}
	w.carryFacts()
	if err := out.Spool(workName(r, "conform", name)); err != nil {
		return FeedRows{}, err
	}
	if err := writeRejections(s.n.ws.Quarantine, workName(r, "conform", name), w.bad); err != nil {
		return FeedRows{}, err
	}
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	s.n.redo = s.n.redo || w.redone
	for _, t := range w.touched {
		s.n.touched[t] = true
	}
	s.n.doubted = append(s.n.doubted, w.doubted...)
	for _, key := range f.changes.removed {
		s.n.touched[protect.SourceKey(w.tokens, name, string(key))] = true
	}
	return w.total()
}

// conforming is the state of one feed while it is conformed.
type conforming struct {
	n    *Night
	r    *pipelines.Run
	f    *feedNight
	c    *conform.Conformer
	rows FeedRows
	bad  []canon.Rejection

	last     *rememberedFeed        // what the last night left, nil when there was none
	redone   bool                   // all rows are decided anew
	withheld map[int32]*withheldRow // what was withheld last night, by place of then
	wanted   []int32                // places of the rows to conform
	now      []int32                // by place of last night: place of the row that is as it was, or stands; else nowhere
	again    map[int32]string       // why rows that are the same are decided anew, by place: a clause, [refused], [barred], [orphan], [inPart], [dated]
	ended    map[int32]bool         // places of rows by which what was loaded of them ends

	byToken map[int32]bool // those of them that were held by their tokens, on a night that may have loaded them

	out      *blob.Writer
	sink     *conform.Sink
	at       int // of the current batch's first row among the wanted
	key      []byte
	tokens   *pseudonym.Domain
	touched  []string         // tokens of rows that were there on an earlier night and are decided anew
	touching map[int64]string // of the current batch, by line
	doubted  []string         // tokens of rows of which tonight's version cannot be used
	spoke    map[string]bool  // persons of whom something outlives its row, by key: a row tells of them tonight
}

// rawRows gives the rows of the feed's snapshot at some places.
func (w *conforming) rawRows(ctx context.Context, places []int32) canon.Batches {
	return snapshot.Select(ctx, w.n.ws.Snapshots, w.f.facts.Digest, w.rows.Feed, names(w.f.feed.RawTable()), places)
}

// batch conforms one batch of the wanted rows.
func (w *conforming) batch(b *canon.Batch) error {
	going := make([]int, 0, b.Len())
	places := w.wanted[w.at : w.at+b.Len()]
	w.at += b.Len()
	w.touching = map[int64]string{}
	for i, place := range places {
		if w.f.changes.fates[place] == conflict {
			w.conflict(b, i)
			w.stands(place)
			continue
		}
		if w.stood(place) {
			w.touch(b, i)
		}
		w.f.rows.decide(b.Col(canon.RawLine).Int(i), place)
		going = append(going, i)
	}
	if len(going) == 0 {
		return nil
	}
	if err := w.c.Batch(pick(b, going), w.sink); err != nil {
		return err
	}
	for k, o := range w.sink.Outcomes() {
		w.f.rows.outcomes[places[going[k]]] = o
	}
	for _, token := range w.touching { // their order says nothing: they become a set
		w.touched = append(w.touched, token)
	}
	if err := w.sink.Flush(); err != nil {
		return err
	}
	return endGroup(w.out)
}

// stood tells whether an older version of a row may stand in the stores.
func (w *conforming) stood(place int32) bool {
	switch w.f.changes.fates[place] {
	case changed:
		return true
	case added:
		return w.f.facts.Previous != "" // it may have been there before the last night, and ended
	}
	why := w.again[place]
	return w.byToken[place] || why == refused || why == barred || why == orphan || why == dated || why == inPart
}

// touch notes the token of a row that was there on an earlier night and is decided anew, unless it is rejected: then what
// is known of it from before stands until it is right again, or goes if the layout says so ([canon.Rejection]).
func (w *conforming) touch(b *canon.Batch, i int) {
	if key, ok := w.c.Key(b, i, w.key[:0]); ok {
		w.key = key
		w.touching[b.Col(canon.RawLine).Int(i)] = protect.SourceKey(w.tokens, w.rows.Feed, string(key))
	}
}

func (w *conforming) conflict(b *canon.Batch, i int) {
	key, ok := w.c.Key(b, i, nil)
	if ok {
		w.doubted = append(w.doubted, protect.SourceKey(w.tokens, w.rows.Feed, string(key)))
	}
	w.quarantine(canon.Rejection{
		Feed: w.rows.Feed, Line: b.Col(canon.RawLine).Int(i), Code: "duplicate-key", Key: string(key),
		Reason: "another row of the export has the same key and other values", Raw: rowText(b, i),
	})
}

func (w *conforming) reject(x canon.Rejection) error {
	token, why := w.touching[x.Line], refused
	delete(w.touching, x.Line)
	place, known := w.f.rows.place(x.Line)
	if x.Ends {
		why = barred
		if token != "" {
			w.f.ended = append(w.f.ended, []byte(x.Key))
		}
		if known {
			w.ended[place] = true
		}
	} else {
		if token != "" {
			w.doubted = append(w.doubted, token)
		}
		if known {
			w.stands(place)
		}
	}
	if x.Key != "" {
		w.f.rows.withhold(x.Line, withheldRow{Feed: w.rows.Feed, Clause: why, SourceKey: protect.SourceKey(w.tokens, w.rows.Feed, x.Key)})
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
func (w *conforming) total() (FeedRows, error) {
	rows := w.rows
	rows.Waiting = int64(len(w.f.rows.waiting))
	rows.Quarantined += w.f.facts.Rejected
	if w.f.facts.Rejected > 0 {
		rows.Reasons["unreadable"] += w.f.facts.Rejected
	}
	rows.Fields, rows.Tables = w.f.rows.tally.Fields(), w.f.rows.tally.Tables()
	since := w.f.changes
	if w.f.base != w.f.facts.Previous { // an earlier attempt of this night is what it was compared with
		var err error
		if since, err = compare(w.n.ws.Snapshots, w.f.base, w.f.facts.Digest); err != nil {
			return rows, err
		}
		if w.redone {
			since.redo()
		}
	}
	ended, different := w.endedSince(since)
	rows.Ended = ended
	rows.Before, rows.Removed = int64(since.before), int64(len(since.removed))+ended
	rows.Added, rows.Changed = since.count(added), since.count(changed)-different
	return rows, nil
}

// endedSince counts the rows of the last good snapshot of an earlier date of which something was loaded then and nothing is tonight,
// whichever attempt of the night it was that ended it, and those of them that are not as they were.
func (w *conforming) endedSince(since *changes) (ended, different int64) {
	for place := range w.ended {
		from := since.from[place]
		if from == nowhere || int(from/8) < len(w.f.barred) && bitAt(w.f.barred, from) {
			continue
		}
		ended++
		if since.fates[place] == changed {
			different++
		}
	}
	return ended, different
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
