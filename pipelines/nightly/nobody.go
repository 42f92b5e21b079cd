package nightly

import (
	"slices"

	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

// What belongs to nobody: rows by a contact point that nobody has, such as the mailbox of an office, and rows of things. They
// have no membership that ends and nobody who dies, so that the pack's ends of what is a person's have to come from elsewhere.

// listenToNobody notes which contact points that nobody has said something against a use, and what was said of consents by them, where
// the pack ends anything with consents.
func (g *governing) listenToNobody(told ...map[string]*person) {
	g.unowned, g.against = map[string][]*person{}, map[string]bool{}
	for _, some := range told {
		for record, said := range some {
			if said.speaks && g.byRecord[record] == nil && forbidsAny(&said.facts) {
				g.against[record] = true
			}
		}
	}
	if !g.n.pack.ConsentsEnd() {
		return
	}
	for _, some := range told {
		for record, said := range some {
			if said.speaks && g.byRecord[record] == nil {
				g.unowned[record] = []*person{said}
			}
		}
	}
}

// ofNobody ends what belongs to nobody, and that the pack ends with a membership, with its own matter, such as the event that
// somebody registered for; what has none of which a day is known, with its source.
func ofNobody(x *policy.Item, matter *policy.Anchors) {
	over, known := matter.Get(policy.MembershipEnd)
	if !known {
		over, known = x.Anchors.Get(policy.SourceRemoved)
	}
	if known {
		x.Anchors.Set(policy.MembershipEnd, over)
	}
}

// sparing gives who stands for an item of nobody. Where rows that forbid a use may be of its category, neither a membership nor a
// consent ends it: nobody's marks could keep what it forbids.
func sparing(x *policy.Item, unowned []*person, loader *policy.Loader) []*person {
	if !forbids(loader, x.Feed, x.Category) {
		return unowned
	}
	x.Anchors.Drop(policy.MembershipEnd)
	return nil
}

// forbidsAny tells whether something was said against a use.
func forbidsAny(f *policy.Facts) bool {
	return len(f.Objections) > 0 || slices.ContainsFunc(f.Consents, func(c policy.Consent) bool { return c.State == policy.Refused || c.State == policy.Withdrawn })
}

// staysNobodys lets rows of a contact point that nobody has, and that said something against a use, stay where the pack keeps of them
// what they forbid: that is kept under marks of a person, and whoever gets the address must not be written to against it. When
// somebody has it the row is theirs, and goes as theirs do.
func (g *governing) staysNobodys(x *policy.Item, record string, loader *policy.Loader) {
	if !g.against[record] || !forbids(loader, x.Feed, x.Category) {
		return
	}
	for _, anchor := range g.n.pack.SuppressedBy(x.Category, x.Feed) {
		x.Anchors.Drop(anchor)
	}
}

// forbids tells whether rows of a feed that forbid a use may be of a category.
func forbids(loader *policy.Loader, feed, category string) bool {
	return slices.ContainsFunc([]string{wordConsent, wordObjection}, func(table string) bool {
		d := loader.Table(feed, table)
		return d.Allow && d.Category == category
	})
}

// unownedFeeds gives the feeds that fill a table and whose rows may be nobody's.
func (g *governing) unownedFeeds(table string) (feeds []string) {
	g.n.each(func(_ *layout.Layout, f *layout.Feed) {
		fills := slices.ContainsFunc(f.Fillings(), func(x layout.Filling) bool { return x.Table.Name == table })
		if fills && (f.Person.Point != "" || f.Person.Nobody) {
			feeds = append(feeds, f.FullName())
		}
	})
	return feeds
}

// ownMatters reads the rows that may be nobody's and whose own matter may end them though the pack ends nothing by such days.
func (g *governing) ownMatters(read func(...register.Condition) canon.Batches, table string, days []string) []canon.Batches {
	feeds := g.unownedFeeds(table)
	if len(days) == 0 || len(feeds) == 0 {
		return nil
	}
	return []canon.Batches{read(register.Condition{Columns: []string{"source"}, Values: feeds}, register.Condition{Columns: days})}
}

// stillNobodys tells whether what ended a row of nobody holds: somebody may have it by now, and its source may tell of another day,
// or export it again.
func (l *lapsing) stillNobodys(b *canon.Batch, i int, category string) bool {
	key := b.Col(canon.PersonKey).Text(i)
	if _, known := l.n.resolved.Subject(b.System(), key); known || len(l.n.pointHolders(b.System(), key)) > 0 {
		return false
	}
	told := l.told[b.Col(canon.RowKey).Text(i)]
	if told == nil {
		return false
	}
	day, known := told.Last()
	item := policy.Item{Category: category, Feed: b.Feed}
	item.Anchors.Set(policy.MembershipEnd, day)
	d, due := l.n.pack.DueAt(&item, l.r.Date)
	return known && due && d.Action.Ends()
}
