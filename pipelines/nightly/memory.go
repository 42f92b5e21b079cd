package nightly

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"

	"uoma/connectors/blob"
	"uoma/connectors/database"
	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/resolve"
)

// What a night leaves to the next one besides the stores, by name in the ledger.
const (
	stateMembers  = workspace.StateMembers
	stateLinks    = workspace.StateLinks
	stateRetired  = workspace.StateRetired
	stateWithheld = workspace.StateWithheld
	stateRows     = workspace.StateRows
	stateFacts    = workspace.StateFacts
	stateSoFar    = workspace.StateSoFar
	stateDecided  = workspace.StateDecided
	stateReview   = workspace.StateReview
	stateChanges  = workspace.StateChanges
	statePoints   = workspace.StatePoints

	// Which run last began to write the vault, and which committed after it: they differ when a night was given up between
	// the two, and the vault is then ahead of the register.
	stateVaultBegun, stateVaultDone = "vault-begun", "vault-done"
	stateStripBegun, stateStripDone = "strip-begun", "strip-done" // the same of what retention takes out of the vault
)

type retiredID struct {
	Subject string `parquet:"subject"`
}

type decidedFeed struct {
	Feed   string `parquet:"feed"`
	Config string `parquet:"config"` // see [ConfigDigest]
}

// ConfigDigest is the digest of everything besides exports and time that decides what becomes of a row: settings,
// layouts, policy, program.
func (n *Night) ConfigDigest() string { return ConfigDigest(n.ws, n.layouts, n.pack) }

