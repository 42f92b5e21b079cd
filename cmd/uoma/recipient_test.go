package main

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"

	"uoma/connectors/endpoint"
	"uoma/connectors/endpoint/setup"
)

// recipient is the script command "recipient WORKSPACE": a national endpoint on this machine, with the workspace's sender
// enrolled there and the endpoint pinned in the workspace.
func recipient(t *testing.T, ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: recipient WORKSPACE")
	}
	ws, dir := ts.MkAbs(args[0]), ts.MkAbs("endpoint")
	ts.Check(setup.Init(dir, setup.Plan{RecipientID: "csc", Name: "Test endpoint", Listen: "127.0.0.1:0", URL: "https://127.0.0.1",
		ApprovedBy: []string{"first", "second"}}, time.Now(), rand.Reader))
	line, err := os.ReadFile(filepath.Join(ws, "keys/signing.pub"))
	ts.Check(err)
	key, _, _, _, err := ssh.ParseAuthorizedKey(line)
	ts.Check(err)
	ts.Check(setup.Enrol(dir, "xamk", []ssh.PublicKey{key}, time.Now()))
	loaded, err := setup.Load(filepath.Join(dir, "endpoint.yaml"), time.Now, rand.Reader, nil)
	ts.Check(err)
	e, err := endpoint.New(loaded.Endpoint)
	ts.Check(err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Serve(ctx, ln, loaded.TLS) }()
	ts.Defer(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for from, to := range map[string]string{"client.crt": "keys/client.crt", "client.key": "keys/client.key", "ca.crt": "recipients/ca.crt", "csc.yaml": "recipients/csc.yaml"} {
		text, err := os.ReadFile(filepath.Join(dir, "for-senders/xamk", from))
		ts.Check(err)
		pinned := strings.Replace(string(text), "https://127.0.0.1", "https://"+ln.Addr().String(), 1)
		ts.Check(os.WriteFile(filepath.Join(ws, to), []byte(pinned), 0o600))
	}
}
