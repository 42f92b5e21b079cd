package nightly

import (
	"context"
	"slices"
	"strings"

	"uoma/connectors/database"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/transforms/layout"
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
			{column: "booked_to", instant: true, anchors: []policy.Anchor{policy.ExamDate}},
			{column: "published_at", instant: true, anchors: []policy.Anchor{policy.ResultsPublished}}}
	case "recording":
		return []rowAnchor{{column: "start", instant: true, anchors: []policy.Anchor{policy.ExamDate}}}
	case canon.Attribution:
		return []rowAnchor{{column: "licence_until", anchors: []policy.Anchor{policy.LicenceEnd}}}
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
	left, err := g.rowsOf(ctx, g.left(), sortedKeys(g.unowned))
	if err != nil {
		return err
	}
	return g.gather(func(table string, columns []string, dated register.Condition, all bool) []canon.Batches {
		readings := []canon.Batches{g.night.Read(ctx, table, columns, register.Ended)}
		switch {
		case all:
			return append(readings, g.night.Read(ctx, table, columns, register.Current))
		case len(dated.Columns) > 0:
			readings = append(readings, g.night.Read(ctx, table, columns, register.Current, dated))
		}
		readings = append(readings, g.ownMatters(func(of ...register.Condition) canon.Batches {
			return g.night.Read(ctx, table, columns, register.Current, of...)
		}, table, columns[len(itemColumns):])...)
		if waiting := g.n.pack.WaitingIn(table, policy.Registered, policy.DutyEnd); len(waiting) > 0 { // for what every row, or person, has a day of
			readings = append(readings, g.night.Read(ctx, table, columns, register.Current, register.Condition{Columns: []string{"category"}, Values: waiting}))
		}
		return append(readings, left(table, columns)...)
	})
}

// readings give columns of a table: of all rows, or at least of those that may be due. A row may come twice.
type readings func(table string, columns []string, dated register.Condition, all bool) []canon.Batches

// gather makes items of rows.
func (g *governing) gather(read readings) error {
	g.seen, g.matters, g.tables = map[itemKey]int{}, map[string]*policy.Anchors{}, canon.Tables()
	loader := g.n.pack.Loader(g.r.Date)
	beside := map[string]bool{}
	for _, t := range register.Tables() {
		own := g.anchorsOf(t.Name)
		columns := slices.Clone(itemColumns)
		dated := register.Condition{}
		for _, a := range own {
			columns = append(columns, a.column)
			if len(a.anchors) > 0 {
				dated.Columns = append(dated.Columns, a.column)
			}
		}
		if t.Name == "recording" {
			columns = append(columns, "hold")
		}
		for _, batches := range read(t.Name, columns, dated, false) {
			for b, err := range batches {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					g.item(t.Name, b, i, own, loader, beside)
				}
			}
		}
	}
	return g.gatherBeside(read, beside, loader)
}

// gatherBeside makes items of rows whose end another row of the same source row brings: who paid for an event goes with
// the event.
func (g *governing) gatherBeside(read readings, tables map[string]bool, loader *policy.Loader) error {
	for _, table := range sortedKeys(tables) {
		for _, batches := range read(table, itemColumns, register.Condition{}, true) {
			for b, err := range batches {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					matter := g.matters[b.Col(1).Text(i)]
					if matter == nil {
						continue
					}
					x := policy.Item{Feed: b.Col(0).Text(i), SourceKey: b.Col(1).Text(i), Category: b.Col(3).Text(i), Anchors: *matter}
					people := g.byRecord[b.Col(2).Text(i)]
					if len(people) == 0 {
						sparing(&x, nil, loader)
					}
					g.ofPeople(&x, people)
					g.join(x, people, seenSince(b, i))
				}
			}
		}
	}
	return nil
}

