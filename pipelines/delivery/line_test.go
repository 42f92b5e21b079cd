package delivery

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"uoma/connectors/carrier"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/outbox"
	"uoma/internal/fault"
)

// line is a bad line: a proxy on loopback that treats every connection as wound says.
type line struct {
	listener net.Listener
	wound    func(connection int) wound
	wg       sync.WaitGroup
}

// wound is what happens to one connection.
type wound struct {
	up, down int64         // bytes that pass before the cut; 0 is no cut
	reset    bool          // the cut is a reset instead of an orderly end
	late     time.Duration // before every piece
}

func newLine(t *testing.T, to string, w func(int) wound) *line {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: ln, wound: w}
	l.wg.Go(func() { l.serve(to) })
	t.Cleanup(func() { ln.Close(); l.wg.Wait() })
	return l
}

func (l *line) serve(to string) {
	for n := 0; ; n++ {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			near.Close()
			continue
		}
		l.wg.Go(func() { join(near, far, l.wound(n)) })
	}
}

// join copies both ways until one side ends or is cut.
func join(near, far net.Conn, w wound) {
	var once sync.Once
	end := func() {
		once.Do(func() {
			if w.reset {
				_ = near.(*net.TCPConn).SetLinger(0)
				_ = far.(*net.TCPConn).SetLinger(0)
			}
			near.Close()
			far.Close()
		})
	}
	var wg sync.WaitGroup
	pass := func(dst, src net.Conn, limit int64) {
		defer end()
		var r io.Reader = src
		if limit > 0 {
			r = io.LimitReader(src, limit)
		}
		buf := make([]byte, 16<<10)
		for {
			n, err := r.Read(buf)
			time.Sleep(w.late)
			if _, failed := dst.Write(buf[:n]); err != nil || failed != nil {
				return
			}
		}
	}
	wg.Go(func() { pass(far, near, w.up) })
	wg.Go(func() { pass(near, far, w.down) })
	wg.Wait()
}

func TestThreat_T42_BadLines(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		number := func(n int64) int64 {
			mu.Lock()
			defer mu.Unlock()
			return random.Int64N(n)
		}
		tests := []struct {
			name  string
			wound func(n int) wound
		}{
			{"cut while sending", func(int) wound { return wound{up: 4<<10 + number(200<<10)} }},
			{"reset while sending", func(int) wound { return wound{up: 4<<10 + number(200<<10), reset: true} }},
			{"answers lost", func(n int) wound {
				if n%2 == 0 {
					return wound{down: 2600 + number(500)} // the handshake passes, some of the answers do not
				}
				return wound{}
			}},
			{"slow", func(int) wound { return wound{late: time.Millisecond} }},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				rig := endpointtest.New(t, nil)
				s := newSide(t, rig, on)
				s.source.rows = 8000 // about a megabyte that does not compress
				l := newLine(t, rig.Addr, tt.wound)
				s.carrier = s.patient(rig.Carrier(l.listener.Addr().String()))
				var d outbox.Delivery
				var err error
				for range 30 { // runs: a line this bad may use up one run's patience
					s.carrier = s.patient(rig.Carrier(l.listener.Addr().String()))
					if d, err = s.machine().Deliver(ctx, order); err == nil {
						break
					}
				}
				s.closed(d, err)
				if d.Sequence != 1 || rig.Accepted() != 1 {
					t.Errorf("sequence %d, %d accepted", d.Sequence, rig.Accepted())
				}
			})
		}
	})
}

// lost is a carrier whose n-th answer is lost after the endpoint has done what was asked.
type lost struct {
	carrier.Carrier
	n, calls int
}

// lostAnswer is what a client sees: the connection ended.
type lostAnswer struct{}

func (lostAnswer) Error() string   { return "connection ended before the answer" }
func (lostAnswer) Retryable() bool { return true }

func (l *lost) lose(err error) error {
	l.calls++
	if l.calls == l.n {
		return lostAnswer{}
	}
	return err
}

