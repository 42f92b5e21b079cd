// Package endpointtest runs a real endpoint for tests: its own authority, keys and folder, TLS 1.3 on loopback, a clock
// that a test moves, and an end and a new beginning over the same files.
package endpointtest

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"uoma/connectors/carrier"
	"uoma/connectors/endpoint"
	"uoma/connectors/endpoint/setup"
	"uoma/connectors/parcel"
)

// Names of both sides in tests.
const (
	Sender    = "xamk"
	Recipient = "csc"
)

// Clock is a clock that a test moves. It is safe for concurrent use.
type Clock struct{ ahead atomic.Int64 }

// Now gives the present of the test.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Move moves the clock.
func (c *Clock) Move(d time.Duration) { c.ahead.Add(int64(d)) }

// Rig is an endpoint and its enrolled sender.
type Rig struct {
	Clock  *Clock
	Folder string
	Signer *parcel.Signer // the sender's
	Addr   string         // host:port, the same after Restart

	t      testing.TB
	cancel context.CancelFunc
	ended  chan error
	change func(*endpoint.Config)
}

// New makes an endpoint's folder, enrols [Sender] and starts it. change may alter the configuration; nil does not.
func New(t testing.TB, change func(*endpoint.Config)) *Rig {
	t.Helper()
	r := &Rig{Clock: &Clock{}, Folder: filepath.Join(t.TempDir(), "endpoint"), t: t, Addr: "127.0.0.1:0", change: change}
	keys := t.TempDir()
	root, err := os.OpenRoot(keys)
	r.must(err)
	defer root.Close()
	r.Signer, err = parcel.CreateSigner(root, "signing", rand.Reader, "")
	r.must(err)
	plan := setup.Plan{RecipientID: Recipient, Name: "Test endpoint", Listen: "127.0.0.1:0", URL: "https://localhost", ApprovedBy: []string{"a", "b"}}
	r.must(setup.Init(r.Folder, plan, time.Now(), rand.Reader))
	r.must(setup.Enrol(r.Folder, Sender, []ssh.PublicKey{r.Signer.PublicKey()}, time.Now()))
	r.Start()
	t.Cleanup(func() { r.Stop() })
	return r
}

func (r *Rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// Start starts the endpoint over its files.
func (r *Rig) Start() {
	r.t.Helper()
	loaded, err := setup.Load(filepath.Join(r.Folder, "endpoint.yaml"), r.Clock.Now, rand.Reader, nil)
	r.must(err)
	if r.change != nil {
		r.change(&loaded.Endpoint)
	}
	e, err := endpoint.New(loaded.Endpoint)
	r.must(err)
	ln, err := net.Listen("tcp", r.Addr)
	r.must(err)
	r.Addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.ended = cancel, make(chan error, 1)
	go func() { r.ended <- e.Serve(ctx, ln, loaded.TLS) }()
}

// Stop ends the endpoint; it may be called twice.
func (r *Rig) Stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	if err := <-r.ended; err != nil {
		r.t.Error(err)
	}
	r.cancel = nil
}

// Bundle gives the path of a file that the sender got.
func (r *Rig) Bundle(name string) string { return filepath.Join(r.Folder, "for-senders", Sender, name) }

// Settings gives a carrier's settings for the endpoint at addr, "" for its own.
func (r *Rig) Settings(addr string) carrier.Settings {
	r.t.Helper()
	if addr == "" {
		addr = r.Addr
	}
	ca, err := os.ReadFile(r.Bundle("ca.crt"))
	r.must(err)
	cert, err := tls.LoadX509KeyPair(r.Bundle("client.crt"), r.Bundle("client.key"))
	r.must(err)
	return carrier.Settings{URL: "https://" + addr, CA: ca, Certificate: cert}
}

// Carrier gives a plain carrier to the endpoint at addr, "" for its own.
func (r *Rig) Carrier(addr string) *carrier.HTTPS {
	r.t.Helper()
	c, err := carrier.NewHTTPS(r.Settings(addr))
	r.must(err)
	r.t.Cleanup(c.Close)
	return c
}

// Pinned gives the recipient as the sender pinned it.
func (r *Rig) Pinned() *parcel.Recipient {
	r.t.Helper()
	src, err := os.ReadFile(r.Bundle(Recipient + ".yaml"))
	r.must(err)
	p, err := parcel.ParseRecipient(Recipient+".yaml", src)
	r.must(err)
	return p
}

// Accepted counts the receipts that the endpoint has signed for deliveries it accepted.
func (r *Rig) Accepted() int {
	r.t.Helper()
	paths, err := filepath.Glob(filepath.Join(r.Folder, "state", "deliveries", "*", "*", "receipt-*.json"))
	r.must(err)
	n := 0
	for _, p := range paths {
		raw, err := os.ReadFile(p)
		r.must(err)
		receipt, err := parcel.DecodeReceipt(raw)
		r.must(err)
		if receipt.Status == parcel.Accepted {
			n++
		}
	}
	return n
}