// ConfigDigest is the digest of what decides in a workspace; see [Night.ConfigDigest].
func ConfigDigest(ws *workspace.Workspace, layouts []*layout.Layout, pack *policy.Pack) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%x\n%s\n", Version, sha256.Sum256(ws.Source), pack.Digest())
	for _, l := range layouts {
		fmt.Fprintf(h, "%s %s\n", l.System, l.Digest())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Version of the decisions that the stages make. A release that decides anything else for the same row raises it, so that
// the next night decides every row anew; so does one that weighs or clusters records otherwise.
const Version = "10"

// mustRedo tells whether the rows of a feed that did not change must be decided anew. A feed is asked for itself: one that
// stopped on the night of a change has it still before it.
func (n *Night) mustRedo(feed string) bool { return n.decided[feed] != n.ConfigDigest() }

// recallDecisions reads which rows were withheld on the last night, and under what every feed's rows were decided.
func (n *Night) recallDecisions(ctx context.Context, r *pipelines.Run) error {
	withheld, err := recallRows[withheldRow](ctx, n, r, stateWithheld)
	if err != nil {
		return err
	}
	for i := range withheld {
		withheld[i].SourceKey = n.ws.Outer(workspace.IndexTokens, withheld[i].SourceKey)
	}
	n.withheldBefore = byFeed(withheld, func(w *withheldRow) string { return w.Feed })
	rows, err := recallRows[rememberedFeed](ctx, n, r, stateRows)
	if err != nil {
		return err
	}
	n.remembered = make(map[string]*rememberedFeed, len(rows))
	for i := range rows {
		n.remembered[rows[i].Feed] = &rows[i]
	}
	if n.positions, err = n.recallPositions(ctx, r); err != nil {
		return err
	}
	if n.leftPoints, err = recallRows[pastPoint](ctx, n, r, statePoints); err != nil {
		return err
	}
	told, err := recallRows[rowFact](ctx, n, r, stateFacts)
	if err != nil {
		return err
	}
	if err := n.recallSoFar(ctx, r); err != nil {
		return err
	}
	if n.lapses, err = n.recallLapses(ctx); err != nil {
		return err
	}
	n.toldBefore = byFeed(told, func(x *rowFact) string { return x.Feed })
	feeds, err := recallRows[decidedFeed](ctx, n, r, stateDecided)
	if err != nil {
		return err
	}
	n.decided = make(map[string]string, len(feeds))
	n.ahead, err = n.vaultAhead(ctx, r)
	if err != nil || n.ahead { // with nothing decided, every row is written anew
		return err
	}
	for _, f := range feeds {
		n.decided[f.Feed] = f.Config
	}
	marks, err := ledger.Watermarks(ctx, n.ws.RegisterDB, r.Pipeline)
	n.ahead = slices.ContainsFunc(marks, func(w ledger.Watermark) bool { return n.decided[w.Feed] == "" }) // has not landed since
	return err
}

// byFeed parts rows that stand together by feed.
func byFeed[T any](rows []T, feed func(*T) string) map[string][]T {
	out := map[string][]T{}
	for len(rows) > 0 {
		name, end := feed(&rows[0]), 1
		for end < len(rows) && feed(&rows[end]) == name {
			end++
		}
		out[name], rows = rows[:end:end], rows[end:]
	}
	return out
}

// vaultWriter names the states that say who began to write the vault, and who committed the register behind it.
type vaultWriter struct{ begun, done string }

func nightsOf() vaultWriter    { return vaultWriter{stateVaultBegun, stateVaultDone} }
func deletionsOf() vaultWriter { return vaultWriter{stateStripBegun, stateStripDone} }

// severalRuns stands for the run that began when another had before it, and has not committed: it is open to whoever comes.
const severalRuns = "several"

// open gives the run that began and has not committed, "" where there is none.
func (w vaultWriter) open(ctx context.Context, q sqlx.QueryerContext, pipeline string) (string, error) {
	begun, _, err := ledger.FindState(ctx, q, pipeline, w.begun)
	if err != nil {
		return "", err
	}
	done, _, err := ledger.FindState(ctx, q, pipeline, w.done)
	if begun.Digest == done.Digest {
		return "", err
	}
	return begun.Digest, err
}

// begin notes that a run is about to write the vault. What another left open stays so, whoever commits first.
func (w vaultWriter) begin(ctx context.Context, q sqlx.ExtContext, of *pipelines.Run, run string) error {
	open, err := w.open(ctx, q, of.Pipeline)
	if err != nil {
		return err
	}
	if open != "" && open != run {
		run = severalRuns
	}
	return memory{w.begun: run}.commit(ctx, q, of)
}

// vaultAhead tells whether another night, or a deletion by retention, wrote the vault and was given up before its commit: the
// vault may have no entry of rows that the register has.
func (n *Night) vaultAhead(ctx context.Context, r *pipelines.Run) (bool, error) {
	for _, w := range []vaultWriter{nightsOf(), deletionsOf()} {
		if open, err := w.open(ctx, n.ws.RegisterDB, r.Pipeline); err != nil || open != "" && open != r.ID() {
			return true, err
		}
	}
	return false, nil
}

// recallEngine gives the resolver with all that it remembers.
func (n *Night) recallEngine(ctx context.Context, r *pipelines.Run) (*resolve.Engine, error) {
	subjects := n.ws.SubjectIDs()
	e := resolve.New(resolve.Settings{
		Clean: []string{"student-register", "pegasos"},
		Mint: func(system, personKey string, n int) string {
			return subjects.Token("subject", system, personKey, fmt.Sprint(n))
		},
	})
	var members []resolve.Member
	var retired []retiredID
	var both errgroup.Group
	both.Go(func() error { return n.recallLinks(ctx, r, e) })
	both.Go(func() (err error) {
		if members, err = recallRows[resolve.Member](ctx, n, r, stateMembers); err != nil {
			return err
		}
		retired, err = recallRows[retiredID](ctx, n, r, stateRetired)
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, err
	}
	ids := make([]string, len(retired))
	for i, x := range retired {
		ids[i] = x.Subject
	}
	e.Restore(members, ids)
	return e, nil
}

// recallLinks gives the resolver its table of linked records.
func (n *Night) recallLinks(ctx context.Context, r *pipelines.Run, e *resolve.Engine) error {
	last, found, err := ledger.FindState(ctx, n.ws.RegisterDB, r.Pipeline, stateLinks)
	if err != nil || !found {
		return err
	}
	rows, _, err := ledger.FindState(ctx, n.ws.RegisterDB, r.Pipeline, stateMembers)
	if err != nil {
		return err
	}
	f, err := n.ws.State.OpenDigest(last.Digest, snapshot.Ext)
	if err != nil {
		return err
	}
	defer f.Close()
	// Another release may have loaded nights in between that left no table.
	if err := e.RestoreLinks(f.Reader(), last.Run == rows.Run); err != nil {
		return errLinks.Wrap(err)
	}
	return nil
}

var errLinks = fault.New("UOMA-RES-LINKS", "the file in which the resolver keeps the linked records is damaged",
	"restore the folder state from the backup of the same night as the register")

// writeLinks writes the resolver's table without erased people, and lets go of it, unless that was done before.
func (n *Night) writeLinks() error {
	if n.linksDigest != "" {
		return nil
	}
	out, err := n.ws.State.Create()
	if err != nil {
		return err
	}
	defer out.Discard()
	kept := func(subject string, of resolve.Key) bool { return n.mayRemember(subject, of.System, of.PersonKey) }
	if err := n.engine.WriteLinks(out, kept); err != nil {
		return err
	}
	n.engine.FreeLinks()
	n.linksDigest, err = out.Commit("", snapshot.Ext)
	return err
}

func recallRows[T any](ctx context.Context, n *Night, r *pipelines.Run, name string) ([]T, error) {
	last, found, err := ledger.FindState(ctx, n.ws.RegisterDB, r.Pipeline, name)
	if err != nil || !found {
		return nil, err
	}
	return snapshot.ReadRows[T](n.ws.State, last.Digest)
}

// memory is what tonight leaves, as digests.
type memory map[string]string

// remember writes the state files. They are named by digest, so that a killed night leaves nothing that a later one
// would take for its own.
func (n *Night) remember(r *pipelines.Run) (memory, error) {
	retired := make([]retiredID, 0)
	for _, id := range n.engine.Retired() {
		retired = append(retired, retiredID{id})
	}
	for _, f := range n.landed() {
		n.decided[f.feed.FullName()] = n.ConfigDigest()
	}
	decided := make([]decidedFeed, 0, len(n.decided))
	for _, feed := range sortedKeys(n.decided) {
		decided = append(decided, decidedFeed{feed, n.decided[feed]})
	}
	if err := n.writeTold(); err != nil {
		return nil, err
	}
	if err := n.writeLinks(); err != nil {
		return nil, err
	}
	m := memory{stateFacts: n.toldDigest, stateLinks: n.linksDigest}
	for _, w := range []struct {
		name  string
		write func(*blob.Store) (string, error)
	}{
		{stateMembers, func(s *blob.Store) (string, error) { return snapshot.WriteRows(s, n.rememberable()) }},
		{stateRetired, func(s *blob.Store) (string, error) { return snapshot.WriteRows(s, retired) }},
		{stateWithheld, func(s *blob.Store) (string, error) { return snapshot.WriteRows(s, n.keptOut()) }},
		{stateRows, func(s *blob.Store) (string, error) { return snapshot.WriteRows(s, n.rowsToRemember(r)) }},
		{stateDecided, func(s *blob.Store) (string, error) { return snapshot.WriteRows(s, decided) }},
		{stateReview, func(s *blob.Store) (string, error) { return snapshot.WriteRows(s, n.reviewable()) }},
		{stateChanges, func(s *blob.Store) (string, error) { return snapshot.WriteRows(s, n.positionsToRemember()) }},
	} {
		digest, err := w.write(n.ws.State)
		if err != nil {
			return nil, err
		}
		m[w.name] = digest
	}
	if len(n.leftPoints) == 0 {
		return m, nil
	}
	var err error
	m[statePoints], err = snapshot.WriteRows(n.ws.State, n.pastPointsToRemember())
	return m, err
}

// keptOut gives the rows that are withheld after tonight, by feed and place: of feeds that did not land what was known
// of them, as their rows are as they were.
func (n *Night) keptOut() []withheldRow {
	of := map[string][]withheldRow{}
	for feed, rows := range n.withheldBefore {
		if n.feeds[feed] == nil {
			of[feed] = rows
		}
	}
	for _, f := range n.landed() {
		of[f.feed.FullName()] = f.rows.withheld
	}
	for feed, rows := range n.withheld {
		of[feed] = slices.Concat(of[feed], rows)
	}
	size := 0
	for _, rows := range of {
		size += len(rows)
	}
	out := make([]withheldRow, 0, size)
	for _, feed := range sortedKeys(of) {
		rows := slices.Clone(of[feed])
		for i := range rows { // a file is not rewritten when the key of tokens is replaced
			rows[i].SourceKey = n.ws.Inner(workspace.IndexTokens, rows[i].SourceKey)
		}
		out = inOrder(out, rows)
	}
	return out
}

// inOrder appends the rows of a feed by place, of which all but a few that were decided tonight lie in that order.
func inOrder(out, rows []withheldRow) []withheldRow {
	order := func(a, b withheldRow) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.SourceKey, b.SourceKey))
	}
	lie := 0
	for lie < len(rows) && (lie == 0 || order(rows[lie-1], rows[lie]) <= 0) {
		lie++
	}
	rest := rows[lie:]
	slices.SortFunc(rest, order)
	rows = rows[:lie]
	for _, w := range rest {
		n, _ := slices.BinarySearchFunc(rows, w, order)
		out, rows = append(append(out, rows[:n]...), w), rows[n:]
	}
	return append(out, rows...)
}

