package transporttest

import (
	"context"
	"io"
	"io/fs"
	"testing"
	"time"

	"uoma/internal/faultproxy"
)

// FS is an open transport.
type FS interface {
	fs.FS
	io.Closer
}

// Subject is a transport and the server that it is tried against.
type Subject struct {
	// Dial opens the transport's root over the server at an address, with right credentials. It need not reach the server
	// yet. A connection on which nothing moves for idle must be given up, and waits between attempts be short.
	Dial func(ctx context.Context, addr string, idle time.Duration) (FS, error)
	// Addr is the server's host and port, "" for a transport without a line.
	Addr string
	// Write puts a file there, or another one in its place. The server gives it a modification time unlike the one before.
	Write func(t testing.TB, name string, content []byte)
	// Replace, where it is not nil, puts another file in the place of one, and who reads that one goes on with it: a line that
	// was not cut yet must not bring bytes of both. Else Write does so.
	Replace func(t testing.TB, name string, content []byte)
	// Sparse puts a file of so many zero bytes there, without sending them.
	Sparse func(t testing.TB, name string, size int64)
	// Plant, where it is not nil, puts entries there that must not be used, beside nothing else in the folder.
	Plant func(t testing.TB, dir string)
	// Lists tells whether the protocol can list a folder.
	Lists bool
	// Wrong are ways to dial that must fail with a fault of this code, by name: of a transport with a server with wrong
	// credentials, and over a server that cannot prove who it is, at least.
	Wrong map[string]Wrong
}

// Wrong is a way to dial that must fail, on the first use at the latest.
type Wrong struct {
	Code string
	Dial func(ctx context.Context) (FS, error)
}

// Patience is how long a connection may move no byte where none stalls.
const Patience = faultproxy.Patience

// How long it may where one does.
const (
	outlived = time.Second            // the reading goes on over another
	fatal    = 400 * time.Millisecond // the reading fails, after several attempts
)

// limit is how long a test may wait for what must come promptly.
const limit = 20 * time.Second

func (s Subject) dial(t testing.TB, ctx context.Context, addr string) FS {
	t.Helper()
	return s.dialIdle(t, ctx, addr, Patience)
}

func (s Subject) dialIdle(t testing.TB, ctx context.Context, addr string, idle time.Duration) FS {
	t.Helper()
	f, err := s.Dial(ctx, addr, idle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // a line that is cut cannot be closed in order
	return f
}

// over opens the transport over a line that can go bad.
func (s Subject) over(t testing.TB, idle time.Duration) (FS, *faultproxy.Proxy) {
	t.Helper()
	p := faultproxy.New(t, s.Addr)
	return s.dialIdle(t, t.Context(), p.Addr(), idle), p
}
