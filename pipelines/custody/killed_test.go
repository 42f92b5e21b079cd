package custody_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/internal/mariadbtest"
	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// childEnv tells a copy of the test program what to rotate where, and behind which step it kills itself.
const childEnv = "UOMA_CUSTODY_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		os.Exit(child(strings.Split(what, "|")))
	}
	os.Exit(mariadbtest.Run(m))
}

// child rotates a key and sends itself SIGKILL behind a step. It ends with 0 when there were not so many.
func child(what []string) int {
	dir, kind := what[0], what[1]
	cut, err := strconv.Atoi(what[2])
	if err != nil {
		return 2
	}
	ctx, steps := context.Background(), 0
	if kind == "show" {
		return showing(ctx, dir, time.Duration(cut)*time.Microsecond)
	}
	kill := custody.Options{Batch: 10, Step: func(string) error {
		if steps++; steps > cut {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // it does not return
			select {}
		}
		return nil
	}}
	ws, err := workspace.OpenRotating(ctx, dir)
	if err == nil {
		err = rotate(ctx, ws, kind, kill)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// showing shows a request of one person, unless it is killed before: what was shown stands on standard output.
func showing(ctx context.Context, dir string, after time.Duration) int {
	ws, err := workspace.Open(ctx, dir)
	if err != nil {
		return 1
	}
	time.AfterFunc(after, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) })
	people, _, err := custody.Show(ctx, ws, 1, as("virtanen", 0), nil)
	if err != nil {
		return 1
	}
	fmt.Println(people[0].Entries[0].Names[0].Value)
	return 0
}

// TestThreat_T20_KilledWhileItIsShown kills a program that shows a person at many moments: whatever was shown stands in the
// audit log, nothing is shown twice, and what was spent without being seen is asked for anew.
func TestThreat_T20_KilledWhileItIsShown(t *testing.T) {
	before := newSite(t, databasetest.OnSQLite)
	ws := before.open(t)
	r, err := custody.Request(t.Context(), ws, custody.RegisterDomain, tokens(ws, 1), "authority", "XAMK-12", time.Hour, as("virtanen", 0))
	must(t, err)
	_, err = custody.Approve(t.Context(), ws, r.Number, as("korhonen", 0))
	must(t, err)
	must(t, ws.Close())
	for _, after := range []int{0, 500, 1000, 2000, 4000, 8000, 16_000, 1_000_000} { // microseconds
		s := &site{dir: t.TempDir() + "/ws", stores: before.stores}
		workspacetest.Copy(t, before.dir, s.dir)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{s.dir, "show", strconv.Itoa(after)}, "|"))
		out, err := cmd.Output()
		if err != nil && !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			t.Fatalf("%d: %v", after, err)
		}
		shown := strings.Count(string(out), "Esimerkki")
		ws := s.open(t)
		people, _, err := custody.Show(t.Context(), ws, 1, as("virtanen", 0), nil)
		if err == nil {
			shown += len(people)
		} else if fault.Code(err) != "UOMA-RVL-STATE" {
			t.Errorf("%d: %v", after, err)
		}
		lines, err := ledger.AuditLines(t.Context(), ws.RegisterDB, ledger.AuditFilter{Verb: string(ledger.RevealShown), Limit: 10})
		must(t, err)
		if shown > 1 || len(lines) != 1 {
			t.Errorf("%d: shown %d times, and noted %d times", after, shown, len(lines))
		}
		must(t, ws.Close())
	}
}

const domainName = "csc/uraseuranta"

func rotate(ctx context.Context, ws *workspace.Workspace, kind string, o custody.Options) (err error) {
	switch kind {
	case "master":
		_, err = custody.RotateMaster(ctx, ws, author(), o)
	case "domain":
		_, err = custody.RotateDomain(ctx, ws, domainName, 2, false, author(), o)
	default:
		_, err = custody.RotateTokens(ctx, ws, kind, 2, author(), o)
	}
	return err
}

// killed rotates in another process that is killed behind a step, and tells whether it was.
func killed(t *testing.T, dir, kind string, cut int) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+strings.Join([]string{dir, kind, strconv.Itoa(cut)}, "|"))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		t.Fatalf("%s, cut %d: %v\n%s", kind, cut, err, out)
	}
	return true
}

// cuts gives the steps behind which a rotation is killed: some of those between two tables, and on a server, where a copy of
// the stores is dear, few.
func cuts(on databasetest.Kind, cut int) bool {
	if on == databasetest.OnMariaDB || testing.Short() {
		return cut%9 == 2
	}
	return cut < 6 || cut%4 == 0
}

// TestThreat_T17_RotationKilledAnywhere kills rotations of every kind of key with SIGKILL behind each of their steps, within
// transactions too, and lets them go on: the end is that of one that nobody killed.
func TestThreat_T17_RotationKilledAnywhere(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		before := newSite(t, on)
		before.fill(t)
		ws := before.open(t)
		was := before.tokens(t, ws)
		must(t, ws.Close())
		for _, kind := range append(workspace.TokenKinds(), "master", "domain") {
			t.Run(kind, func(t *testing.T) {
				for cut := 0; ; cut++ {
					s := &site{dir: t.TempDir() + "/ws", stores: before.stores}
					if !cuts(on, cut) && cut < 60 {
						continue
					}
					workspacetest.Copy(t, before.dir, s.dir)
					stopped := killed(t, s.dir, kind, cut)
					if ws, err := workspace.Open(t.Context(), s.dir); err == nil {
						must(t, ws.Close()) // it opens, or it says what to do
					} else if !stopped || !strings.Contains(err.Error(), "UOMA-KEY-UNFINISHED") {
						t.Fatalf("cut %d: %v", cut, err)
					}
					ws, err := workspace.OpenRotating(t.Context(), s.dir)
					must(t, err)
					if stopped {
						must(t, rotate(t.Context(), ws, kind, custody.Options{}))
					}
					must(t, ws.Close())
					s.rotated(t, kind, cut, was)
					if !stopped {
						return
					}
				}
			})
		}
	})
}

// rotated looks whether one kind of key was rotated once, and all else is as it was.
func (s *site) rotated(t *testing.T, kind string, cut int, was map[string]string) {
	t.Helper()
	ws := s.open(t)
	defer ws.Close()
	if n := readable(t, ws); n != people {
		t.Errorf("cut %d: %d of %d open", cut, n, people)
	}
	for _, k := range workspace.TokenKinds() {
		want := int64(1)
		if k == kind {
			want = 2
		}
		if got := ws.Keys.TokenEpoch(k); got != want {
			t.Errorf("cut %d: %s is in epoch %d", cut, k, got)
		}
	}
	if kind == "domain" && ws.Keys.DomainEpoch(domainName) != 2 {
		t.Errorf("cut %d: the domain is in epoch %d", cut, ws.Keys.DomainEpoch(domainName))
	}
	now := s.tokens(t, ws)
	if len(now) != len(was) {
		t.Errorf("cut %d: %d tables have tokens, not %d", cut, len(now), len(was))
	}
	for table := range was {
		if now[table] != was[table] {
			t.Errorf("cut %d: %s is another:\n%s\nnot\n%s", cut, table, now[table], was[table])
		}
	}
	if found, err := ws.VerifyAudit(t.Context()); err != nil || len(found.Faults) != 0 {
		t.Errorf("cut %d: the audit log: %+v %v", cut, found, err)
	}
}
