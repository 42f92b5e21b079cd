package quality

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

// The page shows the worst first and folds the rest.
const (
	maxTodo     = 10
	maxMore     = 200
	maxFields   = 12000 // rows of field tables that keep the page under 2 MB
	tuneOrFix   = 5     // runs in a row after which a warning is either wrong or neglected
	heatColumns = 6
)

func (p *page) todo() {
	var open []*Check
	for i := range p.R.Checks {
		c := &p.R.Checks[i]
		if c.Status == statusWaived {
			p.Waived = append(p.Waived, line{Title: p.kinds[c.Kind].Title, Where: where(c), Detail: c.Waiver})
		}
		if c.troubled() {
			open = append(open, c)
		}
	}
	sort.SliceStable(open, func(i, j int) bool {
		a, b := open[i], open[j]
		if a.rank() != b.rank() {
			return a.rank() > b.rank()
		}
		return a.affected() > b.affected()
	})
	for i, c := range open {
		switch {
		case i < maxTodo:
			p.Todo = append(p.Todo, p.task(c))
		case i < maxTodo+maxMore:
			p.More = append(p.More, p.task(c))
		}
	}
	p.MoreCount = max(0, len(open)-maxTodo)
	if left := len(open) - maxTodo - maxMore; left > 0 {
		p.Cut = left
	}
}

// affected gives how many records a check touches; of a share that should be large, those outside it.
func (c *Check) affected() int64 {
	if c.Numerator == nil {
		return 0
	}
	if (c.Kind == "completeness" || c.Kind == "conformity") && c.Denominator != nil {
		return *c.Denominator - *c.Numerator
	}
	return abs(*c.Numerator)
}

func (p *page) task(c *Check) line {
	l := line{ID: c.ID, Title: p.kinds[c.Kind].Title, Where: where(c), Link: p.links[c.Dataset], Status: c.Status,
		Unit: counted(c.Unit, c.Numerator), Detail: c.Detail, Value: c.Value, Why: c.Why, Do: c.Do, Owner: c.Owner}
	switch {
	case c.Kind == "sourceStopped":
	case c.Unit == "percent" && c.Denominator != nil:
		l.Count, l.Unit = grouped(c.affected()), "of "+grouped(*c.Denominator)
		l.Value += " %"
		l.Detail = c.Value + " % (" + c.Limit + ")"
		if c.Detail != "" {
			l.Detail += ": " + c.Detail
		}
	case c.Numerator != nil:
		l.Count = grouped(*c.Numerator)
	}
	if l.Detail != "" && !strings.HasSuffix(l.Detail, ".") {
		l.Detail += "."
	}
	l.Since = "new in this run"
	if c.Runs > 1 {
		l.Since = fmt.Sprintf("since %s, %d runs in a row", p.clock.day(c.Since), c.Runs)
	}
	if c.Runs >= tuneOrFix {
		l.Since += ": tune or fix"
	}
	return l
}

// counted gives a unit its form for one.
func counted(unit string, n *int64) string {
	one := map[string]string{"changes": "change", "cells": "cell", "columns": "column", "pairs": "pair", "strings": "string",
		"rows": "row", "records": "record", "hits": "hit", "stages": "stage", "sources": "source", "deliveries": "delivery", "hours": "hour"}
	if w, ok := one[unit]; ok && n != nil && abs(*n) == 1 {
		return w
	}
	return unit
}

func where(c *Check) string {
	if c.Field != "" {
		return c.Dataset + ", " + c.Field
	}
	return c.Dataset
}

type balanceRow struct {
	Name, Note, Stopped, Label string
	Parts                      []rect
	Cells                      []cut
}

type rect struct {
	Class string
	X, W  string
}

