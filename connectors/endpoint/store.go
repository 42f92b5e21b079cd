package endpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"uoma/connectors/carrier"
	"uoma/connectors/parcel"
)

// Names inside a delivery's folder. Each is written under another name first, so that its presence is a fact:
//
//	manifest.json       the delivery was accepted into its chain (manifest.json.sig stands beside it already)
//	payload.part        bytes that came so far; its size is the offset
//	payload.age         all bytes came and their digest is right
//	receipt-NNNN.json   the end of the delivery (receipt-NNNN.json.sig stands beside it already)
const (
	manifestName = "manifest.json"
	partName     = "payload.part"
	payloadName  = "payload.age"
	signatureExt = ".sig"
)

// store is the state on disk, and what can be read off it held in memory. The files alone decide: heads of chains are
// derived from manifests and receipts at start, so that there is no second truth that a cut could leave behind.
type store struct {
	root string

	mu         sync.Mutex
	deliveries map[deliveryKey]*delivery
	chains     map[chainKey]*chain
}

// deliveryKey names a delivery. Senders choose their ids apart from each other and never see each other's.
type deliveryKey struct{ sender, id string }

// chainKey names a chain of manifests and its chain of receipts; the recipient is the endpoint itself.
type chainKey struct{ sender, dataset string }

// chain is the state of one sender and dataset.
type chain struct {
	last            *delivery                // highest sequence, nil before the first
	periods         map[parcel.Period]string // delivery that covers a period, first come
	receiptSequence int64
	receiptSHA256   string
}

// delivery is one accepted manifest and what followed.
type delivery struct {
	folder   string
	manifest *parcel.Manifest
	digest   string // SHA-256 of the manifest's bytes

	upload    sync.Mutex // held by the one request that writes or measures the payload
	interrupt func()     // ends the running upload; guarded by store.mu

	receipt *parcel.Receipt // nil until the end; guarded by store.mu
}

func (d *delivery) path(name string) string { return filepath.Join(d.folder, name) }

func openStore(root string) (*store, error) {
	s := &store{root: filepath.Join(root, "deliveries"), deliveries: map[deliveryKey]*delivery{}, chains: map[chainKey]*chain{}}
	if err := makeFolder(s.root); err != nil {
		return nil, err
	}
	folders, err := filepath.Glob(filepath.Join(s.root, "*", "*"))
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		if err := s.load(folder); err != nil {
			return nil, fmt.Errorf("%s: %w", folder, err)
		}
	}
	return s, nil
}

// load takes over one delivery's folder. A folder without a manifest was never acknowledged and is removed.
func (s *store) load(folder string) error {
	raw, err := os.ReadFile(filepath.Join(folder, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(folder)
	}
	if err != nil {
		return err
	}
	m, err := parcel.DecodeManifest(raw)
	if err != nil {
		return err
	}
	d := &delivery{folder: folder, manifest: m, digest: parcel.SHA256Hex(raw)}
	s.remember(d)
	receipts, err := filepath.Glob(filepath.Join(folder, "receipt-*.json"))
	if err != nil {
		return err
	}
	for _, path := range receipts {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r, err := parcel.DecodeReceipt(raw)
		if err != nil {
			return err
		}
		s.rememberReceipt(d, r)
	}
	return d.settle()
}

// settle ends a payload whose last byte came before the endpoint was killed.
func (d *delivery) settle() error {
	n, err := size(d.path(partName))
	if err != nil || n < d.manifest.Payload.Bytes {
		return err
	}
	err = d.finish()
	var p *problem
	if errors.As(err, &p) {
		return nil // altered bytes are dropped; the sender sees offset 0 and sends anew
	}
	return err
}

func (s *store) remember(d *delivery) {
	m := d.manifest
	s.deliveries[deliveryKey{m.SenderID, m.DeliveryID}] = d
	c := s.chain(chainKey{m.SenderID, m.Dataset.ID})
	if c.last == nil || c.last.manifest.Sequence < m.Sequence {
		c.last = d
	}
	if _, covered := c.periods[m.Period]; periodical(m) && !covered {
		c.periods[m.Period] = m.DeliveryID
	}
}

func (s *store) rememberReceipt(d *delivery, r *parcel.Receipt) {
	d.receipt = r
	c := s.chain(chainKey{d.manifest.SenderID, d.manifest.Dataset.ID})
	if r.ReceiptSequence > c.receiptSequence {
		c.receiptSequence, c.receiptSHA256 = r.ReceiptSequence, r.SHA256()
	}
}

// periodical tells whether the delivery claims its period for itself.
func periodical(m *parcel.Manifest) bool {
	return (m.Kind == parcel.Full || m.Kind == parcel.Delta) && m.Supersedes == ""
}

// chain gives a chain, empty when it is new; s.mu is held.
func (s *store) chain(k chainKey) *chain {
	c := s.chains[k]
	if c == nil {
		c = &chain{periods: map[parcel.Period]string{}}
		s.chains[k] = c
	}
	return c
}

// find gives a delivery of a sender, or nil.
func (s *store) find(sender, id string) *delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliveries[deliveryKey{sender, id}]
}

