package survey

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"time"

	"uoma/connectors/ledger"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
	"uoma/pipelines/workspace"
	"uoma/transforms/extract"
	"uoma/transforms/policy"
	"uoma/transforms/pseudonym"
)

// WithdrawFacts says what a withdrawal told a recipient. It names nobody.
type WithdrawFacts struct {
	Recipient string           `json:"recipient"`
	Dataset   string           `json:"dataset"`
	Delivery  string           `json:"delivery_id,omitempty"` // "" when there was nothing to withdraw, or the run is dry
	Sequence  int64            `json:"sequence,omitempty"`
	State     string           `json:"state,omitempty"` // of the delivery
	Level     string           `json:"receipt_level,omitempty"`
	Rows      int              `json:"rows"`    // of earlier deliveries that the recipient may not use any more
	Reasons   map[string]int64 `json:"reasons"` // rows by reason
}

// ReasonErased is the reason of a row whose person the register has no more.
const ReasonErased = "erased"

// withdrawalLife is how long a recipient has to carry a withdrawal out.
const withdrawalLife = 30 * 24 * time.Hour

// pending is one row that its recipient is to be told about.
type pending struct {
	SentRow
	pseudonym string
	action    string
	reason    string
}

// Withdraw tells the recipient of every person whom it got and who must not be sent any more: who objected, withdrew, was
// restricted, left or died since, and whose data was erased here. Each row is told once: what was told is in the list of the
// delivery that told it. A killed run's successor finishes; one of which no byte has left is made anew.
func (s *Survey) Withdraw(ctx context.Context, r *pipelines.Run) (WithdrawFacts, error) {
	out := WithdrawFacts{Recipient: s.terms.Recipient, Dataset: s.terms.Dataset, Reasons: map[string]int64{}}
	w := &withdrawal{s: s, r: r}
	begun, err := w.begun(ctx)
	if err != nil {
		return out, err
	}
	if err := w.choose(ctx); err != nil {
		return out, err
	}
	if r.Dry || len(w.rows) == 0 && !begun {
		out.count(w.rows)
		return out, nil
	}
	m, done, err := s.Machine(r)
	if err != nil {
		return out, err
	}
	m.Source = w
	m.Audit = func(ctx context.Context, d outbox.Delivery) error {
		return s.ws.Note(ctx, ledger.Entry{At: r.Now().UnixMicro(), Actor: cmp.Or(r.Actor, s.def.Pipeline), Verb: ledger.DeliveryWithdraw, Reason: d.ID})
	}
	m.Profile.SchemaVersion, m.Profile.Format, m.Profile.Life = parcel.WithdrawalVersion, parcel.CSV, withdrawalLife
	err = m.Hold(ctx, func(ctx context.Context) error {
		if err := errors.Join(m.Agree(ctx), m.Sweep(ctx)); err != nil {
			return err
		}
		if err := s.finishOthers(ctx, m, ""); err != nil {
			return err
		}
		for range anew {
			d, err := w.send(ctx, m)
			if errors.Is(err, delivery.ErrConsentChanged) {
				continue
			}
			if d != nil {
				out.Delivery, out.Sequence, out.State, out.Level = d.ID, d.Sequence, string(d.State), d.ReceiptLevel
			}
			return err
		}
		return delivery.ErrUnsteady
	})
	out.count(w.rows)
	return out, errors.Join(err, done())
}

// WithdrawName is the name of the stage that withdraws.
const WithdrawName = "withdraw"

// Withdrawer tells one recipient whom it may not use any more.
type Withdrawer interface {
	Withdraw(ctx context.Context, r *pipelines.Run) (WithdrawFacts, error)
}

// WithdrawStage gives the stage that withdraws from several recipients. One that cannot be reached keeps no other from being
// told; one that was sent people and is none of them any more is named in the log.
func WithdrawStage(ws *workspace.Workspace, all []Withdrawer) pipelines.Stage {
	return withdrawStage{ws, all}
}

type withdrawStage struct {
	ws  *workspace.Workspace
	all []Withdrawer
}

// Untold withdraws nothing: nobody knows how the recipient is told.
func Untold(err error) Withdrawer { return untold{err} }

type untold struct{ err error }

func (u untold) Withdraw(context.Context, *pipelines.Run) (WithdrawFacts, error) {
	return WithdrawFacts{}, u.err
}

var errForgotten = fault.New("UOMA-SVY-FORGOTTEN", "a recipient was sent people, and no pipeline and no target delivers to it any more: nobody tells it whom it may not use", "put its pipeline or its target back, or tell it by hand")

func (withdrawStage) Name() string { return WithdrawName }

