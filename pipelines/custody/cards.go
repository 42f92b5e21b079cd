package custody

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/tabular"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

var (
	errNoHolders = fault.New("UOMA-RVL-HOLDERS-NONE", "the inbox has no list of who held cards on the day of the recording",
		"ask the owner of the system to lay the day's list into its inbox, and make a new request")
	errHolders = fault.New("UOMA-RVL-HOLDERS", "a list of who held cards on the day of the recording, or on the day before, cannot be read, or not all of it",
		"ask the owner of the system for the list again, and make a new request")
)

// Holders is an open list of who held cards. It is whole when Batches was ranged over and Verify found nothing.
type Holders interface {
	tabular.Reader
	Verify() error
	Close() error
}

// Opener opens a list in an inbox, by whatever transport, and keeps nothing of it.
type Opener func(ctx context.Context, files fs.FS, name string, f *layout.Feed) (Holders, error)

// Card is who held the card that opened a door, as the system's lists say. It stands in memory alone.
type Card struct {
	List    string // SYSTEM/NAME, as the layout has it
	At      time.Time
	Twice   bool // clocks were set back: one of the times may be the one that the clock showed an hour later
	Door    string
	Holder  string   // "" where no list says who: nothing follows from that, as the card may be out since an earlier day
	Checked string   // whether their identity was: true, false, or "" where it is not said
	Carried string   // date of the list of the day before, where it alone has the holder, and no return
	Lists   []string // dates of the lists that were read whole: of the day, and of the day before
	Listed  bool     // they have lines about the card
}

// moment is when something was: at one of two instants where the clock showed the time twice.
type moment struct{ first, last time.Time }

// momentOf takes the earlier of the two, as feeds are read.
func momentOf(at time.Time, zone *time.Location) moment {
	at = at.In(zone)
	again := at.Add(time.Hour)
	if again.Hour() != at.Hour() || again.Day() != at.Day() {
		again = at
	}
	return moment{at, again}
}

func (m moment) twice() bool { return !m.first.Equal(m.last) }

// held is a line of a list.
type held struct {
	issued, returned moment
	out              bool // it was not brought back
	holder, checked  string
}

// at tells whether somebody may have held the card at a moment.
func (h *held) at(m moment) bool {
	return !h.issued.first.After(m.last) && (h.out || m.first.Before(h.returned.last))
}

func (h *held) twice() bool { return h.issued.twice() || !h.out && h.returned.twice() }

// passing is an entry of the register about a door that somebody passed during the recording, and the lists that are asked
// about its card.
type passing struct {
	person, card, door string
	at                 moment
	lists              []dayLists
}

// dayLists are a layout's list of the day of a passing and that of the day before: who was lent a card then may have it still.
type dayLists struct{ day, before *holderList }

// holderList is a list of a day, and what it says of the cards that are asked for.
type holderList struct {
	layout *layout.Layout
	feed   *layout.Feed
	date   canon.Date
	zone   *time.Location
	due    bool // a passing is of its day
	cards  map[string]bool
	found  map[string][]held
	whole  bool // every row of it was read
}

func (l *holderList) file() string { return l.layout.System + "/" + l.feed.FileName(l.date) }

// question is what a reveal asks of lists.
type question struct {
	passings []passing
	lists    []*holderList
	of       map[string]*holderList // by file
}

// list gives a layout's list of a date, and notes that it is asked about a card.
func (q *question) list(l *layout.Layout, f *layout.Feed, zone *time.Location, date canon.Date, card string, due bool) *holderList {
	x := &holderList{layout: l, feed: f, date: date, zone: zone, cards: map[string]bool{}}
	if known := q.of[x.file()]; known != nil {
		x = known
	} else {
		q.of[x.file()] = x
		q.lists = append(q.lists, x)
	}
	x.cards[card], x.due = true, x.due || due
	return x
}

// asked finds the recording of a request in the audit log, as the request itself names people alone.
func asked(ctx context.Context, ws *workspace.Workspace, r *ledger.Reveal) (string, error) {
	lines, err := ws.Audit.Lines(ctx, ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.RevealRequested), Actor: r.RequestedBy,
		Reason: entry(r, Author{}, ledger.RevealRequested, "").Reason, Limit: 1})
	if err != nil || len(lines) == 0 {
		return "", err
	}
	return lines[0].Subject, nil
}