func (l *lost) PutManifest(ctx context.Context, id string, m, s []byte) error {
	return l.lose(l.Carrier.PutManifest(ctx, id, m, s))
}

func (l *lost) Offset(ctx context.Context, id string) (int64, int64, error) {
	o, n, err := l.Carrier.Offset(ctx, id)
	return o, n, l.lose(err)
}

func (l *lost) Send(ctx context.Context, id string, r io.ReaderAt, offset, size int64) (int64, error) {
	n, err := l.Carrier.Send(ctx, id, r, offset, size)
	return n, l.lose(err)
}

func (l *lost) Status(ctx context.Context, id string) (carrier.Status, error) {
	st, err := l.Carrier.Status(ctx, id)
	return st, l.lose(err)
}

func (l *lost) Receipt(ctx context.Context, id string) ([]byte, []byte, error) {
	r, sig, err := l.Carrier.Receipt(ctx, id)
	return r, sig, l.lose(err)
}

func (l *lost) Head(ctx context.Context, dataset string) (carrier.Head, error) {
	h, err := l.Carrier.Head(ctx, dataset)
	return h, l.lose(err)
}

// Every request's answer is lost once, with a wrapper that repeats and with a process that gives up and runs again.
func TestThreat_T42_LostAnswers(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for _, patient := range []bool{true, false} {
			for n := 1; n <= 8; n++ {
				rig := endpointtest.New(t, nil)
				s := newSide(t, rig, on)
				l := &lost{Carrier: rig.Carrier(""), n: n}
				s.carrier = l
				if patient {
					s.carrier = s.patient(l)
				}
				var d outbox.Delivery
				var err error
				for range 100 {
					if d, err = s.machine().Deliver(ctx, order); err == nil || patient {
						break
					}
					time.Sleep(5 * time.Millisecond)
				}
				s.closed(d, err)
				if d.Sequence != 1 || rig.Accepted() != 1 {
					t.Errorf("answer %d: sequence %d, %d accepted", n, d.Sequence, rig.Accepted())
				}
				rig.Stop()
			}
		}
	})
}

// liar alters what comes back from the endpoint.
type liar struct {
	carrier.Carrier
	receipt func(r, sig []byte) ([]byte, []byte)
}

func (l *liar) Receipt(ctx context.Context, id string) ([]byte, []byte, error) {
	r, sig, err := l.Carrier.Receipt(ctx, id)
	if err == nil {
		r, sig = l.receipt(r, sig)
	}
	return r, sig, err
}

func TestThreat_T42_AlteredReceipts(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		first, err := s.machine().Deliver(ctx, order)
		s.closed(first, err)
		oldRaw, oldSig, err := rig.Carrier("").Receipt(ctx, first.ID)
		s.must(err)
		bit := func(b []byte) []byte {
			out := append([]byte(nil), b...)
			out[len(out)/2] ^= 1
			return out
		}
		next := order
		next.From++
		for name, alter := range map[string]func(r, sig []byte) ([]byte, []byte){
			"bit of the receipt":   func(r, sig []byte) ([]byte, []byte) { return bit(r), sig },
			"bit of the signature": func(r, sig []byte) ([]byte, []byte) { return r, bit(sig) },
			"another's receipt":    func(_, _ []byte) ([]byte, []byte) { return oldRaw, oldSig },
		} {
			s.carrier = &liar{s.patient(rig.Carrier("")), alter}
			d, err := s.machine().Deliver(ctx, next)
			if code := fault.Code(err); code != "UOMA-DLV-RECEIPT-SIGNATURE" && code != "UOMA-DLV-RECEIPT-MISMATCH" {
				t.Errorf("%s: %v", name, err)
			}
			if d.State != outbox.Sent {
				t.Errorf("%s: state %s", name, d.State)
			}
		}
		s.carrier = s.patient(rig.Carrier(""))
		d, err := s.machine().Deliver(ctx, next)
		s.closed(d, err)
	})
}
