package nightly

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/transforms/conform"
	"uoma/transforms/policy"
	"uoma/transforms/protect"
)

// FeedKept is what protect decided for a feed's spooled rows.
type FeedKept struct {
	Feed     string           `json:"feed"`
	Rows     int64            `json:"rows"`     // spooled source rows
	Loaded   int64            `json:"loaded"`   // source rows of which something is stored
	Withheld map[string]int64 `json:"withheld"` // source rows of which nothing is, by clause
	Orphans  int64            `json:"orphans"`  // source rows whose person no row names
	// Unchanged are source rows that wait for their person with a part, and of which the rest was stored on an earlier night.
	Unchanged int64 `json:"unchanged,omitempty"`
}

// ProtectFacts is what the stage leaves in the ledger.
type ProtectFacts struct {
	Feeds      []FeedKept `json:"feeds"`
	Suppressed int        `json:"suppressed"` // subjects kept out because they were erased
	HeldBack   int        `json:"held_back"`  // of them, whose stored data a hold keeps
	Members    int        `json:"members"`    // subjects that are members of the register
}

// protectStage parts identity from content.
type protectStage struct{ n *Night }

func (protectStage) Name() string { return "protect" }

func (s protectStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	st, err := s.n.standings(ctx, r)
	if err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	g.Go(s.n.writeLinks) // asks who was erased, and nothing else
	st.work(s.n, r.Date)
	out := ProtectFacts{Suppressed: len(st.suppressed), HeldBack: len(st.sparedOf), Members: st.memberCount()}
	loader := s.n.pack.Loader(r.Date)
	for _, f := range s.n.landed() {
		g.Go(func() error {
			kept, err := s.feed(gctx, r, f, loader, st)
			if err != nil {
				return err
			}
			s.n.mu.Lock()
			defer s.n.mu.Unlock()
			out.Feeds = append(out.Feeds, kept)
			return nil
		})
	}
	g.Go(s.n.writeTold)
	if err := g.Wait(); err != nil {
		return nil, err
	}
	sort.Slice(out.Feeds, func(i, j int) bool { return out.Feeds[i].Feed < out.Feeds[j].Feed })
	return out, nil
}

// feed protects one feed's spool into two others: register rows, and facts for the vault.
func (s protectStage) feed(ctx context.Context, r *pipelines.Run, f *feedNight, loader *policy.Loader, st *standings) (FeedKept, error) {
	name := f.feed.FullName()
	kept := FeedKept{Feed: name, Withheld: map[string]int64{}}
	spool, err := s.n.ws.Work.Open(workName(r, "conform", name))
	if err != nil {
		return kept, err
	}
	defer spool.Close()
	out, err := newProtected(s.n.ws.Work, name)
	if err != nil {
		return kept, err
	}
	defer out.discard()
	p := &protecting{n: s.n, f: f, st: st, kept: &kept, out: out, lapsing: &lapsing{n: s.n, r: r, told: map[string]*policy.Anchors{}}}
	p.protector = s.protector(r, loader, p)
	for group, err := range groups(spool) {
		if err != nil {
			return kept, err
		}
		if err := ctx.Err(); err != nil {
			return kept, err
		}
		before := kept.Rows
		if err := p.group(group); err != nil {
			return kept, err
		}
		r.Progress.Advance(kept.Rows-before, "rows")
	}
	if err := p.settleWaiting(ctx, r); err != nil {
		return kept, err
	}
	if err := writeRejections(s.n.ws.Quarantine, workName(r, "protect", name), p.bad); err != nil {
		return kept, err
	}
	f.rows.lines, f.rows.places, f.rows.late = nil, nil, nil // nobody asks for a row by its line any more
	return kept, out.spool(workName(r, "register", name), workName(r, "vault", name))
}

func (s protectStage) protector(r *pipelines.Run, loader *policy.Loader, p *protecting) *protect.Protector {
	shapes := map[string]*canon.Table{}
	lapsed := p.lapsing.lapsed
	if len(s.n.lapses) == 0 {
		lapsed = nil
	}
	return protect.New(protect.Settings{
		Run: r.ID(), Tokens: s.n.ws.SourceTokens(), Policy: loader, Standing: p.standing, Lapsed: lapsed,
		Target: func(t *canon.Table) *canon.Table {
			if shapes[t.Name] == nil {
				shape := register.Table(*t)
				shapes[t.Name] = &shape
			}
			return shapes[t.Name]
		},
	})
}

// protecting is the state of one feed while it is protected.
type protecting struct {
	n         *Night
	f         *feedNight
	st        *standings
	protector *protect.Protector
	lapsing   *lapsing
	kept      *FeedKept
	out       *protected
	waited    map[int32]withheldRow // rows that are decided anew as their person's standing is another, by place
	bad       []canon.Rejection
}

// standing gives the standing under which a row is decided.
func (p *protecting) standing(system, personKey string, line int64) protect.Standing {
	st := p.st.of(system, personKey)
	if place, late := p.f.rows.late[line]; late {
		return p.waited[place].wider(st)
	}
	return st
}

