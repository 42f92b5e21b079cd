package parcel

import "time"

// CheckReceipt holds a receipt against everything that the sender knows: raw are the receipt's bytes, sig their signature,
// m the manifest that was sent with the digest of its bytes, payload the sender's own digest and size of the payload, keys
// the recipient's pinned receipt keys (principal [EndpointPrincipal]), previous the last receipt of the chain or nil.
// A receipt equal to previous passes: receipts do not change, and one may be fetched again.
//
// The error is [ErrReceiptSig], or [ErrMismatch] with the field that differs.
func CheckReceipt(r *Receipt, sig, raw []byte, m *Manifest, manifestSHA256 string, payload Payload, keys []AllowedSigner, previous *Receipt, at time.Time) error {
	keyID, err := Verify(sig, raw, ReceiptNamespace, EndpointPrincipal(m.RecipientID), keys, at)
	if err != nil {
		return ErrReceiptSig.Wrap(err)
	}
	signed, err := DecodeReceipt(raw)
	if err != nil {
		return ErrMismatch.Wrap(err)
	}
	err = findings(
		rule(r != nil && r.digest == signed.digest, "it is not the receipt whose bytes were signed"),
		rule(signed.SigningKeyID == keyID, "signing_key_id is not the key that signed"),
		rule(signed.DeliveryID == m.DeliveryID, "delivery_id differs"),
		rule(signed.SenderID == m.SenderID, "sender_id differs"),
		rule(signed.RecipientID == m.RecipientID, "recipient_id differs"),
		rule(signed.Dataset == m.Dataset.ID, "dataset differs"),
		rule(signed.Sequence == m.Sequence, "sequence differs"),
		rule(signed.ManifestSHA256 == manifestSHA256, "manifest_sha256 differs"),
		rule(signed.Payload.SHA256 == payload.SHA256, "payload.sha256 differs"),
		rule(signed.Payload.Bytes == payload.Bytes, "payload.bytes differs"),
		rule(payload == m.Payload, "the payload is not the one that the manifest names"),
		signed.follows(previous),
	)
	if err != nil {
		return ErrMismatch.Because(err)
	}
	return nil
}

func (r *Receipt) follows(previous *Receipt) error {
	switch {
	case previous == nil:
		return rule(r.ReceiptSequence == 1, "the receipt chain does not begin at 1")
	case r.digest == previous.digest: // fetched again
		return nil
	}
	return findings(
		rule(r.ReceiptSequence == previous.ReceiptSequence+1, "receipt_sequence does not continue the chain"),
		rule(string(r.PreviousReceiptSHA256) == previous.digest, "previous_receipt_sha256 does not continue the chain"),
		rule(previous.DeliveryID != r.DeliveryID || r.Level.Rank() >= previous.Level.Rank(), "level is lower than before"),
	)
}
