package outgoing

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/outfile"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/survey"
	"uoma/transforms/policy"
)

// returned is the reason of a row whose recipient may not keep it any longer.
const returned = "returned"

// itsOwn stands for the event that a row went out for: the target may name another by now, or none.
const itsOwn = "its own"

// withdrawnColumns are those of a file that withdraws: the file and the row in it, from 1, what to do, and why.
var withdrawnColumns = []string{"file", "row", "action", "reason", "effective_at"}

// withdrawal is the content of a delivery that tells the recipient what it may not use any more.
type withdrawal struct {
	f     *File
	r     *pipelines.Run
	rows  []withdrawnRow
	cut   time.Time
	night string // that the register is at
}

type withdrawnRow struct {
	survey.SentRow
	file, action, reason string
}

// Withdraw tells the recipient of every row about somebody who must not be sent any more, and of what it may not keep any longer:
// as a file beside the others, in their form of sealing. Each row is told once. A killed run's successor finishes. Rows of a
// table are counted alone: the next run of the target empties them.
func (f *File) Withdraw(ctx context.Context, r *pipelines.Run) (survey.WithdrawFacts, error) {
	out := survey.WithdrawFacts{Recipient: f.chain().Recipient, Dataset: f.t.Name, Reasons: map[string]int64{}}
	w := &withdrawal{f: f, r: r}
	begun, staged, err := f.open(ctx)
	if err != nil {
		return out, err
	}
	if staged && !r.Dry && !f.t.InTable() {
		if err := f.holding(ctx, r, func(ctx context.Context, c *carrier) error { return c.settle(ctx, 0) }); err != nil {
			return out, err
		}
	}
	if _, err := w.again(ctx); err != nil {
		return out, err
	}
	count := func() {
		out.Rows, out.Reasons = len(w.rows), map[string]int64{}
		for _, x := range w.rows {
			out.Reasons[x.reason]++
		}
	}
	if count(); r.Dry || f.t.InTable() || len(w.rows) == 0 && begun.ID == "" {
		return out, nil
	}
	err = f.holding(ctx, r, func(ctx context.Context, c *carrier) error {
		d, _, err := f.open(ctx)
		if err != nil {
			return err
		}
		if d.Attempts > 0 { // it was begun: what it tells is in its list
			if err := c.deliver(ctx, &d, w); err != nil {
				return err
			}
			if err := c.close(ctx, &d, w.name(&d)); err != nil {
				return err
			}
			d = outbox.Delivery{}
		}
		digest, err := w.again(ctx)
		if err != nil {
			return err
		}
		if count(); len(w.rows) == 0 {
			if d.ID != "" && d.SelectionDigest != digest {
				return c.void(ctx, &d, w)
			}
			return nil
		}
		if err := c.prepare(ctx, &d, w); err != nil {
			return err
		}
		if err := c.deliver(ctx, &d, w); err != nil {
			return err
		}
		if count(); d.ID == "" {
			return nil
		}
		err = c.close(ctx, &d, w.name(&d))
		out.Delivery, out.Sequence, out.State, out.Level = d.ID, d.Sequence, string(d.State), d.ReceiptLevel
		return err
	})
	return out, err
}

// open gives the withdrawal that was begun and has not come to its end, and tells whether a file of some date is [staged].
func (f *File) open(ctx context.Context) (begun outbox.Delivery, some bool, err error) {
	all, err := f.ws.Outbox.List(ctx, f.chain())
	for i := range all {
		d := &all[i]
		if d.Kind == parcel.Withdrawal && !d.Done() && begun.ID == "" {
			begun = *d
		}
		some = some || staged(d)
	}
	return begun, some, err
}

