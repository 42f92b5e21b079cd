package quality

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// finish decides: waivers, streaks, verdict, gates.
func (b *builder) finish() {
	sort.SliceStable(b.r.Checks, func(i, j int) bool { return b.r.Checks[i].ID < b.r.Checks[j].ID })
	b.waive()
	open := streaks(b.in.History)
	for i := range b.r.Checks {
		c := &b.r.Checks[i]
		if !c.troubled() {
			continue
		}
		k := b.kinds[c.Kind]
		c.Why, c.Do = k.Why, k.Do
		c.Since, c.Runs = b.in.Run.Date, 1
		if s, ok := open[c.ID]; ok {
			c.Since, c.Runs = s.since, s.runs+1
		}
	}
	b.worst()
	b.verdict()
	b.gates()
	b.r.Headline, b.r.Summary = b.r.headline(), b.r.summary()
	b.r.Trend = make([]Past, 0, len(b.in.History)+1)
	for _, p := range append(slices.Clone(b.in.History), b.r.Past()) {
		p.Feeds, p.Open = nil, nil // the feeds' own are beside them
		b.r.Trend = append(b.r.Trend, p)
	}
}

// troubled tells whether somebody has to look.
func (c *Check) troubled() bool {
	return c.Status == statusWarn && c.Severity != sevInfo || c.failed()
}

func (c *Check) failed() bool { return c.Status == statusFail || c.Status == statusError }

// rank orders what troubles: 4 stops the run, 3 blocks, 2 warns, 1 informs, 0 is fine.
func (c *Check) rank() int {
	switch {
	case c.failed() && c.Severity == sevStop:
		return 4
	case c.failed() && c.Severity == sevBlock:
		return 3
	case c.troubled():
		return 2
	case c.Status == statusWarn || c.Status == statusWaived:
		return 1
	}
	return 0
}

// maxWaiverDays is how long somebody may answer for a check.
const maxWaiverDays = 30

func (b *builder) waive() {
	for _, w := range b.in.Waivers {
		i := sort.Search(len(b.r.Checks), func(i int) bool { return b.r.Checks[i].ID >= w.Check })
		if i == len(b.r.Checks) || b.r.Checks[i].ID != w.Check {
			continue
		}
		if c := &b.r.Checks[i]; c.troubled() && b.kinds[c.Kind].Waivable && w.valid(b.in.Run.Date, c.failed()) {
			c.Status, c.Waiver = statusWaived, fmt.Sprintf("%s, by %s until %s", w.Reason, w.By, w.Until)
		}
	}
}

// valid tells whether a waiver holds on a date. A failure needs a second person.
func (w Waiver) valid(date string, failure bool) bool {
	from, err1 := time.Parse(time.DateOnly, w.From)
	until, err2 := time.Parse(time.DateOnly, w.Until)
	if err1 != nil || err2 != nil || until.Sub(from) > maxWaiverDays*24*time.Hour || w.Reason == "" || w.By == "" {
		return false
	}
	if failure && (w.Second == "" || w.Second == w.By) {
		return false
	}
	return w.From <= date && date <= w.Until
}

type streak struct {
	since string
	runs  int
}

// streaks gives, for each check that the last run left open, for how many runs in a row it was.
func streaks(history []Past) map[string]streak {
	open := map[string]streak{}
	var at []string
	for i := len(history) - 1; i >= 0; i-- {
		p := history[i]
		if p.Mode == "backfill" {
			continue
		}
		if at == nil {
			at = append([]string{}, p.Open...)
		}
		still := at[:0:0]
		for _, id := range at {
			if slices.Contains(p.Open, id) {
				open[id] = streak{p.Date, open[id].runs + 1}
				still = append(still, id)
			}
		}
		if at = still; len(at) == 0 {
			return open
		}
	}
	return open
}

// worst notes at each source, dataset and field what its worst check says.
func (b *builder) worst() {
	rank := map[string]int{}
	status := map[string]string{}
	note := func(key string, c *Check) {
		if r, seen := rank[key]; !seen || c.rank() > r {
			rank[key], status[key] = c.rank(), c.Status
		}
	}
	for i := range b.r.Checks {
		c := &b.r.Checks[i]
		if c.Status == statusUnmeasured || c.Status == statusSkipped {
			continue
		}
		note(c.Dataset, c)
		if c.Field != "" {
			note(c.Dataset+"\x00"+c.Field, c)
		}
	}
	for i := range b.r.Sources {
		b.r.Sources[i].Worst = status[b.r.Sources[i].ID]
	}
	for i := range b.r.Datasets {
		d := &b.r.Datasets[i]
		d.Worst = status[d.ID]
		for j := range d.Fields {
			d.Fields[j].Worst = status[d.ID+"\x00"+d.Fields[j].Name]
		}
	}
}

func (b *builder) verdict() {
	worst := 0
	for i := range b.r.Checks {
		c := &b.r.Checks[i]
		if c.rank() >= 3 {
			b.r.Totals.Blocking++
		} else if c.rank() == 2 {
			b.r.Totals.Warnings++
		}
		if c.Kind == "sourceStopped" && c.Status != statusPass {
			b.r.Totals.SourcesStopped++
		}
		worst = max(worst, c.rank())
	}
	b.r.Verdict = [...]string{statusPass, statusPass, "warn", "block", "stop"}[worst]
	b.r.Reasons = []string{}
	for i := range b.r.Checks {
		if c := &b.r.Checks[i]; worst >= 2 && c.rank() == worst {
			b.r.Reasons = append(b.r.Reasons, c.ID)
		}
	}
}