func (p *page) balance() {
	for _, s := range p.R.Sources {
		row := balanceRow{Name: s.ID, Cells: balanceCells(s.Rows)}
		row.Parts, row.Label = flow(s.Rows)
		var notes []string
		if len(s.Quarantined) > 0 {
			notes = append(notes, "Quarantined: "+tally(s.Quarantined))
		}
		if s.Rows.Skipped > 0 {
			notes = append(notes, "Not counted as rows: "+tally(s.Skipped))
		}
		row.Note = strings.Join(notes, ". ")
		if s.State == "stopped" {
			row.Stopped = strings.TrimSpace(s.Code + ": " + s.Reason + ". The register keeps what it had.")
			row.Note = ""
		}
		p.Balance = append(p.Balance, row)
	}
	p.Total = balanceCells(p.R.Totals.Rows)
	if p.R.unbalanced() && p.R.Totals.Rows.Difference == 0 {
		p.Total[6] = cut{"0, but see above", "bad"}
	}
}

func balanceCells(r Rows) []cut {
	var out []cut
	for i, n := range []int64{r.Read, r.Loaded, r.Unchanged, r.Merged, r.Quarantined, r.Withheld, r.Difference} {
		c := cut{grouped(n), ""}
		switch {
		case i == 6 && n != 0:
			c.Class = "bad"
		case i == 6:
			c.Class = "good"
		case n == 0:
			c.Class = "zero"
		}
		out = append(out, c)
	}
	return out
}

// flow draws where rows went, in thousandths. A part that has rows is never too thin to be seen.
func flow(r Rows) (parts []rect, label string) {
	names := []string{"loaded", "unchanged", "merged", "quarantined", "withheld"}
	counts := []int64{r.Loaded, r.Unchanged, r.Merged, r.Quarantined, r.Withheld}
	var words []string
	const visible = 8.0
	spare, sum := 1000.0, 0.0
	for _, n := range counts {
		if n > 0 {
			spare -= visible
			sum += float64(n)
		}
	}
	x := 0.0
	for i, n := range counts {
		if n <= 0 {
			continue
		}
		w := visible + spare*float64(n)/sum
		parts = append(parts, rect{"c" + strconv.Itoa(i+1), decimal(x), decimal(w)})
		words = append(words, grouped(n)+" "+names[i])
		x += w
	}
	if len(words) == 0 {
		return nil, "no rows"
	}
	return parts, strings.Join(words, ", ")
}

