package delivery

import (
	"context"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"uoma/connectors/carrier"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/outbox"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
)

func TestThreat_T42_BadLines(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		random := rand.New(rand.NewPCG(1, 2))
		sending := func(how faultproxy.End) func() faultproxy.Faults {
			return func() faultproxy.Faults {
				return faultproxy.Faults{Up: true, Cut: 4<<10 + random.Int64N(200<<10), How: how}
			}
		}
		for _, tt := range []struct {
			name string
			line func() faultproxy.Faults // for a run
		}{
			{"cut while sending", sending(faultproxy.Close)},
			{"half closed while sending", sending(faultproxy.HalfClose)},
			{"reset while sending", sending(faultproxy.Reset)},
			{"answers lost", func() faultproxy.Faults { // the handshake passes, some of the answers do not
				return faultproxy.Faults{Cut: 2600 + random.Int64N(500), How: faultproxy.Close, Cuts: 2}
			}},
			{"stalled while sending", func() faultproxy.Faults {
				return faultproxy.Faults{Up: true, Cut: 4<<10 + random.Int64N(200<<10), How: faultproxy.Stall, Cuts: 1}
			}},
			{"answers that never come", func() faultproxy.Faults {
				return faultproxy.Faults{Cut: 2600 + random.Int64N(500), How: faultproxy.Stall, Cuts: 1}
			}},
			{"slow", func() faultproxy.Faults {
				return faultproxy.Faults{Up: true, Latency: 5 * time.Millisecond, Slice: 4 << 10, Bandwidth: 4 << 20}
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				rig := endpointtest.New(t, nil)
				s := newSide(t, rig, on)
				s.source.rows = 8000 // about a megabyte that does not compress
				p := faultproxy.New(t, rig.Addr)
				var d outbox.Delivery
				var err error
				for range 30 { // runs: a line this bad may use up one run's patience
					p.Set(tt.line())
					s.carrier = s.patient(hasty(t, rig, p.Addr()))
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

// hasty makes a carrier that gives up a line on which no byte moves for a second.
func hasty(t *testing.T, rig *endpointtest.Rig, addr string) *carrier.HTTPS {
	t.Helper()
	s := rig.Settings(addr)
	s.NoProgress = time.Second
	c, err := carrier.NewHTTPS(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
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
