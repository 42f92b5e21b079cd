package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
	"uoma/transforms/protect"
)

// TestThreat_T25_AnOldBackupBringsNobodyBack saves a campus with the real program, killed with SIGKILL at some moments, erases
// somebody, restores the backup of before, and loads another night: the person is nowhere (METRO-68).
func TestThreat_T25_AnOldBackupBringsNobodyBack(t *testing.T) {
	bin, dir := built(t), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := age.GenerateX25519Identity()
	must(err)
	identity, file := filepath.Join(dir, "backup.key"), filepath.Join(dir, "campus.uoma")
	must(os.WriteFile(identity, []byte(id.String()+"\n"), 0o600))
	ws := loadedCampus(t, bin, dir, "backup: {recipients: ["+id.Recipient().String()+"]}\n")
	verify := []string{"backup", "verify", file, "--identity", identity, "--keys", filepath.Join(ws, "keys")}
	for _, after := range []time.Duration{20, 60, 120, 200} {
		first := exec.Command(bin, "backup", "create", "--to", file, "-w", ws)
		must(first.Start())
		time.AfterFunc(after*time.Millisecond, func() { _ = first.Process.Kill() })
		_ = first.Wait() // killed, or done before
		workspacetest.Exec(t, ws, workspacetest.Register, "UPDATE `lease` SET `expires_at` = 0")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		ran(t, bin, "", verify...) // what has the name is whole
		must(os.Remove(file))
	}
	ran(t, bin, "", "backup", "create", "--to", file, "-w", ws)
	ran(t, bin, "", verify...)

	truth, err := os.ReadFile(filepath.Join(dir, "made-up", "truth", "2026-11-21.csv"))
	must(err)
	_, rest, _ := strings.Cut(string(truth), "\nstudent-register,")
	key, _, _ := strings.Cut(rest, ",")
	rows := func(dir string) (n int) {
		w, err := workspace.Open(t.Context(), dir)
		must(err)
		defer w.Close()
		record := protect.Record(w.SourceTokens(), "student-register", key)
		must(w.VaultDB.Get(&n, "SELECT COUNT(*) FROM `identity` WHERE `record` = ?", record))
		var links int
		must(w.RegisterDB.Get(&links, "SELECT COUNT(*) FROM `link` WHERE `record` = ?", record))
		return n + links
	}
	if rows(ws) < 2 {
		t.Fatal("the person is not there even before")
	}
	ran(t, bin, key+"\n", "erase", "--system", "student-register", "--clause", "XAMK-39", "--yes", "-w", ws)
	book, restored := filepath.Join(ws, "erasures", "book.jsonl"), filepath.Join(dir, "restored")
	ran(t, bin, "", "backup", "restore", file, "--identity", identity, "--keys", filepath.Join(ws, "keys"), "--erasures", book, "--to", restored)
	if n := rows(restored); n != 0 {
		t.Errorf("%d rows of the erased person were restored", n)
	}
	ran(t, bin, "", "run", "nightly", "--date", "2026-11-22", "-q", "-w", restored)
	if n := rows(restored); n != 0 {
		t.Errorf("a night brought %d rows back", n)
	}
	ran(t, bin, "", "audit", "verify", "-w", restored)
}
