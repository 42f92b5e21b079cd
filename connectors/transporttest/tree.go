package transporttest

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Tree puts files into the folder of this machine that a server serves.
type Tree struct {
	Dir    string
	writes atomic.Int64
}

// Write puts a file there in place, as a careless source would. Each write is seconds later than the one before: time
// stamps of many protocols are whole seconds.
func (w *Tree) Write(t testing.TB, name string, content []byte) {
	t.Helper()
	full := filepath.Join(w.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, content, 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC).Add(2 * time.Second * time.Duration(w.writes.Add(1)))
	if err := os.Chtimes(full, at, at); err != nil {
		t.Fatal(err)
	}
}

// Replace puts a file in the place of another, as a careful source does: who has that one open goes on reading it.
func (w *Tree) Replace(t testing.TB, name string, content []byte) {
	t.Helper()
	w.Write(t, name+".new", content)
	full := filepath.Join(w.Dir, filepath.FromSlash(name))
	if err := os.Rename(full+".new", full); err != nil {
		t.Fatal(err)
	}
}

// Sparse puts a file of zero bytes there that takes no space.
func (w *Tree) Sparse(t testing.TB, name string, size int64) {
	t.Helper()
	w.Write(t, name, nil)
	if err := os.Truncate(filepath.Join(w.Dir, filepath.FromSlash(name)), size); err != nil {
		t.Fatal(err)
	}
}

// Plant puts links, a pipe and bad names there.
func (w *Tree) Plant(t testing.TB, dir string) {
	t.Helper()
	for _, name := range []string{"exe\u202evsc.csv", "bell\a.csv", `back\slash.csv`, "Clash.csv", "clash.csv"} {
		w.Write(t, dir+"/"+name, []byte("planted"))
	}
	full := filepath.Join(w.Dir, dir)
	for name, target := range map[string]string{"out.csv": "/etc/passwd", "up": "..", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(full, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(full, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
}
