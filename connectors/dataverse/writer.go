package dataverse

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"

	"uoma/internal/fault"
)

// Sizes of what is sent at once. A change set is carried out as a whole or not at all; the rows of one that fails are sent
// alone.
const (
	batchRows = 100
	setRows   = 10
)

// Outcome counts what became of the rows of a stream, and of those that are not in it any more.
type Outcome struct {
	Rows      int64            `json:"rows"`
	Unchanged int64            `json:"unchanged"`
	Written   int64            `json:"written"`
	Refused   map[string]int64 `json:"refused,omitempty"` // by the service's own code
	Absent    int64            `json:"absent"`            // not there, where rows are changed and not made
	Missing   int64            `json:"missing"`           // deleted there, now or before
	Gone      int64            `json:"gone"`              // no longer to be sent: cleared or made inactive
	Found     int64            `json:"found"`             // sent by a run that was killed, and found there
}

// Difference is 0 when each row of the stream ended once.
func (o Outcome) Difference() int64 {
	n := o.Rows - o.Unchanged - o.Written - o.Absent
	for _, x := range o.Refused {
		n -= x
	}
	return n
}

// Writer brings one table to what a stream says.
type Writer struct {
	service *Service
	table   Table
	journal Journal
	limit   float64
}

// NewWriter checks the table. share is how many percent of the rows that were sent before may go at once.
func NewWriter(s *Service, t Table, j Journal, share float64) (*Writer, error) {
	return &Writer{s, t, j, share}, t.check()
}

// item is a request for one row.
type item struct {
	token, digest, id string
	key               []string // nil where the id is known
	request           request
	refers            bool
	gone              bool
}

// write is the state of one run.
type write struct {
	*Writer
	ctx   context.Context
	known map[string]Entry
	out   Outcome
	chunk []item
}

// Write takes all rows that are to be in the table, and gives what became of them. It may be called again after any error,
// with the rows as they are then.
func (w *Writer) Write(ctx context.Context, rows iter.Seq2[Row, error]) (Outcome, error) {
	run := &write{Writer: w, ctx: ctx, out: Outcome{Refused: map[string]int64{}}}
	err := run.all(rows)
	return run.out, err
}

func (w *write) all(rows iter.Seq2[Row, error]) (err error) {
	if err := w.recover(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for r, err := range rows {
		if err != nil {
			return err
		}
		if seen[r.Token] {
			return errTwice.At(fault.Place{Field: w.table.Set})
		}
		seen[r.Token] = true
		if err := w.row(r); err != nil {
			return err
		}
	}
	leaving, before := w.leaving(seen)
	if few := float64(len(leaving))*100 > w.limit*float64(before); len(leaving) > 0 && (len(seen) == 0 || len(leaving) > floor && few) {
		return errFew.At(fault.Place{Field: w.table.Set}).Because(fmt.Errorf("%d of %d", len(leaving), before))
	}
	for _, e := range leaving {
		body, err := w.table.gone()
		if err != nil {
			return err
		}
		if err := w.add(item{token: e.Token, id: e.ID, gone: true, request: request{w.table.byID(e.ID), true, body}}); err != nil {
			return err
		}
	}
	return w.flush()
}

// floor is how many rows may always go: a share of a small table is a handful.
const floor = 5

// leaving gives the rows that were sent and are not to be sent any more, by token, and how many were sent in all.
func (w *write) leaving(seen map[string]bool) (out []Entry, sent int) {
	for _, token := range slices.Sorted(maps.Keys(w.known)) {
		e := w.known[token]
		if e.State != Sent {
			continue
		}
		if sent++; !seen[token] {
			out = append(out, e)
		}
	}
	return out, sent
}

// recover finds out what became of rows that a killed run was sending.
func (w *write) recover() error {
	pending, err := w.journal.Pending(w.ctx)
	if err != nil {
		return err
	}
	var settled []Entry
	for _, p := range pending {
		id, err := w.service.find(w.ctx, w.table.byKey(p.Key), w.table.ID)
		if err != nil {
			return err
		}
		e := Entry{Token: p.Token}
		if id != "" {
			e.ID, e.State = id, Sent
			w.out.Found++
		}
		settled = append(settled, e)
	}
	if len(settled) > 0 {
		if err := w.journal.Settle(w.ctx, settled); err != nil {
			return err
		}
	}
	w.known, err = w.journal.Entries(w.ctx)
	return err
}

// row decides whether a row is sent, and how.
func (w *write) row(r Row) error {
	body, err := w.table.content(r)
	if err != nil {
		return err
	}
	w.out.Rows++
	switch e := w.known[r.Token]; {
	case e.State == Missing:
		w.refuse(deleted)
		w.out.Missing++
		return nil
	case e.State == Sent && e.Digest == r.Digest:
		w.out.Unchanged++
		return nil
	case e.ID != "":
		return w.add(item{token: r.Token, digest: r.Digest, id: e.ID, refers: w.table.refers(r), request: request{w.table.byID(e.ID), true, body}})
	}
	return w.add(item{token: r.Token, digest: r.Digest, key: r.Key, refers: w.table.refers(r), request: request{w.table.byKey(r.Key), w.table.Way == Update, body}})
}

// deleted stands among the codes of the service for a row that is not sent because it was deleted there.
const deleted = "deleted"

func (w *write) refuse(code string) { w.out.Refused[code]++ }

func (w *write) add(x item) error {
	if w.chunk = append(w.chunk, x); len(w.chunk) < batchRows {
		return nil
	}
	return w.flush()
}

// flush sends what was gathered, between intent and settlement.
func (w *write) flush() error {
	if len(w.chunk) == 0 {
		return nil
	}
	items := w.chunk
	w.chunk = nil
	intents := make([]Intent, len(items))
	for i, x := range items {
		intents[i] = Intent{x.token, x.key}
	}
	if err := w.journal.Intend(w.ctx, intents); err != nil {
		return err
	}
	answers, err := w.service.send(w.ctx, items)
	if err != nil {
		return err
	}
	settled := make([]Entry, len(items))
	for i := range items {
		if x := &items[i]; answers[i].code == noKey && x.refers && x.id == "" { // the row itself, or one that it refers to?
			id, err := w.service.find(w.ctx, x.request.path, w.table.ID)
			if err != nil {
				return err
			}
			x.refers = id != "" || w.table.Way != Update
		}
		if settled[i], err = w.settle(&items[i], answers[i]); err != nil {
			return err
		}
	}
	return w.journal.Settle(w.ctx, settled)
}

// settle counts an answer, and gives what the journal keeps of the row.
func (w *write) settle(x *item, a answer) (Entry, error) {
	e := Entry{Token: x.token, ID: x.id}
	if x.id != "" {
		e.State = Sent
	}
	absent := a.status == http.StatusNotFound && (a.code == noEntity || a.code == noKey && !x.refers)
	switch {
	case a.status < http.StatusMultipleChoices:
		if a.id != "" {
			e.ID = a.id
		}
		if e.ID == "" {
			return e, errAnswer
		}
		if e.State, e.Digest = Sent, x.digest; x.gone {
			e.State = Gone
			w.out.Gone++
			return e, nil
		}
		w.out.Written++
	case absent && x.id != "":
		e.State, e.ID = Missing, ""
		w.out.Missing++
		if !x.gone {
			w.refuse(deleted)
		}
	case absent:
		w.out.Absent++
	case x.gone:
		return e, errRefused.At(fault.Place{Field: w.table.Set}).Because(fmt.Errorf("a row that is gone: code %s", a.code))
	default:
		w.refuse(a.code)
	}
	return e, nil
}
