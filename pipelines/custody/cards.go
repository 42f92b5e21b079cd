package custody

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

var (
	errNoHolders = fault.New("UOMA-RVL-HOLDERS-NONE", "the inbox has no list of who held cards on the day of the recording",
		"ask the owner of the system to lay the day's list into its inbox, and make a new request")
	errHolders = fault.New("UOMA-RVL-HOLDERS", "the list of who held cards on the day of the recording cannot be read, or not all of it",
		"ask the owner of the system for the day's list again, and make a new request")
)

// Holders is an open list of who held cards. It is whole when Batches was ranged over and Verify found nothing.
type Holders interface {
	tabular.Reader
	Verify() error
	Close() error
}

// Opener opens a list in an inbox, by whatever transport, and keeps nothing of it.
type Opener func(ctx context.Context, files fs.FS, name string, f *layout.Feed) (Holders, error)

// Card is who held the card that opened a door, as the system's list of the day says. It stands in memory alone.
type Card struct {
	List    string // SYSTEM/NAME, as the layout has it
	At      time.Time
	Twice   bool // clocks were set back: one of the times may be the one that the clock showed an hour later
	Door    string
	Holder  string // "" where the list has the card and nobody held it then
	Checked string // whether their identity was: true, false, or "" where it is not said
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

// passing is an entry of the register about a door that somebody passed during the recording.
type passing struct {
	person, card, door string
	at                 moment
}

// holderList is a list of a day, and what is asked of it.
type holderList struct {
	layout  *layout.Layout
	feed    *layout.Feed
	file    string
	zone    *time.Location
	entries []passing
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

// holderLists gives the lists that say who held cards during a recording: of each system that has lists, and each day. Of all
// passings those of the request's people are asked for.
func holderLists(ctx context.Context, ws *workspace.Workspace, recording string, people []string) (out []*holderList, err error) {
	layouts, err := ws.Layouts()
	if err != nil {
		return nil, err
	}
	of := map[string]*layout.Layout{}
	for _, l := range layouts {
		if len(l.Holders) > 0 {
			of[l.System] = l
		}
	}
	if len(of) == 0 {
		return nil, nil
	}
	wanted, lists := map[string]bool{}, map[string]*holderList{}
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
			p := passing{person, strings.Clone(b.Col(4).Text(i)), strings.Clone(b.Col(3).Text(i)), momentOf(time.UnixMicro(at), zone)}
			for j := range l.Holders {
				f := &l.Holders[j]
				file := l.System + "/" + f.FileName(canon.DateOf(p.at.first))
				if lists[file] == nil {
					lists[file] = &holderList{layout: l, feed: f, file: file, zone: zone}
					out = append(out, lists[file])
				}
				lists[file].entries = append(lists[file].entries, p)
			}
		})
	})
	return out, err
}

// holdersOf reads lists from the inbox and gives, by person of the request, who held the cards. What could not be read is
// told of, and stops nothing.
func holdersOf(ctx context.Context, ws *workspace.Workspace, lists []*holderList, open Opener) (map[string][]Card, fault.List) {
	out := map[string][]Card{}
	if len(lists) == 0 {
		return out, nil
	}
	in, err := ws.OpenInbox(ctx)
	if err != nil {
		return out, fault.List{errHolders.Wrap(err)}
	}
	defer in.Close() // only read from
	var missed fault.List
	for _, l := range lists {
		found, bad, err := l.read(ctx, ws, in, open)
		place := fault.Place{File: l.file}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missed = append(missed, errNoHolders.At(place))
			continue
		case err != nil:
			missed = append(missed, errHolders.At(place).Wrap(err))
			continue
		case bad > 0:
			missed = append(missed, errHolders.At(place).Because(fmt.Errorf("%d of its rows", bad)))
		}
		for _, p := range l.entries {
			out[p.person] = append(out[p.person], l.answer(p, found[p.card])...)
		}
	}
	return out, missed
}

// answer gives who held the card of a passing, by the lines about it. Of a card without any the list says nothing: it is no
// temporary one.
func (l *holderList) answer(p passing, lines []held) (out []Card) {
	c := Card{List: l.feed.FullName(), At: p.at.first, Door: p.door}
	for _, h := range lines {
		if h.at(p.at) {
			c.Twice, c.Holder, c.Checked = p.at.twice() || h.twice(), h.holder, h.checked
			out = append(out, c)
		}
	}
	if len(out) == 0 && len(lines) > 0 {
		c.Twice = p.at.twice()
		out = append(out, c)
	}
	return out
}

// read reads the lines about the cards that are asked for, by the register's token of the card, and counts the rows that it
// cannot read.
func (l *holderList) read(ctx context.Context, ws *workspace.Workspace, in fs.FS, open Opener) (found map[string][]held, bad int64, err error) {
	src, err := open(ctx, in, l.file, l.feed)
	if err != nil {
		return nil, 0, err
	}
	defer src.Close() // only read from
	c, err := conform.New(l.layout, l.feed, conform.Settings{})
	if err != nil {
		return nil, 0, err
	}
	wanted, tokens := map[string]bool{}, ws.SourceTokens()
	for _, p := range l.entries {
		wanted[p.card] = true
	}
	found = map[string][]held{}
	texts := make([]string, len(l.feed.Columns))
	for b, err := range src.Batches(ctx) {
		if err != nil {
			return nil, 0, err
		}
		for i := range b.Len() {
			if _, code := c.Texts(b, i, texts); code != "" {
				bad++
				continue
			}
			token := tokens.Token("key", l.layout.System, "card", texts[l.feed.Part(layout.HolderCard)])
			if !wanted[token] {
				continue
			}
			line, err := l.line(texts)
			if err != nil {
				return nil, 0, err
			}
			found[token] = append(found[token], line)
		}
	}
	if err := src.Verify(); err != nil {
		return nil, 0, err
	}
	sum := src.Summary()
	if len(sum.Missing) > 0 { // a card whose return nobody can read would be out for ever
		return nil, 0, errHolders.Because(fmt.Errorf("it has no column %s", strings.Join(sum.Missing, ", ")))
	}
	return found, bad + sum.Rejected, nil
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
