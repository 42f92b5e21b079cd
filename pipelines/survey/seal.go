package survey

import (
	"context"
	"errors"
	"io"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
)

// SealFacts is what the stage leaves in the ledger.
type SealFacts struct {
	Delivery string `json:"delivery_id,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
	State    string `json:"state"` // of the delivery; "dry-run" when nothing was written
	// Already tells that the period was sealed and sent by an earlier run: nothing was done.
	Already  bool   `json:"already,omitempty"`
	Eligible int64  `json:"eligible"` // at the moment of sealing; 0 when Already
	Rows     int64  `json:"rows"`
	Bytes    int64  `json:"bytes"`                     // of the encrypted file
	Manifest string `json:"manifest_sha256,omitempty"` // hex
}

// anew is how often a delivery is prepared anew when the choice changes under it.
const anew = 3

type sealStage struct{ s *Survey }

func (sealStage) Name() string { return "seal" }

// Run prepares the period's delivery and seals it.
func (t sealStage) Run(ctx context.Context, r *pipelines.Run) (any, error) {
	if r.Dry {
		return t.s.sealNothing(ctx, r)
	}
	var facts SealFacts
	err := t.s.holding(ctx, r, func(ctx context.Context, m *delivery.Machine, d *outbox.Delivery) error {
		facts.Already = d.Attempts > 0 || d.State == outbox.Closed
		if d.State != outbox.Closed {
			if err := m.Agree(ctx); err != nil {
				return err
			}
			if err := m.Sweep(ctx); err != nil {
				return err
			}
			if err := t.s.finishOthers(ctx, m, d.ID); err != nil {
				return err
			}
		}
		if !facts.Already {
			if err := t.s.seal(ctx, r, m, d); err != nil {
				return err
			}
		}
		facts.fill(d)
		if c := m.Source.(*source).last; c != nil && !facts.Already {
			facts.Eligible, facts.Rows = c.extract.Eligible, int64(len(c.extract.Rows))
		}
		return nil
	})
	return facts, err
}

func (f *SealFacts) fill(d *outbox.Delivery) {
	f.Delivery, f.Sequence, f.State, f.Bytes, f.Manifest = d.ID, d.Sequence, string(d.State), d.PayloadBytes, d.ManifestSHA256
}

// holding runs f with the period's delivery under the chain's lease; the delivery is empty when there is none yet. A
// period that ended needs no lease and no endpoint.
func (s *Survey) holding(ctx context.Context, r *pipelines.Run, f func(context.Context, *delivery.Machine, *outbox.Delivery) error) (err error) {
	m, done, err := s.Machine(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	d, found, err := m.Find(ctx, s.order(r))
	if err != nil {
		return err
	}
	if found && d.State == outbox.Closed {
		if err := f(ctx, m, &d); err != nil {
			return err
		}
		return rejection(&d)
	}
	return m.Hold(ctx, func(ctx context.Context) error {
		if d, _, err = m.Find(ctx, s.order(r)); err != nil {
			return err
		}
		return f(ctx, m, &d)
	})
}

// rejection gives an error for a delivery that the endpoint's receipt rejects.
func rejection(d *outbox.Delivery) error {
	if d.ReceiptStatus == parcel.Rejected {
		return delivery.ErrRejected.At(fault.Place{Field: d.ID})
	}
	return nil
}

// finishOthers brings the chain's other deliveries to their ends, oldest first, as the chain has no gaps. One whose sending
// had begun is finished; one of which nothing has left is taken back, as nobody asks for its period now: a run for it
// prepares it anew.
func (s *Survey) finishOthers(ctx context.Context, m *delivery.Machine, own string) error {
	list, err := m.Ledger.List(ctx, s.chain())
	if err != nil {
		return err
	}
	for _, d := range list {
		switch {
		case d.Done() || d.ID == own:
			continue
		case d.Attempts == 0:
			err = m.Void(ctx, &d)
		default:
			err = m.Advance(ctx, &d)
		}
		if err != nil && !errors.Is(err, delivery.ErrRejected) {
			return err
		}
	}
	return nil
}

// voidChanged takes a delivery back of which no byte has left and whose rows are others by now.
func (s *Survey) voidChanged(ctx context.Context, m *delivery.Machine, d *outbox.Delivery) (bool, error) {
	if d.Attempts > 0 || d.State != outbox.Prepared && d.State != outbox.Encrypted {
		return false, nil
	}
	changed, err := m.Source.Changed(ctx, *d)
	if err != nil || !changed {
		return false, err
	}
	return true, m.Void(ctx, d)
}

// seal takes a delivery from nothing, or from where a killed run left it, to a sealed file of the people who are to be
// sent now.
func (s *Survey) seal(ctx context.Context, r *pipelines.Run, m *delivery.Machine, d *outbox.Delivery) error {
	for range anew {
		if _, err := s.voidChanged(ctx, m, d); err != nil {
			return err
		}
		if d.State == "" || d.State == outbox.Voided {
			var err error
			if *d, err = m.Prepare(ctx, s.order(r)); err != nil {
				return err
			}
		}
		if d.State != outbox.Prepared {
			return s.note(m, d)
		}
		err := m.Encrypt(ctx, d)
		if err == nil {
			return s.note(m, d)
		}
		if !errors.Is(err, delivery.ErrConsentChanged) {
			return err
		}
	}
	return delivery.ErrUnsteady
}

// sealNothing seals for a dry run: to the pinned recipient's keys, into nothing.
func (s *Survey) sealNothing(ctx context.Context, r *pipelines.Run) (any, error) {
	recipient, err := s.recipient(r)
	if err != nil {
		return nil, err
	}
	if _, err := s.signer(); err != nil {
		return nil, err
	}
	c, err := s.choose(ctx, r, s.order(r).From.Year())
	if err != nil {
		return nil, err
	}
	contents := s.contents(c)
	contents.DeliveryID, contents.Dataset, contents.SchemaVersion = noDelivery, s.terms.Dataset, s.profile().SchemaVersion
	contents.ConsentCutAt = c.cut
	if _, err := io.ReadFull(s.o.Rand, contents.Nonce[:]); err != nil {
		return nil, err
	}
	keys, _, err := recipient.EncryptTo(r.Now())
	if err != nil {
		return nil, err
	}
	sealed, err := parcel.Seal(io.Discard, contents, keys, s.terms.Compression)
	if err != nil {
		return nil, err
	}
	return SealFacts{State: dryRun, Eligible: c.extract.Eligible, Rows: int64(len(c.extract.Rows)), Bytes: sealed.CipherBytes}, nil
}

const (
	dryRun = "dry-run"
	// noDelivery stands where a delivery's id would: a UUIDv7 that no clock gives.
	noDelivery = "00000000-0000-7000-8000-000000000000"
)
