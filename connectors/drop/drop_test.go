package drop

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"uoma/internal/fault"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("UOMA_TEST_DROP"); dir != "" {
		layForever(dir)
	}
	os.Exit(m.Run())
}

func open(t testing.TB, dir string) *Folder {
	t.Helper()
	f, err := Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestAFileIsThereWhenItIsWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := open(t, dir)
	look := func(wantStaged, wantPublished bool) {
		t.Helper()
		if staged, published, err := f.Find("x.csv"); staged != wantStaged || published != wantPublished || err != nil {
			t.Errorf("staged %t, published %t, %v", staged, published, err)
		}
	}
	look(false, false)
	if err := f.Publish("x.csv"); fault.Code(err) != "UOMA-DRP-WRITE" {
		t.Errorf("nothing was staged: %v", err)
	}
	torn := errors.New("torn")
	if err := f.Stage("x.csv", io.MultiReader(strings.NewReader("half"), &failing{torn})); fault.Code(err) != "UOMA-DRP-WRITE" {
		t.Errorf("%v", err)
	}
	look(false, false)
	for _, text := range []string{"first", "second"} { // a successor writes what a killed one left anew
		if err := f.Stage("x.csv", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	look(true, false)
	if err := f.Publish("x.csv"); err != nil {
		t.Fatal(err)
	}
	look(false, true)
	in, err := f.Open("x.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if b, err := io.ReadAll(in); err != nil || string(b) != "second" {
		t.Errorf("%q %v", b, err)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "x.csv"): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", path, st.Mode(), err)
		}
	}
	if err := errors.Join(f.Stage("x.csv", strings.NewReader("third")), f.Publish("x.csv")); fault.Code(err) != "UOMA-DRP-EXISTS" {
		t.Errorf("%v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "x.csv")); err != nil || string(b) != "second" {
		t.Errorf("%q %v", b, err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestAFolderOfNobodyElse(t *testing.T) {
	dir := t.TempDir()
	for _, mode := range []os.FileMode{0o777, 0o702} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, false); fault.Code(err) != "UOMA-DRP-FOLDER" {
			t.Errorf("%o: %v", mode, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "none"), false); fault.Code(err) != "UOMA-DRP-FOLDER" {
		t.Errorf("%v", err)
	}
	// A link that somebody put there is not followed.
	f := open(t, t.TempDir())
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.root.Symlink("victim", ".x.csv.partial"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Stage("x.csv", strings.NewReader("ours")), f.Publish("x.csv")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "theirs" {
		t.Errorf("%q %v", b, err)
	}
}

// whole is the content of every file that the killed process writes: long enough for a kill to come in between.
var whole = bytes.Repeat([]byte("0123456789abcdef"), 1<<16)

// layForever lays files one after the other until it is killed.
func layForever(dir string) {
	f, err := Open(dir, false)
	for i := 0; err == nil; i++ {
		name := strconv.Itoa(i) + ".csv"
		err = errors.Join(f.Stage(name, bytes.NewReader(whole)), f.Publish(name))
	}
	os.Stderr.WriteString(err.Error())
	os.Exit(1)
}

// TestThreat_T29_KilledWhileAFileIsLaid kills a process with SIGKILL while it lays files, and finds none that is half.
func TestThreat_T29_KilledWhileAFileIsLaid(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for range 8 {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(self)
		c.Env = append(os.Environ(), "UOMA_TEST_DROP="+dir)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			files++
			if b, err := os.ReadFile(filepath.Join(dir, e.Name())); err != nil || !bytes.Equal(b, whole) {
				t.Errorf("%s has %d bytes, %v", e.Name(), len(b), err)
			}
		}
	}
	if files == 0 {
		t.Error("every kill came before the first file")
	}
}