// anchorsOf gives the anchors of a table's own rows that the pack waits for; where it ends them with a membership, every day that
// would end what belongs to nobody, without the anchors that nothing waits for.
func (g *governing) anchorsOf(table string) []rowAnchor {
	own, every := rowAnchors(table), len(g.n.pack.WaitingIn(table, policy.MembershipEnd)) > 0
	for i := range own {
		own[i].anchors = slices.DeleteFunc(own[i].anchors, func(a policy.Anchor) bool { return !g.waits(a) })
	}
	return slices.DeleteFunc(own, func(a rowAnchor) bool { return len(a.anchors) == 0 && !every })
}

// waits tells whether a category of the pack waits for an anchor.
func (g *governing) waits(anchor policy.Anchor) bool {
	return len(g.n.pack.WaitingFor(anchor)) > 0
}

// left tells who left the register or died, and, where the pack ends data with consents, who spoke of one; where contact data
// in the vault, of which the register has no row, ends with a duty, also who has none.
func (g *governing) left() func(*person) bool {
	spoke, vault := g.n.pack.ConsentsEnd(), g.vaultWaits(policy.DutyEnd)
	return func(p *person) bool {
		_, ended := g.ended[p.token]
		_, offDuty := p.duty.end()
		return ended || vault && offDuty || p.standing.Ended || p.facts.Deceased || spoke && len(p.facts.Consents) > 0
	}
}

// few is the share of all records, as a divisor, up to which rows are sought one by one.
const few = 20

// rowsOf gives the current rows about some people, and of records that are nobody's. Those of few are found by the keys that the vault has of them; of more, and
// where the vault may not have all, as in a dry run, the tables are read.
func (g *governing) rowsOf(ctx context.Context, some func(*person) bool, records []string) (func(table string, columns []string) []canon.Batches, error) {
	var persons []string
	for token, p := range g.people {
		if some(p) {
			persons = append(persons, token)
		}
	}
	for record, people := range g.byRecord {
		if slices.ContainsFunc(people, some) {
			records = append(records, record)
		}
	}
	slices.Sort(records)
	if len(records) == 0 {
		return func(string, []string) []canon.Batches { return nil }, nil
	}
	if g.n.open != nil || g.n.ahead || len(records) > len(g.byRecord)/few {
		selected, err := g.night.SelectRecords(ctx, records)
		return func(table string, columns []string) []canon.Batches {
			return []canon.Batches{selected.Read(ctx, table, columns, register.Current)}
		}, err
	}
	keys, own, err := g.n.ws.OwnRows(ctx, persons)
	if err != nil {
		return nil, err
	}
	points := slices.DeleteFunc(records, func(record string) bool { return own[record] })
	tables, err := g.n.ws.PointTables(ctx)
	if err != nil {
		return nil, err
	}
	selected, err := g.night.SelectRows(ctx, keys)
	return func(table string, columns []string) []canon.Batches {
		out := []canon.Batches{selected.Read(ctx, table, columns, register.Current)}
		if slices.Contains(tables, table) {
			for chunk := range slices.Chunk(points, database.PerList) {
				out = append(out, g.night.Read(ctx, table, columns, register.Current, register.Condition{Columns: []string{"record"}, Values: chunk}))
			}
		}
		return out
	}, err
}

// vaultWaits tells whether contact data of a feed waits for an anchor.
func (g *governing) vaultWaits(anchor policy.Anchor) (waits bool) {
	loader := g.n.pack.Loader(g.r.Date)
	g.n.each(func(_ *layout.Layout, f *layout.Feed) {
		d := loader.Table(f.FullName(), "email")
		waits = waits || d.Allow && g.n.pack.Waits(d.Category, anchor)
	})
	return waits
}

