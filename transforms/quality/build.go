package quality

import (
	"fmt"
	"sort"
	"strings"
)

// Build judges a run.
func Build(in Input) *Report {
	clean, dropped := admit(in)
	b := &builder{in: clean, k: clean.Limits.K, kinds: map[string]Kind{}, stopped: map[string]bool{}, r: &Report{
		Format: Format, Version: Version, Kinds: Kinds(), Limits: clean.Limits, K: clean.Limits.K, Removed: dropped,
		Stages: []StageReport{}, Register: []TableReport{}, Extracts: []ExtractReport{}, Deliveries: []DeliveryReport{},
		Sources: []SourceReport{}, Datasets: []DatasetReport{},
	}}
	for _, k := range b.r.Kinds {
		b.kinds[k.Name] = k
	}
	b.run()
	b.sources()
	b.unread()
	b.untold()
	b.datasets()
	b.register()
	b.matching()
	b.privacy()
	b.extracts()
	b.deliveries()
	b.stages()
	b.own()
	b.finish()
	return b.r
}

// unread warns of feeds that are read no more.
func (b *builder) unread() {
	for _, feed := range b.in.Unread {
		b.atMost("sourceUnread", feed, "", 1, 0, "feeds")
	}
}

// untold warns of lists whose people were not told in time, and says of the others by when they are to be.
func (b *builder) untold() {
	overdue, details, feeds := map[string]int64{}, map[string][]string{}, []string{}
	for _, u := range b.in.Untold {
		if details[u.Feed] == nil {
			feeds = append(feeds, u.Feed)
		}
		text := plural(u.People, "person", "people")
		if few(u.People, b.k) == nil {
			text = fmt.Sprintf("fewer than %d people", b.k)
		}
		text += " to be told by " + u.By
		if u.Overdue {
			overdue[u.Feed]++
			text += ", overdue"
		}
		details[u.Feed] = append(details[u.Feed], text)
	}
	for _, feed := range feeds {
		n := overdue[feed]
		c := Check{Status: statusPass, Value: fmt.Sprint(n), Unit: "lists", Numerator: &n, Limit: "warns over 0", Detail: strings.Join(details[feed], "; ")}
		if n > 0 {
			c.Status = statusWarn
		}
		b.add("listUntold", "lists/"+feed, "", c) // also where tonight's list was refused: the people are there
	}
}

type builder struct {
	in      Input
	k       int64
	kinds   map[string]Kind
	stopped map[string]bool // feeds of which nothing was used
	r       *Report
}

func (b *builder) run() {
	n := b.in.Run
	b.r.Run = RunReport{ID: n.ID, Pipeline: n.Pipeline, Date: n.Date, Mode: n.Mode, Attempt: n.Attempt,
		StartedAt: moment(n.Started), FinishedAt: moment(n.Finished), Zone: n.Zone, Software: n.Software,
		ConfigDigest: n.ConfigDigest, Policy: n.Policy, Commit: n.Commit, Audit: n.Audit}
	for _, s := range b.in.Stages {
		b.r.Stages = append(b.r.Stages, StageReport{s.Name, s.State, s.Elapsed.Milliseconds(), s.Rows})
	}
}

// fold folds a list and notes that it did.
func (b *builder) fold(c Counts, k int64) Cells {
	out := fold(c, k)
	if out.Folded {
		b.r.FoldedLists++
	}
	return out
}

func (b *builder) sources() {
	for _, s := range b.in.Sources {
		row := b.source(s)
		b.r.Sources = append(b.r.Sources, row)
		b.r.Totals.Rows = b.r.Totals.Rows.Plus(row.Rows)
		b.arrival(s, row)
		b.intoRegister(s, row)
	}
}

func (b *builder) source(s Source) SourceReport {
	rows := Rows{Read: s.Read, Loaded: s.Loaded, Unchanged: s.Unchanged, Merged: s.Merged,
		Quarantined: s.Quarantined.Total(), Withheld: s.Withheld.Total(), Skipped: s.Skipped.Total()}
	rows.Difference = rows.Read - rows.Loaded - rows.Unchanged - rows.Merged - rows.Quarantined - rows.Withheld
	if s.Code != "" { // none of its rows was used, so none is in the balance
		rows = Rows{}
	}
	row := SourceReport{ID: s.Feed, System: s.System, File: s.File, State: stateOf(s),
		ExtractedAt: stamp(s.Extracted), ArrivedAt: stamp(s.Arrived), DueAt: stamp(s.DueBy),
		AgeMinutes: minutes(s.Extracted, b.in.Run.Started), LateMinutes: minutes(s.DueBy, s.Arrived),
		Rows: rows, Quarantined: s.Quarantined, Skipped: s.Skipped, Control: s.Control,
		Change: Change{s.Previous, s.Added, s.Changed, s.Removed, max(0, s.Previous-s.Removed-s.Changed)},
		Schema: Schema{s.Layout, s.Columns, s.Missing, s.Required, s.Unknown, s.Reordered}, Encoding: s.Encoding,
		Mojibake: s.Mojibake, Formulas: s.Formulas, Snapshot: s.Digest, ReadAs: s.ReadAs, Code: s.Code, Reason: s.Reason, Hint: s.Hint}
	for _, p := range b.in.History {
		if n, ok := p.Feeds[s.Feed]; ok {
			row.Trend = append(row.Trend, n)
		}
	}
	row.Trend = append(row.Trend, s.Read)
	b.stopped[s.Feed] = row.State == "stopped"
	b.r.Totals.Sources++
	return row
}

