package delivery

import (
	"context"
	"encoding/hex"
	"errors"
	"io"

	"github.com/gofrs/uuid/v5"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
)

// Prepare chooses rows and enters a delivery into the ledger. Killed before the insert, nothing has happened.
func (m *Machine) Prepare(ctx context.Context, o Order) (d outbox.Delivery, err error) {
	err = m.run("prepare",
		action{"1-select", func() error {
			s, err := m.Source.Select(ctx, o)
			if err != nil {
				return err
			}
			d, err = m.draft(o, s)
			return err
		}},
		action{"2-insert", func() error { return m.lease.Insert(ctx, &d) }},
	)
	return d, err
}

// draft makes the row of a new delivery, with its id and nonce.
func (m *Machine) draft(o Order, s Selection) (outbox.Delivery, error) {
	now := m.now()
	gen := uuid.NewGenWithOptions(uuid.WithRandomReader(m.Rand))
	id, err := gen.NewV7AtTime(now)
	if err != nil {
		return outbox.Delivery{}, err
	}
	var nonce [32]byte
	if _, err := io.ReadFull(m.Rand, nonce[:]); err != nil {
		return outbox.Delivery{}, err
	}
	return outbox.Delivery{
		ID: id.String(), Pipeline: m.Profile.Pipeline, Chain: m.Profile.Chain, Kind: o.Kind, Supersedes: o.Supersedes,
		From: o.From, To: o.To, State: outbox.Prepared, Nonce: hex.EncodeToString(nonce[:]), SelectionDigest: s.Digest,
		RegisterCommit: s.RegisterCommit, QualityVerdict: s.QualityVerdict, QualitySHA256: s.QualitySHA256,
		ConsentCutAt: s.ConsentCutAt, NotAfter: now.Add(orDuration(m.Profile.Life, defaultLife)), CreatedAt: now, UpdatedAt: now,
	}, nil
}

// Encrypt seals a prepared delivery into the outbox, gives it the chain's next number and signs its manifest. Killed
// inside, it begins anew from the same selection: the manifest has not left, so nothing conflicts.
func (m *Machine) Encrypt(ctx context.Context, d *outbox.Delivery) error {
	var sealed parcel.Sealed
	var named []parcel.SealedTo
	var manifest []byte
	next := *d
	return m.run("encrypt",
		action{"1-clean", func() error { return m.removeFiles(d.ID) }},
		action{"2-seal", func() (err error) { sealed, named, err = m.seal(ctx, d); return err }},
		action{"3-sequence", func() error { return m.number(ctx, &next) }},
		action{"4-manifest", func() (err error) {
			if manifest, err = m.manifest(&next, sealed, named).Encode(); err != nil {
				return err
			}
			return parcel.WriteFile(m.Outbox, parcel.ManifestName(d.ID), manifest)
		}},
		action{"5-signature", func() error {
			signature, err := m.Signer.Sign(m.Rand, parcel.ManifestNamespace, manifest)
			if err != nil {
				return err
			}
			return parcel.WriteFile(m.Outbox, parcel.ManifestSigName(d.ID), signature)
		}},
		action{"6-commit", func() error {
			next.ManifestSHA256 = parcel.SHA256Hex(manifest)
			next.PayloadSHA256, next.PayloadBytes = sealed.CipherSHA256, sealed.CipherBytes
			if err := m.save(ctx, &next, outbox.Encrypted); err != nil {
				return err
			}
			*d = next
			return nil
		}},
	)
}

// seal streams the contents into <id>.age.
func (m *Machine) seal(ctx context.Context, d *outbox.Delivery) (parcel.Sealed, []parcel.SealedTo, error) {
	c, err := m.Source.Contents(ctx, *d)
	if err != nil {
		return parcel.Sealed{}, nil, err
	}
	p := m.Profile
	c.DeliveryID, c.Dataset, c.SchemaVersion, c.ConsentCutAt = d.ID, p.Chain.Dataset, p.SchemaVersion, d.ConsentCutAt
	c.PseudonymDomain, c.PseudonymEpoch = orText(c.PseudonymDomain, p.Domain), max(c.PseudonymEpoch, p.Epoch)
	c.Format = orText(c.Format, orText(p.Format, parcel.Parquet))
	if n, err := hex.Decode(c.Nonce[:], []byte(d.Nonce)); err != nil || n != len(c.Nonce) {
		return parcel.Sealed{}, nil, fault.New("UOMA-DLV-ROW", "a delivery's nonce cannot be read", "restore the database from its backup")
	}
	keys, named, err := m.Recipient.EncryptTo(m.now())
	if err != nil {
		return parcel.Sealed{}, nil, err
	}
	sealed, err := parcel.SealFile(m.Outbox, d.ID, c, keys, orText(p.Compression, parcel.Zstd))
	return sealed, named, err
}

// number gives the delivery the number after the chain's last. The lease makes this the only writer, and the ledger's
// unique key proves it.
func (m *Machine) number(ctx context.Context, d *outbox.Delivery) error {
	last, err := m.Ledger.Last(ctx, d.Chain)
	if errors.Is(err, outbox.ErrNone) {
		d.Sequence, d.PreviousManifestSHA256 = 1, ""
		return nil
	}
	d.Sequence, d.PreviousManifestSHA256 = last.Sequence+1, last.ManifestSHA256
	return err
}

func (m *Machine) manifest(d *outbox.Delivery, s parcel.Sealed, named []parcel.SealedTo) *parcel.Manifest {
	return &parcel.Manifest{
		DeliveryID: d.ID, SenderID: d.Chain.Sender, RecipientID: d.Chain.Recipient, Kind: d.Kind, Supersedes: d.Supersedes,
		Dataset: parcel.Dataset{ID: d.Chain.Dataset, SchemaVersion: m.Profile.SchemaVersion, SchemaSHA256: s.SchemaSHA256},
		Period:  parcel.Period{From: d.From, To: d.To}, Sequence: d.Sequence, PreviousManifestSHA256: parcel.Link(d.PreviousManifestSHA256),
		CreatedAt: d.CreatedAt, NotAfter: d.NotAfter, RegisterCommit: d.RegisterCommit, ConsentCutAt: d.ConsentCutAt,
		Quality:   parcel.Quality{Verdict: d.QualityVerdict, ReportSHA256: d.QualitySHA256},
		Container: parcel.Container{Type: parcel.ContainerType, Compression: s.Compression, Recipients: named},
		Plaintext: parcel.Plaintext{SHA256: s.PlainSHA256, Bytes: s.PlainBytes, ExpandedBytes: s.ExpandedBytes},
		Payload:   parcel.Payload{SHA256: s.CipherSHA256, Bytes: s.CipherBytes},
		Software:  m.Profile.Software, SigningKeyID: m.Signer.KeyID(),
	}
}

// Void takes back a delivery that the endpoint cannot have: nothing of it has left, or [Machine.GiveUp] made sure. Its number and period become free again.
func (m *Machine) Void(ctx context.Context, d *outbox.Delivery) error {
	return m.run("void",
		action{"1-commit", func() error {
			next := *d
			next.Sequence, next.Nonce = 0, ""
			if err := m.save(ctx, &next, outbox.Voided); err != nil {
				return err
			}
			*d = next
			return nil
		}},
		action{"2-files", func() error { return m.removeFiles(d.ID) }},
	)
}