func (g *governing) item(table string, b *canon.Batch, i int, own []rowAnchor, loader *policy.Loader, beside map[string]bool) {
	x := policy.Item{Feed: b.Col(0).Text(i), SourceKey: b.Col(1).Text(i), Category: b.Col(3).Text(i)}
	people := g.byRecord[b.Col(2).Text(i)]
	var matter policy.Anchors
	over, ended := canon.Date(0), false // nobody's own matter
	for n, a := range own {
		if len(a.anchors) == 0 && len(people) > 0 {
			continue
		}
		if day, ok := dayOf(g.n.pack, b.Col(len(itemColumns)+n), i, a); ok {
			over, ended = max(over, day), true
			for _, anchor := range a.anchors {
				matter.Set(anchor, day)
			}
		}
	}
	x.Anchors = matter
	if table == "recording" && b.Col(len(itemColumns)+len(own)).Bool(i) {
		x.Holds = append(x.Holds, rowHold)
	}
	if !b.Col(4).Null(i) {
		if d, ok := pipelines.DateIn(b.Col(4).Text(i)); ok {
			x.Anchors.Set(policy.SourceRemoved, d)
		}
	}
	since := seenSince(b, i)
	if since > 0 && g.n.pack.Waits(x.Category, policy.Registered) {
		x.Anchors.Set(policy.Registered, since)
	}
	nobodys := len(people) == 0
	if nobodys {
		if ended {
			matter.Set(policy.MembershipEnd, over)
		}
		ofNobody(&x, &matter)
		people = sparing(&x, g.unowned[b.Col(2).Text(i)], loader)
		g.staysNobodys(&x, b.Col(2).Text(i), loader)
	}
	g.ofPeople(&x, people)
	if x.Anchors == (policy.Anchors{}) && !g.n.pack.ConsentsEnd() {
		return
	}
	if matter != (policy.Anchors{}) {
		g.noteMatter(x, matter, people, since, loader, beside)
	}
	category := x.Category
	g.join(x, people, since)
	if table == "person" || table == canon.Attribution { // contact data stands in the vault, under the same source row
		if d := loader.Table(x.Feed, "email"); d.Allow && d.Category != category {
			if x.Category = d.Category; nobodys {
				people = sparing(&x, people, loader)
			}
			g.joinVault(x, people, since)
		}
	}
}

// ofPeople adds what is known of everybody whom an item is about: what several people have, such as a contact point, ends when it
// has ended for the last of them.
func (g *governing) ofPeople(x *policy.Item, people []*person) {
	var all policy.Anchors
	for n, p := range people {
		one := policy.Item{Category: x.Category}
		g.ofPerson(&one, p)
		x.Person, x.Holds = one.Person, append(x.Holds, one.Holds...)
		if n == 0 {
			all = one.Anchors
		} else {
			all.Meet(&one.Anchors)
		}
	}
	x.Anchors.Override(&all)
}

// ofPerson adds what is known of somebody whom an item is about. What ended data of theirs that is gone already still
// ends the rest, unless they are here anew.
func (g *governing) ofPerson(x *policy.Item, p *person) {
	x.Person = p.token
	ended := g.ended[p.token]
	if day, was := ended.Get(policy.MembershipEnd); p.standing.Ended {
		x.Anchors.Set(policy.MembershipEnd, p.standing.Until)
	} else if was && !p.standing.Member {
		x.Anchors.Set(policy.MembershipEnd, day)
	}
	if day, was := ended.Get(policy.Deceased); p.facts.Deceased {
		x.Anchors.Set(policy.Deceased, max(p.facts.DeceasedOn, 0))
	} else if was && !p.standing.Member {
		x.Anchors.Set(policy.Deceased, day)
	}
	if day, ended := p.duty.end(); ended {
		x.Anchors.Set(policy.DutyEnd, day)
	}
	if p.facts.Restricted {
		x.Holds = append(x.Holds, "restricted")
	}
	x.Holds = append(x.Holds, p.facts.Holds...)
}