func stateOf(s Source) string {
	switch {
	case s.Code != "":
		return "stopped"
	case s.Read == 0:
		return "empty"
	case s.Unchanged == s.Read:
		return "unchanged"
	}
	return "loaded"
}

func (b *builder) datasets() {
	at := map[string]int{}
	dataset := func(feed string) *DatasetReport {
		i, ok := at[feed]
		if !ok {
			i = len(b.r.Datasets)
			at[feed] = i
			b.r.Datasets = append(b.r.Datasets, DatasetReport{ID: feed, Tables: []Cell{}, Fields: []FieldReport{}})
		}
		return &b.r.Datasets[i]
	}
	for _, s := range b.in.Sources {
		dataset(s.Feed)
	}
	for _, d := range b.in.Datasets {
		ds := dataset(d.Feed)
		ds.Tables = append(ds.Tables, Cell{d.Table, d.Rows})
	}
	sums := map[string]*[2]Ratio{}
	for _, f := range b.in.Fields {
		ds := dataset(f.Feed)
		ds.Fields = append(ds.Fields, b.field(f))
		s := sums[f.Feed]
		if s == nil {
			s = &[2]Ratio{}
			sums[f.Feed] = s
		}
		filled, valid := f.ratios()
		if f.Required {
			s[0] = s[0].Plus(filled)
		}
		s[1] = s[1].Plus(valid)
	}
	sort.Slice(b.r.Datasets, func(i, j int) bool { return b.r.Datasets[i].ID < b.r.Datasets[j].ID })
	for i := range b.r.Datasets {
		ds := &b.r.Datasets[i]
		s := sums[ds.ID]
		if s == nil {
			s = &[2]Ratio{}
		}
		b.r.Totals.Required, b.r.Totals.Valid = b.r.Totals.Required.Plus(s[0]), b.r.Totals.Valid.Plus(s[1])
		ds.Dimensions = b.dimensions(ds.ID, s[0], s[1])
	}
}

// ratios gives completeness and conformity of a field.
func (f Field) ratios() (filled, valid Ratio) {
	bad := f.Invalid.Total()
	return Ratio{f.Applicable - f.Missing, f.Applicable}, Ratio{f.Present, f.Present + bad}
}

func (b *builder) field(f Field) FieldReport {
	filled, valid := f.ratios()
	row := FieldReport{Name: f.Column, Class: f.Class, Required: f.Required, Applicable: f.Applicable, Present: f.Present,
		Missing: f.Missing, Invalid: f.Invalid, Warnings: f.Warnings, Completeness: filled.Percent(), Conformity: valid.Percent()}
	if len(f.Codes) > 0 {
		k := b.k
		if f.Class == "quasi" {
			k = 2 * b.k
		}
		cells := b.fold(f.Codes, k)
		row.Codes = &cells
	}
	b.judgeField(f, filled, valid)
	return row
}

// dimensions gives a dataset's line of the heat map.
func (b *builder) dimensions(feed string, filled, valid Ratio) []Measure {
	var s SourceReport
	for i := range b.r.Sources {
		if b.r.Sources[i].ID == feed {
			s = b.r.Sources[i]
		}
	}
	kept := Ratio{s.Change.Previous - s.Change.Removed, s.Change.Previous}
	columns := Ratio{int64(s.Schema.Expected - len(s.Schema.Missing)), int64(s.Schema.Expected)}
	accounted := Ratio{s.Rows.Read - abs(s.Rows.Difference), s.Rows.Read}
	usable := Ratio{s.Rows.Read - s.Rows.Quarantined, s.Rows.Read}
	if b.stopped[feed] {
		kept, accounted, usable = Ratio{}, Ratio{}, Ratio{}
	}
	list := []Measure{{completeness, filled, ""}, {conformity, valid, ""}, {consistency, columns, ""}, {coverage, kept, ""},
		{usability, usable, ""}, {accounting, accounted, ""}}
	for i := range list {
		list[i].Value = list[i].Percent()
	}
	return list
}

