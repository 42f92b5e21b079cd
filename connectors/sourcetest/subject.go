package sourcetest

import (
	"context"
	"testing"
	"time"

	"uoma/connectors/tabular"
	"uoma/internal/faultproxy"
)

// Set is an open source whose readers give the rows of one set, each of them all the rows.
type Set interface {
	Rows(o tabular.Options) (tabular.Reader, error)
	Close() error
}

// Row is a row of a set. A Note of "" is no value.
type Row struct{ ID, Name, Note string }

// Subject is a source and the server that it is tried against.
type Subject struct {
	// Open opens the source of a set over the server at an address, with right credentials. It need not reach the server
	// yet. A connection on which nothing moves for idle must be given up, waits between attempts be short, and rows come
	// in pages of Page rows.
	Open func(ctx context.Context, addr, set string, idle time.Duration) (Set, error)
	// Addr is the server's host and port.
	Addr string
	// Put makes the rows of a set those, and no others.
	Put func(t testing.TB, set string, rows []Row)
	// Huge is how many rows the largest set has: several batches.
	Huge int
	// Page is how many rows come at once.
	Page int
	// Moment tells that all rows are those of one moment. Without it, each row is as it was when its page was read.
	Moment bool
	// Resumes tells that a reader goes on where a line was cut, however often. Without it, the source is read again from its
	// beginning, without giving a row twice, so that a line must hold long enough for once.
	Resumes bool
	// Wrong are ways to open the set "wrong" that must fail with a fault of this code, by name: with wrong credentials and
	// over a server with another certificate at least.
	Wrong map[string]Wrong
}

// Wrong is a way to open that must fail, with the first row at the latest.
type Wrong struct {
	Code string
	Open func(ctx context.Context) (Set, error)
}

// Patience is how long a connection may move no byte where none stalls.
const Patience = faultproxy.Patience

// How long it may where one does.
const (
	outlived = 1500 * time.Millisecond // the reading goes on over another
	fatal    = 700 * time.Millisecond  // the reading fails, after several attempts
)

// limit is how long a test may wait for what must come promptly.
const limit = 20 * time.Second

func (s Subject) open(t testing.TB, ctx context.Context, addr, set string) Set {
	t.Helper()
	return s.openIdle(t, ctx, addr, set, Patience)
}

func (s Subject) openIdle(t testing.TB, ctx context.Context, addr, set string, idle time.Duration) Set {
	t.Helper()
	o, err := s.Open(ctx, addr, set, idle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() }) // a line that is cut cannot be closed in order
	return o
}

// over opens a set over a line that can go bad.
func (s Subject) over(t testing.TB, ctx context.Context, set string, idle time.Duration) (Set, *faultproxy.Proxy) {
	t.Helper()
	p := faultproxy.New(t, s.Addr)
	return s.openIdle(t, ctx, p.Addr(), set, idle), p
}
