package delivery

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/endpoint/endpointtest"
	"uoma/connectors/outbox"
	"uoma/connectors/parcel"
	"uoma/internal/fault"
)

func TestDeliverOnceAndNeverAgain(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		audits := 0
		m := s.machine()
		m.Audit = func(context.Context, outbox.Delivery) error { audits++; return nil }
		d, err := m.Deliver(ctx, order)
		s.closed(d, err)
		if d.Sequence != 1 || d.Attempts != 1 || d.ReceiptSequence != 1 || audits != 1 {
			t.Errorf("sequence %d, attempts %d, receipt %d, audits %d", d.Sequence, d.Attempts, d.ReceiptSequence, audits)
		}
		rig.Stop() // a closed order needs no endpoint
		again, err := s.machine().Deliver(ctx, order)
		if err != nil || again.Version != d.Version || s.source.selected != 1 {
			t.Errorf("a closed order was touched: %v %+v", err, again)
		}
		rig.Start()
		next := order
		next.From, next.To = 19365, 19729
		d, err = s.machine().Deliver(ctx, next)
		s.closed(d, err)
		if d.Sequence != 2 || d.ReceiptSequence != 2 || rig.Accepted() != 2 {
			t.Errorf("second delivery: %+v, %d accepted", d, rig.Accepted())
		}
		noPlaintext(t, s.folder, rig.Folder)
	})
}

// noPlaintext searches every file for the canary.
func noPlaintext(t *testing.T, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if bytes.Contains(raw, []byte(canary)) {
				t.Errorf("plaintext in %s", filepath.Base(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// steps are all the places where a delivery can be killed.
func steps(t *testing.T) (names []string) {
	rig := endpointtest.New(t, nil)
	s := newSide(t, rig, databasetest.OnSQLite)
	m := s.machine()
	m.Step = func(name string) error { names = append(names, name); return nil }
	d, err := m.Deliver(ctx, order)
	s.closed(d, err)
	if len(names) < 25 {
		t.Fatalf("only %d places to kill: %v", len(names), names)
	}
	return names
}

// seeds is how often a delivery is killed at each place on each store, with other kills behind it.
const seeds = 5

// Killed at every place, and then, by a seed, at random places until a process gets through: one acceptance, one end.
func TestThreat_T29_KilledAnywhere(t *testing.T) {
	victims := steps(t)
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		empty := newSide(t, rig, on)
		empty.must(empty.db.Close())
		for _, victim := range victims {
			t.Run(victim, func(t *testing.T) {
				var wg sync.WaitGroup // most of the time is spent waiting for the disk
				for seed := range uint64(seeds) {
					dsn := empty.dsn // a server's ledger is that of many chains at once
					if on == databasetest.OnSQLite {
						dsn = databasetest.Copy(t, dsn)
					}
					s := newSideAt(t, rig, dsn)
					wg.Go(func() { killedAt(t, s, victim, seed) })
				}
				wg.Wait()
			})
		}
	})
}

// killedAt gives every run a dataset of its own, so that one endpoint serves them all.
func killedAt(t *testing.T, s *side, victim string, seed uint64) {
	t.Helper()
	rig := s.rig
	own := chain
	own.Dataset = "d" + strings.ToLower(parcel.SHA256Hex([]byte(victim + string(rune('a'+seed))))[:16])
	random := rand.New(rand.NewPCG(seed, 1))
	kill := func(name string) bool { return name == victim }
	var last outbox.Delivery
	for process := 0; ; process++ {
		m := s.machine()
		m.Profile.Chain = own
		m.Step = func(name string) error {
			if kill(name) {
				return errKilled
			}
			return nil
		}
		d, err := m.Deliver(ctx, order)
		if err == nil {
			last = d
			break
		}
		if !errors.Is(err, errKilled) || process > 200 {
			t.Fatalf("seed %d, process %d: %v", seed, process, err)
		}
		rig.Clock.Move(outbox.LeaseFor + time.Second) // the dead process's lease runs out
		kill = func(string) bool { return random.IntN(12) == 0 }
	}
	s.closed(last, nil)
	if last.Sequence != 1 || last.ReceiptSequence != 1 {
		t.Errorf("seed %d: sequence %d, receipt %d", seed, last.Sequence, last.ReceiptSequence)
	}
	list, err := s.ledger.List(ctx, own)
	if err != nil || len(list) != 1 {
		t.Errorf("seed %d: %d deliveries in the ledger, %v", seed, len(list), err)
	}
	h, err := rig.Carrier("").Head(ctx, own.Dataset)
	if err != nil || h.Sequence != 1 || h.DeliveryID != last.ID || h.ReceiptSequence != 1 {
		t.Errorf("seed %d: the endpoint has %+v, %v", seed, h, err)
	}
	s.db.Close()
}

func TestThreat_T24_ConsentChangedBeforeTheFirstByte(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		s.source.changes = 1
		d, err := s.machine().Deliver(ctx, order)
		s.closed(d, err)
		list, err := s.ledger.List(ctx, chain)
		if err != nil || len(list) != 2 || list[0].State != outbox.Voided || list[0].Attempts != 0 || s.source.selected != 2 {
			t.Fatalf("voided and prepared anew: %+v %v", list, err)
		}
		if d.Sequence != 1 || rig.Accepted() != 1 {
			t.Errorf("sequence %d, accepted %d", d.Sequence, rig.Accepted())
		}
		if _, err := os.Stat(filepath.Join(s.folder, "outbox", parcel.PayloadName(list[0].ID))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the voided ciphertext is still there: %v", err)
		}
		s.source.changes = 100
		next := order
		next.From++
		if _, err := s.machine().Deliver(ctx, next); !errors.Is(err, ErrConsentChanged) || !errors.Is(err, ErrUnsteady) {
			t.Errorf("consents that never rest: %v", err)
		}
	})
}

