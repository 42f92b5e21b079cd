package nightly

import (
	"context"
	"slices"
	"strings"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/transforms/policy"
)

// rowAnchor is a column of a table whose day is an anchor.
type rowAnchor struct {
	column  string
	instant bool // the column is an instant: its day is that of the controller's calendar
	yearEnd bool // the anchor is the end of the day's financial year
	anchors []policy.Anchor
}

// rowAnchors are the anchors that rows of a table bring themselves.
func rowAnchors(table string) []rowAnchor {
	switch table {
	case "employment":
		return []rowAnchor{{column: "end", anchors: []policy.Anchor{policy.EmploymentEnd}}}
	case "project":
		return []rowAnchor{{column: "end", anchors: []policy.Anchor{policy.ProjectEnd}}}
	case "event":
		return []rowAnchor{{column: "date", anchors: []policy.Anchor{policy.EventEnd}}}
	case "payment": // the end of the year of the invoice stands for that of the contract: exports name no contract
		return []rowAnchor{{column: "date", yearEnd: true, anchors: []policy.Anchor{policy.FinancialYearEnd, policy.ContractEnd}}}
	case "exam":
		return []rowAnchor{{column: "date", anchors: []policy.Anchor{policy.ExamDate}},
			{column: "published_at", instant: true, anchors: []policy.Anchor{policy.ResultsPublished}}}
	case "recording":
		return []rowAnchor{{column: "start", instant: true, anchors: []policy.Anchor{policy.ExamDate}}}
	case "access":
		return []rowAnchor{{column: "time", instant: true, anchors: []policy.Anchor{policy.ExamDate}}}
	}
	return nil
}

// rowHold is what a row that says itself that it is held is held for. No pack knows it, and what is held for an unknown
// reason stays.
const rowHold = "row"

// itemColumns are the columns that every item is made of; those of the row's own anchors stand behind them.
var itemColumns = []string{"source", "source_key", "record", "category", "last_seen_run", "first_seen_run"}

// readItems gathers what retention is asked of: rows which their source no longer has, whose own matter ended, or whose
// person left, died or took a consent back; and, where the pack waits for it, every row from the day it was registered.
// A row of which nothing has ended cannot be due and is not read.
func (g *governing) readItems(ctx context.Context) error {
	left := g.leftRecords()
	selected, err := g.night.SelectRecords(ctx, left)
	if err != nil {
		return err
	}
	return g.gather(func(table string, columns []string, dated register.Condition) []canon.Batches {
		readings := []canon.Batches{g.night.Read(ctx, table, columns, register.Ended)}
		switch {
		case g.waits(policy.Registered):
			return append(readings, g.night.Read(ctx, table, columns, register.Current))
		case len(dated.Columns) > 0:
			readings = append(readings, g.night.Read(ctx, table, columns, register.Current, dated))
		}
		if len(left) > 0 {
			readings = append(readings, selected.Read(ctx, table, columns, register.Current))
		}
		return readings
	})
}

// gather makes items of the rows that readings of each table give. A row may be read twice.
func (g *governing) gather(readings func(table string, columns []string, dated register.Condition) []canon.Batches) error {
	g.seen = map[itemKey]int{}
	loader := g.n.pack.Loader(g.r.Date)
	for _, t := range register.Tables() {
		own := slices.DeleteFunc(rowAnchors(t.Name), func(a rowAnchor) bool { return !slices.ContainsFunc(a.anchors, g.waits) })
		columns := slices.Clone(itemColumns)
		dated := register.Condition{}
		for _, a := range own {
			columns, dated.Columns = append(columns, a.column), append(dated.Columns, a.column)
		}
		if t.Name == "recording" {
			columns = append(columns, "hold")
		}
		for _, batches := range readings(t.Name, columns, dated) {
			for b, err := range batches {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					g.item(t.Name, b, i, own, loader)
				}
			}
		}
	}
	return nil
}

// waits tells whether a category of the pack waits for an anchor.
func (g *governing) waits(anchor policy.Anchor) bool {
	return slices.ContainsFunc(g.n.pack.Categories, func(c policy.Category) bool { return g.n.pack.Waits(c.ID, anchor) })
}

