package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// TestThreat_T17_ANightAfterARotation loads a night after all kinds of tokens were put under other keys, by programs that
// were killed with SIGKILL at some moments before, and one where nothing was rotated: the two registers differ in nothing but
// the tokens.
func TestThreat_T17_ANightAfterARotation(t *testing.T) {
	bin, dir := built(t), t.TempDir()
	run := func(args ...string) { ran(t, bin, "", args...) }
	plain, turned := loadedCampus(t, bin, dir, ""), filepath.Join(dir, "turned")
	workspacetest.CopyTree(t, plain, turned)
	for i, kind := range workspace.TokenKinds() {
		first := exec.Command(bin, "key", "rotate", kind, "--epoch", "2", "-w", turned)
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(i+1)*60*time.Millisecond, func() { _ = first.Process.Kill() })
		_ = first.Wait() // killed, or done before: both must end the same
		workspacetest.Exec(t, turned, workspacetest.Register, "UPDATE `lease` SET `expires_at` = 0")
		run("key", "rotate", kind, "--epoch", "2", "-w", turned)
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
				for kind, columns := range map[string][]string{workspace.IndexTokens: x.Index, workspace.PersonTokens: x.Person, workspace.MarkTokens: x.Mark} {
					for _, c := range columns {
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
