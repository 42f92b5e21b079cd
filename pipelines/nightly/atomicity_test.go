package nightly_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// kill says when a child is killed: some time after a stage has ended, or after the start when stage is "".
type kill struct {
	stage string
	after time.Duration
}

// TestThreat_T29_KilledNightIsFinishedByTheNext kills the real program at points all over a night (SIGKILL) and holds the
// run that finishes it to the same register, vault, accounts, quarantine and state as one that was left alone.
func TestThreat_T29_KilledNightIsFinishedByTheNext(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := loadedSite(t, on)
		date := firstNight + 1
		alone := base.copy(t)
		whole, stages := alone.timed(t, date)
		want := alone.outcome(t, "nightly-"+date.String())
		hit := map[string]int{}
		for i, k := range killPoints(on, whole, stages) {
			s := base.copy(t)
			stage := s.killed(t, date, k)
			hit[stage]++
			if i%5 == 0 { // the one that finishes is killed, too
				s.freeLease(t)
				hit[s.killed(t, date, kill{after: whole / 2})]++
			}
			s.freeLease(t)
			if out, err := s.child(date).CombinedOutput(); err != nil {
				t.Fatalf("killed in %s, the next run fails: %v\n%s", stage, err, out)
			}
			if got := s.outcome(t, "nightly-"+date.String()); got != want {
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
		t.Logf("killed in %v", hit)
	})
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

var stageNames = []string{"land", "conform", "resolve", "protect", "load", "govern", "report"}

// killPoints spreads kills over a night: some at any time, and some in each stage. Files of the program's own have more of
// them than a server, which looks after its files itself.
func killPoints(on databasetest.Kind, whole time.Duration, stages map[string]time.Duration) (out []kill) {
	anywhere, inStage := 5, time.Duration(2)
	if on == databasetest.OnMariaDB {
		anywhere, inStage = 2, 1
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

// killed starts a night, kills it, and tells in which stage: the one behind the last that the program said was done.
func (s site) killed(t *testing.T, date canon.Date, k kill) string {
	t.Helper()
	cmd := s.child(date)
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := &watched{want: "stage " + k.stage + `"`, seen: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(log, said)
	}()
	if k.stage != "" {
		select {
		case <-log.seen:
		case <-ended:
		}
	}
	select {
	case <-time.After(k.after):
	case <-ended:
	}
	cmd.Process.Kill()
	<-ended
	cmd.Wait()
	return log.stage()
}

// watched is a program's log; it tells when some words came.
type watched struct {
	want string
	seen chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
	done bool
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if !w.done && bytes.Contains(w.text.Bytes(), []byte(w.want)) {
		w.done = true
		close(w.seen)
	}
	return len(p), nil
}

// stage gives the first stage that the log does not call done, or "nothing" when all are.
func (w *watched) stage() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(stageNames, func(s string) bool { return !strings.Contains(w.text.String(), "stage "+s+`"`) })
	if i < 0 {
		return "nothing"
	}
	return stageNames[i]
}

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
