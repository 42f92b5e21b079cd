package quality

import (
	"fmt"
	"strings"
)

// add judges one number. The kind says what stands beside it.
func (b *builder) add(kind, dataset, field string, c Check) {
	k := b.kinds[kind]
	c.ID = dataset
	if field != "" {
		c.ID += "." + field
	}
	c.ID += "." + kind
	c.Kind, c.Dimension, c.Dataset, c.Field, c.Gate, c.Owner = kind, k.Dimension, dataset, field, k.Gate, k.Owner
	if c.Severity == "" {
		c.Severity = k.Severity
	}
	if b.stopped[dataset] && kind != "sourceStopped" {
		c.Status = statusSkipped
	}
	b.r.Checks = append(b.r.Checks, c)
}

// mustBeZero fails on any other number.
func (b *builder) mustBeZero(kind, dataset, field string, n int64, unit string) {
	c := Check{Status: statusPass, Value: fmt.Sprint(n), Unit: unit, Numerator: &n, Limit: "0"}
	if n != 0 {
		c.Status = statusFail
	}
	b.add(kind, dataset, field, c)
}

// atMost warns above a limit.
func (b *builder) atMost(kind, dataset, field string, n, limit int64, unit string) {
	c := Check{Status: statusPass, Value: fmt.Sprint(n), Unit: unit, Numerator: &n, Limit: fmt.Sprintf("warns over %d", limit)}
	if n > limit {
		c.Status = statusWarn
	}
	b.add(kind, dataset, field, c)
}

// share judges a share that should be small (worse above the limits) or large (worse below). A block limit of -1 is none.
func (b *builder) share(kind, dataset, field string, r Ratio, warn, block int64, large bool, detail string) {
	beyond, side := r.over, "over"
	if large {
		beyond, side = r.under, "under"
	}
	c := Check{Status: statusPass, Value: r.Percent(), Unit: "percent", Numerator: &r.Num, Denominator: &r.Den, Detail: detail,
		Limit: fmt.Sprintf("warns %s %s %%", side, short(warn))}
	if block >= 0 {
		c.Limit += fmt.Sprintf(", blocks %s %s %%", side, short(block))
	}
	switch {
	case !r.Measurable():
		c.Status, c.Value = statusUnmeasured, "not measurable"
	case block >= 0 && beyond(block):
		c.Status = statusFail
	case beyond(warn):
		c.Status = statusWarn
	}
	b.add(kind, dataset, field, c)
}

// arrival is gate G1 of a source.
func (b *builder) arrival(s Source, row SourceReport) {
	stopped, detail := int64(0), ""
	if s.Code != "" {
		stopped, detail = 1, strings.TrimSpace(s.Code+": "+s.Reason)
		if s.Hint != "" {
			detail += ". Next: " + s.Hint
		}
	}
	c := Check{Status: statusPass, Value: fmt.Sprint(stopped), Unit: "sources", Numerator: &stopped, Limit: "0", Detail: detail}
	if stopped > 0 {
		c.Status = statusFail
	}
	b.add("sourceStopped", s.Feed, "", c)
	b.columns(s)
	b.age(s, row)
	b.atMost("encoding", s.Feed, "", s.Mojibake, 0, "cells")
	b.add("formulaLike", s.Feed, "", Check{Status: statusPass, Value: fmt.Sprint(s.Formulas), Unit: "cells", Numerator: &s.Formulas})
	if s.Control != nil {
		n := abs(s.Read - *s.Control)
		c := Check{Status: statusPass, Value: fmt.Sprint(n), Unit: "rows", Numerator: &n, Denominator: s.Control, Limit: "0"}
		if n != 0 {
			c.Status = statusWarn
		}
		b.add("reconciliation", s.Feed, "", c)
	}
}

