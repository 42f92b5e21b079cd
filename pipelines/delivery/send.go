package delivery

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"uoma/connectors/carrier"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
)

// Send brings an encrypted delivery to the endpoint. Before the first byte it makes sure that the file is what was
// sealed, that no consent has changed, that keys are valid and that both sides agree on the chain. When it was killed, it
// puts the manifest again (known bytes are welcome) and goes on at the endpoint's offset.
//
// [ErrConsentChanged] means that the delivery was voided and may be prepared anew.
func (m *Machine) Send(ctx context.Context, d *outbox.Delivery) error {
	if d.Attempts > 0 && m.arrived(ctx, d) { // killed behind the last byte
		return m.run("send", action{"9-commit", func() error { return m.save(ctx, d, outbox.Sent) }})
	}
	var manifest, signature []byte
	return m.run("send",
		action{"1-file", func() error { return m.checkFile(ctx, d) }},
		action{"2-consent", func() error { return m.checkConsent(ctx, d) }},
		action{"3-keys", func() (err error) { manifest, signature, err = m.checkKeys(ctx, d); return err }},
		action{"4-head", func() error { return m.checkHead(ctx, d) }},
		action{"5-attempt", func() error {
			next := *d
			next.Attempts++
			if err := m.save(ctx, &next, outbox.Encrypted); err != nil {
				return err
			}
			*d = next
			return nil
		}},
		action{"6-manifest", func() error { return m.Carrier.PutManifest(ctx, d.ID, manifest, signature) }},
		action{"7-payload", func() error { return m.sendPayload(ctx, d) }},
		action{"8-status", func() error { return m.checkArrived(ctx, d) }},
		action{"9-commit", func() error { return m.save(ctx, d, outbox.Sent) }},
	)
}

// checkFile hashes the sealed file again and asks whether the delivery's time has passed.
func (m *Machine) checkFile(ctx context.Context, d *outbox.Delivery) error {
	f, err := m.Outbox.Open(parcel.PayloadName(d.ID))
	if errors.Is(err, fs.ErrNotExist) {
		if d.Attempts == 0 {
			return m.voidBecause(ctx, d, ErrCiphertextMissing)
		}
		return ErrCiphertextMissing
	}
	if err != nil {
		return ErrFiles.Because(err)
	}
	defer f.Close()
	if err := matches(f, d); err != nil {
		return err
	}
	if m.now().Before(d.NotAfter) {
		return nil
	}
	if d.Attempts == 0 {
		return m.voidBecause(ctx, d, ErrExpired)
	}
	return ErrExpired
}

func matches(f *os.File, d *outbox.Delivery) error {
	err := parcel.CheckPayload(f, &parcel.Manifest{Payload: parcel.Payload{SHA256: d.PayloadSHA256, Bytes: d.PayloadBytes}})
	if err != nil {
		return ErrCiphertextChanged.Wrap(err)
	}
	return nil
}

// arrived tells whether the endpoint says that it has everything.
func (m *Machine) arrived(ctx context.Context, d *outbox.Delivery) bool {
	s, err := m.Carrier.Status(ctx, d.ID)
	return err == nil && s.State != carrier.AwaitingPayload
}

// voidBecause voids and gives the reason wrapped as one after which the delivery may be prepared anew.
func (m *Machine) voidBecause(ctx context.Context, d *outbox.Delivery, why *fault.Error) error {
	if err := m.Void(ctx, d); err != nil {
		return err
	}
	return &voided{why}
}

// voided ends a step whose delivery was voided.
type voided struct{ why *fault.Error }

func (v *voided) Error() string { return v.why.Error() }
func (v *voided) Unwrap() error { return v.why }

// checkConsent asks for the last word of the people in the extract. Once sending has begun it is too late to take the
// delivery back: a later word goes out as a withdrawal delivery.
func (m *Machine) checkConsent(ctx context.Context, d *outbox.Delivery) error {
	if d.Attempts > 0 {
		return nil
	}
	changed, err := m.Source.Changed(ctx, *d)
	if err != nil || !changed {
		return err
	}
	return m.voidBecause(ctx, d, ErrConsentChanged)
}

// checkKeys reads what was signed and asks that the keys of then are still the keys of now.
func (m *Machine) checkKeys(ctx context.Context, d *outbox.Delivery) (raw, signature []byte, err error) {
	raw, signature, manifest, err := m.readManifest(d)
	if err != nil {
		return nil, nil, err
	}
	now := m.now()
	_, valid, err := m.Recipient.EncryptTo(now)
	if err != nil {
		return nil, nil, err
	}
	for _, sealedTo := range manifest.Container.Recipients {
		if slices.Contains(valid, sealedTo) {
			continue
		}
		if d.Attempts == 0 {
			return nil, nil, m.voidBecause(ctx, d, parcel.ErrExpired)
		}
		return nil, nil, parcel.ErrExpired
	}
	if manifest.SigningKeyID != m.Signer.KeyID() || !m.Profile.SignerUntil.IsZero() && now.After(m.Profile.SignerUntil) {
		return nil, nil, ErrSigningKey
	}
	return raw, signature, nil
}

