package ledger_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/mariadbtest"
)

func TestMain(m *testing.M) { os.Exit(mariadbtest.Run(m)) }

var start = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

func open(t testing.TB, db *database.DB) {
	t.Helper()
	if err := ledger.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunIsTakenUpAgainUntilItIsFinished(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		r := ledger.Run{ID: "nightly-2026-11-22", Pipeline: "nightly", LogicalDate: "2026-11-22", Mode: "nightly", Software: "1", Facts: "{}"}
		first, err := ledger.Start(ctx, db, r, start)
		must(t, err)
		second, err := ledger.Start(ctx, db, r, start.Add(time.Hour))
		must(t, err)
		if first.Attempt != 1 || second.Attempt != 2 {
			t.Errorf("attempts %d and %d", first.Attempt, second.Attempt)
		}
		if err := ledger.Finish(ctx, db, first, ledger.Finished, "{}", start); !errors.Is(err, ledger.ErrRaced) {
			t.Errorf("the first attempt closed the second: %v", err)
		}
		must(t, ledger.Finish(ctx, db, second, ledger.Partial, `{"a":1}`, start.Add(2*time.Hour)))
		third, err := ledger.Start(ctx, db, r, start.Add(3*time.Hour))
		must(t, err)
		must(t, ledger.Finish(ctx, db, third, ledger.Finished, `{"a":2}`, start.Add(4*time.Hour)))
		if _, err := ledger.Start(ctx, db, r, start); !errors.Is(err, ledger.ErrFinished) {
			t.Errorf("a finished run started again: %v", err)
		}
		got, ok, err := ledger.FindRun(ctx, db, r.ID)
		if err != nil || !ok || got.State != ledger.Finished || got.Attempt != 3 || got.Facts != `{"a":2}` || got.FinishedAt != start.Add(4*time.Hour).UnixMicro() {
			t.Errorf("%+v %t %v", got, ok, err)
		}
	})
}

func TestLists(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		for _, r := range []ledger.Run{{ID: "a-1", Pipeline: "a", LogicalDate: "2026-01-01"}, {ID: "a-2", Pipeline: "a", LogicalDate: "2026-01-02"}, {ID: "b-1", Pipeline: "b", LogicalDate: "2026-01-03"}} {
			_, err := ledger.Start(ctx, db, r, start)
			must(t, err)
		}
		all, err := ledger.Runs(ctx, db, "", 2)
		must(t, err)
		some, err := ledger.Runs(ctx, db, "a", 9)
		must(t, err)
		if len(all) != 2 || all[0].ID != "b-1" || len(some) != 2 || some[0].ID != "a-2" {
			t.Errorf("%+v\n%+v", all, some)
		}
		must(t, ledger.StartStage(ctx, db, "a-1", "land", start))
		must(t, ledger.FinishStage(ctx, db, "a-1", "land", ledger.Failed, "x", start))
		must(t, ledger.StartStage(ctx, db, "a-1", "land", start.Add(time.Second)))
		must(t, ledger.StartStage(ctx, db, "a-1", "conform", start.Add(2*time.Second)))
		if err := ledger.FinishStage(ctx, db, "a-1", "load", ledger.Finished, "", start); !errors.Is(err, ledger.ErrRaced) {
			t.Errorf("a stage that never began ended: %v", err)
		}
		stages, err := ledger.Stages(ctx, db, "a-1")
		must(t, err)
		if len(stages) != 2 || stages[0].Name != "land" || stages[0].State != ledger.Running || stages[0].Facts != "" {
			t.Errorf("%+v", stages)
		}
	})
}

