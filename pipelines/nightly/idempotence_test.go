package nightly_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// noDatabase tells the files that a store may write as it opens; their rows are compared instead.
func noDatabase(path string) bool { return !strings.Contains(filepath.Base(path), ".db") }

// TestFinishedNightAgainChangesNothing holds invariant 3.
func TestFinishedNightAgainChangesNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.finish(t, firstNight+1, pipelines.Finished)
		rows, tree := s.tables(t), files(t, s.dir, noDatabase)
		for range 2 {
			for n := range canon.Date(2) {
				if out := s.finish(t, firstNight+n, pipelines.Finished); !out.Already {
					t.Error("a finished night was run again")
				}
			}
		}
		if d := differences(rows, s.tables(t)); d != nil {
			t.Errorf("tables changed: %v", d)
		}
		if d := differences(tree, files(t, s.dir, noDatabase)); d != nil {
			t.Errorf("files changed: %v", d)
		}
	})
}

// TestNightInPartIsFinishedWhenTheExportComes retries a night for a source that came late: the end is that of a night to
// which all came in time, and what was loaded the first time is not loaded twice.
func TestNightInPartIsFinishedWhenTheExportComes(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		const late = registerFile
		for _, night := range []canon.Date{0, 1} {
			t.Run(fmt.Sprintf("night %d", night+1), func(t *testing.T) {
				s, whole := newSite(t, on), loadedSite(t, on)
				date := firstNight + night
				run := "nightly-" + date.String()
				if night > 0 {
					s = loadedSite(t, on)
					whole.finish(t, date, pipelines.Finished)
				}
				away := filepath.Join(t.TempDir(), "late")
				if err := os.Rename(s.export(late, date), away); err != nil {
					t.Fatal(err)
				}
				s.finish(t, date, pipelines.Part)
				before := s.registerDigest(t)
				s.finish(t, date, pipelines.Part)
				if s.registerDigest(t) != before {
					t.Error("a retry that found nothing new changed the register")
				}
				if err := os.Rename(away, s.export(late, date)); err != nil {
					t.Fatal(err)
				}
				s.finish(t, date, pipelines.Finished)
				if a, b := whole.counts(t), s.counts(t); a != b {
					t.Errorf("the register differs from that of a whole night:\n%s\n%s", a, b)
				}
				s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, run) })
			})
		}
	})
}

// TestKilledRetryOfANightInPartIsNotTakenForDone checks that what an earlier attempt left in the ledger does not stand in
// for the work of a later one that was cut short.
func TestKilledRetryOfANightInPartIsNotTakenForDone(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		for _, last := range []string{"", "land", "resolve"} {
			t.Run("stopped after "+last, func(t *testing.T) {
				s, whole := newSite(t, on), loadedSite(t, on)
				away := filepath.Join(t.TempDir(), "late")
				if err := os.Rename(s.export(crmFile, firstNight), away); err != nil {
					t.Fatal(err)
				}
				s.finish(t, firstNight, pipelines.Part)
				if err := os.Rename(away, s.export(crmFile, firstNight)); err != nil {
					t.Fatal(err)
				}
				s.stopAfter(t, firstNight, last)
				s.finish(t, firstNight, pipelines.Finished)
				if a, b := whole.counts(t), s.counts(t); a != b {
					t.Errorf("the late source was not loaded:\n%s\n%s", a, b)
				}
			})
		}
	})
}

// stopAfter runs a night until a stage has ended, then cancels it.
func (s site) stopAfter(t testing.TB, date canon.Date, stage string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.at(t, func(ws *workspace.Workspace) {
		r := newRun(date)
		r.Progress = stopper{stage: stage, stop: cancel}
		if _, err := s.execute(ctx, ws, r); err == nil {
			t.Fatal("the night was not stopped")
		}
	})
}

