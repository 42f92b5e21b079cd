package nightly_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/processtest"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// kill says when a child is killed: some time after a stage has ended, or after the start when stage is "".
type kill struct {
	stage string
	after time.Duration
}

// TestThreat_T29_KilledNightIsFinishedByTheNext kills the real program at points all over a night (SIGKILL) and holds the
// run that finishes it to the same stores, quarantine, state, report and extract as one that was left alone.
func TestThreat_T29_KilledNightIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	bundle, kills := recipient(t), 0
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		base := loadedSite(t, on)
		date := firstNight + 1
		alone := base.copy(t)
		whole, stages := alone.timed(t, date)
		want := alone.end(t, bundle, date)
		hit := map[string]int{}
		for i, k := range killPoints(on, whole, stages) {
			s, stage := base.struck(t, date, k)
			hit[stage]++
			if i%5 == 0 { // the one that finishes is killed, too
				s.freeLease(t)
				hit[s.killed(t, date, kill{after: whole / 2})]++
			}
			s.freeLease(t)
			if out, err := s.child(date).CombinedOutput(); err != nil {
				t.Fatalf("killed in %s, the next run fails: %v\n%s", stage, err, out)
			}
			if got := s.end(t, bundle, date); got != want {
				t.Errorf("killed in %s, the next run ends otherwise: %s", stage, got.unlike(want))
			}
			for name := range files(t, s.dir, nil) {
				if strings.HasSuffix(name, ".partial") || strings.HasPrefix(name, "work/") {
					t.Errorf("killed in %s, %s is left", stage, name)
				}
			}
		}
		delete(hit, "nothing")
		if len(hit) < 5 {
			t.Errorf("only these stages were hit: %v", hit)
		}
		for _, n := range hit {
			kills += n
		}
		t.Logf("killed in %v", hit)
	})
	enough := 20
	if testing.Short() {
		enough = len(stageNames)
	}
	if kills < enough {
		t.Errorf("only %d nights were killed", kills)
	}
}

// TestWhatHasLandedIsNotReadAgain takes the exports away of a night that was killed behind their landing: the run that
// finishes it goes by what landed.
func TestWhatHasLandedIsNotReadAgain(t *testing.T) {
	t.Parallel()
	s, bundle := loadedSite(t, databasetest.OnSQLite), recipient(t)
	program.path(t)
	date := firstNight + 1
	alone := s.copy(t)
	alone.night(t, date)
	s, _ = s.struck(t, date, kill{stage: "conform"})
	if err := os.RemoveAll(filepath.Join(s.campus, "inbox")); err != nil {
		t.Fatal(err)
	}
	s.freeLease(t)
	if out, err := s.child(date).CombinedOutput(); err != nil {
		t.Fatalf("without the exports the next run fails: %v\n%s", err, out)
	}
	if got, want := s.end(t, bundle, date), alone.end(t, bundle, date); got != want {
		t.Errorf("without the exports the next run ends otherwise: %s", got.unlike(want))
	}
}

// end is all that a finished night leaves.
type end struct {
	outcome
	extract, report string
}

func (s site) end(t *testing.T, bundle string, date canon.Date) end {
	t.Helper()
	run := "nightly-" + date.String()
	report := without(s.report(t, run), "attempt")
	return end{s.outcome(t, run), s.extract(t, bundle, date), strings.Join(report, "\n")}
}

// unlike names what differs.
func (o outcome) unlike(want outcome) (parts string) {
	for name, same := range map[string]bool{
		"register": o.register == want.register, "identity": o.identity == want.identity, "accounts": o.accounts == want.accounts,
		"quarantine": o.quarantine == want.quarantine, "state": o.states == want.states,
	} {
		if !same {
			parts += " " + name
		}
	}
	return parts
}

func (e end) unlike(want end) string {
	parts := e.outcome.unlike(want.outcome)
	if e.extract != want.extract {
		parts += " extract"
	}
	if e.report != want.report {
		parts += " report: " + firstDifference(strings.Split(want.report, "\n"), strings.Split(e.report, "\n"))
	}
	return parts
}

var stageNames = []string{"land", "conform", "resolve", "protect", "load", "govern", "report"}

// killPoints spreads kills over a night: some at any time, and some in each stage. Files of the program's own have more of
// them than a server, which looks after its files itself, and than a short run.
func killPoints(on databasetest.Kind, whole time.Duration, stages map[string]time.Duration) (out []kill) {
	anywhere, inStage := 2, time.Duration(2)
	if on == databasetest.OnMariaDB || testing.Short() {
		anywhere, inStage = 1, 1
	}
	random := rand.New(rand.NewPCG(5, 7))
	for range anywhere {
		out = append(out, kill{after: time.Duration(random.Int64N(int64(whole)))})
	}
	for i, stage := range stageNames {
		before := ""
		if i > 0 {
			before = stageNames[i-1]
		}
		for part := range inStage {
			out = append(out, kill{before, stages[stage] * (2*part + 1) / (2 * inStage)})
		}
	}
	return out
}