func decimal(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

type sourceRow struct {
	Name, File, State, Worst, Taken, Age, Before, Added, Changed, Removed, Columns, Encoding, ReadAs string
	Spark                                                                                            chart
}

func (p *page) sources() {
	for _, s := range p.R.Sources {
		row := sourceRow{Name: s.ID, File: base(s.File), State: s.State, Worst: s.Worst, Taken: p.clock.short(s.ExtractedAt), Age: age(s.AgeMinutes),
			Before: grouped(s.Change.Previous), Added: grouped(s.Change.Added), Changed: grouped(s.Change.Changed), Removed: grouped(s.Change.Removed),
			Encoding: s.Encoding, ReadAs: s.ReadAs, Columns: columnsText(s.Schema), Spark: sparkline(s.ID, s.Trend)}
		if row.Taken == "" {
			row.Taken, row.Age = "not known", ""
		}
		if l := s.LateMinutes; l != nil && *l > 0 {
			row.Age += fmt.Sprintf(", %d min late", *l)
		}
		p.Sources = append(p.Sources, row)
	}
}

func columnsText(s Schema) string {
	var parts []string
	for _, x := range []string{list("gone", s.Missing), list("new", s.Unknown)} {
		if x != "" {
			parts = append(parts, x)
		}
	}
	if s.Reordered {
		parts = append(parts, "in another order")
	}
	if len(parts) == 0 {
		return "as agreed"
	}
	return strings.Join(parts, "; ")
}

type heatRow struct {
	ID, Name string
	Cells    []cut
}

// heatNames are the columns of the heat map, in the order of [DatasetReport].Dimensions.
var heatNames = [heatColumns]string{"Required filled", "Valid", "Columns there", "Kept", "Usable", "Accounted"}

func (p *page) heat() {
	p.Dims = heatNames[:]
	for i, d := range p.R.Datasets {
		row := heatRow{ID: anchor(i), Name: d.ID}
		for _, m := range d.Dimensions {
			row.Cells = append(row.Cells, cut{m.Value, warmth(m.Ratio)})
		}
		p.Heat = append(p.Heat, row)
	}
}

func anchor(dataset int) string { return "f" + strconv.Itoa(dataset+1) }

// warmth gives the tint of a share: the more is wrong, the warmer.
func warmth(r Ratio) string {
	switch {
	case !r.Measurable():
		return ""
	case !r.under(10000):
		return "g"
	case !r.under(9900):
		return "h1"
	case !r.under(9500):
		return "h2"
	case !r.under(8000):
		return "h3"
	}
	return "h4"
}

type fieldTable struct {
	ID, Name, Count, Tables, Worst string
	Rows                           []fieldRow
}

type fieldRow struct {
	Name, Class, Filled, Missing, Valid, Invalid, Notes string
	BadFilled, BadValid                                 bool
}

func (p *page) fields() {
	total := 0
	for _, d := range p.R.Datasets {
		total += len(d.Fields)
	}
	p.FieldsCut = total > maxFields
	for i, d := range p.R.Datasets {
		t := fieldTable{ID: anchor(i), Name: d.ID, Count: plural(int64(len(d.Fields)), "column", "columns"), Worst: worstField(d)}
		var tables []string
		for _, c := range d.Tables {
			tables = append(tables, c.Code+" "+grouped(c.N))
		}
		t.Tables = strings.Join(tables, ", ")
		for _, f := range d.Fields {
			if p.FieldsCut && (f.Worst == "" || f.Worst == statusPass) {
				continue
			}
			t.Rows = append(t.Rows, p.fieldRow(f))
		}
		p.Fields = append(p.Fields, t)
	}
}

// worstField gives the worst status among a dataset's fields, "" when all pass: the table opens on it.
func worstField(d DatasetReport) string {
	worst := ""
	for _, f := range d.Fields {
		if f.Worst == statusFail || f.Worst == statusError || worst == "" && f.Worst == statusWarn {
			worst = f.Worst
		}
	}
	return worst
}

func (p *page) fieldRow(f FieldReport) fieldRow {
	row := fieldRow{Name: f.Name, Class: strings.ReplaceAll(f.Class, "_", " "), Filled: dash(f.Completeness), Valid: dash(f.Conformity)}
	if f.Required {
		row.Name += " *"
		row.BadFilled = Ratio{f.Applicable - f.Missing, f.Applicable}.under(p.R.Limits.CompletenessWarn)
	}
	bad := f.Invalid.Total()
	row.BadValid = bad > 0 && Ratio{f.Present, f.Present + bad}.under(p.R.Limits.ConformityWarn)
	if f.Missing > 0 {
		row.Missing = grouped(f.Missing)
	}
	if bad > 0 {
		row.Invalid = grouped(bad)
	}
	var notes []string
	if bad > 0 {
		notes = append(notes, tally(f.Invalid))
	}
	if len(f.Warnings) > 0 {
		notes = append(notes, "warned: "+tally(f.Warnings))
	}
	if f.Codes != nil {
		notes = append(notes, codesText(*f.Codes))
	}
	row.Notes = strings.Join(notes, ". ")
	return row
}

func codesText(c Cells) string { return "codes: " + clausesText(c) }

// clausesText lists cells in a line.
func clausesText(c Cells) string {
	var parts []string
	for _, x := range c.Shown[:min(len(c.Shown), maxListed)] {
		parts = append(parts, x.Code+" "+grouped(x.N))
	}
	if more := len(c.Shown) - maxListed; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	if c.Folded {
		parts = append(parts, "other "+otherText(c))
	}
	return strings.Join(parts, ", ")
}

// dash shows a share; 100.00 is the dull case and stays short.
func dash(percent string) string {
	switch percent {
	case "":
		return "–"
	case "100.00":
		return "100"
	}
	return percent
}