// Run withdraws; its facts are a list of [WithdrawFacts].
func (t withdrawStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if r.Mode == pipelines.Backfill && !r.Dry {
		return nil, errBackfill
	}
	facts, failed := []WithdrawFacts{}, error(nil)
	for _, s := range t.all {
		f, err := s.Withdraw(ctx, r)
		facts, failed = append(facts, f), errors.Join(failed, err)
	}
	return facts, errors.Join(failed, t.forgotten(ctx, r, facts))
}

// forgotten warns of recipients that are not among those of whom there are facts.
func (t withdrawStage) forgotten(ctx context.Context, r *pipelines.Run, facts []WithdrawFacts) error {
	all, err := t.ws.Outbox.All(ctx)
	warned := map[outbox.Chain]bool{}
	for _, d := range all {
		sent := d.Kind == parcel.Full && d.Attempts > 0 && d.State != outbox.Voided && d.ReceiptStatus != parcel.Rejected
		known := slices.ContainsFunc(facts, func(f WithdrawFacts) bool { return f.Recipient == d.Chain.Recipient && f.Dataset == d.Chain.Dataset })
		if sent && !known && !warned[d.Chain] {
			warned[d.Chain] = true
			r.Log.Warn(errForgotten.Message, "code", errForgotten.Code, "recipient", d.Chain.Recipient, "dataset", d.Chain.Dataset, "next", errForgotten.Hint)
		}
	}
	return err
}

func (f *WithdrawFacts) count(rows []pending) {
	f.Rows = len(rows)
	for _, p := range rows {
		f.Reasons[p.reason]++
	}
}

// withdrawal is the source of a withdrawal delivery.
type withdrawal struct {
	s      *Survey
	r      *pipelines.Run
	rows   []pending
	cut    time.Time
	digest string
}

var _ delivery.Source = (*withdrawal)(nil)

// send makes the next withdrawal and brings it to its end; nil when nothing is pending.
func (w *withdrawal) send(ctx context.Context, m *delivery.Machine) (*outbox.Delivery, error) {
	if err := w.choose(ctx); err != nil || len(w.rows) == 0 {
		return nil, err
	}
	o := delivery.Order{Kind: parcel.Withdrawal, From: w.rows[0].Delivery.From, To: w.rows[0].Delivery.To}
	for _, p := range w.rows {
		o.From, o.To = min(o.From, p.Delivery.From), max(o.To, p.Delivery.To)
	}
	d, err := m.Prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := m.Encrypt(ctx, &d); err != nil {
		return &d, err
	}
	if err := w.note(d.ID); err != nil {
		return &d, err
	}
	told := w.rows // what the last look finds is another list only where the delivery is voided
	err = m.Advance(ctx, &d)
	w.rows = told
	return &d, err
}

// begun tells whether a withdrawal was begun that has not come to its end.
func (w *withdrawal) begun(ctx context.Context) (bool, error) {
	all, err := w.s.ws.Outbox.List(ctx, w.s.chain())
	return slices.ContainsFunc(all, func(d outbox.Delivery) bool { return d.Kind == parcel.Withdrawal && !d.Done() }), err
}

// Select implements [delivery.Source]. No quality gate stands before a withdrawal: it carries no data.
func (w *withdrawal) Select(ctx context.Context, _ delivery.Order) (delivery.Selection, error) {
	commit := "none"
	runs, err := ledger.Runs(ctx, w.s.ws.RegisterDB, nightly, 1)
	if len(runs) > 0 {
		commit = runs[0].ID
	}
	return delivery.Selection{RegisterCommit: commit, ConsentCutAt: w.cut, Digest: w.digest, QualityVerdict: "pass", QualitySHA256: parcel.SHA256Hex(noQuality)}, err
}

// noQuality stands where the quality report does: a withdrawal has none.
var noQuality = []byte("{}\n")

// perPart keeps a part far below its largest size.
const perPart = 100_000

// Contents implements [delivery.Source].
func (w *withdrawal) Contents(ctx context.Context, d outbox.Delivery) (*parcel.Contents, error) {
	if w.digest != d.SelectionDigest {
		return nil, delivery.ErrConsentChanged.Wrap(errChosen)
	}
	var parts iter.Seq2[parcel.Part, error] = func(yield func(parcel.Part, error) bool) {
		for chunk := range slices.Chunk(w.rows, perPart) {
			rows := make([]parcel.Withdrawn, len(chunk))
			for i, p := range chunk {
				rows[i] = parcel.Withdrawn{DeliveryID: p.Delivery.ID, Row: p.Row, Pseudonym: p.pseudonym, Epoch: p.epoch, Action: p.action, Reason: p.reason, EffectiveAt: d.ConsentCutAt.UTC()}
			}
			data, err := parcel.EncodeWithdrawals(rows)
			if !yield(parcel.Part{Data: data, Rows: int64(len(rows))}, err) || err != nil {
				return
			}
		}
	}
	return &parcel.Contents{PseudonymDomain: w.s.domain(), PseudonymEpoch: w.s.epoch(), Format: parcel.CSV, Quality: noQuality,
		Tables: []parcel.Table{{Name: parcel.WithdrawalTable, Schema: parcel.WithdrawalSchema(), Parts: parts}}}, nil
}