// noteMatter lets a row's own anchors end the other categories of its source row that wait for them: contact data in the
// vault, and rows of other tables, which are read for it.
func (g *governing) noteMatter(x policy.Item, matter policy.Anchors, people []*person, since canon.Date, loader *policy.Loader, beside map[string]bool) {
	done := map[string]bool{x.Category: true}
	_, nobodys := matter.Get(policy.MembershipEnd)
	for _, t := range g.tables {
		d := loader.Table(x.Feed, t.Name)
		if !d.Allow || done[d.Category] {
			continue
		}
		ends, spares := matter, nobodys && forbids(loader, x.Feed, d.Category)
		if spares {
			ends.Drop(policy.MembershipEnd)
		}
		if !g.n.pack.WaitsAny(d.Category, &ends) {
			continue
		}
		if t.Identity() {
			done[d.Category] = true
			one, whose := x, people
			if one.Category = d.Category; spares {
				one.Anchors.Drop(policy.MembershipEnd)
				whose = nil
			}
			g.joinVault(one, whose, since)
		}
		if key := strings.Clone(x.SourceKey); g.matters[key] == nil {
			g.matters[key] = &policy.Anchors{}
		}
		g.matters[x.SourceKey].Join(&matter)
		if !t.Identity() {
			beside[t.Name] = true
		}
	}
}

// joinVault joins an item of the vault's, unless it has lapsed: the register has no row that goes with it.
func (g *governing) joinVault(x policy.Item, people []*person, since canon.Date) {
	if g.lapses.of(x.SourceKey, x.Category) == nil {
		g.join(x, people, since)
	}
}

// seenSince gives the date of the night that brought a row, 0 when unknown.
func seenSince(b *canon.Batch, i int) canon.Date {
	d, _ := pipelines.DateIn(b.Col(5).Text(i))
	return d
}

// dayOf gives the day of a row's own anchor.
func dayOf(pack *policy.Pack, c canon.Col, i int, a rowAnchor) (day canon.Date, ok bool) {
	if a.instant {
		at, ok := c.Instant(i)
		return pack.Day(at), ok
	}
	if day, ok = c.Day(i); ok && a.yearEnd {
		day = pack.YearEnd(day)
	}
	return day, ok
}

// join adds an item of a category, with what the persons' own words end, unless it can never be due. Rows of one source
// row and category go together, with the anchors of all: the action is the source row's.
func (g *governing) join(x policy.Item, people []*person, since canon.Date) {
	k := itemKey{x.SourceKey, x.Category}
	if n, seen := g.seen[k]; seen {
		g.items[n].Anchors.Join(&x.Anchors)
		g.items[n].Holds = append(g.items[n].Holds, x.Holds...)
		return
	}
	var all policy.Anchors
	for n, p := range people {
		x.Person = p.token
		var one policy.Anchors
		x.Consented = append(x.Consented, g.n.pack.ConsentEnds(&p.facts, x.Category, g.instant(), &one)...)
		if ended := g.ended[p.token]; len(p.facts.Consents) == 0 && len(p.facts.Doubted) == 0 {
			for _, a := range []policy.Anchor{policy.ConsentWithdrawn, policy.SubscriptionEnd} {
				if day, was := ended.Get(a); was && g.n.pack.Waits(x.Category, a) {
					one.Set(a, day)
				}
			}
		}
		if n == 0 {
			all = one
		} else {
			all.Meet(&one)
		}
	}
	x.Anchors.Override(&all)
	for _, v := range g.reviews {
		if v.Category == x.Category && (v.Source == "" || v.Source == x.Feed || v.Source == canon.SystemOf(x.Feed)) {
			if day, err := canon.ParseDate(v.ReviewedOn); err == nil && day <= g.r.Date {
				before, _ := x.Anchors.Get(policy.Reviewed)
				x.Anchors.Set(policy.Reviewed, max(before, day))
			}
		}
	}
	if x.Anchors == (policy.Anchors{}) {
		return
	}
	x.Feed, x.SourceKey, x.Category = strings.Clone(x.Feed), strings.Clone(x.SourceKey), strings.Clone(x.Category)
	x.Holds = slices.Clone(x.Holds)
	g.seen[itemKey{x.SourceKey, x.Category}] = len(g.items)
	g.items = append(g.items, x)
	g.since = append(g.since, since)
}

// instant is the end of the logical day.
func (g *governing) instant() int64 { return g.r.Date.End() }
