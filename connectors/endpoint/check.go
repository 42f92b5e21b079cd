package endpoint

import (
	"errors"
	"slices"
	"time"

	"uoma/connectors/carrier"
	"uoma/connectors/parcel"
)

// withdrawalSchema is the digest of the schema of every withdrawal.
var withdrawalSchema = parcel.SchemaDigest([]parcel.Table{{Name: parcel.WithdrawalTable, Schema: parcel.WithdrawalSchema()}})

// ahead is how far a sender's clock may be before ours.
const ahead = 15 * time.Minute

// accept takes a manifest into its chain, or refuses it. created is false when the same bytes are known.
func (e *Endpoint) accept(sender, id string, raw, signature []byte) (created bool, err error) {
	known := e.store.find(sender, id)
	if known != nil && known.digest == parcel.SHA256Hex(raw) {
		return false, nil
	}
	m, err := e.checkSigned(sender, id, raw, signature)
	if err != nil {
		return false, err
	}
	e.store.mu.Lock()
	defer e.store.mu.Unlock()
	if d := e.store.deliveries[deliveryKey{sender, id}]; d != nil {
		if d.digest == parcel.SHA256Hex(raw) {
			return false, nil
		}
		return false, refuse(carrier.ManifestConflict, "the id is known with other bytes")
	}
	if err := e.checkNew(m); err != nil {
		return false, err
	}
	if err := e.checkChain(m); err != nil {
		return false, err
	}
	return true, e.store.add(m, raw, signature)
}

// checkSigned checks what the bytes say by themselves: who signed them, and that they are a manifest from this sender
// under this id.
func (e *Endpoint) checkSigned(sender, id string, raw, signature []byte) (*parcel.Manifest, error) {
	if len(signature) == 0 {
		return nil, refuse(carrier.SignatureMissing, carrier.SignatureHeader+" is missing or not base64")
	}
	keyID, err := parcel.Verify(signature, raw, parcel.ManifestNamespace, parcel.SenderPrincipal(sender), e.Senders[sender], e.now())
	if errors.Is(err, parcel.ErrRevoked) {
		return nil, refuse(carrier.KeyRevoked, "the signing key is revoked")
	}
	if err != nil {
		return nil, refuse(carrier.SignatureInvalid, "the signature was not made over these bytes by a valid key of this sender")
	}
	m, err := parcel.DecodeManifest(raw)
	if err != nil {
		return nil, refuse(carrier.ManifestInvalid, "the manifest does not follow its format")
	}
	switch {
	case m.SenderID != sender:
		return nil, refuse(carrier.SenderMismatch, "certificate and manifest name different senders")
	case m.DeliveryID != id:
		return nil, refuse(carrier.ManifestInvalid, "address and manifest name different deliveries")
	case m.SigningKeyID != keyID:
		return nil, refuse(carrier.ManifestInvalid, "signing_key_id is not the key that signed")
	}
	return m, nil
}

// checkNew checks what only a new delivery has to satisfy: recipient, times, sizes, dataset.
func (e *Endpoint) checkNew(m *parcel.Manifest) error {
	now := e.now()
	switch {
	case m.RecipientID != e.RecipientID:
		return refuse(carrier.RecipientUnknown, "recipient_id is not this endpoint's")
	case !e.canOpen(m):
		return refuse(carrier.RecipientUnknown, "the container is not encrypted to this endpoint")
	case m.CreatedAt.After(now.Add(ahead)):
		return refuse(carrier.ManifestInvalid, "created_at is more than 15 minutes ahead")
	case now.After(m.NotAfter):
		return refuse(carrier.ManifestExpired, "not_after has passed")
	case m.Payload.Bytes > e.limits.MaxBytes:
		return refuse(carrier.TooLarge, "the payload is larger than max_bytes")
	case !e.knowsSchema(m):
		return refuse(carrier.SchemaUnknown, "dataset, schema version or schema digest is not known here")
	}
	return nil
}

func (e *Endpoint) canOpen(m *parcel.Manifest) bool {
	return slices.ContainsFunc(m.Container.Recipients, func(s parcel.SealedTo) bool {
		return slices.ContainsFunc(e.Identity.Recipients(), func(own string) bool { return parcel.SHA256Hex([]byte(own)) == s.RecipientSHA256 })
	})
}

func (e *Endpoint) knowsSchema(m *parcel.Manifest) bool {
	d := m.Dataset
	if m.Kind == parcel.Withdrawal {
		_, known := e.Datasets[d.ID]
		return d.SchemaVersion == parcel.WithdrawalVersion && d.SchemaSHA256 == withdrawalSchema && (known || e.Datasets == nil)
	}
	if e.Datasets == nil {
		return true
	}
	digest, known := e.Datasets[d.ID].Schemas[d.SchemaVersion]
	return known && (digest == "" || digest == d.SchemaSHA256)
}

// checkChain checks that the delivery is the next of its chain; the store is locked.
func (e *Endpoint) checkChain(m *parcel.Manifest) error {
	c := e.store.chain(chainKey{m.SenderID, m.Dataset.ID})
	last, digest := int64(0), ""
	if c.last != nil {
		last, digest = c.last.manifest.Sequence, c.last.digest
	}
	switch {
	case m.Sequence <= last:
		return refuse(carrier.SequenceReplayed, "the sequence number was used")
	case m.Sequence > last+1:
		return refuse(carrier.SequenceGap, "an earlier sequence number is missing")
	case string(m.PreviousManifestSHA256) != digest:
		return refuse(carrier.SequenceGap, "previous_manifest_sha256 is not this endpoint's head")
	}
	if m.Supersedes != "" && !e.supersedable(m) {
		return refuse(carrier.ManifestInvalid, "supersedes names no delivery of this dataset")
	}
	if _, covered := c.periods[m.Period]; covered && periodical(m) {
		return refuse(carrier.PeriodDuplicate, "the period was delivered; a correction names what it supersedes")
	}
	return nil
}

func (e *Endpoint) supersedable(m *parcel.Manifest) bool {
	d := e.store.deliveries[deliveryKey{m.SenderID, m.Supersedes}]
	return d != nil && d.manifest.Dataset.ID == m.Dataset.ID
}
