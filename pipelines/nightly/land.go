package nightly

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/ledger"
	"uoma/connectors/query"
	"uoma/connectors/rest"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// FeedFacts is what landing a feed left behind. It holds counts, names of columns and digests.
type FeedFacts struct {
	Feed      string           `json:"feed"`
	File      string           `json:"file"`
	Digest    string           `json:"digest,omitempty"`   // of the snapshot; "" when the feed did not land
	Previous  string           `json:"previous,omitempty"` // of the last good snapshot
	Rows      int64            `json:"rows"`               // rows in the snapshot
	Rejected  int64            `json:"rejected"`           // rows that could not be read
	Outdated  int64            `json:"outdated,omitempty"` // rows that are not in the snapshot, as it has the latest one with their key
	Skipped   map[string]int64 `json:"skipped,omitempty"`
	Bytes     int64            `json:"bytes"`
	Encoding  string           `json:"encoding,omitempty"`
	Unknown   []string         `json:"unknown_columns,omitempty"`
	Missing   []string         `json:"missing_columns,omitempty"`
	Reordered bool             `json:"reordered,omitempty"`
	Mojibake  int64            `json:"mojibake,omitempty"`
	Control   *int64           `json:"control_total,omitempty"`
	Extracted time.Time        `json:"extracted_at,omitzero"` // the export's own time stamp
	Again     int              `json:"read_again,omitempty"`  // how often all was read again from its beginning, because the line was lost
	Twice     int64            `json:"keys_twice,omitempty"`  // rows of a list in pages with a key that came before: the list was read again, as they may have moved
	Shifted   bool             `json:"shifted,omitempty"`     // it was read again because the number of rows changed between pages
	Changes   *ChangesFacts    `json:"changes,omitempty"`     // of a feed whose layout asks for changes
	Notice    *NoticeFacts     `json:"notice,omitempty"`      // what the side-car says of the people of a list
	Code      string           `json:"code,omitempty"`        // why the feed's system stopped
	Reason    string           `json:"reason,omitempty"`
	Hint      string           `json:"hint,omitempty"`

	twice []rowID // keys that came again in the last reading of a list in pages
}

// LandFacts is what the stage leaves in the ledger.
type LandFacts struct {
	Feeds  []FeedFacts `json:"feeds"`
	Failed int         `json:"failed_sources"` // systems that stopped
}

// Partial tells whether a system stopped.
func (f LandFacts) Partial() bool { return f.Failed > 0 }

var (
	errAbsent = fault.New("UOMA-LND-ABSENT", "the export of the night is not in the inbox",
		"ask the owner of the system for it, put it into the inbox and run the same date again; the other systems are in already").For(fault.Source)
	errNotYet = fault.New("UOMA-LND-NOTYET", "no export came, which is no fault of an occasional one; what was loaded stays",
		"put the next export into the inbox when there is one").For(fault.Source)
	errShrunk = fault.New("UOMA-LND-SHRUNK", "the export is much smaller than the last good one, or much of it is refused; nothing of it was used and nobody was removed",
		"compare with the system itself; if people really left, raise the feed's guard in its layout for one night").For(fault.Source)
	errGone = fault.New("UOMA-LND-GONE", "columns that the layout reads are missing from the export; nothing of it was used",
		"uoma layout diff LAYOUT EXPORT shows what became of them: add the new names as aliases, or declare drift: evolve if they are gone for good").For(fault.Source)
	errContract = fault.New("UOMA-LND-CONTRACT", "the export's columns are not the layout's, and its feed declares drift: fail; nothing was loaded",
		"uoma layout diff LAYOUT EXPORT shows the difference; have the export corrected, or change the layout")
	errShifted = fault.New("UOMA-LND-SHIFTED", "rows moved between the pages of the list while they were read; nothing of it was used",
		"run the same date again, at an hour in which the system is left alone").For(fault.Source)
	errPast = fault.New("UOMA-LND-PAST", "a later night is in the register already, and the register does not go back",
		"run the latest date again with the late export under that date's name, or replay the past with uoma backfill")
	errSibling = fault.New("UOMA-LND-SIBLING", "another export of the same system is bad, so the system stopped as a whole",
		"correct the other export").For(fault.Source)
)

// land takes a snapshot of every feed.
type land struct{ n *Night }

func (land) Name() string { return "land" }

// Durable marks the checkpoint: the ledger knows the snapshots.
func (land) Durable() {}

