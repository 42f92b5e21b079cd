package nightly

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
	"uoma/transforms/quality"
)

// ReportFacts is what the stage leaves in the ledger; the survey reads the verdict before it selects.
type ReportFacts struct {
	Verdict  string       `json:"verdict"`
	Headline string       `json:"headline"`
	HTML     string       `json:"html"` // path in the workspace
	JSON     string       `json:"json"`
	SHA256   string       `json:"sha256"` // of the JSON form
	Past     quality.Past `json:"past"`   // for the trends of later runs
}

var errReport = fault.New("UOMA-RPT-WRITE", "the quality report cannot be written", "check free space and the owner of reports/")

// report turns what the other stages left in the ledger into the quality report.
type report struct{ n *Night }

func (report) Name() string { return "report" }

func (s report) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if r.Dry {
		return s.write(ctx, r)
	}
	var facts ReportFacts
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.n.SweepState(gctx) }) // what the night's commit no longer names
	g.Go(func() (err error) {
		facts, err = s.write(gctx, r)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return facts, s.n.ws.Work.Remove(r.ID())
}

// write writes the report, unless the run is a dry one.
func (s report) write(ctx context.Context, r *pipelines.Run) (facts ReportFacts, err error) {
	if !r.Dry { // so that the report shows a head that is signed
		if err := s.n.ws.SealAudit(ctx, r.ID(), r.Now()); err != nil {
			return facts, err
		}
	}
	in, err := s.input(ctx, r)
	if err != nil {
		return facts, err
	}
	rep := quality.Build(in)
	page, err := quality.HTML(rep)
	if err != nil {
		return facts, err
	}
	data, err := quality.JSON(rep, page)
	if err != nil {
		return facts, err
	}
	facts = ReportFacts{Verdict: rep.Verdict, Headline: rep.Headline, SHA256: digest(data), Past: rep.Past()}
	if r.Dry {
		return facts, nil
	}
	dir := filepath.Join(workspace.ReportDir, r.ID())
	facts.HTML, facts.JSON = filepath.Join(dir, "quality.html"), filepath.Join(dir, "quality.json")
	if err := os.MkdirAll(s.n.ws.Path(dir), 0o700); err != nil {
		return facts, errReport.Because(err)
	}
	for name, b := range map[string][]byte{facts.HTML: page, facts.JSON: data} {
		if err := replaceFile(s.n.ws.Path(name), b); err != nil {
			return facts, errReport.Because(err)
		}
	}
	return facts, nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, b []byte) error {
	part := path + ".partial"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(part, path)
}

// input gathers the facts of all stages.
func (s report) input(ctx context.Context, r *pipelines.Run) (quality.Input, error) {
	f, err := readFacts(r)
	if err != nil {
		return quality.Input{}, err
	}
	in := quality.Input{
		Run: quality.Run{
			ID: r.ID(), Pipeline: r.Pipeline, Date: r.Date.String(), Mode: string(r.Mode), Attempt: r.Attempt,
			Zone: s.n.ws.Settings.Zone, Software: "uoma", ConfigDigest: s.n.ConfigDigest(),
			Policy: quality.Policy{ID: s.n.pack.ID, Version: s.n.pack.Version, Digest: s.n.pack.Digest()},
		},
		Matching: matching(f.resolve), Privacy: privacy(f, s.n.pack), Register: tables(f.load),
	}
	if !r.Dry {
		if err := s.n.ws.NoteNotice(ctx, s.n.pack, r.Date, r.ID()); err != nil {
			return in, err
		}
	}
	owed, err := s.n.ws.Owed(ctx)
	if err != nil {
		return in, err
	}
	in.Privacy.Unannounced = int64(len(owed))
	s.sources(&in, f)
	if err := s.stages(ctx, r, &in); err != nil {
		return in, err
	}
	if in.History, err = s.history(ctx, r); err != nil {
		return in, err
	}
	if head, ok, err := ledger.LastSeal(ctx, s.n.ws.RegisterDB); err != nil {
		return in, err
	} else if ok {
		in.Run.Audit = &quality.Audit{Number: head.Number, Chain: head.Chain}
	}
	if in.Deliveries, err = s.deliveries(ctx); err != nil {
		return in, err
	}
	if in.Orders, err = s.orders(ctx, r); err != nil {
		return in, err
	}
	marks, err := ledger.Watermarks(ctx, s.n.ws.RegisterDB, r.Pipeline)
	if err != nil {
		return in, err
	}
	if in.Untold, err = s.n.untold(ctx, r); err != nil {
		return in, err
	}
	if err := s.n.ws.Register.See(ctx, func(v *register.View) (err error) {
		in.Unread, err = workspace.Unread(ctx, marks, v, s.n.layouts)
		return err
	}); err != nil {
		return in, err
	}
	people := quality.Table{Name: "people", People: true, Rows: int64(f.govern.People)}
	if n := len(in.History); n > 0 {
		people.Previous = in.History[n-1].People
	}
	people.Added, people.Removed = max(0, people.Rows-people.Previous), max(0, people.Previous-people.Rows)
	in.Register = append(in.Register, people)
	return in, nil
}

// allFacts are the facts of every stage before the report.
type allFacts struct {
	land    LandFacts
	conform ConformFacts
	resolve ResolveFacts
	protect ProtectFacts
	load    LoadFacts
	govern  GovernFacts
}

func readFacts(r *pipelines.Run) (f allFacts, err error) {
	for stage, out := range map[string]any{"land": &f.land, "conform": &f.conform, "resolve": &f.resolve, "protect": &f.protect, "load": &f.load, "govern": &f.govern} {
		if err := r.Fact(stage, out); err != nil {
			return f, err
		}
	}
	return f, nil
}

// sources fills in the feeds, their datasets and fields.
func (s report) sources(in *quality.Input, f allFacts) {
	rows, accounts := map[string]FeedRows{}, map[string]Account{}
	for _, x := range f.conform.Feeds {
		rows[x.Feed] = x
	}
	for _, x := range f.load.Accounts {
		accounts[x.Feed] = x
	}
	layouts, feeds := map[string]*layout.Layout{}, map[string]*layout.Feed{}
	s.n.each(func(l *layout.Layout, feed *layout.Feed) {
		layouts[feed.FullName()], feeds[feed.FullName()] = l, feed
	})
	for _, ff := range f.land.Feeds {
		if ff.Code == errNotYet.Code {
			continue // nothing came, and nothing was expected
		}
		a, c := accounts[ff.Feed], rows[ff.Feed]
		src := quality.Source{
			Feed: ff.Feed, System: canon.SystemOf(ff.Feed), File: ff.File, Extracted: ff.Extracted,
			Read: a.Read, Loaded: a.Loaded, Unchanged: a.Unchanged, Merged: a.Merged,
			Quarantined: a.Reasons, Withheld: a.Clauses, Skipped: ff.Skipped, Control: ff.Control,
			Previous: c.Before, Added: c.Added, Changed: c.Changed, Removed: c.Removed,
			Unknown: ff.Unknown, Missing: ff.Missing, Reordered: ff.Reordered, Encoding: ff.Encoding, Mojibake: ff.Mojibake,
			ReadAs: ff.readAs(), Digest: ff.Digest, Code: ff.Code, Reason: ff.Reason, Hint: ff.Hint,
		}
		if l, feed := layouts[ff.Feed], feeds[ff.Feed]; l != nil {
			src.Columns, src.Layout = len(feed.Columns), l.Digest()
			for _, col := range feed.Columns {
				if col.Required && slices.Contains(ff.Missing, col.Name) {
					src.Required = append(src.Required, col.Name)
				}
			}
		}
		in.Sources = append(in.Sources, src)
		for _, table := range sortedKeys(c.Tables) {
			in.Datasets = append(in.Datasets, quality.Dataset{Feed: ff.Feed, Table: table, Rows: c.Tables[table]})
		}
		for _, col := range c.Fields {
			in.Fields = append(in.Fields, field(ff.Feed, col))
		}
	}
}

func field(feed string, c conform.Field) quality.Field {
	f := quality.Field{Feed: feed, Column: c.Name, Class: class(c.Targets), Targets: c.Targets, Required: c.Required,
		Present: c.Present, Missing: c.Missing, Invalid: counts(c.Invalid), Warnings: counts(c.Warnings)}
	f.Applicable = c.Present + c.Missing + f.Invalid.Total()
	return f
}

func counts(list []conform.Count) quality.Counts {
	out := quality.Counts{}
	for _, c := range list {
		out[c.Code] = c.N
	}
	return out
}

var classNames = map[canon.Class]string{canon.Plain: "plain", canon.Quasi: "quasi", canon.Key: "key", canon.Name: "name",
	canon.Identifier: "identifier", canon.Contact: "contact", canon.FreeText: "free_text"}

// class gives the most revealing class of what a column fills.
func class(targets []string) string {
	worst := canon.Plain
	for _, t := range canon.Tables() {
		for _, c := range t.Columns {
			for _, target := range targets {
				if canon.SystemOf(target) != "" && targetIs(target, t.Name, c.Name) {
					worst = max(worst, c.Class)
				}
			}
		}
	}
	return classNames[worst]
}

// targetIs tells whether a layout's target ("email.personal", "address.home.line1", "person.hetu") fills a column. A
// target that ends in a kind fills the table's identifying column.
func targetIs(target, table, column string) bool {
	if len(target) <= len(table) || target[:len(table)+1] != table+"." {
		return false
	}
	rest := target[len(table)+1:]
	return rest == column || len(rest) > len(column) && rest[len(rest)-len(column)-1:] == "."+column ||
		(table == "email" && column == "address") || (table == "phone" && column == "number")
}

// maxSize is the last size of the cluster histogram; more is counted together.
const maxSize = 9

func matching(f ResolveFacts) *quality.Matching {
	m := &quality.Matching{Records: int64(f.Records), Subjects: int64(f.Subjects), New: int64(f.Created), Links: quality.Counts{},
		Conflicts: quality.Counts{}, Review: quality.Counts{}, Sizes: quality.Counts{}, Merges: int64(f.Merged), Splits: int64(f.Split)}
	for rule, n := range f.Links {
		m.Links[rule] = int64(n)
	}
	for rule, n := range f.Conflicts {
		m.Conflicts[rule] = int64(n)
	}
	for rule, n := range f.Review {
		m.Review[rule] = int64(n)
	}
	for size, n := range f.Sizes {
		key := strconv.Itoa(size)
		if size >= maxSize {
			key = strconv.Itoa(maxSize) + "+"
		}
		m.Sizes[key] += int64(n)
	}
	return m
}

func privacy(f allFacts, pack *policy.Pack) *quality.Privacy {
	p := &quality.Privacy{Honoured: &quality.Honoured{Withdrawn: int64(f.govern.Withdrawn), Used: int64(f.govern.Used)},
		Objections: quality.Counts{}, Suppressed: int64(f.protect.Suppressed), Protected: int64(f.govern.Protected)}
	for _, purpose := range sortedKeys(f.govern.Consents) {
		c := f.govern.Consents[purpose]
		p.Consents = append(p.Consents, quality.Consent{Purpose: purpose, Granted: int64(c["granted"]), Refused: int64(c["refused"]),
			Withdrawn: int64(c["withdrawn"]), Expired: int64(c["expired"]), Unknown: int64(c["unknown"])})
	}
	for scope, n := range f.govern.Objections {
		p.Objections[scope] = int64(n)
	}
	for _, s := range pack.Sequences {
		p.Sequences = append(p.Sequences, quality.Sequence{ID: s.ID, Broken: int64(f.govern.Broken[s.ID])})
	}
	retained := map[string]int{}
	maps.Copy(retained, f.govern.Due)
	maps.Copy(retained, f.govern.Held)
	for _, category := range sortedKeys(retained) {
		p.Retention = append(p.Retention, quality.Retention{Category: category, Due: int64(f.govern.Due[category]),
			Held: int64(f.govern.Held[category]), Overdue: int64(f.govern.Overdue[category])})
	}
	return p
}

func tables(f LoadFacts) []quality.Table {
	var out []quality.Table
	for _, name := range sortedKeys(f.Tables) {
		now, before := f.Tables[name], f.Before[name]
		if now.Rows == 0 && before.Rows == 0 {
			continue
		}
		t := quality.Table{Name: name, Previous: before.Current, Rows: now.Current}
		if d := now.Current - before.Current; d >= 0 {
			t.Added = d
		} else {
			t.Removed = -d
		}
		out = append(out, t)
	}
	return out
}

// stages fills in how long each stage before the report took, and when the run began and ended. A run that was killed right
// behind its report makes it anew, and tells the same.
func (s report) stages(ctx context.Context, r *pipelines.Run, in *quality.Input) error {
	if r.Dry {
		return nil
	}
	list, err := ledger.Stages(ctx, s.n.ws.RegisterDB, r.ID())
	if err != nil {
		return err
	}
	for _, st := range list {
		if st.Name == s.Name() {
			continue
		}
		start, end := time.UnixMicro(st.StartedAt).UTC(), time.UnixMicro(st.FinishedAt).UTC()
		if in.Run.Started.IsZero() || start.Before(in.Run.Started) {
			in.Run.Started = start
		}
		if end.After(in.Run.Finished) {
			in.Run.Finished = end
		}
		in.Stages = append(in.Stages, quality.Stage{Name: st.Name, State: st.State, Elapsed: end.Sub(start)})
	}
	in.Run.Commit = r.ID()
	return nil
}

// deliveries gives how far every delivery has got, oldest first.
func (s report) deliveries(ctx context.Context) ([]quality.Delivery, error) {
	all, err := s.n.ws.Outbox.All(ctx)
	var out []quality.Delivery
	for i := range all {
		d := &all[i]
		x := quality.Delivery{ID: d.ID, Dataset: d.Chain.Dataset, Recipient: d.Chain.Recipient, Sequence: d.Sequence,
			State: string(d.State), Level: d.ReceiptLevel, Status: d.ReceiptStatus, Done: d.Done()}
		if d.State != outbox.Prepared && d.State != outbox.Encrypted {
			x.Sent = d.UpdatedAt
		}
		out = append(out, x)
	}
	return out, err
}

// orders gives how each target's orders stand: those without an answer when its last run, by date, could hear one, and what somebody
// has to look into by the last run that came to choose them.
func (s report) orders(ctx context.Context, r *pipelines.Run) ([]quality.Orders, error) {
	given, err := ledger.DeletionOrders(ctx, s.n.ws.RegisterDB, "")
	if err != nil {
		return nil, err
	}
	of := map[string][]ledger.DeletionOrder{}
	for _, o := range given {
		of[o.Target] = append(of[o.Target], o)
	}
	var out []quality.Orders
	for _, target := range sortedKeys(of) {
		runs, err := ledger.Runs(ctx, s.n.ws.RegisterDB, target, maxHistory)
		if err != nil {
			return nil, err
		}
		last := r.Date.String()
		if len(runs) > 0 {
			last = runs[0].LogicalDate
		}
		x := quality.Orders{Target: target}
		open, _ := ledger.OpenOrders(of[target], last)
		x.Open = int64(open)
		if x.Findings, err = s.refused(ctx, runs); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// refused counts what the newest of some runs of a target of orders found that chose any.
func (s report) refused(ctx context.Context, runs []ledger.Run) (n int64, err error) {
	for _, run := range runs {
		st, found, err := ledger.FindStage(ctx, s.n.ws.RegisterDB, run.ID, "select")
		if err != nil {
			return 0, err
		}
		var told struct { // of what the target's run leaves in the ledger
			Orders *struct {
				Findings map[string]int64 `json:"findings"`
			} `json:"orders"`
		}
		if !found || json.Unmarshal([]byte(st.Facts), &told) != nil || told.Orders == nil {
			continue
		}
		for _, some := range told.Orders.Findings {
			n += some
		}
		return n, nil
	}
	return 0, nil
}

// maxHistory is how many earlier runs the trends show.
const maxHistory = 30

// history gives what earlier runs of the pipeline left for trends, oldest first.
func (s report) history(ctx context.Context, r *pipelines.Run) ([]quality.Past, error) {
	runs, err := ledger.Runs(ctx, s.n.ws.RegisterDB, r.Pipeline, maxHistory+1)
	if err != nil {
		return nil, err
	}
	var out []quality.Past
	for _, run := range slices.Backward(runs) {
		if run.ID == r.ID() || run.LogicalDate > r.Date.String() {
			continue
		}
		st, found, err := ledger.FindStage(ctx, s.n.ws.RegisterDB, run.ID, "report")
		if err != nil {
			return nil, err
		}
		var facts ReportFacts
		if found && st.State == ledger.Finished && json.Unmarshal([]byte(st.Facts), &facts) == nil {
			out = append(out, facts.Past)
		}
	}
	return out, nil
}