// gates gives one decision per gate and dataset. What may never be waived and belongs to the whole run closes the gates
// of every extract.
func (b *builder) gates() {
	at := map[[2]string]int{}
	gate := func(name, dataset string) *Gate {
		key := [2]string{name, dataset}
		i, ok := at[key]
		if !ok {
			i = len(b.r.Gates)
			at[key] = i
			b.r.Gates = append(b.r.Gates, Gate{name, dataset, "open", []string{}})
		}
		return &b.r.Gates[i]
	}
	b.r.Gates = []Gate{}
	ends := []string{"run"}
	for _, e := range b.r.Extracts {
		ends = append(ends, "extract/"+e.Dataset+"/"+e.Recipient)
	}
	for _, dataset := range ends {
		gate("G3", dataset)
		gate("G4", dataset)
	}
	for i := range b.r.Checks {
		c := &b.r.Checks[i]
		g := gate(c.Gate, c.Dataset)
		g.weigh(c)
		if c.rank() >= 3 && !b.kinds[c.Kind].Waivable && !strings.HasPrefix(c.Dataset, "extract/") {
			for _, dataset := range ends {
				gate("G3", dataset).weigh(c)
			}
		}
	}
	for _, dataset := range ends { // what is not prepared is not sent
		if three := *gate("G3", dataset); three.Decision == "closed" {
			four := gate("G4", dataset)
			four.Decision, four.Checks = "closed", union(four.Checks, three.Checks)
		}
	}
	for i := range b.r.Gates {
		sort.Strings(b.r.Gates[i].Checks)
	}
	sort.Slice(b.r.Gates, func(i, j int) bool {
		x, y := b.r.Gates[i], b.r.Gates[j]
		return x.Gate < y.Gate || x.Gate == y.Gate && x.Dataset < y.Dataset
	})
}

func (g *Gate) weigh(c *Check) {
	switch {
	case c.rank() >= 3:
		if g.Decision != "closed" {
			g.Decision, g.Checks = "closed", g.Checks[:0]
		}
	case c.rank() == 2 && g.Decision != "closed":
		g.Decision = "open with warnings"
	default:
		return
	}
	g.Checks = union(g.Checks, []string{c.ID})
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// headline says the verdict in one sentence.
func (r *Report) headline() string {
	t := r.Totals
	switch r.Verdict {
	case "stop":
		return "The run stopped, and the register is as it was."
	case "block":
		s := plural(t.Blocking, "problem blocks", "problems block") + " a part of the run"
		if t.Warnings > 0 {
			s += ", and " + plural(t.Warnings, "warning waits", "warnings wait")
		}
		return s + "."
	case "warn":
		return "The run went through, with " + plural(t.Warnings, "thing", "things") + " to look at."
	}
	return "Everything is in order."
}

// summary says what was read and whether it adds up.
func (r *Report) summary() string {
	t := r.Totals
	var parts []string
	switch {
	case t.SourcesStopped > 0:
		parts = append(parts, fmt.Sprintf("%d of %d exports stopped; the others were used.", t.SourcesStopped, t.Sources))
	case t.Sources == 1:
		parts = append(parts, "The export arrived.")
	case t.Sources > 1:
		parts = append(parts, fmt.Sprintf("All %d exports arrived.", t.Sources))
	}
	switch {
	case r.unbalanced():
		parts = append(parts, "Some rows are not accounted for.")
	case t.Rows.Read > 0:
		parts = append(parts, "Each of "+plural(t.Rows.Read, "row", "rows")+" is accounted for.")
	}
	for _, e := range r.Extracts {
		parts = append(parts, fmt.Sprintf("Of %s eligible, %s were chosen for %s.", grouped(e.Eligible), grouped(e.Sent), e.Recipient))
	}
	return strings.Join(parts, " ")
}

// unbalanced tells whether any source has a difference: two that cancel each other out are two mistakes.
func (r *Report) unbalanced() bool {
	return slices.ContainsFunc(r.Sources, func(s SourceReport) bool { return s.Rows.Difference != 0 })
}

// Past gives what later runs need of this one for their trends and baselines.
func (r *Report) Past() Past {
	p := Past{Run: r.Run.ID, Date: r.Run.Date, Mode: r.Run.Mode, Verdict: r.Verdict, People: r.Totals.People,
		Read: r.Totals.Rows.Read, Loaded: r.Totals.Rows.Loaded, Quarantined: r.Totals.Rows.Quarantined,
		Withheld: r.Totals.Rows.Withheld, Filled: r.Totals.Required.Num, Applicable: r.Totals.Required.Den, Feeds: Counts{}, Open: []string{}}
	if r.Matching != nil {
		p.Review = r.Matching.Review.Total()
	}
	for _, s := range r.Sources {
		if s.State != "stopped" {
			p.Feeds[s.ID] = s.Rows.Read
		}
	}
	for i := range r.Checks {
		if r.Checks[i].troubled() {
			p.Open = append(p.Open, r.Checks[i].ID)
		}
	}
	return p
}

// ranked gives codes by count, the largest first.
func ranked(c Counts) []Cell {
	out := make([]Cell, 0, len(c))
	for code, n := range c {
		out = append(out, Cell{code, n})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].N > out[j].N || out[i].N == out[j].N && out[i].Code < out[j].Code })
	return out
}