func TestSnapshotsWatermarksAndStates(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		a := ledger.Snapshot{Digest: "d1", Feed: "peppi/alumnit", LogicalDate: "2026-01-01", Run: "n1", Rows: 5, State: ledger.Good}
		b := ledger.Snapshot{Digest: "d2", Feed: "peppi/alumnit", LogicalDate: "2026-01-02", Run: "n2", Rows: 6, State: ledger.Good}
		for _, s := range []ledger.Snapshot{a, b, b} {
			must(t, ledger.AddSnapshot(ctx, db, s))
		}
		other := b
		other.Rows++
		if err := ledger.AddSnapshot(ctx, db, other); !errors.Is(err, ledger.ErrRaced) {
			t.Errorf("another content under the same digest: %v", err)
		}
		other = b
		other.SourceDigest, other.LayoutDigest = "of the file saved again", "of the layout of today"
		must(t, ledger.AddSnapshot(ctx, db, other))
		if all, err := ledger.Snapshots(ctx, db, b.Feed, 1); err != nil || len(all) != 1 || all[0] != other {
			t.Errorf("the same rows in another file: %+v %v", all, err)
		}
		b.State = ledger.Rejected
		must(t, ledger.AddSnapshot(ctx, db, b))
		if all, err := ledger.Snapshots(ctx, db, b.Feed, 1); err != nil || len(all) != 1 || all[0] != b {
			t.Errorf("the same rows judged anew: %+v %v", all, err)
		}
		if all, err := ledger.Snapshots(ctx, db, "", 10); err != nil || len(all) != 2 || all[0].Digest != "d2" {
			t.Errorf("%+v %v", all, err)
		}

		w := ledger.Watermark{Pipeline: "nightly", Feed: "peppi/alumnit", LogicalDate: "2026-01-01", Snapshot: "d1"}
		must(t, ledger.SetWatermark(ctx, db, w, ""))
		w.Snapshot = "d2"
		if err := ledger.SetWatermark(ctx, db, w, "d0"); !errors.Is(err, ledger.ErrRaced) {
			t.Errorf("a watermark moved from where it was not: %v", err)
		}
		must(t, ledger.SetWatermark(ctx, db, w, "d1"))
		if got, err := ledger.Watermarks(ctx, db, "nightly"); err != nil || len(got) != 1 || got[0] != w {
			t.Errorf("%+v %v", got, err)
		}

		s := ledger.State{Pipeline: "nightly", Name: "resolver", Digest: "x", Run: "n1"}
		must(t, ledger.SetState(ctx, db, s, ""))
		if err := ledger.SetState(ctx, db, s, ""); err == nil {
			t.Error("a state was made twice")
		}
		must(t, ledger.SetState(ctx, db, ledger.State{Pipeline: "nightly", Name: "resolver", Digest: "y", Run: "n2"}, "x"))
		if got, ok, err := ledger.FindState(ctx, db, "nightly", "resolver"); err != nil || !ok || got.Digest != "y" || got.Run != "n2" {
			t.Errorf("%+v %t %v", got, ok, err)
		}
	})
}