// holderLists gives the lists that say who held cards during a recording: of each system that has lists, of each day and the day
// before. Of all passings those of the request's people are asked for.
func holderLists(ctx context.Context, ws *workspace.Workspace, recording string, people []string) (question, error) {
	q := question{of: map[string]*holderList{}}
	layouts, err := ws.Layouts()
	if err != nil {
		return q, err
	}
	of := map[string]*layout.Layout{}
	for _, l := range layouts {
		if len(l.Holders) > 0 {
			of[l.System] = l
		}
	}
	if len(of) == 0 {
		return q, nil
	}
	wanted := map[string]bool{}
	for _, p := range people {
		wanted[p] = true
	}
	err = ws.Register.See(ctx, func(v *register.View) error {
		during, err := recorded(ctx, v, recording)
		if err != nil {
			return err
		}
		whose := map[string]string{}
		for l, err := range v.Links(ctx) {
			if err != nil {
				return err
			}
			if wanted[l.Person] {
				whose[l.Record] = l.Person
			}
		}
		return each(v.Scan(ctx, "access", []string{"source", "record", "time", "door", "card"}, register.Current), func(b *canon.Batch, i int) {
			at, known := b.Col(2).Instant(i)
			l, person := of[canon.SystemOf(b.Col(0).Text(i))], whose[b.Col(1).Text(i)]
			if !known || !during.meets(span{at, at}) || l == nil || person == "" || b.Col(4).Null(i) {
				return
			}
			zone, err := time.LoadLocation(l.Zone)
			if err != nil {
				return // the layout was checked
			}
			p := passing{person: person, card: strings.Clone(b.Col(4).Text(i)), door: strings.Clone(b.Col(3).Text(i)), at: momentOf(time.UnixMicro(at), zone)}
			day := canon.DateOf(p.at.first)
			for j := range l.Holders {
				f := &l.Holders[j]
				p.lists = append(p.lists, dayLists{q.list(l, f, zone, day, p.card, true), q.list(l, f, zone, day-1, p.card, false)})
			}
			q.passings = append(q.passings, p)
		})
	})
	return q, err
}

// holdersOf reads lists from the inbox and gives, by person of the request, who held the cards. What could not be read is
// told of, and stops nothing; that the list of the day before is not there is no fault.
func holdersOf(ctx context.Context, ws *workspace.Workspace, q question, people []Person, open Opener) (map[string][]Card, fault.List) {
	out := map[string][]Card{}
	if len(q.lists) == 0 {
		return out, nil
	}
	var missed fault.List
	if in, err := ws.OpenInbox(ctx); err != nil {
		missed = fault.List{errHolders.Wrap(err)}
	} else {
		missed = readLists(ctx, ws, in, q.lists, open)
		_ = in.Close() // only read from
	}
	tokens := ws.SourceTokens()
	known := map[string][]vault.Entry{}
	for _, p := range people {
		known[p.Pseudonym] = p.Entries
	}
	for _, p := range q.passings {
		own := func(system string) bool {
			return ownCard(known[p.person], func(key string) bool { return tokens.Token("key", system, "card", key) == p.card })
		}
		out[p.person] = append(out[p.person], p.answer(own)...)
	}
	return out, missed
}

func readLists(ctx context.Context, ws *workspace.Workspace, in fs.FS, lists []*holderList, open Opener) (missed fault.List) {
	for _, l := range lists {
		bad, err := l.read(ctx, ws, in, open)
		place := fault.Place{File: l.file()}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if l.due {
				missed = append(missed, errNoHolders.At(place))
			}
		case err != nil:
			missed = append(missed, errHolders.At(place).Wrap(err))
		case bad > 0:
			missed = append(missed, errHolders.At(place).Because(fmt.Errorf("%d of its rows", bad)))
		default:
			l.whole = true
		}
	}
	return missed
}

// ownCard tells whether more is known of the person behind a passing than the number of the card: then it is nobody else's.
func ownCard(entries []vault.Entry, isCard func(key string) bool) bool {
	for _, e := range entries {
		if len(e.Names)+len(e.Contacts) > 0 {
			return true
		}
		for _, f := range e.Identifiers {
			if f.Column != "row_key" && !isCard(f.Value) {
				return true
			}
		}
	}
	return false
}