// TestThreat_T06_CutExportRemovesNobody is the mass-change guard: every export cut at each twentieth, of which each store
// has every second one, stops its system.
func TestThreat_T06_CutExportRemovesNobody(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		from := map[databasetest.Kind]int{databasetest.OnMariaDB: 5}[on]
		for percent := from; percent < 100; percent += 10 {
			t.Run(fmt.Sprintf("%d percent", percent), func(t *testing.T) {
				c := s.copy(t)
				for _, pattern := range []string{peppiFile, pegasosFile, profileFile, crmFile, registerFile, projectStaff} {
					cut(t, c.export(pattern, firstNight+1), percent)
				}
				var before, after map[string]map[string]bool
				c.at(t, func(ws *workspace.Workspace) { before = sourceRows(t, &ws.Register.View, register.Current) })
				out := c.finish(t, firstNight+1, pipelines.Part)
				var landed nightly.LandFacts
				facts(t, out, "land", &landed)
				if want := 4; landed.Failed < want {
					t.Errorf("%d systems stopped, not %d", landed.Failed, want)
				}
				c.at(t, func(ws *workspace.Workspace) { after = sourceRows(t, &ws.Register.View, register.Current) })
				for feed, rows := range before {
					gone := maps.Clone(rows)
					maps.DeleteFunc(gone, func(k string, _ bool) bool { return after[feed][k] })
					if stopped := slices.Contains(stopped(landed), feed); stopped && !maps.Equal(rows, after[feed]) || len(gone) > mayAlwaysGo {
						t.Errorf("%s (stopped: %t): %d of %d rows went", feed, stopped, len(gone), len(rows))
					}
				}
			})
		}
	})
}

// TestThreat_T06_AnExportThatIsCutInALineRemovesNobody cuts so little that the guard would not mind: three lines, the last of which
// has no end.
func TestThreat_T06_AnExportThatIsCutInALineRemovesNobody(t *testing.T) {
	s := loadedSite(t, databasetest.OnSQLite)
	path := s.export(profileFile, firstNight+1)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimRight(text, "\r\n"), []byte("\n"))
	last := len(lines) - 3
	write(t, path, append(bytes.Join(lines[:last], nil), lines[last][:len(lines[last])/2]...))
	var landed nightly.LandFacts
	facts(t, s.finish(t, firstNight+1, pipelines.Part), "land", &landed)
	for _, f := range landed.Feeds {
		if want := fmt.Sprintf(" (line %d)", last+1); f.Feed == "alumni-portal/profiles" && (f.Code != "UOMA-LND-TRUNCATED" || !strings.HasSuffix(f.Reason, want)) {
			t.Errorf("%s: %s: %s", f.Feed, f.Code, f.Reason)
		}
	}
}

// mayAlwaysGo is how many rows of a small feed may go in one night without stopping it.
const mayAlwaysGo = 5

func stopped(landed nightly.LandFacts) (feeds []string) {
	for _, f := range landed.Feeds {
		if f.Code != "" {
			feeds = append(feeds, f.Feed)
		}
	}
	return feeds
}

// cut leaves the first percent of a file, whole lines of those that have lines.
func cut(t testing.TB, path string, percent int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := len(text) * percent / 100
	if strings.HasSuffix(path, ".csv") {
		if n = bytes.LastIndexByte(text[:n], '\n') + 1; n == 0 {
			n = bytes.IndexByte(text, '\n') + 1
		}
	}
	write(t, path, text[:n])
}

// TestWithheldRowsOutliveANightWithoutTheirSystem checks that a night without a system does not forget which of its rows
// the policy kept out.
func TestWithheldRowsOutliveANightWithoutTheirSystem(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s, whole := loadedSite(t, on), loadedSite(t, on)
		for n := canon.Date(1); n < 3; n++ {
			whole.finish(t, firstNight+n, pipelines.Finished)
		}
		if err := os.Remove(s.export(profileFile, firstNight+1)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(s.export(crmFile, firstNight+1)); err != nil {
			t.Fatal(err)
		}
		s.finish(t, firstNight+1, pipelines.Part)
		s.finish(t, firstNight+2, pipelines.Finished)
		if a, b := whole.withheld(t, firstNight+2), s.withheld(t, firstNight+2); a == 0 || a != b {
			t.Errorf("%d rows are withheld, not %d", b, a)
		}
	})
}

func (s site) withheld(t testing.TB, date canon.Date) (n int64) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		for _, a := range balanced(t, ws, "nightly-"+date.String()) {
			n += a.Withheld
		}
	})
	return n
}

// balanced checks invariant 1 on the ledger's accounts of a run.
func balanced(t testing.TB, ws *workspace.Workspace, run string) []ledger.Account {
	t.Helper()
	list, err := ledger.Accounts(context.Background(), ws.RegisterDB, run)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if !a.Balanced() {
			t.Errorf("rows of a feed do not add up: %+v", a)
		}
	}
	return list
}

// facts reads what a stage left.
func facts(t testing.TB, out pipelines.Outcome, stage string, into any) {
	t.Helper()
	if err := json.Unmarshal(out.Facts[stage], into); err != nil {
		t.Fatal(err)
	}
}
