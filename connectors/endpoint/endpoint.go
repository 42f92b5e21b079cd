// Package endpoint is the receiving side of the delivery protocol, version 1: a reference national endpoint for demos,
// tests and recipients to adopt.
//
// [New] opens the state on disk and gives an [Endpoint]; [Endpoint.Handler] answers the requests of the protocol, and
// [Endpoint.Process] decrypts and validates in the background what came complete and signs the receipts. [Endpoint.Serve]
// runs both behind TLS 1.3 with client certificates. Plain files are the only state:
//
//	deliveries/<sender>/<id>/manifest.json       accepted into its chain, with manifest.json.sig
//	deliveries/<sender>/<id>/payload.part        bytes kept so far
//	deliveries/<sender>/<id>/payload.age         complete, digest right
//	deliveries/<sender>/<id>/receipt-NNNN.json   the end, with receipt-NNNN.json.sig
//	deliveries/<sender>/<id>/withdrawn.csv       rows of it that were withdrawn since and are to be left out
//	keys.json, keys.json.sig                     published as they are
//
// Every file but payload.part appears under its name whole, so that an endpoint that is killed at any instant goes on
// where it stopped and has lost nothing that it acknowledged. Manifests and receipts are kept for ever: they are what
// refuses a replay.
//
// The package knows the protocol and the artefacts. It must not know what a dataset means: a [Validator] does.
package endpoint

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"uoma/connectors/parcel"
)

// Limits bound what the endpoint takes.
type Limits struct {
	MaxBytes int64 // of a payload
	PatchMax int64 // of the body of one PATCH
}

// defaultLimits fit the largest extract that the protocol names, 10 GiB.
var defaultLimits = Limits{MaxBytes: 16 << 30, PatchMax: 64 << 20}

// Dataset says which versions of a dataset the endpoint knows and who checks its content.
type Dataset struct {
	Schemas   map[string]string // schema version to the SHA-256 of its schemas; an empty digest takes any
	Validator Validator         // nil is Readable
}

// Config is what an endpoint is made of.
type Config struct {
	RecipientID string
	Folder      string                            // of the state; made when absent
	Identity    *parcel.Identity                  // opens what was encrypted to its recipients
	Signer      *parcel.Signer                    // signs receipts
	Senders     map[string][]parcel.AllowedSigner // enrolled sender ids and their manifest keys
	Datasets    map[string]Dataset                // by dataset id; nil takes every dataset and asks that it is Readable
	Limits      Limits                            // zero fields take defaults
	Now         func() time.Time
	Rand        io.Reader
	Log         *slog.Logger
}

// Endpoint is the receiving side. Its methods may be called concurrently; [Endpoint.Process] by one goroutine.
type Endpoint struct {
	Config
	limits Limits
	store  *store
	work   chan struct{} // one token: there may be something to process
}

// New opens the state. Payloads that were complete when the endpoint stopped are settled here and processed by the next
// [Endpoint.Process].
func New(c Config) (*Endpoint, error) {
	if c.RecipientID == "" || c.Folder == "" || c.Signer == nil || c.Now == nil || c.Rand == nil || c.Identity == nil {
		return nil, errors.New("endpoint: recipient id, folder, signer, clock, randomness and identity are needed")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	e := &Endpoint{Config: c, limits: c.Limits, work: make(chan struct{}, 1)}
	if e.limits.MaxBytes == 0 {
		e.limits.MaxBytes = defaultLimits.MaxBytes
	}
	if e.limits.PatchMax == 0 {
		e.limits.PatchMax = defaultLimits.PatchMax
	}
	var err error
	if e.store, err = openStore(c.Folder); err != nil {
		return nil, err
	}
	e.wake()
	return e, nil
}

func (e *Endpoint) now() time.Time { return e.Now().UTC() }

// wake tells Process that there may be work.
func (e *Endpoint) wake() {
	select {
	case e.work <- struct{}{}:
	default:
	}
}

// readState reads a published file of the state folder.
func (e *Endpoint) readState(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(e.Folder, name))
}