// child prepares the real program for a night.
func (s site) child(date canon.Date) *exec.Cmd {
	return exec.Command(program.file(), "run", "nightly", "--date", date.String(), "-w", s.dir)
}

// timed runs a night to its end and tells how long it and its stages took.
func (s site) timed(t *testing.T, date canon.Date) (whole time.Duration, stages map[string]time.Duration) {
	t.Helper()
	program.path(t)
	start := time.Now()
	if out, err := s.child(date).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole, stages = time.Since(start), map[string]time.Duration{}
	s.at(t, func(ws *workspace.Workspace) {
		list, err := ledger.Stages(context.Background(), ws.RegisterDB, "nightly-"+date.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			stages[x.Name] = time.Duration(x.FinishedAt-x.StartedAt) * time.Microsecond
		}
	})
	return whole, stages
}

// struck kills a night of a copy of the site, with half the wait whenever it ended before it was killed.
func (s site) struck(t *testing.T, date canon.Date, k kill) (victim site, stage string) {
	t.Helper()
	for range 10 {
		victim = s.copy(t)
		if stage = victim.killed(t, date, k); stage != "nothing" {
			return victim, stage
		}
		k.after /= 2
	}
	t.Fatalf("the night always ends before it can be killed behind %q", k.stage)
	return victim, stage
}

// killed starts a night, kills it, and tells in which stage: the first that it did not call done, "end" behind the last, and
// "nothing" when it ended first.
func (s site) killed(t *testing.T, date canon.Date, k kill) string {
	t.Helper()
	words := ""
	if k.stage != "" {
		words = stageDone(k.stage)
	}
	said, killed := processtest.Killed(t, s.child(date), words, k.after)
	if !killed {
		return "nothing"
	}
	for _, stage := range stageNames {
		if !strings.Contains(said, stageDone(stage)) {
			return stage
		}
	}
	return "end"
}

// stageDone is what the program's log says of a stage that has ended.
func stageDone(stage string) string { return "stage " + stage + `"` }

// freeLease lets the minute pass after which a killed program's lease may be taken.
func (s site) freeLease(t *testing.T) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		if _, err := ws.RegisterDB.Exec("UPDATE `lease` SET `expires_at` = 0"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestThreat_T30_TwoProgramsDoNotWorkAtOnce checks that a night that is being run is not begun a second time.
func TestThreat_T30_TwoProgramsDoNotWorkAtOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		s.at(t, func(ws *workspace.Workspace) {
			r := newRun(firstNight)
			pack, err := ws.Policy(firstNight)
			if err != nil {
				t.Fatal(err)
			}
			j := ws.NewJournal("test", "", pack.Digest())
			if _, err := j.Hold(context.Background(), r); err != nil {
				t.Fatal(err)
			}
			defer j.Free(context.Background())
			if _, _, err := s.attempt(t, firstNight, false); !errors.Is(err, ledger.ErrHeld) {
				t.Errorf("the second program got %q: %v", fault.Code(err), err)
			}
		})
		s.finish(t, firstNight, pipelines.Finished)
	})
}

// TestReaderSeesLastNightOrTonight reads the register again and again while a night is loaded.
func TestReaderSeesLastNightOrTonight(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		reader := s.open(t)
		seen := map[string]bool{look(t, reader): true}
		done := background(func() { s.night(t, firstNight+1) })
		reads := 0
		for open := true; open; reads++ {
			select {
			case <-done:
				open = false
			default:
			}
			seen[look(t, reader)] = true
		}
		if len(seen) != 2 {
			t.Errorf("%d states were seen in %d reads, not 2", len(seen), reads)
		}
	})
}

// background runs f and closes the channel at its end.
func background(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

// look gives the sizes of all tables and the number of links, as one reading transaction sees them.
func look(t testing.TB, ws *workspace.Workspace) string {
	t.Helper()
	var text []byte
	err := ws.Register.See(context.Background(), func(v *register.View) error {
		counts, err := v.Counts(context.Background())
		if err != nil {
			return err
		}
		links := 0
		for _, err := range v.Links(context.Background()) {
			if err != nil {
				return err
			}
			links++
		}
		text, err = json.Marshal(counts)
		text = fmt.Append(text, links)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
