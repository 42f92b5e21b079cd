package delivery

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
)

// Sweep cleans the outbox of this machine's chain: what a killed run left half-made, what belongs to voided deliveries, and
// ciphertexts that were kept long enough. It never touches a manifest or a receipt of a delivery that was sent.
func (m *Machine) Sweep(ctx context.Context) error {
	if err := m.step("sweep/1-begin"); err != nil {
		return err
	}
	list, err := m.Ledger.List(ctx, m.Profile.Chain)
	if err != nil {
		return err
	}
	for i := range list {
		if err := m.sweepOne(&list[i]); err != nil {
			return err
		}
	}
	return m.sweepPartials()
}

func (m *Machine) sweepOne(d *outbox.Delivery) error {
	switch d.State {
	case outbox.Prepared, outbox.Voided:
		return m.removeFiles(d.ID)
	case outbox.Closed:
		if m.now().Sub(d.UpdatedAt) > orDuration(m.Profile.KeepCiphertext, defaultKeep) {
			return m.remove(parcel.PayloadName(d.ID))
		}
	}
	return nil
}

// sweepPartials removes files that were never given their names. Only the holder of the lease writes here, but outboxes
// may be shared between chains: another chain's file in the making is newer than any that a dead process left.
func (m *Machine) sweepPartials() error {
	entries, err := fs.ReadDir(m.Outbox.FS(), ".")
	if err != nil {
		return ErrFiles.Because(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), parcel.PartialSuffix) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return ErrFiles.Because(err)
		}
		if m.now().Sub(info.ModTime()) > orphanAge {
			if err := m.remove(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeFiles removes everything of a delivery whose bytes have not left.
func (m *Machine) removeFiles(id string) error {
	names := []string{parcel.PayloadName(id), parcel.ManifestSigName(id), parcel.ManifestName(id)}
	for _, name := range names {
		if err := errors.Join(m.remove(name+parcel.PartialSuffix), m.remove(name)); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) remove(name string) error {
	if err := m.Outbox.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return ErrFiles.Because(err)
	}
	return nil
}