// again works out which rows are to be told of as the stores stand now.
func (w *withdrawal) again(ctx context.Context) (string, error) {
	f := w.f
	w.rows, w.cut = nil, w.r.Now().UTC().Truncate(time.Microsecond)
	w.night = "none"
	runs, err := ledger.Runs(ctx, f.ws.RegisterDB, "nightly", 1)
	if err != nil {
		return "", err
	}
	if len(runs) > 0 {
		w.night = runs[0].ID
	}
	sent, told, err := survey.Sent(ctx, f.ws, f.chain())
	if err != nil {
		return "", err
	}
	at := survey.AsOf(w.r)
	facts, err := survey.Standings(ctx, f.ws, f.pack, sent, at)
	if err != nil {
		return "", err
	}
	cases := map[string]*policy.Case{} // by category
	for n, x := range sent {
		action, reason := "", ""
		switch facts := facts[n]; {
		case facts == nil || facts.Suppressed:
			action, reason = parcel.Erase, survey.ReasonErased
		default:
			if d := w.decide(cases, x.Categories, facts, at); !d.Allow {
				action, reason = parcel.Stop, d.Reason
			}
		}
		if day, ends := f.t.ReturnBy(x.Delivery.From); ends && day < at && action != parcel.Erase {
			action, reason = parcel.Erase, returned
		}
		was := told[survey.RowOf{Delivery: x.Delivery.ID, Row: x.Row}]
		if action == "" || was == parcel.Erase || was == action {
			continue
		}
		w.rows = append(w.rows, withdrawnRow{x, f.name(x.Delivery.From), action, reason})
	}
	slices.SortFunc(w.rows, func(a, b withdrawnRow) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.Row, b.Row))
	})
	h := hmac.New(sha256.New, f.ws.Keys.Derive("selection", f.domain()))
	for _, x := range w.rows {
		if err := json.NewEncoder(h).Encode([]any{x.Delivery.ID, x.Row, x.action, x.reason}); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// decide gives the first refusal of what a row is made of. What is refused to everybody is no reason: what went out when the
// notice let it stays where it is.
func (w *withdrawal) decide(cases map[string]*policy.Case, categories []string, facts *policy.Facts, at canon.Date) policy.Decision {
	c := w.f.pack.Compact(facts, at)
	for _, category := range categories {
		if cases[category] == nil {
			q := w.f.query(at)
			q.Category, q.Event, q.GivenFor = category, itsOwn, itsOwn
			cases[category] = w.f.pack.Case(q)
		}
		if _, closed := cases[category].Closed(); closed {
			continue
		}
		if d := cases[category].Decide(&c); !d.Allow {
			return d
		}
	}
	return policy.Decision{Allow: true}
}

func (w *withdrawal) write(to io.Writer) error {
	out, err := outfile.New(to, outfile.Form{Type: outfile.CSV, Delimiter: ",", Encoding: "utf-8"}, []outfile.Block{{Columns: withdrawnColumns}})
	if err != nil {
		return err
	}
	for _, x := range w.rows {
		if err := out.Row(0, []string{x.file, strconv.FormatInt(x.Row, 10), x.action, x.reason, w.cut.Format(time.RFC3339)}); err != nil {
			return err
		}
	}
	return out.Close()
}

func (w *withdrawal) list() survey.List {
	l := survey.List{Purpose: w.f.t.Purpose, Policy: w.f.pack.Digest(), People: []survey.Included{}}
	for _, x := range w.rows {
		l.Withdrawn = append(l.Withdrawn, survey.Withdrawn{Person: x.Person, Delivery: x.Delivery.ID, Row: x.Row, Action: x.action, Reason: x.reason})
	}
	return l
}

func (w *withdrawal) name(d *outbox.Delivery) string {
	return w.f.sealed(fmt.Sprintf("%s_withdrawn_%06d.csv", w.f.t.Name, d.Sequence))
}

func (w *withdrawal) draft(d *outbox.Delivery) {
	d.Kind, d.From, d.To, d.QualityVerdict, d.ConsentCutAt = parcel.Withdrawal, w.rows[0].Delivery.From, w.rows[0].Delivery.To, "pass", w.cut
	for _, x := range w.rows {
		d.From, d.To = min(d.From, x.Delivery.From), max(d.To, x.Delivery.To)
	}
	d.RegisterCommit = w.night
}

func (w *withdrawal) note(context.Context) error { return nil }

func (w *withdrawal) empty() bool { return len(w.rows) == 0 }