// A ledger restored from yesterday sends nothing.
func TestThreat_T42_RestoredLedger(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		d, err := s.machine().Deliver(ctx, order)
		s.closed(d, err)
		s.db.Close()
		yesterday := databasetest.Copy(t, s.dsn)
		s.open()
		next := order
		next.From++
		d, err = s.machine().Deliver(ctx, next)
		s.closed(d, err)
		s.db.Close()
		s.dsn = yesterday
		s.open()
		for range 2 {
			_, err := s.machine().Deliver(ctx, next)
			if fault.Code(err) != "UOMA-DLV-LEDGER-BEHIND" {
				t.Fatalf("a restored ledger: %v", err)
			}
		}
		if rig.Accepted() != 2 {
			t.Errorf("%d accepted by a restored ledger", rig.Accepted())
		}
		if _, err := os.Stat(filepath.Join(s.folder, "outbox", parcel.ManifestName(d.ID))); err != nil {
			t.Errorf("evidence of what was sent is gone: %v", err)
		}
		reconcile(t, s)
		if _, err := s.machine().Deliver(ctx, next); fault.Code(err) != "UOMA-DLV-PERIOD-DUPLICATE" {
			t.Errorf("the period that the ledger forgot: %v", err)
		}
		m := s.machine() // the refused delivery is given up by a person, and the chain goes on
		refused, _, err := m.Find(ctx, next)
		s.must(err)
		s.must(m.Hold(ctx, func(held context.Context) error { return m.GiveUp(held, &refused) }))
		next.From++
		d, err = s.machine().Deliver(ctx, next)
		s.closed(d, err)
		if d.Sequence != 3 || d.ReceiptSequence != 3 {
			t.Errorf("%+v", d)
		}
		if err := m.Hold(ctx, func(held context.Context) error { return m.GiveUp(held, &d) }); !errors.Is(err, ErrKnownThere) {
			t.Errorf("an accepted delivery was given up: %v", err)
		}
	})
}

func reconcile(t *testing.T, s *side) {
	t.Helper()
	m := s.machine()
	for _, second := range []string{"", "Anna ", "Bo"} {
		var d outbox.Delivery
		err := m.Hold(ctx, func(held context.Context) (err error) {
			d, err = m.Reconcile(held, "anna", second)
			return err
		})
		if second != "Bo" {
			if !errors.Is(err, ErrTwoPeople) {
				t.Errorf("confirmed by one person: %v", err)
			}
			continue
		}
		if err != nil || d.Sequence != 2 || d.Kind != Reconciled {
			t.Fatalf("reconcile: %v %+v", err, d)
		}
	}
}