// group protects what was made of one run of source rows.
func (p *protecting) group(batches []*canon.Batch) error {
	if len(p.n.lapses) > 0 {
		p.lapsing.look(batches)
	}
	res := p.protector.Group(batches)
	p.kept.Rows += int64(res.Rows)
	p.kept.Loaded += int64(res.Kept)
	p.kept.Orphans += int64(len(res.Orphans))
	for _, o := range res.Orphans {
		p.f.rows.withhold(o.Line, withheldRow{Feed: p.kept.Feed, Clause: orphan, SourceKey: o.SourceKey})
		p.bad = append(p.bad, canon.Rejection{Feed: p.kept.Feed, Line: o.Line, Code: orphan, Key: o.Key,
			Reason: "no person row of the system names the person of this row"})
	}
	p.withhold(res, batches)
	return p.out.write(res)
}

// withhold notes which rows are withheld, so that the next night decides on them again; which records keep something; and
// which may have lost their last row, as one that was stored before is withheld now.
func (p *protecting) withhold(res *protect.Result, batches []*canon.Batch) {
	system := canon.SystemOf(p.kept.Feed)
	for _, w := range res.Withheld {
		h := withheldRow{Feed: p.kept.Feed, Clause: w.Clause, SourceKey: w.SourceKey}
		if w.PersonKey != "" && !p.n.lapses.unsettled(w.SourceKey, w.PersonKey) {
			st := p.standing(system, w.PersonKey, w.Line)
			if h.Standing, h.Groups = inWords(st), int64(st.Groups); h.Standing != "" {
				h.Person = w.PersonKey
			}
		}
		p.f.rows.withhold(w.Line, h)
		p.kept.Withheld[w.Clause]++
	}
	for _, x := range res.Parts {
		h := withheldRow{Feed: p.kept.Feed, Clause: inPart}
		if !p.n.lapses.unsettled(x.SourceKey, x.PersonKey) {
			h.Person, h.Standing, h.Groups = x.PersonKey, inWords(x.Standing), int64(x.Standing.Groups)
		}
		p.f.rows.keepInPart(x.Line, h)
	}
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	p.n.back, p.lapsing.back = append(p.n.back, p.lapsing.back...), nil
	if !p.n.everything {
		for _, b := range batches {
			person := b.Col(canon.PersonKey)
			for i := range b.Len() {
				if key := (recordKey{system, person.Text(i)}); !p.n.decidedRecords[key] {
					key.personKey = strings.Clone(key.personKey)
					p.n.decidedRecords[key] = true
				}
			}
		}
	}
	for _, o := range res.Orphans { // what is known of it from before ends, as if it were exported no more
		if p.n.touched[o.SourceKey] {
			delete(p.n.touched, o.SourceKey)
			p.n.orphaned = append(p.n.orphaned, o.SourceKey)
		}
	}
	for _, w := range res.Withheld {
		if p.n.touched[w.SourceKey] {
			p.n.recordWithheld[w.Record] = true
			p.n.gaveWay = append(p.n.gaveWay, w.SourceKey)
		}
	}
	for _, record := range res.Records {
		p.n.recordKept[record] = true
	}
}

// settleWaiting settles the rows that wait for their person: where the person's standing is what it was they are withheld, or
// kept in part, as they were; the others are conformed and decided now. The resolver remembers what they say of who somebody is.
func (p *protecting) settleWaiting(ctx context.Context, r *pipelines.Run) error {
	rows, system := p.f.rows, canon.SystemOf(p.kept.Feed)
	var places []int32
	p.waited = map[int32]withheldRow{}
	still := rows.waiting[:0] // in its place: tens of thousands wait
	for _, h := range rows.waiting {
		if !h.settles(p.st.of(system, h.Person)) {
			places, p.waited[h.Place] = append(places, h.Place), h
			continue
		}
		still = append(still, h)
		switch {
		case h.Clause != inPart:
			p.kept.Withheld[h.Clause]++
		case bitAt(rows.loaded, h.Place): // by an earlier attempt of the night
			p.kept.Loaded++
		default:
			p.kept.Unchanged++
		}
	}
	rows.withheld, rows.waiting = append(still, rows.withheld...), nil
	slices.Sort(places)
	if len(places) == 0 {
		return nil
	}
	c, err := conform.New(p.f.layout, p.f.feed, p.n.conformSettings(r))
	if err != nil {
		return err
	}
	var group []*canon.Batch
	sink := c.NewSink(func(b *canon.Batch) error { group = append(group, b); return nil },
		func(x canon.Rejection) error { return errBalance.At(fault.Place{Field: x.Feed}) }) // it was conformed before
	raw := snapshot.Select(ctx, p.n.ws.Snapshots, p.f.facts.Digest, p.kept.Feed, names(p.f.feed.RawTable()), places)
	for b, err := range raw {
		if err != nil {
			return err
		}
		for i := range b.Len() {
			line := b.Col(canon.RawLine).Int(i)
			rows.late[line] = places[i]
			rows.setLoaded(places[i], true)
		}
		places, group = places[b.Len():], nil
		if err := c.Batch(b, sink); err != nil {
			return err
		}
		if err := sink.Flush(); err != nil {
			return err
		}
		p.touch(group)
		if err := p.group(group); err != nil {
			return err
		}
	}
	return nil
}

// touch notes the rows of which a part stands in the stores already.
func (p *protecting) touch(batches []*canon.Batch) {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	tokens := p.n.ws.SourceTokens()
	for _, b := range batches {
		for i := range b.Len() {
			if p.waited[p.f.rows.late[b.Col(canon.Line).Int(i)]].Clause == inPart {
				p.n.touched[protect.SourceKey(tokens, b.Feed, b.Col(canon.RowKey).Text(i))] = true
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
