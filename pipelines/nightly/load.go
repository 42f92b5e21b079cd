package nightly

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"time"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/protect"
	"uoma/transforms/resolve"
)

// Account is a feed's balance: Read = Loaded + Unchanged + Merged + Quarantined + Withheld.
type Account struct {
	Feed        string           `json:"feed"`
	Read        int64            `json:"read"`
	Loaded      int64            `json:"loaded"`
	Unchanged   int64            `json:"unchanged"`
	Merged      int64            `json:"merged"`
	Quarantined int64            `json:"quarantined"`
	Withheld    int64            `json:"withheld"`
	Clauses     map[string]int64 `json:"clauses,omitempty"` // withheld rows by clause
	Reasons     map[string]int64 `json:"reasons,omitempty"` // quarantined rows by code
}

// Difference is 0 when no row is lost or counted twice.
func (a Account) Difference() int64 {
	return a.Read - a.Loaded - a.Unchanged - a.Merged - a.Quarantined - a.Withheld
}

// LoadFacts is what the stage leaves in the ledger.
type LoadFacts struct {
	Accounts []Account                 `json:"accounts"`
	Tables   map[string]register.Count `json:"tables"` // the register after the commit
	Before   map[string]register.Count `json:"before"`
	Entries  int64                     `json:"vault_entries"` // written tonight
	Links    int                       `json:"links"`         // made or moved tonight
}

var errBalance = fault.New("UOMA-LOD-BALANCE", "rows of a source do not add up, so nothing was loaded",
	"this is a mistake of the program: keep the workspace as it is and report the code with the output of uoma runs show")

// load writes the vault, then the register, the ledger and the resolver's state in one transaction.
type load struct{ n *Night }

func (load) Name() string { return "load" }

// Durable marks the checkpoint: the night's commit.
func (load) Durable() {}

