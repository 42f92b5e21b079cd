package survey

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"uoma/connectors/carrier"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/delivery"
	"uoma/pipelines/workspace"
	"uoma/transforms/extract"
)

var (
	errFolder      = fault.New("UOMA-SVY-FOLDER", "a folder for deliveries cannot be made", "check the workspace's owner and free space")
	errCertificate = fault.New("UOMA-SVY-CERTIFICATE", "the client certificate for the endpoint cannot be used", "put certificate and key from the recipient where uoma.yaml names them (sender:)")
	errAuthority   = fault.New("UOMA-SVY-CA", "the recipient's certificate authority cannot be read", "put the PEM file beside recipients/ID.yaml, which names it (ca:)")
	errURL         = fault.New("UOMA-SVY-URL", "the pinned recipient has no address", "add url: https://… to its file, approved by two people")
)

// Machine gives the machine that moves this survey's deliveries, over the workspace's outbox and the pinned recipient. r
// gives time and log. The caller closes it with the function.
func (s *Survey) Machine(r *pipelines.Run) (m *delivery.Machine, done func() error, err error) {
	recipient, err := s.recipient(r)
	if err != nil {
		return nil, nil, err
	}
	signer, err := s.signer()
	if err != nil {
		return nil, nil, err
	}
	line, err := s.line(recipient)
	if err != nil {
		return nil, nil, err
	}
	out, err := s.folder(workspace.OutboxDir)
	if err != nil {
		return nil, nil, err
	}
	receipts, err := s.folder(workspace.ReceiptDir)
	if err != nil {
		return nil, nil, errors.Join(err, out.Close())
	}
	done = func() error {
		line.Close()
		return errors.Join(out.Close(), receipts.Close())
	}
	return &delivery.Machine{
		Profile: s.profile(), Recipient: recipient, Signer: signer, Ledger: s.ws.Outbox, Source: &source{s: s, r: r},
		Carrier: &carrier.Retry{Carrier: line, Sleep: s.sleep, Rand: s.jitter},
		Outbox:  out, Receipts: receipts, Holder: s.o.Holder, Now: r.Now, Rand: s.o.Rand, Step: s.o.Step,
	}, done, nil
}

func (s *Survey) profile() delivery.Profile {
	return delivery.Profile{
		Pipeline: s.def.Pipeline, Chain: s.chain(), SchemaVersion: extract.SchemaVersion, Domain: s.domain(), Epoch: s.epoch(),
		Format: s.terms.Format, Compression: s.terms.Compression, Level: parcel.Level(s.terms.Level), Software: s.o.Software,
	}
}

// recipient reads whom two people have pinned.
func (s *Survey) recipient(r *pipelines.Run) (*parcel.Recipient, error) {
	recipient, warnings, err := parcel.LoadRecipient(s.ws.Path(workspace.RecipientDir), s.terms.Recipient, r.Now())
	for _, w := range warnings {
		r.Log.Warn(w.Message, "code", w.Code, "recipient", s.terms.Recipient, "next", w.Hint)
	}
	return recipient, err
}

func (s *Survey) signer() (*parcel.Signer, error) {
	return parcel.LoadSigner(s.path(strings.TrimPrefix(s.ws.Settings.Keys.Signing, "file:")))
}

// line makes the HTTPS carrier with the sender's client certificate.
func (s *Survey) line(recipient *parcel.Recipient) (*carrier.HTTPS, error) {
	place := fault.Place{File: filepath.Join(workspace.RecipientDir, recipient.ID+".yaml")}
	if recipient.URL == "" {
		return nil, errURL.At(place)
	}
	ca, err := os.ReadFile(recipient.CA)
	if err != nil {
		return nil, errAuthority.At(place).Because(err)
	}
	certificate, err := s.certificate()
	if err != nil {
		return nil, err
	}
	return carrier.NewHTTPS(carrier.Settings{URL: recipient.URL, CA: ca, Pins: recipient.SPKIPins, Certificate: certificate})
}

func (s *Survey) certificate() (tls.Certificate, error) {
	key := s.path(s.ws.Settings.Sender.Key)
	st, err := os.Stat(key)
	if err != nil {
		return tls.Certificate{}, errCertificate.Because(err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return tls.Certificate{}, parcel.ErrKeyPerms.At(fault.Place{File: s.ws.Settings.Sender.Key})
	}
	c, err := tls.LoadX509KeyPair(s.path(s.ws.Settings.Sender.Certificate), key)
	if err != nil {
		return tls.Certificate{}, errCertificate.Because(err)
	}
	return c, nil
}

func (s *Survey) path(setting string) string {
	if filepath.IsAbs(setting) {
		return setting
	}
	return s.ws.Path(setting)
}

func (s *Survey) folder(name string) (*os.Root, error) {
	if err := os.MkdirAll(s.ws.Path(name), 0o700); err != nil {
		return nil, errFolder.Because(err)
	}
	root, err := os.OpenRoot(s.ws.Path(name))
	if err != nil {
		return nil, errFolder.Because(err)
	}
	return root, nil
}

func (s *Survey) sleep(ctx context.Context, d time.Duration) error {
	if s.o.Sleep != nil {
		return s.o.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// jitter gives a number in [0,1). A source that fails makes every wait its longest; it fails for good where an id is made.
func (s *Survey) jitter() float64 {
	var b [8]byte
	if _, err := io.ReadFull(s.o.Rand, b[:]); err != nil {
		return 1 - 1.0/(1<<53)
	}
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)
}
