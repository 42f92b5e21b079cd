package policy

import (
	"slices"

	"uoma/internal/canon"
)

// Retention says what happens to a category some time after something ended.
type Retention struct {
	Category string   `yaml:"category"`
	Sources  []string `yaml:"sources"` // none: all
	Anchor   string   `yaml:"anchor"`
	Period   string   `yaml:"period"` // ISO 8601: P10Y, P6M, P90D, P0D
	Action   Action   `yaml:"action"`
	Holds    []string `yaml:"holds"` // keeping holds that stop the action; freezing ones always do
	// UnlessConsent names a purpose: while its consent is granted the action is not due.
	UnlessConsent string `yaml:"unless_consent"`
	// Consent names the purpose whose withdrawn consent is the anchor; none: all that cover the category.
	Consent string `yaml:"consent"`
	// ToldBy are the sources whose roles say who has a duty; the end of the last one is the anchor [DutyEnd].
	ToldBy []string `yaml:"told_by"`
	// Undecided stands in the place of a period that the notice owes: the category is not loaded until it is given.
	Undecided bool `yaml:"undecided"`
	Entry     `yaml:",inline"`

	anchor Anchor
	period duration
}

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
	SourceRemoved     // the source exports the record no more
	Registered        // the record came into the register
	InvitationRefused // an invited person does not want to join
	SubscriptionEnd   // the last subscription was given up
	ConsentWithdrawn  // the consent that the record rests on was withdrawn
	ExamDate          // the exam was taken
	ResultsPublished  // the results of the exam were published
	Compiled          // single answers were compiled into a total
	FinancialYearEnd  // the financial year of a payment or gift ended
	DutyEnd           // the person's last duty ended; see [Retention.ToldBy]
	LicenceEnd        // the licence under which a provider let the record be used ended
	Reviewed          // somebody looked whether the record is still needed; see [Review]
	anchors           // how many there are
)

var anchorNames = [anchors]string{"graduation", "membership_end", "employment_end", "project_end", "contract_end",
	"event_end", "copied", "deceased", "source_removed", "registered", "invitation_refused", "subscription_end",
	"consent_withdrawn", "exam_date", "results_published", "compiled", "financial_year_end", "duty_end", "licence_end", "reviewed"}

// ParseAnchor reads an anchor's name as packs write it.
func ParseAnchor(s string) (a Anchor, ok bool) {
	i := slices.Index(anchorNames[:], s)
	return Anchor(max(i, 0)), i >= 0
}

// String gives the anchor's name.
func (a Anchor) String() string { return anchorNames[a] }

// unseen tells whether no stored row says when the event was: such periods are of data that never is stored.
func (a Anchor) unseen() bool { return a == Graduation || a == Copied || a == Compiled }