func (b *builder) columns(s Source) {
	n := int64(len(s.Required))
	c := Check{Status: statusPass, Value: fmt.Sprint(n), Unit: "columns", Numerator: &n, Limit: "0", Detail: list("missing", s.Required)}
	if n > 0 {
		c.Status = statusFail
	}
	b.add("requiredColumns", s.Feed, "", c)
	n = int64(len(s.Missing) + len(s.Unknown))
	var parts []string
	for _, p := range []string{list("gone", s.Missing), list("new", s.Unknown)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if s.Reordered {
		n++
		parts = append(parts, "in another order")
	}
	c = Check{Status: statusPass, Value: fmt.Sprint(n), Unit: "changes", Numerator: &n, Limit: "0", Detail: strings.Join(parts, "; ")}
	if n > 0 {
		c.Status = statusWarn
	}
	b.add("schemaDrift", s.Feed, "", c)
}

// maxListed is how many names a sentence lists.
const maxListed = 8

func list(word string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	s := word + ": " + strings.Join(names[:min(len(names), maxListed)], ", ")
	if more := len(names) - maxListed; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func (b *builder) age(s Source, row SourceReport) {
	l := b.in.Limits
	c := Check{Status: statusUnmeasured, Value: "not measurable", Unit: "hours",
		Limit: fmt.Sprintf("warns over %d h, blocks over %d h", l.AgeWarnHours, l.AgeBlockHours)}
	if m := row.AgeMinutes; m != nil {
		hours := *m / 60
		c.Status, c.Value, c.Numerator = statusPass, fmt.Sprint(hours), &hours
		switch {
		case *m > l.AgeBlockHours*60:
			c.Status = statusFail
		case *m > l.AgeWarnHours*60:
			c.Status = statusWarn
		}
		if c.Status == statusPass && s.Code == "" {
			b.r.Totals.SourcesFresh++
		}
	}
	b.add("freshness", s.Feed, "", c)
	if row.LateMinutes != nil {
		b.atMost("punctuality", s.Feed, "", *row.LateMinutes, 0, "minutes late")
	}
}

// intoRegister is gate G2 of a source.
func (b *builder) intoRegister(s Source, row SourceReport) {
	l := b.in.Limits
	b.mustBeZero("balance", s.Feed, "", row.Rows.Difference, "rows")
	b.share("quarantineRate", s.Feed, "", Ratio{row.Rows.Quarantined, row.Rows.Read}, l.QuarantineWarn, l.QuarantineBlock, false, tally(s.Quarantined))
	b.share("removedRate", s.Feed, "", Ratio{s.Removed, s.Previous}, l.RemovedWarn, l.RemovedBlock, false, "")
	b.volume(s)
}

// tally lists codes with their counts, the largest first.
func tally(c Counts) string {
	parts := make([]string, 0, len(c))
	for _, x := range ranked(c) {
		parts = append(parts, fmt.Sprintf("%s %s", x.Code, grouped(x.N)))
	}
	if more := len(parts) - maxListed; more > 0 {
		parts = append(parts[:maxListed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

// warmUp is how many good runs an anomaly check needs before it warns.
const warmUp = 8

// volume compares the rows read with the good runs before.
func (b *builder) volume(s Source) {
	var base []int64
	for _, p := range b.in.History {
		if n, ok := p.Feeds[s.Feed]; ok && p.Mode != "backfill" && (p.Verdict == statusPass || p.Verdict == statusWarn) {
			base = append(base, n)
		}
	}
	limit := b.in.Limits.AnomalyZ
	c := Check{Status: statusUnmeasured, Value: "not measurable", Unit: "robust z", Numerator: &s.Read, Limit: "warns beyond ±" + short(limit)}
	if len(base) > 0 {
		z, median, ok := robustZ(s.Read, base)
		c.Status, c.Value = statusPass, hundredths(z)
		c.Detail = fmt.Sprintf("usually %s rows, in %s", grouped(median), plural(int64(len(base)), "run", "runs"))
		if !ok { // the baseline has no spread: 10 % of change takes the place of the limit
			limit, c.Unit, c.Limit = 1000, "percent change", "warns beyond ±10 %"
		}
		if abs(z) > limit {
			c.Status = statusWarn
		}
	}
	if len(base) < warmUp {
		c.Severity = sevInfo
	}
	b.add("volumeAnomaly", s.Feed, "", c)
}

func (b *builder) judgeField(f Field, filled, valid Ratio) {
	l := b.in.Limits
	if n := f.Applicable - f.Present - f.Missing - valid.Den + valid.Num; n != 0 {
		b.mustBeZero("cellBalance", f.Feed, f.Column, n, "cells")
	}
	if f.Required {
		b.share("completeness", f.Feed, f.Column, filled, l.CompletenessWarn, -1, true, "")
	}
	if valid.Measurable() {
		b.share("conformity", f.Feed, f.Column, valid, l.ConformityWarn, l.ConformityBlock, true, tally(f.Invalid))
	}
}

func (b *builder) honoured(h *Honoured) {
	if h == nil {
		b.add("consentCoverage", "register", "", Check{Status: statusError, Value: "not measurable", Unit: "people", Limit: "0",
			Detail: "the stage that applies the policy gave no numbers"})
		return
	}
	c := Check{Status: statusPass, Value: fmt.Sprint(h.Used), Unit: "people", Numerator: &h.Used, Denominator: &h.Withdrawn, Limit: "0"}
	if h.Used != 0 {
		c.Status = statusFail
	}
	b.add("consentCoverage", "register", "", c)
	if h.SlowestH != nil {
		b.atMost("reactionTime", "register", "", *h.SlowestH, b.in.Limits.ReactionHours, "hours")
	}
}

func (b *builder) judgeExtract(e ExtractReport) {
	id := "extract/" + e.Dataset + "/" + e.Recipient
	b.mustBeZero("extractBalance", id, "", e.Difference, "people")
	k := Check{Status: statusUnmeasured, Value: "not measurable", Unit: "people in the smallest group", Numerator: e.MinGroup,
		Limit: fmt.Sprintf("blocks under %d", b.k)}
	if e.MinGroup != nil {
		k.Status, k.Value = statusPass, fmt.Sprint(*e.MinGroup)
		if *e.MinGroup < b.k && e.Sent > 0 {
			k.Status, k.Detail = statusFail, plural(e.SmallRows, "row is", "rows are")+" in such groups"
		}
	}
	b.add("kAnonymity", id, "", k)
	if e.Leaks == nil {
		b.add("leakScan", id, "", Check{Status: statusError, Value: "not measurable", Unit: "hits", Limit: "0", Detail: "the columns were not scanned"})
		return
	}
	b.mustBeZero("leakScan", id, "", *e.Leaks, "hits")
}

func (b *builder) judgeDelivery(d DeliveryReport) {
	id := "delivery/" + d.ID
	if strings.Contains(d.Status, "reject") || strings.Contains(d.State, "reject") || strings.Contains(d.State, "refused") {
		one := int64(1)
		b.add("deliveryRefused", id, "", Check{Status: statusWarn, Value: "1", Unit: "deliveries", Numerator: &one, Limit: "0", Detail: d.Status})
	}
	if d.Done || d.AgeMinutes == nil {
		return
	}
	b.atMost("receipt", id, "", *d.AgeMinutes/60, b.in.Limits.ReceiptWarnHours, "hours since sent")
}

func (b *builder) stages() {
	for _, s := range b.in.Stages {
		if s.State == "failed" {
			one := int64(1)
			b.add("stageFailed", "run", s.Name, Check{Status: statusFail, Value: "1", Unit: "stages", Numerator: &one, Limit: "0"})
		}
	}
}

// own judges the report itself: what it took out, and what it would show.
func (b *builder) own() {
	b.atMost("intake", "run", "", b.r.Removed, 0, "strings")
	b.mustBeZero("smallCells", "run", "", b.r.smallCells(), "cells")
	hits := int64(scan(plainJSON(b.r)))
	b.mustBeZero("reportLeak", "run", "", hits, "hits")
}

// smallCells counts what should have been folded, looking at the finished report and not at how it was made.
func (r *Report) smallCells() (n int64) {
	count := func(c *Cells) {
		if c == nil {
			return
		}
		for _, x := range c.Shown {
			if x.N > 0 && x.N < r.K {
				n++
			}
		}
		if c.Other != nil && *c.Other < r.K {
			n++
		}
	}
	for i := range r.Datasets {
		for j := range r.Datasets[i].Fields {
			count(r.Datasets[i].Fields[j].Codes)
		}
	}
	if r.Matching != nil {
		count(&r.Matching.Sizes)
	}
	for i := range r.Extracts {
		count(&r.Extracts[i].Clauses)
	}
	p := r.Privacy
	if p == nil {
		return n
	}
	count(&p.Objections)
	count(&p.Withheld)
	for i := range p.Consents {
		count(&p.Consents[i].States)
	}
	for _, people := range []*int64{p.Suppressed, p.Protected, p.Restricted, p.Erased} {
		if people != nil && *people > 0 && *people < r.K {
			n++
		}
	}
	return n
}