func TestThreat_T08_AccountsAndLinesOfAnAttemptReplaceThoseBefore(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		a := ledger.Account{Run: "n1", Feed: "peppi/alumnit", RowsRead: 10, Loaded: 4, Unchanged: 3, Merged: 1, Quarantined: 1, Withheld: 1}
		if !a.Balanced() {
			t.Error("10 = 4 + 3 + 1 + 1 + 1")
		}
		hostile := "'; DROP TABLE `run`; --\t\n\\"
		for attempt := range 2 {
			must(t, db.Do(ctx, func(tx *sqlx.Tx) error {
				rows := []ledger.Quarantined{{Line: int64(attempt), Field: hostile, Code: "field-count", Reason: hostile, Stage: "land"}}
				return errors.Join(ledger.PutAccounts(ctx, tx, []ledger.Account{a}), ledger.PutQuarantined(ctx, tx, "n1", "peppi/alumnit", rows))
			}))
		}
		if got, err := ledger.Accounts(ctx, db, "n1"); err != nil || len(got) != 1 || got[0] != a {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := ledger.QuarantineOf(ctx, db, "n1", "", 10); err != nil || len(got) != 1 || got[0].Line != 1 || got[0].Field != hostile || got[0].Reason != hostile {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestThreat_T30_StaleHolderWritesNothing(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		slow, err := ledger.Acquire(ctx, db, "nightly", "slow", start)
		must(t, err)
		if _, err := ledger.Acquire(ctx, db, "nightly", "fast", start.Add(59*time.Second)); !errors.Is(err, ledger.ErrHeld) {
			t.Errorf("taken over too early: %v", err)
		}
		must(t, ledger.Beat(ctx, db, slow, start.Add(30*time.Second)))
		if _, err := ledger.Acquire(ctx, db, "nightly", "fast", start.Add(89*time.Second)); !errors.Is(err, ledger.ErrHeld) {
			t.Errorf("taken over in spite of a heartbeat: %v", err)
		}
		fast, err := ledger.Acquire(ctx, db, "nightly", "fast", start.Add(90*time.Second))
		must(t, err)
		if fast.Fence != slow.Fence+1 {
			t.Errorf("fences %d, %d", slow.Fence, fast.Fence)
		}
		check := func(l ledger.Lease) error {
			return db.Do(ctx, func(tx *sqlx.Tx) error { return ledger.Check(ctx, tx, l) })
		}
		for name, err := range map[string]error{"beat": ledger.Beat(ctx, db, slow, start), "release": ledger.Release(ctx, db, slow), "commit": check(slow)} {
			if !errors.Is(err, ledger.ErrLost) {
				t.Errorf("%s by the stale holder: %v", name, err)
			}
		}
		must(t, check(fast))
		must(t, ledger.Release(ctx, db, fast))
		again, err := ledger.Acquire(ctx, db, "nightly", "third", start)
		must(t, err)
		if again.Fence != 3 {
			t.Errorf("fence %d after a release", again.Fence)
		}
	})
}

func TestThreat_T30_OneOfManyGetsTheLease(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		for round := range 5 {
			now := start.Add(time.Duration(round) * time.Hour)
			var got atomic.Int64
			var all sync.WaitGroup
			for i := range 6 {
				all.Go(func() {
					_, err := ledger.Acquire(t.Context(), db, "nightly", string(rune('a'+i)), now)
					if err == nil {
						got.Add(1)
					} else if !errors.Is(err, ledger.ErrHeld) {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if got.Load() != 1 {
				t.Errorf("round %d: %d holders", round, got.Load())
			}
		}
	})
}

// TestLeaseAgreesWithAModel lets three programs take, beat and release one lease in any order and at any time.
func TestLeaseAgreesWithAModel(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		open(t, db)
		ctx := t.Context()
		rapid.Check(t, func(rt *rapid.T) {
			if _, err := db.Exec("DELETE FROM `lease`"); err != nil {
				rt.Fatal(err)
			}
			now, holder, expires, fence := start, -1, start, int64(0)
			leases := make([]ledger.Lease, 3)
			rt.Repeat(map[string]func(*rapid.T){
				"wait": func(rt *rapid.T) {
					now = now.Add(time.Duration(rapid.IntRange(1, 40).Draw(rt, "seconds")) * time.Second)
				},
				"acquire": func(rt *rapid.T) {
					who := rapid.IntRange(0, 2).Draw(rt, "who")
					l, err := ledger.Acquire(ctx, db, "x", string(rune('a'+who)), now)
					if free := holder < 0 || !expires.After(now); free != (err == nil) {
						rt.Fatalf("free %t, but %v", free, err)
					}
					if err == nil {
						fence++
						holder, expires, leases[who] = who, now.Add(ledger.LeaseTime), l
						if l.Fence != fence {
							rt.Fatalf("fence %d, want %d", l.Fence, fence)
						}
					}
				},
				"beat": func(rt *rapid.T) {
					who := rapid.IntRange(0, 2).Draw(rt, "who")
					err := ledger.Beat(ctx, db, leases[who], now)
					if held := holder == who && leases[who].Fence == fence; held != (err == nil) {
						rt.Fatalf("held %t, but %v", held, err)
					}
					if err == nil {
						expires = now.Add(ledger.LeaseTime)
					}
				},
				"release": func(rt *rapid.T) {
					who := rapid.IntRange(0, 2).Draw(rt, "who")
					err := ledger.Release(ctx, db, leases[who])
					if held := holder == who && leases[who].Fence == fence; held != (err == nil) {
						rt.Fatalf("held %t, but %v", held, err)
					}
					if err == nil {
						holder = -1
					}
				},
			})
		})
	})
}