func (b *builder) register() {
	for _, t := range b.in.Register {
		row := TableReport{t.Name, t.Previous, t.Added, t.Removed, t.Rows, t.Previous + t.Added - t.Removed - t.Rows}
		b.r.Register = append(b.r.Register, row)
		b.mustBeZero("registerBalance", "register", t.Name, row.Difference, "rows")
		if t.People {
			b.r.Totals.People += t.Rows
			b.r.Totals.PeopleChange += t.Rows - t.Previous
			b.r.Totals.PeopleKnown = true
		}
	}
}

func (b *builder) matching() {
	m := b.in.Matching
	if m == nil {
		return
	}
	row := &MatchingReport{Records: m.Records, Subjects: m.Subjects, New: m.New, Merges: m.Merges, Splits: m.Splits,
		Links: m.Links, Conflicts: m.Conflicts, Review: m.Review, OldestReviewDays: m.OldestReviewDays, Sizes: b.fold(m.Sizes, b.k)}
	if m.Sample != nil {
		row.Precision = &Ratio{m.Sample.Correct, m.Sample.Reviewed}
		if low, high, ok := Wilson(*row.Precision); ok {
			row.PrecisionLow, row.PrecisionHigh = hundredths(low), hundredths(high)
		}
	}
	b.r.Matching = row
	b.atMost("identifierConflict", "register", "", m.Conflicts.Total(), 0, "pairs")
	b.atMost("matchReviewRate", "register", "", m.Review.Total(), b.in.Limits.ReviewWarn, "pairs")
}

func (b *builder) privacy() {
	p := b.in.Privacy
	if p == nil {
		return
	}
	withheld := Counts{}
	for _, s := range b.in.Sources {
		for clause, n := range s.Withheld {
			withheld[clause] += n
		}
	}
	row := &PrivacyReport{Consents: []ConsentReport{}, Honoured: p.Honoured, Objections: b.fold(p.Objections, b.k),
		Withheld: b.fold(withheld, b.k), Retention: p.Retention, Suppressed: few(p.Suppressed, b.k),
		Protected: few(p.Protected, b.k), Restricted: few(p.Restricted, b.k), Erased: few(p.Erased, b.k), MinGroup: p.MinGroup}
	for _, c := range p.Consents {
		states := b.fold(Counts{"granted": c.Granted, "refused": c.Refused, "withdrawn": c.Withdrawn,
			"expired": c.Expired, "unknown": c.Unknown}, b.k)
		row.Consents = append(row.Consents, ConsentReport{c.Purpose, c.Channel, states})
	}
	b.r.Privacy = row
	for _, t := range p.Retention {
		b.mustBeZero("retentionOverdue", "register", t.Category, t.Overdue, "records")
	}
	if p.Unannounced > 0 {
		b.atMost("noticeUnannounced", "notice", "", p.Unannounced, 0, "announcements")
	}
	for _, s := range p.Sequences {
		b.atMost("wordOrder", "register", s.ID, s.Broken, 0, "people")
	}
	b.honoured(p.Honoured)
}

func (b *builder) extracts() {
	for _, e := range b.in.Extracts {
		out := e.Withheld.Total()
		row := ExtractReport{Dataset: e.Dataset, Recipient: e.Recipient, Eligible: e.Eligible, Sent: e.Sent, Withheld: out,
			Clauses: b.fold(e.Withheld, b.k), Difference: e.Eligible - e.Sent - out, Formulas: e.Formulas,
			MinGroup: e.MinGroup, SmallRows: e.SmallRows, Leaks: e.Leaks}
		b.r.Extracts = append(b.r.Extracts, row)
		b.judgeExtract(row)
	}
}

func (b *builder) deliveries() {
	for _, d := range b.in.Deliveries {
		row := DeliveryReport{ID: d.ID, Dataset: d.Dataset, Recipient: d.Recipient, Sequence: d.Sequence, State: d.State,
			Level: d.Level, Status: d.Status, SentAt: stamp(d.Sent), AgeMinutes: minutes(d.Sent, b.in.Run.Started), Done: d.Done}
		b.r.Deliveries = append(b.r.Deliveries, row)
		b.r.Totals.Deliveries++
		if d.Done {
			b.r.Totals.Receipted++
		}
		b.judgeDelivery(row)
	}
	for _, o := range b.in.Orders {
		b.atMost("ordersOpen", "orders/"+o.Target, "", o.Open, 0, "orders")
		b.atMost("ordersRefused", "orders/"+o.Target, "", o.Findings, 0, "orders")
	}
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// plural writes "1 row", "2 rows".
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped writes 1234567 with narrow spaces between thousands, as Finnish and ISO 80000-1 do.
func grouped(n int64) string {
	s := fmt.Sprint(abs(n))
	var b strings.Builder
	if n < 0 {
		b.WriteString("−")
	}
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString("\u202f")
		}
		b.WriteRune(r)
	}
	return b.String()
}