// readManifest reads a delivery's manifest and signature and asks that they are those of the ledger.
func (m *Machine) readManifest(d *outbox.Delivery) (raw, signature []byte, manifest *parcel.Manifest, err error) {
	if raw, err = m.Outbox.ReadFile(parcel.ManifestName(d.ID)); err != nil {
		return nil, nil, nil, ErrFiles.Because(err)
	}
	if parcel.SHA256Hex(raw) != d.ManifestSHA256 {
		return nil, nil, nil, ErrFiles.At(fault.Place{File: parcel.ManifestName(d.ID)})
	}
	if manifest, err = parcel.DecodeManifest(raw); err != nil {
		return nil, nil, nil, err
	}
	if signature, err = m.Outbox.ReadFile(parcel.ManifestSigName(d.ID)); err != nil {
		return nil, nil, nil, ErrFiles.Because(err)
	}
	return raw, signature, manifest, nil
}

// checkHead compares the endpoint's end of the chain with ours. An endpoint that knows more than we do has met another
// copy of this ledger, or a later state of it: then nothing leaves.
func (m *Machine) checkHead(ctx context.Context, d *outbox.Delivery) error {
	h, err := m.Carrier.Head(ctx, d.Chain.Dataset)
	if err != nil {
		return err
	}
	return compareHead(h, d)
}

func compareHead(h carrier.Head, d *outbox.Delivery) error {
	switch {
	case h.Sequence == d.Sequence && h.DeliveryID == d.ID && h.ManifestSHA256 == d.ManifestSHA256 && d.Attempts > 0:
		return nil // our own, from before we were killed
	case h.Sequence == d.Sequence && h.DeliveryID == d.ID && h.ManifestSHA256 != d.ManifestSHA256:
		return ErrLedgerFork
	case h.Sequence >= d.Sequence:
		return ErrLedgerBehind
	case h.Sequence < d.Sequence-1:
		return ErrSequenceGap
	case h.ManifestSHA256 != d.PreviousManifestSHA256:
		return ErrLedgerFork
	}
	return nil
}

// Agree asks whether the endpoint's end of the chain is one that our ledger knows. It comes before anything is cleaned or
// made: with a restored ledger, what looks half-made may have been delivered.
func (m *Machine) Agree(ctx context.Context) error {
	list, err := m.Ledger.List(ctx, m.Profile.Chain)
	if err != nil {
		return err
	}
	var last outbox.Delivery // of those whose sending began
	for _, d := range list {
		if d.Attempts > 0 && d.Sequence > last.Sequence {
			last = d
		}
	}
	h, err := m.Carrier.Head(ctx, m.Profile.Chain.Dataset)
	if err != nil {
		return err
	}
	if h.Sequence > last.Sequence {
		return ErrLedgerBehind
	}
	if last.Sequence == 0 {
		return nil
	}
	if h.Sequence == last.Sequence && h.DeliveryID != last.ID {
		return ErrLedgerFork
	}
	return compareHead(h, &last)
}

// sendPayload sends what the endpoint does not have yet. A payload that arrives altered is sent again, unless it is
// altered here.
func (m *Machine) sendPayload(ctx context.Context, d *outbox.Delivery) error {
	f, err := m.Outbox.Open(parcel.PayloadName(d.ID))
	if err != nil {
		return ErrCiphertextMissing.Because(err)
	}
	defer f.Close()
	for try := 1; ; try++ {
		err := m.sendPieces(ctx, d, f)
		if carrier.Problem(err) != carrier.PayloadDigestMismatch {
			return err
		}
		if _, seek := f.Seek(0, 0); seek != nil {
			return ErrFiles.Because(seek)
		}
		if changed := matches(f, d); changed != nil {
			return changed
		}
		if try == pieceTries {
			return err
		}
	}
}

func (m *Machine) sendPieces(ctx context.Context, d *outbox.Delivery, f *os.File) error {
	offset, length, err := m.Carrier.Offset(ctx, d.ID)
	if err != nil {
		return err
	}
	if length != d.PayloadBytes {
		return ErrLedgerFork
	}
	for offset < length {
		offset, err = m.Carrier.Send(ctx, d.ID, f, offset, min(carrier.PieceBytes, length-offset))
		if carrier.Problem(err) == carrier.OffsetConflict {
			offset, _, err = m.Carrier.Offset(ctx, d.ID)
		}
		if err != nil {
			return err
		}
		if err := m.step("send/7-payload-piece"); err != nil {
			return err
		}
	}
	return nil
}

// checkArrived asks the endpoint whether it has everything.
func (m *Machine) checkArrived(ctx context.Context, d *outbox.Delivery) error {
	s, err := m.Carrier.Status(ctx, d.ID)
	if err != nil {
		return err
	}
	if s.State == carrier.AwaitingPayload {
		return fault.New("UOMA-DLV-INCOMPLETE", "the endpoint still waits for the payload", "run again; sending goes on at the endpoint's offset")
	}
	return nil
}
