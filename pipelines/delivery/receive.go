package delivery

import (
	"context"
	"errors"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
)

// Receive waits for the receipt, holds it against everything we know, keeps it and commits what it says. A receipt that
// does not fit changes nothing.
func (m *Machine) Receive(ctx context.Context, d *outbox.Delivery) error {
	var raw, signature []byte
	var receipt *parcel.Receipt
	return m.run("receive",
		action{"1-fetch", func() (err error) { raw, signature, err = m.Carrier.Receipt(ctx, d.ID); return err }},
		action{"2-verify", func() (err error) { receipt, err = m.verify(ctx, d, raw, signature); return err }},
		action{"3-signature", func() error { return parcel.WriteFile(m.Receipts, parcel.ReceiptSigName(d.ID), signature) }},
		action{"4-receipt", func() error { return parcel.WriteFile(m.Receipts, parcel.ReceiptName(d.ID), raw) }},
		action{"5-commit", func() error {
			next := *d
			next.ReceiptSequence, next.ReceiptSHA256 = receipt.ReceiptSequence, receipt.SHA256()
			next.ReceiptStatus, next.ReceiptLevel = receipt.Status, string(receipt.Level)
			if err := m.save(ctx, &next, outbox.Receipted); err != nil {
				return err
			}
			*d = next
			return nil
		}},
	)
}

func (m *Machine) verify(ctx context.Context, d *outbox.Delivery, raw, signature []byte) (*parcel.Receipt, error) {
	_, _, manifest, err := m.readManifest(d)
	if err != nil {
		return nil, err
	}
	previous, err := m.previousReceipt(ctx, d)
	if err != nil {
		return nil, err
	}
	receipt, err := parcel.DecodeReceipt(raw)
	if err != nil {
		return nil, parcel.ErrMismatch.Wrap(err)
	}
	payload := parcel.Payload{SHA256: d.PayloadSHA256, Bytes: d.PayloadBytes}
	err = parcel.CheckReceipt(receipt, signature, raw, manifest, d.ManifestSHA256, payload, m.Recipient.ReceiptKeys(), previous, m.now())
	if err != nil {
		return nil, err
	}
	if receipt.Status == parcel.Accepted && receipt.Level.Rank() < m.level().Rank() {
		return nil, ErrLevel
	}
	return receipt, nil
}

func (m *Machine) level() parcel.Level {
	if m.Profile.Level == "" {
		return parcel.Validated
	}
	return m.Profile.Level
}

// previousReceipt reads the last receipt of the chain, nil when there is none.
func (m *Machine) previousReceipt(ctx context.Context, d *outbox.Delivery) (*parcel.Receipt, error) {
	last, err := m.Ledger.LastReceipt(ctx, d.Chain)
	if errors.Is(err, outbox.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	raw, err := m.Receipts.ReadFile(parcel.ReceiptName(last.ID))
	if err != nil {
		return nil, ErrFiles.Because(err)
	}
	if parcel.SHA256Hex(raw) != last.ReceiptSHA256 {
		return nil, parcel.ErrMismatch
	}
	return parcel.DecodeReceipt(raw)
}

// Close ends a delivery with its receipt. The ciphertext stays for a while ([Machine.Sweep] removes it); manifest and
// receipt stay for ever.
func (m *Machine) Close(ctx context.Context, d *outbox.Delivery) error {
	return m.run("close",
		action{"1-rejected", func() error {
			if d.State == outbox.Receipted && d.ReceiptStatus == parcel.Rejected {
				return m.save(ctx, d, outbox.Rejected)
			}
			return nil
		}},
		action{"2-audit", func() error {
			if m.Audit == nil {
				return nil
			}
			return m.Audit(ctx, *d)
		}},
		action{"3-commit", func() error {
			next := *d
			next.Nonce = ""
			if err := m.save(ctx, &next, outbox.Closed); err != nil {
				return err
			}
			*d = next
			return nil
		}},
	)
}
