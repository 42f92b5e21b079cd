package main

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// ran runs the program, which must not fail.
func ran(t *testing.T, bin, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// loadedCampus makes a workspace in dir with the first night of a made-up campus.
func loadedCampus(t *testing.T, bin, dir, settings string) string {
	t.Helper()
	made, ws := filepath.Join(dir, "made-up"), filepath.Join(dir, "plain")
	ran(t, bin, "", "generate", "--people", "60", "--seed", "7", "--date", "2026-11-21", "--nights", "2", "--out", made)
	ran(t, bin, "", "init", ws)
	text := "institution: \"10118\"\ntemporary_identifiers: true\ninbox: " + filepath.Join(made, "inbox") + "\nsender: {id: xamk}\n" + settings
	if err := os.WriteFile(filepath.Join(ws, "uoma.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ran(t, bin, "", "run", "nightly", "--date", "2026-11-21", "-q", "-w", ws)
	return ws
}

// TestThreat_T17_ANightAfterARotation rotates every key with the real program, which SIGKILL ends at a random moment, and loads a
// night after that, there and where nothing was rotated: the two registers differ in nothing but the tokens.
func TestThreat_T17_ANightAfterARotation(t *testing.T) {
	bin, dir := built(t), t.TempDir()
	run := func(args ...string) { ran(t, bin, "", args...) }
	plain := loadedCampus(t, bin, dir, "keys: {master: \"file:keys/master.key\", next: \"file:keys/master-2.key\"}\n")
	once, turned := filepath.Join(dir, "once"), filepath.Join(dir, "turned")
	workspacetest.CopyTree(t, plain, once)
	workspacetest.CopyTree(t, plain, turned)
	const domain = "csc/uraseuranta"
	rotations := [][]string{{"master"}, {"domain", domain, "--epoch", "2"}}
	for _, kind := range workspace.TokenKinds() {
		rotations = append(rotations, []string{kind, "--epoch", "2"})
	}
	seed := time.Now().UnixNano()
	random := rand.New(rand.NewSource(seed))
	t.Logf("seed %d", seed)
	for _, what := range rotations {
		rotate := func(ws string) []string { return slices.Concat([]string{"key", "rotate"}, what, []string{"-w", ws}) }
		since := time.Now()
		run(rotate(once)...)
		takes := time.Since(since)
		turned = killed(t, turned, func(ws string) *exec.Cmd { return exec.Command(bin, rotate(ws)...) }, takes, random)
		workspacetest.Exec(t, turned, workspacetest.Register, "UPDATE `lease` SET `expires_at` = 0")
		run(rotate(turned)...)
	}
	if a, b := keysOf(t, once), keysOf(t, turned); !slices.Equal(a, b) {
		t.Errorf("seed %d: the keys are %v, not %v", seed, b, a)
	}
	for _, ws := range []string{plain, turned} {
		run("run", "nightly", "--date", "2026-11-22", "-q", "-w", ws)
		run("check", "-w", ws)
	}
	a, b := innerRows(t, plain), innerRows(t, turned)
	for table := range a {
		if a[table] != b[table] {
			x, y := firstDifference(a[table], b[table])
			t.Errorf("%s: %s\nnot\n%s", table, y, x)
		}
	}
	if len(strings.Split(a["register.link"], "\n")) < 60 {
		t.Errorf("few links: %d", len(a["register.link"]))
	}
}

// killed gives a copy of a workspace in which SIGKILL ended a program at a random moment. Where the program ended first, it is
// started anew in another copy and killed sooner.
func killed(t *testing.T, ws string, program func(ws string) *exec.Cmd, within time.Duration, random *rand.Rand) string {
	t.Helper()
	for try := 0; try < 20; try++ {
		dir := filepath.Join(t.TempDir(), "turned")
		workspacetest.CopyTree(t, ws, dir)
		cmd := program(dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(random.Int63n(int64(within))), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		switch {
		case err == nil:
			within = within * 3 / 4
		case cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled():
			return dir
		default:
			t.Fatalf("%v ended by itself: %v", cmd.Args[1:], err)
		}
	}
	t.Fatal("the program was never killed")
	return ""
}

func firstDifference(a, b string) (string, string) {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i], y[i]
		}
	}
	return fmt.Sprint(len(x), " rows"), fmt.Sprint(len(y), " rows")
}

// innerRows gives the rows of all tables with tokens, with the inner tokens.
func innerRows(t *testing.T, dir string) map[string]string {
	t.Helper()
	ws, err := workspace.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	out := map[string]string{}
	for _, store := range ws.TokenStores() {
		for _, x := range store.Tables {
			rows, err := store.DB.Queryx("SELECT * FROM `" + x.Table + "`")
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for rows.Next() {
				row := map[string]any{}
				if err := rows.MapScan(row); err != nil {
					t.Fatal(err)
				}
				for _, kind := range workspace.TokenKinds() {
					for _, c := range workspace.TokenColumns(&x, kind) {
						if s, ok := row[c].(string); ok {
							row[c] = ws.Inner(kind, s)
						}
					}
				}
				for _, sealed := range []string{"names", "identifiers", "contacts"} { // under a random number
					if x.Table == "identity" {
						row[sealed] = row[sealed] != nil
					}
				}
				if x.Table == "subject_event" {
					delete(row, "seq") // counted in the order of tokens
				}
				lines = append(lines, fmt.Sprint(row))
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			slices.Sort(lines)
			out[store.Name+"."+x.Table] = strings.Join(lines, "\n")
		}
	}
	return out
}

// keysOf says in which epoch each key of a workspace is, and how much it wraps.
func keysOf(t *testing.T, dir string) []string {
	t.Helper()
	ws, err := workspace.OpenRotating(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	lines, err := custody.List(t.Context(), ws)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range lines {
		out = append(out, fmt.Sprint(l.Key, " ", l.Epoch, " ", l.State, " ", l.Rows))
	}
	return out
}
