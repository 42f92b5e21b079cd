package nightly_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
)

// TestThreat_T32_NothingOutsideTheWorkspaceAndNothingForOthers runs the real program and looks at every file it left:
// private to the owner, in the workspace, and nowhere else.
func TestThreat_T32_NothingOutsideTheWorkspaceAndNothingForOthers(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		inbox := files(t, s.campus, nil)
		home, temp, here := t.TempDir(), t.TempDir(), t.TempDir()
		for n := range canon.Date(2) {
			cmd := exec.Command(program.path(t), "run", "nightly", "--date", (firstNight + n).String(), "-w", s.dir)
			cmd.Dir, cmd.Env = here, []string{"HOME=" + home, "TMPDIR=" + temp, "XDG_CACHE_HOME=" + home, "PATH=" + os.Getenv("PATH")}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		for _, dir := range []string{home, temp, here} {
			if left := files(t, dir, nil); len(left) > 0 {
				t.Errorf("files outside the workspace: %v", differences(left, nil))
			}
		}
		if d := differences(inbox, files(t, s.campus, nil)); d != nil {
			t.Errorf("the exports changed: %v", d)
		}
		private(t, s.dir)
	})
}

// private checks that group and others may do nothing with files and folders.
func private(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		rel, _ := filepath.Rel(dir, path)
		if got := st.Mode().Perm(); got != want && (got != 0o644 || filepath.Ext(rel) != ".pub") {
			t.Errorf("%s has mode %o, not %o", rel, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoWorkFileOutlivesItsNight checks that spools and half-written files of a finished night are gone.
func TestNoWorkFileOutlivesItsNight(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.stopAfter(t, firstNight+1, "conform")
		s.finish(t, firstNight+1, pipelines.Finished)
		for name := range files(t, filepath.Join(s.dir, "work"), nil) {
			t.Errorf("work/%s is left", name)
		}
		for name := range files(t, s.dir, nil) {
			if filepath.Ext(name) == ".partial" {
				t.Errorf("%s is left", name)
			}
		}
	})
}

// TestDryRunLeavesTheWorkspaceAsItIs compares every byte of the workspace, and every row of the stores.
func TestDryRunLeavesTheWorkspaceAsItIs(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		tree, rows := files(t, s.dir, nil), s.tables(t)
		if d := differences(tree, files(t, s.dir, nil)); d != nil {
			t.Fatalf("looking at the stores changes %v, so the test says nothing", d)
		}
		out, log, err := s.attempt(t, firstNight+1, true)
		if err != nil || out.State != pipelines.Finished {
			t.Fatalf("the dry run ended %q: %v\n%s", out.State, err, log)
		}
		if d := differences(tree, files(t, s.dir, nil)); d != nil {
			t.Errorf("a dry run changed %v", d)
		}
		if d := differences(rows, s.tables(t)); d != nil {
			t.Errorf("a dry run changed %v", d)
		}
		s.finish(t, firstNight+1, pipelines.Finished)
		if s.registerDigest(t) == "" || len(differences(rows, s.tables(t))) == 0 {
			t.Error("the night itself changes nothing, so the test says nothing")
		}
	})
}
