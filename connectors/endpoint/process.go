package endpoint

import (
	"context"
	"log/slog"
	"os"
	"time"

	"uoma/connectors/parcel"
	"uoma/connectors/remote"
)

// again is how long Process waits after trouble of its own before it looks at what is pending once more.
const again = 10 * time.Second

// Process opens, validates and receipts complete deliveries until ctx ends, then gives nil. What it was killed in is
// begun anew: the receipt's file is the commit, and there is one for each delivery.
func (e *Endpoint) Process(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.work:
		}
		for _, d := range e.store.pending() {
			if ctx.Err() != nil {
				return nil
			}
			if err := e.process(d); err != nil {
				e.Log.Error("processing failed", slog.String("delivery", d.manifest.DeliveryID), slog.String("error", err.Error()))
				e.wake()
				if remote.Sleep(ctx, again) != nil {
					return nil
				}
			}
		}
	}
}

// process takes one delivery to its end.
func (e *Endpoint) process(d *delivery) error {
	reasons, level, err := e.inspect(d)
	if err != nil {
		return err
	}
	m := d.manifest
	r := &parcel.Receipt{
		DeliveryID: m.DeliveryID, SenderID: m.SenderID, RecipientID: m.RecipientID, Dataset: m.Dataset.ID,
		Sequence: m.Sequence, ManifestSHA256: d.digest, Payload: m.Payload, Level: level,
		Status: parcel.Accepted, Reasons: reasons, ReceivedAt: e.now(), SigningKeyID: e.Signer.KeyID(),
	}
	if len(reasons) > 0 {
		r.Status = parcel.Rejected
	}
	if err := e.store.addReceipt(d, r, e.sign); err != nil {
		return err
	}
	e.Log.Info("receipt signed", slog.String("sender", m.SenderID), slog.String("delivery", m.DeliveryID),
		slog.String("status", r.Status), slog.String("level", string(r.Level)))
	return nil
}

// inspect decrypts and validates. Reasons reject the delivery; the level is how far it got.
func (e *Endpoint) inspect(d *delivery) ([]parcel.Reason, parcel.Level, error) {
	f, err := os.Open(d.path(payloadName))
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	check := e.checkOf(d.manifest)
	err = parcel.Open(f, e.Identity, d.manifest, check.File)
	if err != nil {
		word := parcel.ReasonOf(err)
		if word == "" {
			return nil, "", err
		}
		return []parcel.Reason{{Type: word, Count: 1}}, parcel.LevelOf(err), nil
	}
	if found := check.Findings(); len(found) > 0 {
		return found, parcel.Opened, nil
	}
	if w, ok := check.(*withdrawals); ok {
		if err := w.apply(); err != nil { // a withdrawal is carried out before the receipt says so
			return nil, "", err
		}
	}
	return nil, parcel.Validated, nil
}

// checkOf begins the check of a delivery: a withdrawal means the same in every dataset.
func (e *Endpoint) checkOf(m *parcel.Manifest) Check {
	if m.Kind == parcel.Withdrawal {
		return &withdrawals{e: e, m: m}
	}
	return e.validator(m.Dataset.ID)(m)
}

// validator gives the dataset's own validator, [Readable] when it has none.
func (e *Endpoint) validator(dataset string) Validator {
	if v := e.Datasets[dataset].Validator; v != nil {
		return v
	}
	return Readable
}

func (e *Endpoint) sign(r *parcel.Receipt) (raw, signature []byte, err error) {
	if raw, err = r.Encode(); err != nil {
		return nil, nil, err
	}
	signature, err = e.Signer.Sign(e.Rand, parcel.ReceiptNamespace, raw)
	return raw, signature, err
}