// rowsToRemember gives what is known of every feed's rows, with feeds that did not land as they were.
func (n *Night) rowsToRemember(r *pipelines.Run) []rememberedFeed {
	var out []rememberedFeed
	for _, feed := range sortedKeys(n.remembered) {
		if n.feeds[feed] == nil {
			out = append(out, *n.remembered[feed])
		}
	}
	for _, f := range n.landed() {
		out = append(out, f.remember(r))
	}
	return out
}

// rememberable gives the resolver's rows without those of erased people: their rows are decided anew every night.
func (n *Night) rememberable() []resolve.Member {
	members := n.engine.Members()
	if n.standing == nil || len(n.standing.suppressed) == 0 {
		return members
	}
	return slices.DeleteFunc(slices.Clone(members), func(m resolve.Member) bool {
		return !n.mayRemember(m.Subject, canon.SystemOf(m.Feed), m.PersonKey)
	})
}

// commit makes tonight's state the last one, inside the night's transaction.
func (m memory) commit(ctx context.Context, tx sqlx.ExtContext, r *pipelines.Run) error {
	for _, name := range sortedKeys(m) {
		last, _, err := ledger.FindState(ctx, tx, r.Pipeline, name)
		if err != nil {
			return err
		}
		next := ledger.State{Pipeline: r.Pipeline, Name: name, Digest: m[name], Run: r.ID()}
		if err := ledger.SetState(ctx, tx, next, last.Digest); err != nil {
			return err
		}
	}
	return nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// SweepState removes state files that the ledger does not name: those of earlier nights and of killed ones. They hold what
// the resolver remembered of people, and nobody asks for them again. The caller holds the pipeline's lease.
func (n *Night) SweepState(ctx context.Context) error {
	var named []string
	if err := n.ws.RegisterDB.SelectContext(ctx, &named, "SELECT `digest` FROM `state`"); err != nil {
		return database.Failed("list the state files", err)
	}
	keep := map[string]bool{}
	for _, d := range named {
		keep[d] = true
	}
	return n.ws.State.SweepDigests(snapshot.Ext, keep)
}