// answer gives who held the card of a passing. That no list says so is said, unless no list is about the card and it is the
// person's own.
func (p *passing) answer(own func(system string) bool) (out []Card) {
	listed := false
	for _, l := range p.lists {
		cards := p.by(l)
		listed = listed || cards[0].Listed
		out = append(out, cards...)
	}
	out = slices.DeleteFunc(out, func(c Card) bool {
		return !c.Listed && (listed || own(canon.SystemOf(c.List)))
	})
	return out
}

// by gives what a layout's lists of the two days say, at least that they say nothing.
func (p *passing) by(l dayLists) (out []Card) {
	c := Card{List: l.day.feed.FullName(), At: p.at.first, Door: p.door}
	for _, list := range []*holderList{l.before, l.day} {
		if list.whole {
			c.Lists = append(c.Lists, list.date.String())
		}
	}
	today, yesterday := l.day.found[p.card], l.before.found[p.card]
	c.Listed = len(today)+len(yesterday) > 0
	add := func(h held, carried string) {
		x := c
		x.Twice, x.Holder, x.Checked, x.Carried = p.at.twice() || h.twice(), h.holder, h.checked, carried
		out = append(out, x)
	}
	for _, h := range yesterday {
		again := slices.ContainsFunc(today, func(t held) bool { return t.issued.first.Equal(h.issued.first) && t.holder == h.holder })
		switch {
		case again || !h.at(p.at): // the later list knows of the return
		case !h.out:
			add(h, "")
		case !h.followed(p.at, today) && !h.followed(p.at, yesterday):
			add(h, l.before.date.String())
		}
	}
	for _, h := range today {
		if h.at(p.at) {
			add(h, "")
		}
	}
	if len(out) == 0 {
		c.Twice = p.at.twice()
		out = append(out, c)
	}
	return out
}

// followed tells whether the card was surely lent again before a moment: then it had come back.
func (h *held) followed(at moment, lines []held) bool {
	return slices.ContainsFunc(lines, func(x held) bool {
		return x.issued.first.After(h.issued.last) && !x.issued.last.After(at.first)
	})
}

// read reads the lines about the cards that are asked for, by the register's token of the card, and counts the rows that it
// cannot read.
func (l *holderList) read(ctx context.Context, ws *workspace.Workspace, in fs.FS, open Opener) (bad int64, err error) {
	src, err := open(ctx, in, l.file(), l.feed)
	if err != nil {
		return 0, err
	}
	defer src.Close() // only read from
	c, err := conform.New(l.layout, l.feed, conform.Settings{})
	if err != nil {
		return 0, err
	}
	tokens, found := ws.SourceTokens(), map[string][]held{}
	texts := make([]string, len(l.feed.Columns))
	for b, err := range src.Batches(ctx) {
		if err != nil {
			return 0, err
		}
		for i := range b.Len() {
			if _, code := c.Texts(b, i, texts); code != "" {
				bad++
				continue
			}
			token := tokens.Token("key", l.layout.System, "card", texts[l.feed.Part(layout.HolderCard)])
			if !l.cards[token] {
				continue
			}
			line, err := l.line(texts)
			if err != nil {
				return 0, err
			}
			found[token] = append(found[token], line)
		}
	}
	if err := src.Verify(); err != nil {
		return 0, err
	}
	sum := src.Summary()
	if len(sum.Missing) > 0 { // a card whose return nobody can read would be out for ever
		return 0, errHolders.Because(fmt.Errorf("it has no column %s", strings.Join(sum.Missing, ", ")))
	}
	l.found = found
	return bad + sum.Rejected, nil
}

func (l *holderList) line(texts []string) (h held, err error) {
	part := func(name string) string {
		if at := l.feed.Part(name); at >= 0 {
			return texts[at]
		}
		return ""
	}
	h.holder, h.checked = strings.Clone(part(layout.HolderID)), strings.Clone(part(layout.Checked))
	if h.issued, err = l.moment(part(layout.Issued)); err != nil {
		return h, err
	}
	if h.out = part(layout.Returned) == ""; !h.out {
		h.returned, err = l.moment(part(layout.Returned))
	}
	return h, err
}

func (l *holderList) moment(text string) (moment, error) {
	at, err := time.Parse(time.RFC3339, text)
	return momentOf(at, l.zone), err
}
