package outgoing

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/survey"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
	"uoma/transforms/target"
)

// A target of orders tells a source system to let go of what retention ended here. What has ended stands in the register's list of
// lapses, which commits with the deletion itself, and what the source calls it in the source's last export: so nothing is lost
// between the two, whoever is killed. An order stands in the ledger before its file is seen, and is given again, under the same
// number, in each file until it is answered.

// OrderFacts is what a run of a target of orders leaves in the ledger.
type OrderFacts struct {
	New      int            `json:"new"`                // given for the first time
	Again    int            `json:"again"`              // given before, and not carried out
	Held     int            `json:"held"`               // due, and not given while a case holds them
	Answered map[string]int `json:"answered,omitempty"` // answers that came since the last run, by result
	Open     int            `json:"open"`               // given before, and not answered
	Oldest   string         `json:"oldest,omitempty"`   // date since which the oldest of them is
	Unread   []string       `json:"unread,omitempty"`   // codes of files of answers that could not be read
	Garbled  int64          `json:"garbled,omitempty"`  // answers since the last run's date without a number or a result that the target knows
	Strange  int            `json:"strange,omitempty"`  // answers since the last run's date to orders that were never given
	Unlisted int            `json:"unlisted,omitempty"` // orders that have ended, as the source has the row no more
	Findings map[string]int `json:"findings,omitempty"` // what somebody has to look into, by what it is
}

// What somebody has to look into.
const (
	lockedFinding   = "locked"   // the source keeps what no case holds
	heldFinding     = "held"     // the source keeps for a case what it does not list as held
	backFinding     = "back"     // it was said to be gone, and is listed later
	recalledFinding = "recalled" // the order stands, and its ground does not
)

// Finding says what a finding is, behind how many there are.
func Finding(what string) string {
	return map[string]string{
		lockedFinding:   "locked by the source without an open case",
		heldFinding:     "held by the source for a case that it does not list",
		backFinding:     "said to be gone, and listed later",
		recalledFinding: "ordered, and not due any more: tell whoever keeps the source",
	}[what]
}

func (o *OrderFacts) finding(what string) {
	if o.Findings == nil {
		o.Findings = map[string]int{}
	}
	o.Findings[what]++
}

// learn reads the answers that came, and writes them down unless the run is a dry one.
func (f *File) learn(ctx context.Context, r *pipelines.Run) error {
	if f.t.Orders == nil {
		return nil
	}
	given, err := f.orders(ctx)
	if err != nil {
		return err
	}
	f.answers = OrderFacts{}
	learnt, err := f.heard(ctx, r, given)
	if err != nil {
		return err
	}
	f.learnt = learnt
	if r.Dry {
		return nil
	}
	return f.book(ctx, learnt)
}

// orders gives the target's orders by number, with what this run has learnt.
func (f *File) orders(ctx context.Context) (map[string]*ledger.DeletionOrder, error) {
	all, err := ledger.DeletionOrders(ctx, f.ws.RegisterDB, f.t.Name)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*ledger.DeletionOrder, len(all))
	for i := range all {
		out[all[i].ID] = &all[i]
	}
	for _, o := range f.learnt {
		out[o.ID] = &o
	}
	return out, nil
}

// book writes orders into the ledger.
func (f *File) book(ctx context.Context, orders []ledger.DeletionOrder) error {
	if len(orders) == 0 {
		return nil
	}
	return f.ws.RegisterDB.Do(ctx, func(tx *sqlx.Tx) error { return ledger.PutDeletionOrders(ctx, tx, orders) })
}

// done tells whether an order needs no answer any more. One that was recalled does: its file is out, and may be carried out.
func done(o *ledger.DeletionOrder) bool {
	return slices.Contains([]string{target.Gone, target.Missing, ledger.OrderUnlisted}, o.Result)
}

// ordering is the state of one choice of orders.
type ordering struct {
	f      *File
	c      *choice
	r      *pipelines.Run
	number *pseudonym.Domain
	given  map[string]*ledger.DeletionOrder
	listed map[string]bool       // numbers of all rows that the source's last exports have
	unread map[string]bool       // of them, those of ended rows that cannot be read tonight
	dates  map[string]canon.Date // of these exports, by feed
	torn   map[string]bool       // feeds whose last export had lines that could not be read
	facts  OrderFacts
	shut   map[string]policy.Decision // categories that may not go to the recipient
}

