// Package faultproxy is a bad line for tests: a TCP proxy on loopback between a client and a real server, which delays,
// throttles, slices, stalls and cuts what the server answers, or what the client sends. The other way passes as it is.
//
// [New] starts one in front of a server, [Proxy.Set] says how bad the line is from now on. It knows nothing of the
// protocol that it carries.
package faultproxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// End is how a connection ends after [Faults.Cut] bytes.
type End int

// Ways to end.
const (
	Reset     End = iota // at once, with a reset: what was under way is lost
	Close                // in order, as if whoever speaks had said all
	HalfClose            // one way alone: the other side may still write
	Stall                // not at all: no byte comes any more
)

// Faults are how bad a line is. The zero value is a good line.
type Faults struct {
	Up        bool          // so bad is the way from the client to the server, and not the way back
	Latency   time.Duration // before a byte arrives
	Bandwidth int           // bytes a second
	Slice     int           // largest chunk in bytes
	Cut       int64         // bytes after which a connection ends; 0 means never
	How       End
	Cuts      int  // how many connections are cut so; 0 means all
	Refuse    bool // new connections are reset before a byte
}

// Patience is how long a connection may move no byte where none stalls: longer than a machine ever makes a good line wait.
const Patience = time.Minute

// Idle gives how long a connection may move no byte on a line with such faults: stalled where it stalls, else [Patience].
func (f Faults) Idle(stalled time.Duration) time.Duration {
	if f.How == Stall {
		return stalled
	}
	return Patience
}

// Proxy is a running proxy. It is safe for concurrent use.
type Proxy struct {
	upstream string
	listener net.Listener
	group    sync.WaitGroup

	mu     sync.Mutex
	faults Faults
	open   map[net.Conn]bool
	taken  int
	cuts   int // since the faults were set
	closed bool
	told   *sync.Cond // that a connection was cut, or the proxy closed
}

// New starts a proxy in front of the server at upstream; it ends with the test.
func New(t testing.TB, upstream string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{upstream: upstream, listener: l, open: map[net.Conn]bool{}}
	p.told = sync.NewCond(&p.mu)
	p.group.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Addr gives the address that clients dial.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Set makes the line as bad as f says, for connections that stand and for new ones.
func (p *Proxy) Set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.cuts = f, 0
}

// Connections gives how many connections came so far.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// AwaitCut waits until a connection is cut, since the faults were set, or until the proxy ends.
func (p *Proxy) AwaitCut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.cuts == 0 && !p.closed {
		p.told.Wait()
	}
}

// now gives the faults of one way.
func (p *Proxy) now(up bool) Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.faults
	if f.Up != up {
		return Faults{}
	}
	if f.Cuts > 0 && p.cuts >= f.Cuts {
		f.Cut = 0
	}
	return f
}

func (p *Proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults.Refuse
}

func (p *Proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts++
	p.told.Broadcast()
}

func (p *Proxy) close() {
	p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.told.Broadcast()
	for c := range p.open {
		c.Close()
	}
	p.mu.Unlock()
	p.group.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Go(func() { p.carry(client) })
	}
}

// hold keeps a connection for close; it tells whether the proxy still runs.
func (p *Proxy) hold(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	return !p.closed
}

func (p *Proxy) release(c net.Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

func (p *Proxy) carry(client net.Conn) {
	defer p.release(client)
	p.mu.Lock()
	p.taken++
	p.mu.Unlock()
	if !p.hold(client) {
		return
	}
	if p.refuses() {
		reset(client)
		return
	}
	server, err := net.Dial("tcp", p.upstream)
	if err != nil {
		reset(client)
		return
	}
	defer p.release(server)
	if !p.hold(server) {
		return
	}
	var up sync.WaitGroup
	up.Go(func() { p.pass(way{from: client, to: server, client: client, up: true}) })
	p.pass(way{from: server, to: client, client: client})
	server.Close()
	up.Wait()
}

// way is one of the two of a connection.
type way struct {
	from, to, client net.Conn
	up               bool
}

// chunk is what somebody said, and when it is to arrive.
type chunk struct {
	bytes []byte
	due   time.Time
	err   error // the end
}

// held is how many chunks may be on their way at once.
const held = 1024

// pass passes on what somebody says, as badly as the faults want it. What the latency holds back is on its way together, as on
// a long line.
func (p *Proxy) pass(w way) {
	chunks, gone := make(chan chunk, held), make(chan struct{})
	defer close(gone)
	p.group.Go(func() { p.listen(w, chunks, gone) })
	var passed int64
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		for len(c.bytes) > 0 {
			f := p.now(w.up)
			part := c.bytes
			if f.Slice > 0 {
				part = part[:min(f.Slice, len(part))]
			}
			if f.Cut > 0 {
				part = part[:min(max(f.Cut-passed, 0), int64(len(part)))]
			}
			if len(part) == 0 {
				p.cut()
				w.end(f.How)
				return
			}
			if f.Bandwidth > 0 {
				time.Sleep(time.Duration(len(part)) * time.Second / time.Duration(f.Bandwidth))
			}
			if _, err := w.to.Write(part); err != nil {
				return
			}
			passed += int64(len(part))
			c.bytes = c.bytes[len(part):]
		}
		if c.err != nil && !errors.Is(c.err, io.EOF) {
			reset(w.to)
		} else if c.err != nil {
			closeWrite(w.to)
		}
	}
}

// listen puts on the way what somebody says, until its end or that of the connection.
func (p *Proxy) listen(w way, chunks chan<- chunk, gone <-chan struct{}) {
	defer close(chunks)
	for {
		buf := make([]byte, 32<<10)
		n, err := w.from.Read(buf)
		select {
		case chunks <- chunk{buf[:n], time.Now().Add(p.now(w.up).Latency), err}:
		case <-gone:
			return
		}
		if err != nil {
			return
		}
	}
}

// end ends a connection, or waits until the client gives it up.
func (w way) end(how End) {
	switch how {
	case Reset:
		reset(w.to)
		reset(w.from)
	case Close:
		w.to.Close()
	case HalfClose:
		closeWrite(w.to)
		drain(w.client)
	case Stall:
		drain(w.client)
		w.to.Close()
	}
}

// drain waits for the client's end. Whoever passes on what it says competes for the bytes; either sees the end.
func drain(client net.Conn) { _, _ = io.Copy(io.Discard, client) }

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	c.Close()
}

func closeWrite(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.CloseWrite()
	}
}
