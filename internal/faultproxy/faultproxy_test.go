package faultproxy_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"uoma/internal/faultproxy"
)

// said is what the server of these tests says to everybody.
var said = bytes.Repeat([]byte("0123456789abcdef"), 16<<10)

func server(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = c.Write(said)
			}()
		}
	}()
	return l.Addr().String()
}

func TestHowALineEnds(t *testing.T) {
	p := faultproxy.New(t, server(t))
	for _, tt := range []struct {
		name   string
		faults faultproxy.Faults
		bytes  int
		err    error
	}{
		{"good", faultproxy.Faults{}, len(said), nil},
		{"slow and sliced", faultproxy.Faults{Latency: time.Millisecond, Slice: 16 << 10, Bandwidth: 64 << 20}, len(said), nil},
		{"closed", faultproxy.Faults{Cut: 100_000, How: faultproxy.Close}, 100_000, nil},
		{"half closed", faultproxy.Faults{Cut: 100_000, How: faultproxy.HalfClose}, 100_000, nil},
		{"stalled", faultproxy.Faults{Cut: 100_000, How: faultproxy.Stall}, 100_000, os.ErrDeadlineExceeded},
		{"reset", faultproxy.Faults{Cut: 1, How: faultproxy.Reset}, -1, syscall.ECONNRESET},
		{"refused", faultproxy.Faults{Refuse: true}, -1, syscall.ECONNRESET},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.Set(tt.faults)
			c, err := net.Dial("tcp", p.Addr())
			if err != nil {
				if !errors.Is(err, tt.err) {
					t.Fatal(err)
				}
				return // the reset came before we looked
			}
			defer c.Close()
			var got []byte
			if errors.Is(tt.err, os.ErrDeadlineExceeded) {
				got = make([]byte, tt.bytes)
				if _, err := io.ReadFull(c, got); err != nil {
					t.Fatal(err)
				}
				p.AwaitCut()
				if err := c.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
					t.Fatal(err)
				}
			}
			rest, err := io.ReadAll(c)
			got = append(got, rest...)
			if !errors.Is(err, tt.err) || tt.bytes >= 0 && len(got) != tt.bytes || !bytes.HasPrefix(said, got) {
				t.Errorf("%d bytes, %v; want %d, %v", len(got), err, tt.bytes, tt.err)
			}
		})
	}
}

// heard is what a server got of one client, and what ended it.
type heard struct {
	bytes []byte
	err   error
}

// listener is a server that hears everybody out, and answers a word.
func listener(t *testing.T) (addr string, got <-chan heard) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	out := make(chan heard, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b, err := io.ReadAll(c)
			_, _ = io.WriteString(c, "heard")
			c.Close()
			out <- heard{b, err}
		}
	}()
	return l.Addr().String(), out
}

func TestHowWhatIsSaidIsCut(t *testing.T) {
	addr, got := listener(t)
	p := faultproxy.New(t, addr)
	for _, tt := range []struct {
		name   string
		faults faultproxy.Faults
		bytes  int // -1 where it cannot be told
		err    error
		answer string
	}{
		{"good", faultproxy.Faults{Up: true}, len(said), nil, "heard"},
		{"slow and sliced", faultproxy.Faults{Up: true, Latency: time.Millisecond, Slice: 16 << 10, Bandwidth: 64 << 20}, len(said), nil, "heard"},
		{"the other way", faultproxy.Faults{Cut: 3, How: faultproxy.Close}, len(said), nil, "hea"},
		{"half closed", faultproxy.Faults{Up: true, Cut: 100_000, How: faultproxy.HalfClose}, 100_000, nil, "heard"},
		{"closed", faultproxy.Faults{Up: true, Cut: 100_000, How: faultproxy.Close}, 100_000, nil, ""},
		{"stalled", faultproxy.Faults{Up: true, Cut: 100_000, How: faultproxy.Stall}, 100_000, nil, ""}, // until the client gives up
		{"reset", faultproxy.Faults{Up: true, Cut: 100_000, How: faultproxy.Reset}, -1, syscall.ECONNRESET, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.Set(tt.faults)
			c, err := net.Dial("tcp", p.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_, err = c.Write(said)
			if err == nil && tt.faults.How != faultproxy.Stall {
				_ = c.(*net.TCPConn).CloseWrite() // of a connection that may be gone
			}
			if tt.faults.How == faultproxy.Stall {
				p.AwaitCut()
				if err := c.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
					t.Fatal(err)
				}
			}
			answer, _ := io.ReadAll(c) // how it ends does not matter
			c.Close()
			h := <-got
			if !errors.Is(h.err, tt.err) || tt.bytes >= 0 && len(h.bytes) != tt.bytes || !bytes.HasPrefix(said, h.bytes) || string(answer) != tt.answer {
				t.Errorf("%d bytes, %v, then %q; want %d, %v, then %q", len(h.bytes), h.err, answer, tt.bytes, tt.err, tt.answer)
			}
		})
	}
}