// A copy of the ledger that sent something else under our number.
func TestThreat_T42_ForkedLedger(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		a, b := newSide(t, rig, on), newSide(t, rig, on)
		d, err := a.machine().Deliver(ctx, order)
		a.closed(d, err)
		if _, err := b.machine().Deliver(ctx, order); fault.Code(err) != "UOMA-DLV-LEDGER-BEHIND" {
			t.Errorf("a second ledger: %v", err)
		}
		m := b.machine()
		b.must(m.Hold(ctx, func(held context.Context) error { _, err := m.Reconcile(held, "Anna", "Bo"); return err }))
		next := order
		next.From++
		d, err = b.machine().Deliver(ctx, next) // the copy continues the chain
		b.closed(d, err)
		if d.Sequence != 2 || d.ReceiptSequence != 2 {
			t.Errorf("%+v", d)
		}
		if rig.Accepted() != 2 {
			t.Errorf("%d accepted", rig.Accepted())
		}
		if _, err := a.machine().Deliver(ctx, Order{parcel.Full, "", 1, 2}); fault.Code(err) != "UOMA-DLV-LEDGER-BEHIND" {
			t.Errorf("the original goes on: %v", err)
		}
	})
}

func TestThreat_T30_TwoProcessesOneSends(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		inside, outside := make(chan struct{}), make(chan struct{})
		first := s.machine()
		first.Step = func(name string) error {
			if name == "send/6-manifest" {
				close(inside)
				<-outside
			}
			return nil
		}
		done := make(chan error, 1)
		go func() { _, err := first.Deliver(ctx, order); done <- err }()
		<-inside
		if _, err := s.machine().Deliver(ctx, order); !errors.Is(err, outbox.ErrBusy) {
			t.Errorf("the second process: %v", err)
		}
		// The first one is taken for dead and taken over while it sleeps; when it wakes it cannot write any more.
		rig.Clock.Move(outbox.LeaseFor + time.Second)
		d, err := s.machine().Deliver(ctx, order)
		s.closed(d, err)
		close(outside)
		if err := <-done; !errors.Is(err, outbox.ErrFenced) {
			t.Errorf("the first process: %v", err)
		}
		if rig.Accepted() != 1 {
			t.Errorf("%d accepted", rig.Accepted())
		}
	})
}

func TestRejectedByTheReceipt(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		s.source.broken = true
		for range 2 { // the second time nothing happens, with the same answer
			d, err := s.machine().Deliver(ctx, order)
			if !errors.Is(err, ErrRejected) || d.State != outbox.Closed || d.ReceiptStatus != parcel.Rejected {
				t.Fatalf("%v %+v", err, d)
			}
		}
		s.source.broken = false
		rejected, _, err := s.machine().Find(ctx, order)
		s.must(err)
		repair := order
		repair.Kind, repair.Supersedes = parcel.Correction, rejected.ID
		d, err := s.machine().Deliver(ctx, repair)
		s.closed(d, err)
		if d.Sequence != 2 || d.ReceiptSequence != 2 {
			t.Errorf("%+v", d)
		}
	})
}

func TestAlteredOutbox(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		tests := []struct {
			name  string
			at    string // where the file is altered
			file  func(id string) string
			alter func(t *testing.T, path string)
			want  string
		}{
			{"ciphertext altered", "send/1-file", parcel.PayloadName, flip, "UOMA-DLV-CIPHERTEXT-CHANGED"},
			{"ciphertext altered while sending", "send/7-payload", parcel.PayloadName, flip, "UOMA-DLV-CIPHERTEXT-CHANGED"},
			{"ciphertext gone after the attempt", "send/7-payload", parcel.PayloadName, remove, "UOMA-DLV-CIPHERTEXT-MISSING"},
			{"manifest altered", "send/3-keys", parcel.ManifestName, flip, "UOMA-DLV-FILES"},
			{"signature altered", "send/3-keys", parcel.ManifestSigName, flip, "UOMA-DLV-SIGNATURE-INVALID"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				rig := endpointtest.New(t, nil)
				s := newSide(t, rig, on)
				m := s.machine()
				m.Step = func(name string) error {
					if name == tt.at {
						d, _, err := m.Find(ctx, order)
						s.must(err)
						tt.alter(t, filepath.Join(s.folder, "outbox", tt.file(d.ID)))
					}
					return nil
				}
				if _, err := m.Deliver(ctx, order); fault.Code(err) != tt.want {
					t.Errorf("got %v, want %s", err, tt.want)
				}
				if rig.Accepted() != 0 {
					t.Error("it was accepted")
				}
			})
		}
	})
}