// add writes a delivery's signature and manifest, in this order, and takes it into its chain; s.mu is held.
func (s *store) add(m *parcel.Manifest, raw, signature []byte) error {
	sender := filepath.Join(s.root, m.SenderID)
	d := &delivery{folder: filepath.Join(sender, m.DeliveryID), manifest: m, digest: parcel.SHA256Hex(raw)}
	for _, folder := range []string{sender, d.folder} {
		if err := makeFolder(folder); err != nil {
			return err
		}
	}
	if err := writeFile(d.path(manifestName+signatureExt), signature); err != nil {
		return err
	}
	if err := writeFile(d.path(manifestName), raw); err != nil {
		return err
	}
	s.remember(d)
	return nil
}

// head gives the ends of a chain.
func (s *store) head(sender, dataset string) carrier.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := carrier.Head{Dataset: dataset}
	c := s.chains[chainKey{sender, dataset}]
	if c == nil || c.last == nil {
		return h
	}
	h.Sequence, h.DeliveryID, h.ManifestSHA256 = c.last.manifest.Sequence, c.last.manifest.DeliveryID, c.last.digest
	h.ReceiptSequence, h.ReceiptSHA256 = c.receiptSequence, c.receiptSHA256
	return h
}

// status tells how far a delivery is.
func (s *store) status(d *delivery) (carrier.Status, error) {
	if r := s.receipt(d); r != nil {
		return carrier.Status{State: r.Status, Offset: d.manifest.Payload.Bytes}, nil
	}
	if exists(d.path(payloadName)) {
		return carrier.Status{State: carrier.Processing, Offset: d.manifest.Payload.Bytes}, nil
	}
	n, err := size(d.path(partName))
	return carrier.Status{State: carrier.AwaitingPayload, Offset: n}, err
}

func (s *store) receipt(d *delivery) *parcel.Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.receipt
}

// pending lists deliveries whose payload is complete and which have no receipt, lowest sequence first within a chain.
func (s *store) pending() []*delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*delivery
	for _, d := range s.deliveries {
		if d.receipt == nil && exists(d.path(payloadName)) {
			out = append(out, d)
		}
	}
	sortDeliveries(out)
	return out
}

// addReceipt signs and writes the next receipt of the delivery's chain. sign gives the receipt's bytes and signature.
func (s *store) addReceipt(d *delivery, r *parcel.Receipt, sign func(*parcel.Receipt) (raw, signature []byte, err error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chain(chainKey{d.manifest.SenderID, d.manifest.Dataset.ID})
	r.ReceiptSequence, r.PreviousReceiptSHA256 = c.receiptSequence+1, parcel.Link(c.receiptSHA256)
	raw, signature, err := sign(r)
	if err != nil {
		return err
	}
	path := d.path(receiptName(r))
	if err := writeFile(path+signatureExt, signature); err != nil {
		return err
	}
	if err := writeFile(path, raw); err != nil {
		return err
	}
	s.rememberReceipt(d, r)
	return nil
}

func receiptName(r *parcel.Receipt) string {
	return fmt.Sprintf("receipt-%04d.json", r.ReceiptSequence)
}

func sortDeliveries(list []*delivery) {
	slices.SortFunc(list, func(a, b *delivery) int {
		return cmp.Or(strings.Compare(a.manifest.Dataset.ID, b.manifest.Dataset.ID), cmp.Compare(a.manifest.Sequence, b.manifest.Sequence))
	})
}