func (s land) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if err := s.n.forward(ctx, r); err != nil {
		return nil, err
	}
	if err := s.n.sweep(r); err != nil {
		return nil, err
	}
	if !r.Dry { // the stores may have been restored since the workspace was opened
		if err := s.n.HeedErasures(ctx, r); err != nil {
			return nil, err
		}
	}
	files, err := s.n.inbox.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	marks, err := s.n.marks(ctx, r)
	if err != nil {
		return nil, err
	}
	if s.n.positions, err = s.n.recallPositions(ctx, r); err != nil {
		return nil, err
	}
	facts := make([]FeedFacts, 0, 16)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, e := range s.largestFirst(r, files) {
		g.Go(func() error {
			ff, err := s.feed(gctx, r, files, e.layout, e.feed, marks)
			if err != nil {
				return err
			}
			s.n.mu.Lock()
			defer s.n.mu.Unlock()
			facts = append(facts, ff)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	go runtime.GC() // what was read is garbage: the states of the last night, read next, take its room instead of new room
	return landFacts(r, facts), nil
}

// exported is a feed and the size of its file.
type exported struct {
	layout *layout.Layout
	feed   *layout.Feed
	size   int64
}

// largestFirst gives the feeds in the order in which they keep all processors busy to the end.
func (s land) largestFirst(r *pipelines.Run, files Files) (out []exported) {
	s.n.each(func(l *layout.Layout, f *layout.Feed) { out = append(out, exported{layout: l, feed: f}) })
	var asked sync.WaitGroup // at once: a source that does not answer lets nobody wait but us
	for i := range out {
		e := &out[i]
		if !e.feed.InFile() {
			continue
		}
		asked.Go(func() {
			if info, err := fs.Stat(files, e.layout.System+"/"+e.feed.FileName(r.Date)); err == nil { // a missing file is told of when it lands
				e.size = info.Size()
			}
		})
	}
	asked.Wait()
	slices.SortStableFunc(out, func(a, b exported) int { return cmp.Compare(b.size, a.size) })
	return out
}

// landFacts closes the facts of all feeds, and says aloud which systems stopped.
func landFacts(r *pipelines.Run, facts []FeedFacts) LandFacts {
	sort.Slice(facts, func(i, j int) bool { return facts[i].Feed < facts[j].Feed })
	out := LandFacts{Feeds: facts, Failed: stopSystems(facts)}
	for _, ff := range facts {
		if ff.Stopped() {
			r.Log.Warn("source stopped", "feed", ff.Feed, "file", ff.File, "code", ff.Code, "reason", ff.Reason, "next", ff.Hint)
		}
	}
	return out
}

// feed lands one feed. A fault of scope Source becomes part of the facts; other errors stop the run.
func (s land) feed(ctx context.Context, r *pipelines.Run, files Files, l *layout.Layout, f *layout.Feed, marks map[string]string) (FeedFacts, error) {
	ff := FeedFacts{Feed: f.FullName(), File: l.System + "/" + f.FileName(r.Date)}
	ff.Previous = marks[ff.Feed]
	source, rows, err := s.take(ctx, r, files, l, f, &ff)
	for n := 0; moved(err) && n < mostMoved; n++ { // nothing was made of what came
		r.Log.Warn("read again", "feed", ff.Feed, "code", fault.Code(err))
		ff.Shifted = ff.Shifted || fault.Code(err) == rest.ErrShifted.Code
		source, rows, err = s.take(ctx, r, files, l, f, &ff)
		ff.Again++
	}
	if err == nil {
		state := ledger.Good
		if err = s.n.guard(ctx, r, l, f, &ff, rows); err != nil {
			state = ledger.Rejected
		}
		err = errors.Join(s.record(ctx, r, l, &ff, source, state), err) // a ledger that cannot be written outweighs a bad export
	}
	var e *fault.Error
	switch {
	case err != nil && ctx.Err() != nil: // a reader that was stopped is no bad export
		return ff, context.Cause(ctx)
	case errors.As(err, &e) && e.Scope != fault.Run:
		ff.fail(e)
	case e == nil && (l.Occasional || f.Occasional) && errors.Is(err, fs.ErrNotExist):
		ff.fail(errNotYet)
	case e == nil && errors.Is(err, fs.ErrNotExist): // a missing file of the workspace itself has a fault of its own
		ff.fail(errAbsent)
	default:
		return ff, err
	}
	return ff, nil
}

// mostMoved is how often a feed is read again whose rows changed while its line was lost, or moved between its pages.
const mostMoved = 2

// moved tells of rows that are not of one moment, and may be when they are read again.
func moved(err error) bool {
	code := fault.Code(err)
	return code == query.ErrMoved.Code || code == errShifted.Code || code == rest.ErrShifted.Code
}

// readAs says for the report how the rows were read, where that is not as ever.
func (ff FeedFacts) readAs() string {
	how := ff.againOrAsChanges()
	switch outdated := fmt.Sprintf("of rows with one key the latest counts: %d others are merged", ff.Outdated); {
	case ff.Outdated == 0:
		return how
	case how == "":
		return outdated
	default:
		return how + "; " + outdated
	}
}

func (ff FeedFacts) againOrAsChanges() string {
	switch {
	case ff.Again == 0:
		return ff.Changes.text()
	case ff.Twice > 0:
		return fmt.Sprintf("read again from the beginning, %d times: keys came on more than one page", ff.Again)
	case ff.Shifted:
		return fmt.Sprintf("read again from the beginning, %d times: the number of rows changed between pages", ff.Again)
	}
	return fmt.Sprintf("read again from the beginning, %d times: the line was lost", ff.Again)
}

// Stopped tells whether the feed should have landed and did not.
func (ff FeedFacts) Stopped() bool { return ff.Code != "" && ff.Code != errNotYet.Code }

func (ff *FeedFacts) fail(e *fault.Error) {
	ff.Digest, ff.Code, ff.Reason, ff.Hint = "", e.Code, e.Message, e.Hint
	var at []string
	if e.Place.Line > 0 {
		at = append(at, fmt.Sprintf("line %d", e.Place.Line))
	}
	if e.Place.Field != "" {
		at = append(at, e.Place.Field)
	}
	if len(at) > 0 {
		ff.Reason += " (" + strings.Join(at, ", ") + ")"
	}
}

// take reads the export and writes the snapshot. It gives the digest of the export and what its rows are told apart by.
func (s land) take(ctx context.Context, r *pipelines.Run, files Files, l *layout.Layout, f *layout.Feed, ff *FeedFacts) (source string, rows []rowPrint, err error) {
	var bad []canon.Rejection
	src, err := s.open(ctx, r, files, l, f, ff, func(x canon.Rejection) { bad = append(bad, x) })
	if err != nil {
		return "", nil, err
	}
	defer src.Close()
	c, err := conform.New(l, f, s.n.conformSettings(r))
	if err != nil {
		return "", nil, err
	}
	raw := f.RawTable()
	w, err := snapshot.Create(s.n.ws.Snapshots, ff.Feed, names(raw))
	if err != nil {
		return "", nil, err
	}
	defer w.Discard()
	k := keyer{c: c}
	v := versions{c: c, asked: f.Latest != ""}
	for b, err := range src.Batches(ctx) {
		if err != nil {
			return "", nil, strictly(f, err)
		}
		keys, hashes := k.rows(b)
		for i := range keys {
			rows = append(rows, rowPrint{idOf(keys[i]), hashes[i]})
		}
		v.note(b)
		if err := w.Write(b, keys, hashes); err != nil {
			return "", nil, err
		}
		r.Progress.Advance(int64(b.Len()), "rows")
	}
	if err := src.Verify(); err != nil {
		return "", nil, err
	}
	if err := ff.settled(f, rows); err != nil {
		return "", nil, err
	}
	sum := src.Summary()
	if at := src.Extracted(); !at.IsZero() {
		ff.Extracted = at.UTC()
	}
	ff.Rows, ff.Rejected, ff.Skipped = sum.Rows, sum.Rejected, sum.Skipped
	spared := slices.DeleteFunc(slices.Clone(sum.Missing), func(name string) bool { return !f.Spares(name) })
	ff.Encoding, ff.Unknown, ff.Missing, ff.Reordered = sum.Encoding, undeclared(f, sum.Unknown), absent(f, sum.Missing), sum.Reordered
	ff.Mojibake, ff.Control = sum.Mojibake, sum.Control
	if ff.Again += sum.Again; sum.Again > 0 {
		r.Log.Warn("read again from the beginning, because the line was lost", "feed", ff.Feed, "times", sum.Again)
	}
	if err := drifted(f, ff); err != nil {
		return "", nil, err
	}
	if int64(len(bad)) != sum.Rejected || w.Rows() != sum.Rows {
		return "", nil, fmt.Errorf("%s: the reader counted %d bad rows and gave %d", ff.Feed, sum.Rejected, len(bad))
	}
	ff.Notice = notice(src)
	if ff.Digest, ff.Bytes, err = w.Commit(); err != nil {
		return "", nil, err
	}
	if rows, err = s.newest(ctx, f, ff, rows, v.outdated(rows)); err != nil {
		return "", nil, err
	}
	if unread(f, sum.Unknown) {
		for i := range bad {
			bad[i].Raw = nil
		}
	}
	if err := writeRejections(s.n.ws.Quarantine, workName(r, "land", ff.Feed), bad); err != nil {
		return "", nil, err
	}
	ff.Changes.closed(src, rows, len(bad))
	if err := s.lost(ctx, r, ff, spared); err != nil {
		return "", nil, err
	}
	if source = src.Sum(); source == "" {
		source = digestOf(rows)
	}
	return source, rows, nil
}

// record writes the snapshot into the ledger.
func (s land) record(ctx context.Context, r *pipelines.Run, l *layout.Layout, ff *FeedFacts, source, state string) error {
	if r.Dry {
		return nil
	}
	return ledger.AddSnapshot(ctx, s.n.ws.RegisterDB, ledger.Snapshot{
		Digest: ff.Digest, Feed: ff.Feed, LogicalDate: r.Date.String(), Run: r.ID(), Rows: ff.Rows, Bytes: ff.Bytes,
		SourceDigest: source, LayoutDigest: l.Digest(), State: state,
	})
}

// forward refuses a date before that of what is in the register: exports of the past would undo what is known since.
func (n *Night) forward(ctx context.Context, r *pipelines.Run) error {
	list, err := ledger.Watermarks(ctx, n.ws.RegisterDB, r.Pipeline)
	for _, w := range list {
		if w.LogicalDate > r.Date.String() {
			return errPast
		}
	}
	return err
}

// marks gives each feed's last good snapshot: the one that the register was last loaded from.
func (n *Night) marks(ctx context.Context, r *pipelines.Run) (map[string]string, error) {
	list, err := ledger.Watermarks(ctx, n.ws.RegisterDB, r.Pipeline)
	out := make(map[string]string, len(list))
	for _, w := range list {
		out[w.Feed] = w.Snapshot
	}
	return out, err
}

func names(t *canon.Table) []string {
	out := make([]string, 0, len(t.Columns))
	for _, c := range t.Columns[canon.RawFirst:] {
		out = append(out, c.Name)
	}
	return out
}

// guard stops a source whose snapshot has lost more than the layout allows: a cut export must not remove people, nor one with a column
// that the layout comes to refuse.
func (n *Night) guard(ctx context.Context, r *pipelines.Run, l *layout.Layout, f *layout.Feed, ff *FeedFacts, rows []rowPrint) error {
	c, err := compareWith(n.ws.Snapshots, ff.Previous, rows)
	if err != nil {
		return ofSource(err)
	}
	n.mu.Lock()
	n.feeds[ff.Feed] = &feedNight{feed: f, changes: c}
	n.mu.Unlock()
	if c.before == 0 {
		return nil
	}
	over, err := n.ending(ctx, r, l, f, ff, c)
	if err != nil {
		return err
	}
	gone, left := len(c.removed)+over, len(c.fates)-over
	lost := 100 * float64(gone) / float64(c.before)
	fewer := 100 * float64(c.before-left) / float64(c.before)
	if lost > f.Guard.Removed && gone > guardFloor || fewer > f.Guard.Shrink {
		return errShrunk.Because(fmt.Errorf("%d of %d rows are gone or refused (%.1f %%, limit %.1f %%), %d rows instead of %d (limit -%.0f %%)",
			gone, c.before, lost, f.Guard.Removed, left, c.before, f.Guard.Shrink))
	}
	return nil
}

// ending counts the rows of the last good snapshot of which what was loaded ends tonight, as the layout refuses them now, and 0 where
// they are a handful, as those of a small feed are.
func (n *Night) ending(ctx context.Context, r *pipelines.Run, l *layout.Layout, f *layout.Feed, ff *FeedFacts, c *changes) (over int, err error) {
	of, err := conform.New(l, f, n.conformSettings(r))
	if err != nil || !of.MayEnd() {
		return 0, err
	}
	var places []int32 // of then
	at := 0
	for b, err := range snapshot.Read(ctx, n.ws.Snapshots, ff.Digest, ff.Feed, names(f.RawTable())) {
		if err != nil {
			return 0, err
		}
		for i := range b.Len() {
			if from := c.from[at+i]; from != nowhere && of.Ends(b, i) {
				places = append(places, from)
			}
		}
		at += b.Len()
	}
	if len(places) <= guardFloor {
		return 0, nil
	}
	withheld, err := recallRows[withheldRow](ctx, n, r, stateWithheld)
	if err != nil {
		return 0, err
	}
	before, _ := inPlace(slices.DeleteFunc(withheld, func(w withheldRow) bool { return w.Feed != ff.Feed || w.Clause != barred }))
	for _, place := range places {
		if before[place] == nil {
			over++
		}
	}
	if over <= guardFloor {
		over = 0
	}
	return over, nil
}

// ofSource makes a fault of a snapshot one of its source: without it nobody can tell what changed; the others have theirs.
func ofSource(err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		return e.For(fault.Source)
	}
	return err
}

// guardFloor is how many rows may always go: a share of a small feed is a handful of people.
const guardFloor = 5

// stopSystems fails every feed of a system of which one feed failed, and counts the systems.
func stopSystems(facts []FeedFacts) int {
	failed := map[string]bool{}
	for i := range facts {
		if facts[i].Stopped() {
			failed[canon.SystemOf(facts[i].Feed)] = true
		}
	}
	for i := range facts {
		if facts[i].Code == "" && failed[canon.SystemOf(facts[i].Feed)] {
			facts[i].fail(errSibling)
		}
	}
	return len(failed)
}