func flip(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestCiphertextGoneBeforeTheAttempt(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		m, done := s.machine(), false
		m.Step = func(name string) error {
			if name == "send/1-file" && !done {
				done = true
				d, _, err := m.Find(ctx, order)
				s.must(err)
				remove(t, filepath.Join(s.folder, "outbox", parcel.PayloadName(d.ID)))
			}
			return nil
		}
		d, err := m.Deliver(ctx, order)
		s.closed(d, err)
		if s.source.selected != 2 {
			t.Errorf("selected %d times", s.source.selected)
		}
	})
}

func TestTimePasses(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		stop := func(at string) {
			t.Helper()
			m := s.machine()
			m.Step = func(name string) error {
				if name == at {
					return errKilled
				}
				return nil
			}
			if _, err := m.Deliver(ctx, order); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			rig.Clock.Move(15 * 24 * time.Hour)
		}
		stop("send/1-file") // not begun: voided and prepared anew
		stop("send/7-payload")
		if _, err := s.machine().Deliver(ctx, order); !errors.Is(err, ErrExpired) {
			t.Errorf("begun and expired: %v", err)
		}
		list, err := s.ledger.List(ctx, chain)
		if err != nil || len(list) != 2 || list[0].State != outbox.Voided || list[1].State != outbox.Encrypted {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// A recipient whose last key has ended gets nothing, whether the delivery is new or sealed already.
func TestThreat_T41_ExpiredRecipient(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for _, sealed := range []bool{false, true} {
			rig := endpointtest.New(t, nil)
			s := newSide(t, rig, on)
			m := s.machine()
			m.Profile.Life = 1000 * 24 * time.Hour
			m.Step = func(name string) error {
				if sealed && name == "send/1-file" {
					return errKilled
				}
				return nil
			}
			if sealed {
				if _, err := m.Deliver(ctx, order); !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
			}
			rig.Clock.Move(400 * 24 * time.Hour)
			m.Step = nil
			if _, err := m.Deliver(ctx, order); !errors.Is(err, parcel.ErrExpired) {
				t.Errorf("sealed before %v: %v", sealed, err)
			}
			h, err := rig.Carrier("").Head(ctx, chain.Dataset)
			if err != nil || h.Sequence != 0 {
				t.Errorf("something left: %+v %v", h, err)
			}
		}
	})
}

// A delivery signed with a key that was replaced since does not leave under it.
func TestThreat_T41_ReplacedSigningKey(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig, other := endpointtest.New(t, nil), endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		m := s.machine()
		m.Step = func(name string) error {
			if name == "send/3-keys" {
				m.Signer = other.Signer
			}
			return nil
		}
		if _, err := m.Deliver(ctx, order); !errors.Is(err, ErrSigningKey) {
			t.Errorf("another key: %v", err)
		}
		m = s.machine()
		m.Profile.SignerUntil = rig.Clock.Now().Add(-time.Minute)
		rig.Clock.Move(2 * outbox.LeaseFor)
		if _, err := m.Deliver(ctx, order); !errors.Is(err, ErrSigningKey) {
			t.Errorf("an ended key: %v", err)
		}
		if rig.Accepted() != 0 {
			t.Error("it was accepted")
		}
	})
}

func TestSweepRemovesOldCiphertextAndKeepsProof(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		rig := endpointtest.New(t, nil)
		s := newSide(t, rig, on)
		d, err := s.machine().Deliver(ctx, order)
		s.closed(d, err)
		partial := filepath.Join(s.folder, "outbox", "x.age"+parcel.PartialSuffix)
		s.must(os.WriteFile(partial, nil, 0o600))
		rig.Clock.Move(31 * 24 * time.Hour)
		m := s.machine()
		s.must(m.Hold(ctx, m.Sweep))
		for name, want := range map[string]bool{
			"outbox/" + parcel.PayloadName(d.ID): false, filepath.Join("outbox", filepath.Base(partial)): false,
			"outbox/" + parcel.ManifestName(d.ID): true, "outbox/" + parcel.ManifestSigName(d.ID): true,
			"receipts/" + parcel.ReceiptName(d.ID): true, "receipts/" + parcel.ReceiptSigName(d.ID): true,
		} {
			_, err := os.Stat(filepath.Join(s.folder, name))
			if (err == nil) != want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