// chooseOrders works out which orders stand as the stores stand now. A night whose report blocks deliveries does not block them: they
// say nothing of anybody, and what retention has carried out must not wait at the source for another source's mistake.
func (f *File) chooseOrders(ctx context.Context, r *pipelines.Run) (*choice, error) {
	c := &choice{cut: r.Now().UTC().Truncate(time.Microsecond), withheld: map[Withheld]int64{}, rows: map[string]int64{}, lacking: map[string]int64{}, closed: []Closed{}}
	o := &ordering{f: f, c: c, r: r, number: pseudonym.NewDomain(f.ws.Keys.Derive("order", f.domain())), listed: map[string]bool{}, unread: map[string]bool{}, torn: map[string]bool{},
		dates: map[string]canon.Date{}, facts: f.answers, shut: map[string]policy.Decision{}}
	o.facts.Findings = maps.Clone(f.answers.Findings)
	var err error
	if c.gate, err = survey.LastNight(ctx, f.ws); err != nil {
		return nil, err
	}
	if d, ok := f.pack.Disclosure(f.t.Recipient, f.t.Purpose); ok && f.t.Recipient != "" {
		if err := f.terms(d); err != nil {
			return nil, err
		}
	}
	if o.given, err = f.orders(ctx); err != nil {
		return nil, err
	}
	ended, lists, err := nightly.EndedRows(ctx, f.ws, f.pack, r, f.t.System, f.t.Each, func(feed, key string) { o.listed[o.number.Token(feed, key)] = true })
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		o.dates[l.Feed], o.torn[l.Feed] = l.Date, l.Torn
		for _, key := range l.Unread {
			o.unread[o.number.Token(l.Feed, key)] = true
		}
	}
	if again, err := survey.LastNight(ctx, f.ws); err != nil || again != c.gate {
		return nil, errMoved.Wrap(err)
	}
	due := map[string]bool{}
	for i := range ended {
		id := o.number.Token(ended[i].Feed, ended[i].Key)
		due[id] = true
		o.row(&ended[i], id)
	}
	o.settle(due)
	o.facts.Open, o.facts.Oldest = ledger.OpenOrders(o.left(), r.Date.String())
	slices.SortFunc(c.records, func(a, b *record) int { return cmp.Compare(a.sortKey, b.sortKey) })
	slices.SortFunc(c.book, func(a, b ledger.DeletionOrder) int { return cmp.Compare(a.ID, b.ID) })
	c.orders = &o.facts
	c.digest, err = f.digest(c)
	return c, err
}

// row decides about one row that has ended.
func (o *ordering) row(x *nightly.EndedRow, id string) {
	o.c.eligible++
	if d := o.closed(x.Category); d.Reason != "" {
		o.c.withheld[Withheld{Reason: d.Reason, Clause: d.Clause}]++
		return
	}
	before := o.given[id]
	if before != nil {
		switch before.Result {
		case target.Gone, target.Missing:
			if o.dates[x.Feed].String() <= before.AnsweredOn { // the export is older than the answer
				return
			}
			o.facts.finding(backFinding)
		case ledger.OrderBack:
			o.facts.finding(backFinding)
		case target.Locked:
			if !x.Held {
				o.facts.finding(lockedFinding)
			}
		case target.Held:
			if !x.Held {
				o.facts.finding(heldFinding)
			}
		}
	}
	if x.Held {
		o.facts.Held++
		return
	}
	rec := o.record(x, id)
	if rec == nil {
		return
	}
	o.c.records = append(o.c.records, rec)
	date := o.r.Date.String()
	next := ledger.DeletionOrder{ID: id, Target: o.f.t.Name, Feed: x.Feed, Clause: x.Clause, Due: x.Due.String(), OrderedOn: date, LastOn: date}
	if before == nil || before.OrderedOn == date {
		o.facts.New++
	} else {
		o.facts.Again++
	}
	if before != nil {
		next.OrderedOn, next.AnsweredOn, next.AnsweredAt = before.OrderedOn, before.AnsweredOn, before.AnsweredAt
		next.LastOn = max(date, before.LastOn)
		switch next.Result = before.Result; before.Result { // it is ordered anew
		case target.Gone, target.Missing:
			next.Result = ledger.OrderBack
		case ledger.OrderUnlisted, ledger.OrderRecalled:
			next.Result = ""
		}
	}
	o.c.book = append(o.c.book, next)
}