func (s load) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	facts, started := LoadFacts{}, r.Now()
	var err error
	if facts.Accounts, err = accounts(r); err != nil {
		return nil, err
	}
	if !r.Dry {
		if err := nightsOf().begin(ctx, s.n.ws.RegisterDB, r, r.ID()); err != nil {
			return nil, err
		}
		if err := s.n.notePastPoints(ctx, r); err != nil {
			return nil, err
		}
	}
	night, err := s.n.ws.Register.Begin(ctx)
	if err != nil {
		return nil, err
	}
	if r.Dry {
		s.n.open = night
	} else {
		defer night.Rollback()
	}
	leaving, err := s.n.lapse(ctx, r, night)
	if err != nil {
		return nil, err
	}
	doubtful, err := s.doubtful(ctx)
	if err != nil {
		return nil, err
	}
	var mem memory
	// The vault is another store and commits for itself, before the register does: a vault entry that no register row
	// points to is harmless, the other way round it is not. Until the register's commit both are written side by side, and
	// before the vault the state files, which nothing names before the commit.
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		mem, err = s.n.remember(r)
		s.n.engine = nil // a third of what the night keeps in memory, written down by now
		if err != nil || r.Dry {
			return err
		}
		facts.Entries, err = s.vault(gctx, r, leaving.sourceKeys)
		return err
	})
	g.Go(func() (err error) {
		now, err := night.Counts(gctx)
		if err != nil {
			return err
		}
		facts.Before = s.n.since(now)
		if facts.Links, err = s.register(gctx, r, night, leaving, doubtful); err != nil {
			return err
		}
		facts.Tables, err = night.Counts(gctx)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if mem[stateSoFar], err = snapshot.WriteRows(s.n.ws.State, s.n.soFarToRemember(r)); err != nil {
		return nil, err
	}
	if !r.Dry {
		if err := s.ledger(ctx, r, night, mem, facts, started); err != nil {
			return nil, err
		}
		if err := night.Commit(); err != nil {
			return nil, err
		}
		if err := s.n.ws.Register.Index(ctx); err != nil { // nothing but the speed of questions about one person needs them
			r.Log.Warn("the indexes by which one person is found are not there", "code", fault.Code(err), "next", "grant INDEX on the register for the next night")
		}
	}
	s.n.forget()
	return facts, nil
}

// forget lets go of what no stage behind load asks for: it is most of what a night keeps in memory.
func (n *Night) forget() {
	n.engine, n.resolved, n.standing, n.present, n.heir, n.having = nil, nil, nil, nil, nil, nil
	n.pastPoints, n.leftPoints, n.feeds, n.remembered, n.toldBefore, n.withheldBefore, n.withheld = nil, nil, nil, nil, nil, nil, nil
	n.touched, n.doubted, n.recordKept, n.recordWithheld, n.decidedRecords, n.gaveWay, n.orphaned = nil, nil, nil, nil, nil, nil, nil
}

// accounts adds up what conform and protect counted.
func accounts(r *pipelines.Run) ([]Account, error) {
	var conformed ConformFacts
	var protected ProtectFacts
	if err := r.Fact("conform", &conformed); err != nil {
		return nil, err
	}
	if err := r.Fact("protect", &protected); err != nil {
		return nil, err
	}
	kept := map[string]FeedKept{}
	for _, k := range protected.Feeds {
		kept[k.Feed] = k
	}
	var out []Account
	for _, c := range conformed.Feeds {
		k := kept[c.Feed]
		a := Account{Feed: c.Feed, Read: c.Read, Loaded: c.Earlier + k.Loaded, Unchanged: c.Unchanged + k.Unchanged, Merged: c.Merged,
			Quarantined: c.Quarantined + k.Orphans, Clauses: k.Withheld, Reasons: c.Reasons}
		if k.Orphans > 0 {
			a.Reasons = add(a.Reasons, "orphan", k.Orphans)
		}
		for _, n := range k.Withheld {
			a.Withheld += n
		}
		if a.Difference() != 0 {
			return nil, errBalance.At(fault.Place{Field: c.Feed})
		}
		out = append(out, a)
	}
	return out, nil
}

func add(m map[string]int64, key string, n int64) map[string]int64 {
	if m == nil {
		m = map[string]int64{}
	}
	m[key] += n
	return m
}

// vault stores the identity of tonight's rows, takes out what gave way or lapsed, and moves records to their new subjects.
func (s load) vault(ctx context.Context, r *pipelines.Run, lapsed []string) (int64, error) {
	if len(s.n.marked) > 0 { // before that by which they are known goes
		if err := s.n.ws.Vault.Suppress(ctx, s.n.marked); err != nil {
			return 0, err
		}
	}
	gone := slices.Concat(lapsed, s.n.gaveWay)
	sort.Strings(gone)
	if err := s.n.ws.Vault.Drop(ctx, gone); err != nil {
		return 0, err
	}
	if err := s.n.ws.Vault.Move(ctx, r.ID(), s.moves()); err != nil {
		return 0, err
	}
	if len(s.n.stray) > 0 {
		if err := s.n.ws.Vault.TakeBackWords(ctx, s.n.stray); err != nil {
			return 0, err
		}
	}
	if len(s.n.spread) > 0 {
		if err := s.n.ws.Vault.KeepWords(ctx, s.n.spread); err != nil {
			return 0, err
		}
	}
	var written int64
	err := s.n.ws.Vault.Fill(ctx, r.ID(), func(put func([]vault.Entry) error) error {
		for _, f := range s.n.landed() {
			spool, err := s.n.ws.Work.Open(workName(r, "vault", f.feed.FullName()))
			if err != nil {
				return err
			}
			err = entries(ctx, spool, func(chunk []vault.Entry) error {
				written += int64(len(chunk))
				r.Progress.Advance(int64(len(chunk)), "vault entries")
				return put(chunk)
			})
			spool.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
	return written, err
}

// moves gives the records whose subject is another than last night, and those that tonight's resolution does not know of a
// subject that was found to be another.
func (s load) moves() []vault.Move {
	d := s.n.ws.SourceTokens()
	var out []vault.Move
	for i := range s.n.resolved.Records {
		if x := &s.n.resolved.Records[i]; x.Before != "" && x.Before != x.Subject {
			out = append(out, vault.Move{Record: protect.Record(d, x.System, x.PersonKey), From: x.Before, To: x.Subject})
		}
	}
	heirs := s.n.heirs()
	for _, other := range sortedKeys(heirs) {
		out = append(out, vault.Move{From: other, To: heirs[other]})
	}
	return out
}

// register writes rows, links and events into the night's transaction.
func (s load) register(ctx context.Context, r *pipelines.Run, night *register.Night, leaving lapsed, doubtful doubts) (links int, err error) {
	if err := leaving.remove(ctx, night); err != nil {
		return 0, err
	}
	if err := night.Unlapse(ctx, s.n.back); err != nil {
		return 0, err
	}
	asked := s.asked()
	s.n.resolved.ForgetRows() // what somebody's rows say is half of what the night keeps in memory
	touched := sortedKeys(s.n.touched)
	over := s.over()
	replaced := without(touched, over)
	slices.Sort(s.n.doubted)
	if err := night.BookWords(ctx, slices.Concat(replaced, s.n.doubted), r.ID()); err != nil {
		return 0, err
	}
	if err := night.Drop(ctx, replaced); err != nil {
		return 0, err
	}
	slices.Sort(s.n.orphaned)
	if err := night.End(ctx, slices.Concat(sortedKeys(over), s.n.orphaned), r.ID()); err != nil {
		return 0, err
	}
	for _, f := range s.n.landed() {
		if err := s.put(ctx, r, night, f); err != nil {
			return 0, err
		}
	}
	if err := night.Doubt(ctx, s.n.doubted); err != nil {
		return 0, err
	}
	if err := night.SettleWords(ctx, r.ID()); err != nil {
		return 0, err
	}
	if links, err = s.link(ctx, r, night, asked, doubtful); err != nil {
		return 0, err
	}
	if err := s.n.layKeptWords(ctx, night); err != nil {
		return 0, err
	}
	next, err := night.NextEvent(ctx, r.ID())
	if err != nil {
		return 0, err
	}
	events := s.events(r, next)
	if err := night.Events(ctx, events); err != nil {
		return 0, err
	}
	return links, follow(ctx, r, night, events)
}

// follow moves what is written down under persons who were found to be others, so that an erasure finds it.
func follow(ctx context.Context, r *pipelines.Run, night *register.Night, events []register.Event) error {
	for _, e := range events {
		if e.Kind != register.Merged {
			continue
		}
		if err := night.Follow(ctx, e.Other, e.Person, r.ID()); err != nil {
			return err
		}
		if err := ledger.FollowPerson(ctx, night.Tx(), e.Other, e.Person); err != nil {
			return err
		}
	}
	return nil
}

// over gives the tokens of rows whose data ends tonight.
func (s load) over() map[string]bool {
	d := s.n.ws.SourceTokens()
	out := map[string]bool{}
	for _, f := range s.n.landed() {
		for _, key := range f.over() {
			out[protect.SourceKey(d, f.feed.FullName(), string(key))] = true
		}
	}
	return out
}

func without(keys []string, skip map[string]bool) []string {
	out := keys[:0:0]
	for _, k := range keys {
		if !skip[k] {
			out = append(out, k)
		}
	}
	return out
}

func (s load) put(ctx context.Context, r *pipelines.Run, night *register.Night, f *feedNight) error {
	spool, err := s.n.ws.Work.Open(workName(r, "register", f.feed.FullName()))
	if err != nil {
		return err
	}
	defer spool.Close()
	for b, err := range canon.ReadBatches(spool.Reader(), register.Tables()) {
		if err != nil {
			return err
		}
		if err := night.Put(ctx, b, r.ID()); err != nil {
			return err
		}
		r.Progress.Advance(int64(b.Len()), "register rows")
	}
	return nil
}

// events puts the resolver's events into the register's terms: pseudonyms, numbered from next. Of a suppressed person
// nothing is written down.
func (s load) events(r *pipelines.Run, next int64) []register.Event {
	persons := s.n.ws.Persons()
	kinds := map[string]string{resolve.Created: register.Created, resolve.Merged: register.Merged, resolve.Split: register.Split}
	var out []register.Event
	for _, e := range s.n.resolved.Events {
		kind, ok := kinds[e.Kind]
		if !ok || !s.n.standing.stays(e.Subject) {
			continue
		}
		x := register.Event{Run: r.ID(), Seq: next + int64(len(out)), Kind: kind, Person: workspace.PersonOf(persons, e.Subject)}
		if e.Other != "" {
			x.Other = workspace.PersonOf(persons, e.Other)
		}
		out = append(out, x)
	}
	return out
}

// ledger records the night inside its own transaction.
func (s load) ledger(ctx context.Context, r *pipelines.Run, night *register.Night, mem memory, facts LoadFacts, started time.Time) error {
	tx := night.Tx()
	mem[stateVaultBegun], mem[stateVaultDone] = r.ID(), r.ID()
	deletion, err := deletionsOf().open(ctx, tx, r.Pipeline)
	if err != nil {
		return err
	}
	if deletion != "" {
		mem[stateStripDone] = deletion // what landed was written anew, and what did not is not decided any more
	}
	if err := mem.commit(ctx, tx, r); err != nil {
		return err
	}
	for _, f := range s.n.landed() {
		w := ledger.Watermark{Pipeline: r.Pipeline, Feed: f.feed.FullName(), LogicalDate: r.Date.String(), Snapshot: f.facts.Digest}
		if err := ledger.SetWatermark(ctx, tx, w, f.facts.Previous); err != nil {
			return err
		}
	}
	if err := ledger.PutListNotices(ctx, tx, s.n.noted(r)); err != nil {
		return err
	}
	var rows []ledger.Account
	for _, a := range facts.Accounts {
		rows = append(rows, ledger.Account{Run: r.ID(), Feed: a.Feed, RowsRead: a.Read, Loaded: a.Loaded, Unchanged: a.Unchanged,
			Merged: a.Merged, Quarantined: a.Quarantined, Withheld: a.Withheld})
	}
	if err := ledger.PutAccounts(ctx, tx, rows); err != nil {
		return err
	}
	for _, f := range s.n.landed() {
		name := f.feed.FullName()
		bad, err := s.n.quarantined(r, name)
		if err != nil {
			return err
		}
		if err := ledger.PutQuarantined(ctx, tx, r.ID(), name, bad); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	if err := workspace.RecordStage(ctx, tx, r, "load", raw, started, r.Now()); err != nil {
		return err
	}
	return s.n.check(ctx, tx)
}
