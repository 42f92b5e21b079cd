package delivery

import (
	"context"
	"errors"
	"strings"

	"uoma/connectors/carrier"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
)

// Reconciled is the kind of a ledger row that was taken over from the endpoint. It claims no period: the endpoint knows
// which are taken and refuses a second delivery.
const Reconciled = "reconciled"

// Faults of reconciling.
var (
	ErrTwoPeople = fault.New("UOMA-DLV-TWO-PEOPLE", "reconciling needs two different people", "let a second person confirm what the endpoint says it has")
	ErrPerson    = fault.New("UOMA-DLV-RECONCILE", "a delivery of ours was begun and is not what the endpoint has", "decide with the endpoint what became of it before anything is sent")
)

// Reconcile makes a ledger that was restored or copied fit the endpoint again: it takes over the endpoint's last delivery
// with its signed receipt, so that the next delivery continues the chain. Deliveries of ours that were not begun are
// voided. Two different people must have confirmed it, which the caller writes down. Where both sides agree already,
// nothing changes and d is empty. It is called inside [Machine.Hold].
func (m *Machine) Reconcile(ctx context.Context, first, second string) (d outbox.Delivery, err error) {
	if a, b := strings.TrimSpace(first), strings.TrimSpace(second); a == "" || b == "" || strings.EqualFold(a, b) {
		return d, ErrTwoPeople
	}
	err = m.Agree(ctx)
	if err == nil || !errors.Is(err, ErrLedgerBehind) && !errors.Is(err, ErrLedgerFork) {
		return d, err
	}
	h, err := m.Carrier.Head(ctx, m.Profile.Chain.Dataset)
	if err != nil {
		return d, err
	}
	raw, signature, err := m.Carrier.Receipt(ctx, h.DeliveryID)
	if err != nil {
		return d, err
	}
	receipt, err := m.acknowledged(raw, signature)
	if err != nil {
		return d, err
	}
	if receipt.DeliveryID != h.DeliveryID || receipt.Sequence != h.Sequence || receipt.ManifestSHA256 != h.ManifestSHA256 {
		return d, parcel.ErrMismatch
	}
	if err := m.giveWay(ctx, receipt); err != nil {
		return d, err
	}
	return m.takeOver(ctx, receipt, raw, signature)
}

// acknowledged checks a receipt of a delivery that we know nothing of.
func (m *Machine) acknowledged(raw, signature []byte) (*parcel.Receipt, error) {
	principal := parcel.EndpointPrincipal(m.Profile.Chain.Recipient)
	keyID, err := parcel.Verify(signature, raw, parcel.ReceiptNamespace, principal, m.Recipient.ReceiptKeys(), m.now())
	if err != nil {
		return nil, parcel.ErrReceiptSig.Wrap(err)
	}
	r, err := parcel.DecodeReceipt(raw)
	if err != nil {
		return nil, parcel.ErrMismatch.Wrap(err)
	}
	if (outbox.Chain{Sender: r.SenderID, Recipient: r.RecipientID, Dataset: r.Dataset}) != m.Profile.Chain || r.SigningKeyID != keyID {
		return nil, parcel.ErrMismatch
	}
	return r, nil
}

// giveWay voids deliveries that were not begun. One that was begun and is not the receipt's own is a person's affair.
func (m *Machine) giveWay(ctx context.Context, r *parcel.Receipt) error {
	list, err := m.Ledger.List(ctx, m.Profile.Chain)
	if err != nil {
		return err
	}
	for i := range list {
		d := &list[i]
		switch {
		case d.Done():
		case d.Attempts > 0 || d.ID == r.DeliveryID:
			return ErrPerson
		default: // its files may be those that were sent: they stay
			next := *d
			next.Sequence, next.Nonce = 0, ""
			if err := m.save(ctx, &next, outbox.Voided); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeOver writes the receipt's files and then the row.
func (m *Machine) takeOver(ctx context.Context, r *parcel.Receipt, raw, signature []byte) (outbox.Delivery, error) {
	now := m.now()
	d := outbox.Delivery{
		ID: r.DeliveryID, Pipeline: m.Profile.Pipeline, Chain: m.Profile.Chain, Kind: Reconciled, State: outbox.Closed, Attempts: 1,
		Sequence: r.Sequence, ManifestSHA256: r.ManifestSHA256, PayloadSHA256: r.Payload.SHA256, PayloadBytes: r.Payload.Bytes,
		ReceiptSequence: r.ReceiptSequence, ReceiptSHA256: r.SHA256(), ReceiptStatus: r.Status, ReceiptLevel: string(r.Level),
		CreatedAt: now, UpdatedAt: now,
	}
	if err := parcel.WriteFile(m.Receipts, parcel.ReceiptSigName(d.ID), signature); err != nil {
		return d, err
	}
	if err := parcel.WriteFile(m.Receipts, parcel.ReceiptName(d.ID), raw); err != nil {
		return d, err
	}
	if m.Audit != nil {
		if err := m.Audit(ctx, d); err != nil {
			return d, err
		}
	}
	err := m.lease.Insert(ctx, &d)
	return d, err
}

// ErrKnownThere refuses to give up what the endpoint has.
var ErrKnownThere = fault.New("UOMA-DLV-KNOWN-THERE", "the endpoint has taken this delivery", "it can only be finished, or superseded by a correction")

// GiveUp voids a delivery that was begun and that the endpoint refused or never saw, so that the chain can go on. It is a
// person's decision, and only the endpoint's own word makes it possible: it must not know the delivery, and its chain
// must end before it. A manifest that was still under way and arrives later is found by the next [Machine.Agree].
// It is called inside [Machine.Hold].
func (m *Machine) GiveUp(ctx context.Context, d *outbox.Delivery) error {
	if d.State != outbox.Encrypted {
		return ErrKnownThere
	}
	_, err := m.Carrier.Status(ctx, d.ID)
	if err == nil {
		return ErrKnownThere
	}
	if carrier.Problem(err) != carrier.UnknownDelivery {
		return err
	}
	h, err := m.Carrier.Head(ctx, d.Chain.Dataset)
	if err != nil {
		return err
	}
	if h.Sequence >= d.Sequence {
		return ErrLedgerBehind
	}
	return m.Void(ctx, d)
}