// Changed implements [delivery.Source].
func (w *withdrawal) Changed(ctx context.Context, d outbox.Delivery) (bool, error) {
	err := w.choose(ctx)
	return w.digest != d.SelectionDigest, err
}

// note writes down which rows a withdrawal tells of, before its first byte leaves.
func (w *withdrawal) note(id string) error {
	l := List{Purpose: w.s.terms.Purpose, Policy: w.s.pack.Digest(), People: []Included{}}
	for _, p := range w.rows {
		l.Withdrawn = append(l.Withdrawn, Withdrawn{p.Person, p.Delivery.ID, p.Row, p.action, p.reason})
	}
	return l.Write(w.s.ws, id)
}

// RowOf names a row of a delivery.
type RowOf struct {
	Delivery string
	Row      int64
}

// choose works out which rows are pending as the stores stand now.
func (w *withdrawal) choose(ctx context.Context) error {
	w.rows, w.cut = nil, w.r.Now().UTC().Truncate(time.Microsecond)
	sent, told, err := Sent(ctx, w.s.ws, w.s.chain())
	if err != nil {
		return err
	}
	refused, err := w.refused(ctx, sent)
	if err != nil {
		return err
	}
	domains := map[int64]*pseudonym.Domain{} // by epoch
	for n, p := range sent {
		why := refused[n]
		was := told[RowOf{p.Delivery.ID, p.Row}]
		if why.action == "" || was == parcel.Erase || was == why.action {
			continue
		}
		row := pending{SentRow: p, pseudonym: p.Pseudonym, action: why.action, reason: why.reason}
		if row.pseudonym == "" { // it is keyed
			if domains[p.epoch] == nil {
				if domains[p.epoch], err = w.s.ws.Domain(w.s.domain(), p.epoch); err != nil {
					return err
				}
			}
			row.pseudonym = w.s.ws.PersonIn(domains[p.epoch], p.Person)
		}
		w.rows = append(w.rows, row)
	}
	slices.SortFunc(w.rows, func(a, b pending) int {
		return cmp.Or(cmp.Compare(a.pseudonym, b.pseudonym), cmp.Compare(a.Delivery.ID, b.Delivery.ID), cmp.Compare(a.Row, b.Row))
	})
	h := hmac.New(sha256.New, w.s.ws.Keys.Derive("selection", w.s.domain()))
	for _, p := range w.rows {
		if err := json.NewEncoder(h).Encode([]any{p.pseudonym, p.Delivery.ID, p.Row, p.action, p.reason}); err != nil {
			return err
		}
	}
	w.digest = hex.EncodeToString(h.Sum(nil))
	return nil
}

// refusal is what a recipient is to do with a row, and why; the zero value lets it stay.
type refusal struct{ action, reason string }

// refused finds the rows that must not be with the recipient any more, of those that were sent. Why nobody may be sent is no
// reason: what went out when the notice let it stays where it is.
func (w *withdrawal) refused(ctx context.Context, sent []SentRow) ([]refusal, error) {
	at := AsOf(w.r)
	facts, err := Standings(ctx, w.s.ws, w.s.pack, sent, at)
	if err != nil {
		return nil, err
	}
	d, out := w.s.decider(at), make([]refusal, len(sent))
	decided := map[*policy.Facts]refusal{nil: {parcel.Erase, ReasonErased}} // most people's rows are decided by the same
	for n, f := range facts {
		why, done := decided[f]
		if !done {
			why = w.refusal(d, f, at)
			decided[f] = why
		}
		out[n] = why
	}
	return out, nil
}

// refusal decides about a row by what decides about who is in it.
func (w *withdrawal) refusal(d *decider, f *policy.Facts, at canon.Date) refusal {
	c := w.s.pack.Compact(f, at)
	switch reason := d.refusal(f); {
	case d.allows(&c) || reason == extract.NoBasis:
		return refusal{}
	case reason == extract.Suppressed:
		return refusal{parcel.Erase, ReasonErased}
	default:
		return refusal{parcel.Stop, string(reason)}
	}
}

// Write puts a list into the workspace's state. It is of no use to the caller afterwards.
func (l *List) Write(ws *workspace.Workspace, id string) error {
	w, err := ws.State.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	l.turn(ws.Inner)
	if err := json.NewEncoder(w).Encode(l); err != nil {
		return err
	}
	_, err = w.Commit(listName(id), "")
	return err
}

// Withdrawn is a row that a withdrawal told of.
type Withdrawn struct {
	Person   string `json:"person"`
	Delivery string `json:"delivery_id"`
	Row      int64  `json:"row"`
	Action   string `json:"action"`
	Reason   string `json:"reason"`
}
