package nightly_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// TestNewConfigurationReachesASystemThatWasAway changes the settings on a night without one system: the rows of that system
// are decided anew on the night on which it is back, and those of the others once.
func TestNewConfigurationReachesASystemThatWasAway(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		if err := os.Remove(s.export(peppiFile, firstNight+1)); err != nil {
			t.Fatal(err)
		}
		s.settings(t, "# another text, another configuration\n")
		s.finish(t, firstNight+1, pipelines.Part)
		for n := canon.Date(2); n < 4; n++ {
			var conformed nightly.ConformFacts
			facts(t, s.finish(t, firstNight+n, pipelines.Finished), "conform", &conformed)
			back := n == 2
			if conformed.Redone != back {
				t.Errorf("%s: decided anew: %v", firstNight+n, conformed.Redone)
			}
			for _, f := range conformed.Feeds {
				if anew := f.Unchanged == 0; anew != (back && f.Feed == "peppi/alumnit") {
					t.Errorf("%s: %s: %d rows are left as they were", firstNight+n, f.Feed, f.Unchanged)
				}
			}
		}
	})
}

// TestThePastIsNotLoadedOverWhatIsKnownSince runs an older date after a later one, as who brings a late export may try.
func TestThePastIsNotLoadedOverWhatIsKnownSince(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for _, last := range []string{"", "conform", "report"} { // how far the older night had come
			t.Run("stopped after "+last, func(t *testing.T) {
				s := newSite(t, on)
				away := filepath.Join(t.TempDir(), "late")
				if err := os.Rename(s.export(peppiFile, firstNight), away); err != nil {
					t.Fatal(err)
				}
				if last == "report" {
					s.finish(t, firstNight, pipelines.Part)
				} else {
					s.stopAfter(t, firstNight, last)
				}
				s.finish(t, firstNight+1, pipelines.Finished)
				before := s.registerDigest(t)
				if err := os.Rename(away, s.export(peppiFile, firstNight)); err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.attempt(t, firstNight, false); fault.Code(err) != "UOMA-LND-PAST" {
					t.Errorf("the older night ended with %v", err)
				}
				if s.registerDigest(t) != before {
					t.Error("the register went back")
				}
			})
		}
	})
}

// TestLostSnapshotStopsItsSystemByItsName removes the snapshot that a feed is compared with.
func TestLostSnapshotStopsItsSystemByItsName(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.at(t, func(ws *workspace.Workspace) {
			marks, err := ledger.Watermarks(context.Background(), ws.RegisterDB, "nightly")
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range marks {
				if w.Feed == "peppi/alumnit" {
					err = ws.Snapshots.RemoveDigest(w.Snapshot, snapshot.Ext)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		})
		var landed nightly.LandFacts
		facts(t, s.finish(t, firstNight+1, pipelines.Part), "land", &landed)
		for _, f := range landed.Feeds {
			if want := map[bool]string{true: "UOMA-BLB-MISSING"}[f.Feed == "peppi/alumnit"]; f.Code != want {
				t.Errorf("%s: %q instead of %q", f.Feed, f.Code, want)
			}
		}
	})
}

// TestFeedThatWasEmptyForANightComesBack lets a feed lose all its rows under a raised guard, and have them again.
func TestFeedThatWasEmptyForANightComesBack(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		shipped, err := os.ReadFile(filepath.Join("..", "..", "transforms", "layout", "shipped", "peppi.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		wide := regexp.MustCompile(`(?m)^  key: .*$`).ReplaceAll(shipped, []byte("$0\n  guard: {removed: 100, shrink: 100}"))
		write(t, filepath.Join(s.dir, "layouts", "peppi.yaml"), wide)
		s.finish(t, firstNight, pipelines.Finished)
		text, err := os.ReadFile(s.export(peppiFile, firstNight+1))
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := bytes.Cut(text, []byte("\n"))
		write(t, s.export(peppiFile, firstNight+1), append(header, "\nRivej\xe4 yhteens\xe4: 0\r\n"...))
		s.finish(t, firstNight+1, pipelines.Finished)
		s.finish(t, firstNight+2, pipelines.Finished)
		s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+(firstNight+2).String()) })
	})
}
