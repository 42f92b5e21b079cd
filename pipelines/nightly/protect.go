package nightly

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
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
}

// ProtectFacts is what the stage leaves in the ledger.
type ProtectFacts struct {
	Feeds      []FeedKept `json:"feeds"`
	Suppressed int        `json:"suppressed"` // subjects kept out because they were erased
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
	out := ProtectFacts{Suppressed: len(st.suppressed), Members: st.memberCount()}
	loader := s.n.pack.Loader(r.Date)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
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
	shapes := map[string]*canon.Table{}
	p := protect.New(protect.Settings{
		Run: r.ID(), Tokens: s.n.ws.SourceTokens(), Policy: loader, Standing: st.of,
		Target: func(t *canon.Table) *canon.Table {
			if shapes[t.Name] == nil {
				shape := register.Table(*t)
				shapes[t.Name] = &shape
			}
			return shapes[t.Name]
		},
	})
	var bad []canon.Rejection
	for group, err := range groups(spool) {
		if err != nil {
			return kept, err
		}
		if err := ctx.Err(); err != nil {
			return kept, err
		}
		res := p.Group(group)
		kept.Rows += int64(res.Rows)
		kept.Loaded += int64(res.Kept)
		kept.Orphans += int64(len(res.Orphans))
		s.n.orphaned(name, res.Orphans)
		for _, o := range res.Orphans {
			bad = append(bad, canon.Rejection{Feed: name, Line: o.Line, Code: "orphan", Key: o.Key,
				Reason: "no person row of the system names the person of this row"})
		}
		s.n.hold(name, res, kept.Withheld)
		if err := out.write(res); err != nil {
			return kept, err
		}
		r.Progress.Advance(int64(res.Rows), "rows")
	}
	if err := writeRejections(s.n.ws.Quarantine, workName(r, "protect", name), bad); err != nil {
		return kept, err
	}
	return kept, out.commit(workName(r, "register", name), workName(r, "vault", name))
}

// orphaned notes rows without a person, which may find one on another night.
func (n *Night) orphaned(feed string, rows []protect.Orphan) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, o := range rows {
		n.held[o.SourceKey] = withheldRow{o.SourceKey, feed, "orphan"}
	}
}

// hold notes which rows are withheld, so that the next night decides on them again; which records keep something; and
// which may have lost their last row, as one that was stored before is withheld now.
func (n *Night) hold(feed string, res *protect.Result, byClause map[string]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range res.Withheld {
		n.held[w.SourceKey] = withheldRow{w.SourceKey, feed, w.Clause}
		if n.touched[w.SourceKey] {
			n.recordHeld[w.Record] = true
		}
		byClause[w.Clause]++
	}
	for _, record := range res.Records {
		n.recordKept[record] = true
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
