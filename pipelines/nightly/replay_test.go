package nightly_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// replayed runs a backfill of some nights in a scratch workspace and gives the register's digest after each.
func (s site) replayed(t *testing.T, from, to canon.Date) []string {
	t.Helper()
	ctx := context.Background()
	ws := s.open(t)
	scratch, err := workspace.OpenScratch(ctx, ws, "backfills/test")
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	if err := nightly.Prepare(ctx, scratch, ws); err != nil {
		t.Fatal(err)
	}
	var digests []string
	for d := from; d <= to; d++ {
		r := newRun(d)
		r.Mode = pipelines.Backfill
		pack, layouts := documents(t, ws, d)
		j := scratch.NewJournal("test", "", pack.Digest())
		held, err := j.Hold(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		n := nightly.NewReplay(scratch, ws, layouts, pack, j.Check)
		if _, err := pipelines.Execute(held, r, n.Stages(), j); err != nil {
			t.Fatal(err)
		}
		n.Close()
		if err := j.Free(ctx); err != nil {
			t.Fatal(err)
		}
		digest, err := scratch.Register.Digest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, digest)
	}
	return digests
}

func TestABackfillGivesWhatTheNightsGave(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		var want []string
		for d := range canon.Date(3) {
			s.night(t, firstNight+d)
			s.at(t, func(ws *workspace.Workspace) {
				digest, err := ws.Register.Digest(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, digest)
			})
		}
		marks := func() (out []ledger.Watermark) {
			s.at(t, func(ws *workspace.Workspace) {
				var err error
				if out, err = ledger.Watermarks(context.Background(), ws.RegisterDB, "nightly"); err != nil {
					t.Fatal(err)
				}
			})
			return out
		}
		before := marks()
		got := s.replayed(t, firstNight, firstNight+1)
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("night %d: the replayed register differs from the night's", i+1)
			}
		}
		after := marks()
		if len(before) == 0 || len(before) != len(after) {
			t.Fatalf("%d watermarks before, %d after", len(before), len(after))
		}
		for i := range before {
			if before[i] != after[i] {
				t.Errorf("the backfill moved the mark of %s", before[i].Feed)
			}
		}
		s.at(t, func(ws *workspace.Workspace) {
			digest, err := ws.Register.Digest(context.Background())
			if err != nil || digest != want[2] {
				t.Errorf("the backfill changed the register: %v", err)
			}
		})
	})
}

// eraseOne erases the person of the first student whose record has rows, and gives what went.
func (s site) eraseOne(t *testing.T) nightly.Erased {
	t.Helper()
	ctx := context.Background()
	ws := s.open(t)
	r := newRun(firstNight + 9)
	pack, layouts := documents(t, ws, r.Date)
	j := ws.NewJournal("test", "", pack.Digest())
	held, err := j.Hold(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Free(ctx)
	for key := 10000; key < 20000; key++ {
		n := nightly.New(ws, layouts, pack, nil, j.Check)
		out, err := n.Erase(held, r, "nightly", "student-register", strconv.Itoa(key), "XAMK-39")
		n.Close()
		if fault.Code(err) == "UOMA-ERA-NOBODY" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if out.Rows > 0 {
			return out
		}
	}
	t.Fatal("there is nobody to erase")
	return nightly.Erased{}
}

func TestNobodyErasedComesBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		full := s.replayed(t, firstNight, firstNight)
		out := s.eraseOne(t)
		if out.Entries == 0 || out.Marks == 0 {
			t.Fatalf("erased %+v", out)
		}
		gone := s.registerDigest(t)
		s.night(t, firstNight) // finished: nothing happens
		if s.registerDigest(t) != gone {
			t.Fatal("a finished night changed the register after an erasure")
		}
		for d := canon.Date(1); d < 4; d++ {
			o := s.night(t, firstNight+d)
			var p nightly.ProtectFacts
			if err := json.Unmarshal(o.Facts["protect"], &p); err != nil {
				t.Fatal(err)
			}
			if p.Suppressed == 0 {
				t.Errorf("night %d: the erased person, whom the exports still hold, is not recognised", d+1)
			}
		}
		if err := os.RemoveAll(filepath.Join(s.dir, "backfills")); err != nil {
			t.Fatal(err)
		}
		if less := s.replayed(t, firstNight, firstNight); less[0] == full[0] {
			t.Error("a replay brings the erased person back")
		}
	})
}