// leftRecords gives the records of everybody who left the register or died, and, where the pack ends data with consents, of
// everybody who spoke of one.
func (g *governing) leftRecords() []string {
	spoke := g.n.pack.ConsentsEnd()
	var out []string
	for record, people := range g.byRecord {
		for _, p := range people {
			if p.standing.Ended || p.facts.Deceased || spoke && len(p.facts.Consents) > 0 {
				out = append(out, record)
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

func (g *governing) item(table string, b *canon.Batch, i int, own []rowAnchor, loader *policy.Loader) {
	x := policy.Item{Feed: b.Col(0).Text(i), SourceKey: b.Col(1).Text(i), Category: b.Col(3).Text(i)}
	any := false
	set := func(anchor policy.Anchor, day canon.Date) { x.Anchors.Set(anchor, day); any = true }
	for n, a := range own {
		if day, ok := g.dayOf(b.Col(len(itemColumns)+n), i, a); ok {
			for _, anchor := range a.anchors {
				set(anchor, day)
			}
		}
	}
	if table == "recording" && b.Col(len(itemColumns)+len(own)).Bool(i) {
		x.Holds = append(x.Holds, rowHold)
	}
	if !b.Col(4).Null(i) {
		if d, ok := runDate(b.Col(4).Text(i)); ok {
			set(policy.SourceRemoved, d)
		}
	}
	if d, ok := runDate(b.Col(5).Text(i)); ok && g.n.pack.Waits(x.Category, policy.Registered) {
		set(policy.Registered, d)
	}
	people := g.byRecord[b.Col(2).Text(i)]
	for _, p := range people {
		x.Person = p.token
		if p.standing.Ended {
			set(policy.MembershipEnd, p.standing.Until)
		}
		if p.facts.Deceased {
			set(policy.Deceased, max(p.facts.DeceasedOn, 0))
		}
		if p.facts.Restricted {
			x.Holds = append(x.Holds, "restricted")
		}
		x.Holds = append(x.Holds, p.facts.Holds...)
	}
	if !any && !g.n.pack.ConsentsEnd() {
		return
	}
	x.Feed, x.SourceKey = strings.Clone(x.Feed), strings.Clone(x.SourceKey)
	g.add(x, people)
	if table == "person" { // contact data stands in the vault, under the same source row
		if d := loader.Table(x.Feed, "email"); d.Allow {
			x.Category = d.Category
			g.add(x, people)
		}
	}
}

// dayOf gives the day of a row's own anchor.
func (g *governing) dayOf(c canon.Col, i int, a rowAnchor) (day canon.Date, ok bool) {
	if a.instant {
		at, ok := c.Instant(i)
		return g.n.pack.Day(at), ok
	}
	if day, ok = c.Day(i); ok && a.yearEnd {
		day = g.n.pack.YearEnd(day)
	}
	return day, ok
}

// add adds an item of a category, with what the persons' own words end, unless it can never be due. Rows of one source row
// and category go together, with the anchors of all: the action is the source row's.
func (g *governing) add(x policy.Item, people []*person) {
	k := itemKey{x.SourceKey, x.Category}
	if n, seen := g.seen[k]; seen {
		g.items[n].Anchors.Join(&x.Anchors)
		g.items[n].Holds = append(g.items[n].Holds, x.Holds...)
		return
	}
	for _, p := range people {
		x.Consented = append(x.Consented, g.n.pack.ConsentEnds(&p.facts, x.Category, g.instant(), &x.Anchors)...)
	}
	if x.Anchors == (policy.Anchors{}) {
		return
	}
	x.Category = strings.Clone(x.Category)
	k.category = x.Category
	g.seen[k] = len(g.items)
	g.items = append(g.items, x)
}

// instant is the end of the logical day.
func (g *governing) instant() int64 { return (g.r.Date + 1).Time().UnixMicro() - 1 }

// runDate gives the logical date of a run's id.
func runDate(run string) (canon.Date, bool) {
	if len(run) < len("2026-01-02") {
		return 0, false
	}
	d, err := canon.ParseDate(run[len(run)-len("2026-01-02"):])
	return d, err == nil
}