// closed tells why what is of a category may not go to the recipient; nothing where it may.
func (o *ordering) closed(category string) policy.Decision {
	d, known := o.shut[category]
	if known {
		return d
	}
	q := o.f.query(survey.AsOf(o.r))
	q.Category = category
	if answer, closed := o.f.pack.Case(q).Closed(); closed && !answer.Allow {
		d = answer
		d.Reason = cmp.Or(d.Reason, "the notice does not let it go")
	}
	o.shut[category] = d
	return d
}

// record makes the row of an order.
func (o *ordering) record(x *nightly.EndedRow, id string) *record {
	of := map[string]string{"anchor": x.Anchor, "since": x.Since.String(), "due": x.Due.String(), "clause": x.Clause, "order": id}
	know := func(f target.Field, _ []string) target.Value { return target.Value{Text: of[f.Column]} }
	own := func(f target.Field, _ []string) target.Value { return target.Value{Text: x.Cells[f.Column]} }
	cells, lacks := o.f.t.Row(know, own, func(string) string { return "" }, strings.NewReplacer())
	if lacks != "" {
		o.c.lacking[o.f.t.Each+"/"+lacks]++
		o.c.withheld[Withheld{Reason: incomplete, Clause: x.Clause}]++
		return nil
	}
	form, rec := o.f.form(), &record{}
	for _, c := range cells {
		if !form.Writable(c.Text) {
			o.c.withheld[Withheld{Reason: unwritable, Clause: x.Clause}]++
			return nil
		}
		rec.cells = append(rec.cells, c.Text)
	}
	rec.sortKey = rec.text()
	return rec
}

// settle ends the orders whose ground is gone: the source has the row no more, or its time is not over any more. Of a row that cannot
// be read tonight neither is known, so its order stays as it is.
func (o *ordering) settle(due map[string]bool) {
	for _, id := range slices.Sorted(maps.Keys(o.given)) {
		x := o.given[id]
		switch list, loaded := o.dates[x.Feed]; {
		case due[id]:
			continue
		case x.Result == ledger.OrderRecalled && o.listed[id]:
			o.facts.finding(recalledFinding)
		case x.Result == ledger.OrderUnlisted && x.AnsweredOn == o.r.Date.String(): // by a run of this date that was killed
			o.facts.Unlisted++
		case done(x), o.unread[id]:
		case o.listed[id]:
			o.facts.finding(recalledFinding)
			on := x.AnsweredOn
			if x.Result == ledger.OrderBack { // what was said before it was ordered anew is known
				on = x.LastOn
			}
			o.end(x, ledger.OrderRecalled, on)
		case loaded && list.String() > x.LastOn && !o.torn[x.Feed]:
			o.facts.Unlisted++
			o.end(x, ledger.OrderUnlisted, o.r.Date.String())
		}
	}
}

// left gives the orders as this run leaves them.
func (o *ordering) left() []ledger.DeletionOrder {
	all := make(map[string]ledger.DeletionOrder, len(o.given))
	for id, x := range o.given {
		all[id] = *x
	}
	for _, x := range o.c.book {
		all[x.ID] = x
	}
	return slices.Collect(maps.Values(all))
}

func (o *ordering) end(x *ledger.DeletionOrder, as, on string) {
	next := *x
	next.Result, next.AnsweredOn = as, on
	o.c.book = append(o.c.book, next)
}

// errAnswers is told of a file of answers that cannot be read.
var errAnswers = fault.New("UOMA-OUT-ANSWERS", "a file of answers to orders cannot be read", "ask the owner of the system for it again; its orders are given again until they are answered")