// Anchors are the days on which a record's anchors came about. An anchor without a day is open: its period has not
// begun. The zero value is all open.
type Anchors struct {
	days  [anchors]canon.Date
	known uint32
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

// Join adds another record's anchors to those of one that it goes with: of the same anchor, the later day.
func (a *Anchors) Join(b *Anchors) {
	for i := Anchor(0); i < anchors; i++ {
		if day, ok := b.Get(i); ok {
			if known, has := a.Get(i); has {
				day = max(day, known)
			}
			a.Set(i, day)
		}
	}
}

// Drop opens an anchor again.
func (a *Anchors) Drop(anchor Anchor) {
	a.days[anchor] = 0
	a.known &^= 1 << anchor
}

// Last gives the latest day of all anchors; ok is false while all are open.
func (a *Anchors) Last() (day canon.Date, ok bool) {
	for i := Anchor(0); i < anchors; i++ {
		if one, known := a.Get(i); known && (!ok || one > day) {
			day, ok = one, true
		}
	}
	return day, ok
}

// Meet leaves the anchors that another record has as well, of each the later day.
func (a *Anchors) Meet(b *Anchors) {
	a.known &= b.known
	for i := range a.days {
		a.days[i] = max(a.days[i], b.days[i])
	}
}

// Override sets the anchors that another record has.
func (a *Anchors) Override(b *Anchors) {
	for i := Anchor(0); i < anchors && b.known != 0; i++ {
		if day, ok := b.Get(i); ok {
			a.Set(i, day)
		}
	}
}

// Action is what happens to a record whose period has passed.
type Action string

// Actions of retention.
const (
	Delete    Action = "delete"
	Anonymise Action = "anonymise" // nothing is left that leads to the person
	Aggregate Action = "aggregate" // counts are kept, the record goes
	// Suppress lets the record go and keeps what it forbids under the person's marks ([Suppression.Kept]), so that it
	// counts when a source brings the person back. It does not erase the person, who may join again.
	Suppress Action = "suppress"
	Shred    Action = "shred" // the key of the person is destroyed, and with it what it sealed
	// Review asks a person to look whether the record is still needed, again and again: the period counts from the anchor,
	// or from the last review when there was one. It ends nothing by itself.
	Review Action = "review"
	Keep   Action = "keep" // never due: the notice sets no end
)

// Ends tells whether the action takes the record away: a review looks at it, and what is kept stays.
func (a Action) Ends() bool { return a != Review && a != Keep }

// Anonymous tells whether counts stay of records that the action takes away.
func (a Action) Anonymous() bool { return a == Anonymise || a == Aggregate }

// OfPerson tells whether the anchor is something that came about with the person, and not with the record itself.
func (a Anchor) OfPerson() bool {
	switch a {
	case MembershipEnd, Deceased, InvitationRefused, SubscriptionEnd, ConsentWithdrawn, DutyEnd:
		return true
	}
	return false
}

// Item is one record whose retention is asked for. Person and SourceKey are the caller's own and come back unread.
type Item struct {
	Person    string
	Feed      string // "peppi/alumnit"
	SourceKey string
	Category  string
	Anchors   Anchors
	Holds     []string // ids of the pack's holds on the record
	Consented []string // purposes for which the person's consent is granted
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
	return slices.DeleteFunc(p.Plan(items, date), func(d Due) bool { return (d.Hold != "") != held })
}

// DueAt gives what is due for one record on a date, held or not; ok is false when nothing is. An action that ends the
// record goes before a review of it.
func (p *Pack) DueAt(item *Item, date canon.Date) (d Due, ok bool) {
	if d, ok = p.end(item, false); ok && d.DueDate <= date {
		return d, true
	}
	if d, ok = p.end(item, true); ok && d.DueDate <= date {
		return d, true
	}
	return Due{}, false
}

// end works out when a record's time is over, or its next review is due; ok is false while every anchor is open.
func (p *Pack) end(item *Item, review bool) (d Due, ok bool) {
	var first *Retention
	for _, n := range p.retention[item.Category] {
		r := &p.Retention[n]
		if r.Undecided || r.Action == Keep || (r.Action == Review) != review {
			continue
		}
		day, known := item.Anchors.Get(r.anchor)
		if !known || !reaches(r.Sources, item.Feed) || r.UnlessConsent != "" && slices.Contains(item.Consented, r.UnlessConsent) {
			continue
		}
		if last, seen := item.Anchors.Get(Reviewed); review && seen {
			day = max(day, last)
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

// SuppressedBy gives the anchors by which a feed's data of a category goes but for what it forbids.
func (p *Pack) SuppressedBy(category, feed string) (out []Anchor) {
	for _, n := range p.retention[category] {
		if r := &p.Retention[n]; r.Action == Suppress && !r.Undecided && reaches(r.Sources, feed) {
			out = append(out, r.anchor)
		}
	}
	return out
}

// reaches tells whether a list of sources (systems or feeds, none for all) names a feed.
func reaches(sources []string, feed string) bool {
	return len(sources) == 0 || slices.Contains(sources, feed) || slices.Contains(sources, canon.SystemOf(feed))
}
