package drop_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"uoma/connectors/drop"
	"uoma/connectors/drop/droptest"
	"uoma/internal/fault"
)

func TestMain(m *testing.M) {
	droptest.Child(func(dir string) (drop.Place, error) { return drop.Open(dir, false) })
	os.Exit(m.Run())
}

func opened(dir string, own bool) func(context.Context) (drop.Place, error) {
	return func(context.Context) (drop.Place, error) { return drop.Open(dir, own) }
}

// TestThreat_T29_AFileIsLaidWholeOrNotAtAll holds a folder to the contract of every place.
func TestThreat_T29_AFileIsLaidWholeOrNotAtAll(t *testing.T) {
	dir, everybodys := filepath.Join(t.TempDir(), "a", "b"), t.TempDir()
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.Chmod(everybodys, 0o777)); err != nil {
		t.Fatal(err)
	}
	droptest.Run(t, droptest.Subject{
		Open: func(ctx context.Context, _ string) (drop.Place, error) { return opened(dir, true)(ctx) },
		Tree: droptest.Tree{Dir: dir}, Child: dir,
		Wrong: map[string]droptest.Wrong{
			"folder":            {Code: "UOMA-DRP-FOLDER", Open: opened(filepath.Join(dir, "none"), false)},
			"everybody's":       {Code: "UOMA-DRP-FOLDER", Open: opened(everybodys, false)},
			"a file, no folder": {Code: "UOMA-DRP-FOLDER", Open: opened(os.Args[0], false)},
		},
	})
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// TestFilesAreTheirOwnersAlone looks at what a folder of ours is made as, and leads it astray by a link.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f, err := drop.Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	victim := filepath.Join(t.TempDir(), "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("theirs"), 0o600), os.Symlink(victim, filepath.Join(dir, drop.Beside("x.csv")))); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Stage("x.csv", text("ours")), f.Publish("x.csv")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "theirs" {
		t.Errorf("%q %v", b, err)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "x.csv"): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", path, st.Mode(), err)
		}
	}
	if err := os.Chmod(dir, 0o702); err != nil {
		t.Fatal(err)
	}
	if _, err := drop.Open(dir, false); fault.Code(err) != "UOMA-DRP-FOLDER" {
		t.Errorf("everybody may write there: %v", err)
	}
}

// TestNobodysFileIsReplaced races somebody who makes a file of the same name: whoever is second is told.
func TestNobodysFileIsReplaced(t *testing.T) {
	dir := t.TempDir()
	f, err := drop.Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range 200 {
		name := strconv.Itoa(i)
		if err := f.Stage(name, text("ours")); err != nil {
			t.Fatal(err)
		}
		theirs := make(chan error)
		go func() {
			file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err == nil {
				_, err = file.WriteString("theirs")
				err = errors.Join(err, file.Close())
			}
			theirs <- err
		}()
		ours, want := f.Publish(name), "ours"
		second := <-theirs
		if second == nil {
			want = "theirs"
		}
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want || errors.Is(ours, drop.ErrExists) != (second == nil) {
			t.Fatalf("%s lies there instead of %s, and we were told %v, %v", got, want, ours, err)
		}
	}
}
