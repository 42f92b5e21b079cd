package policy

import (
	"slices"

	"uoma/internal/canon"
)

// Anchor is an event from which a retention period counts.
type Anchor uint8

// Anchors of retention. They are those of the record's own relation: a stakeholder's membership ends with the
// stakeholder relation, an alumnus's with the membership of the alumni register.
const (
	Graduation Anchor = iota
	MembershipEnd
	EmploymentEnd
	ProjectEnd
	ContractEnd
	EventEnd
	Copied // a copy for statistics or research was made
	Deceased
	SourceRemoved // the source exports the record no more
	anchors       // how many there are
)

var anchorNames = [anchors]string{"graduation", "membership_end", "employment_end", "project_end", "contract_end",
	"event_end", "copied", "deceased", "source_removed"}

// ParseAnchor reads an anchor's name as packs write it.
func ParseAnchor(s string) (a Anchor, ok bool) {
	i := slices.Index(anchorNames[:], s)
	return Anchor(max(i, 0)), i >= 0
}

// String gives the anchor's name.
func (a Anchor) String() string { return anchorNames[a] }

// Anchors are the days on which a record's anchors came about. An anchor without a day is open: its period has not
// begun. The zero value is all open.
type Anchors struct {
	days  [anchors]canon.Date
	known uint16
}

// Set notes an anchor's day.
func (a *Anchors) Set(anchor Anchor, day canon.Date) {
	a.days[anchor] = day
	a.known |= 1 << anchor
}

// Get gives an anchor's day; ok is false while it is open.
func (a *Anchors) Get(anchor Anchor) (day canon.Date, ok bool) {
	return a.days[anchor], a.known&(1<<anchor) != 0
}

// Action is what happens to a record whose period has passed.
type Action string

// Actions of retention.
const (
	Delete    Action = "delete"
	Anonymise Action = "anonymise" // nothing is left that leads to the person
	Aggregate Action = "aggregate" // counts are kept, the record goes
	// Suppress lets the record go and keeps what it forbids under the person's marks ([Pack.SuppressionKeys]), so that it
	// counts when a source brings the person back. It does not erase the person, who may join again.
	Suppress Action = "suppress"
	Keep     Action = "keep" // never due: the notice sets no end
)

// Item is one record whose retention is asked for. Person and SourceKey are the caller's own and come back unread.
type Item struct {
	Person    string
	Feed      string // "peppi/alumnit"
	SourceKey string
	Category  string
	Anchors   Anchors
	Holds     []string // ids of the pack's holds on the record
}

// Due is a record that has outlived its period, and what the pack says to do with it.
type Due struct {
	Item       int // position in the items asked about
	Person     string
	Feed       string
	SourceKey  string
	Category   string
	Anchor     Anchor
	AnchorDate canon.Date
	LastDay    canon.Date // the last day of the period
	DueDate    canon.Date // the first day on which the action is due
	Action     Action
	Clause     string
	Hold       string // the hold that keeps the record, "" when nothing does
}

// Due gives the records whose action is due on a date and that no hold keeps, in the order of items. Where several
// entries of the pack reach a record, the earliest due date counts; of equal ones, the pack's first.
//
// A record of a category that the pack does not know is never due: nothing says what to do with it, and it was never to
// be loaded.
func (p *Pack) Due(items []Item, date canon.Date) []Due { return p.outlived(items, date, false) }

// Held gives the records whose action would be due on a date but that a hold keeps.
func (p *Pack) Held(items []Item, date canon.Date) []Due { return p.outlived(items, date, true) }

func (p *Pack) outlived(items []Item, date canon.Date, held bool) []Due {
	var out []Due
	for i := range items {
		d, ok := p.end(&items[i])
		if !ok || d.DueDate > date || d.Action == Keep || (d.Hold != "") != held {
			continue
		}
		d.Item = i
		out = append(out, d)
	}
	return out
}

// end works out when a record's time is over; ok is false while every anchor is open.
func (p *Pack) end(item *Item) (d Due, ok bool) {
	var first *Retention
	for _, n := range p.retention[item.Category] {
		r := &p.Retention[n]
		day, known := item.Anchors.Get(r.anchor)
		if !known || !reaches(r.Sources, item.Feed) {
			continue
		}
		if due := r.period.due(day); first == nil || due < d.DueDate {
			first = r
			d.AnchorDate, d.LastDay, d.DueDate = day, r.period.lastDay(day), due
		}
	}
	if first == nil {
		return d, false
	}
	d.Person, d.Feed, d.SourceKey, d.Category = item.Person, item.Feed, item.SourceKey, item.Category
	d.Anchor, d.Action, d.Clause = first.anchor, first.Action, first.lead()
	d.Hold = p.holdOn(item, first)
	return d, true
}

// holdOn gives the first hold that keeps the record from an action: a freezing one, one that the action's entry names,
// or one that the pack does not know.
func (p *Pack) holdOn(item *Item, r *Retention) string {
	for _, h := range item.Holds {
		i, known := p.hold[h]
		if !known || p.Holds[i].Effect == "freeze" || slices.Contains(r.Holds, h) {
			return h
		}
	}
	return ""
}

// reaches tells whether a list of sources (systems or feeds, none for all) names a feed.
func reaches(sources []string, feed string) bool {
	return len(sources) == 0 || slices.Contains(sources, feed) || slices.Contains(sources, canon.SystemOf(feed))
}
