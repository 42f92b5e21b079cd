package folder_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"uoma/internal/fault"
)

// hostile makes a tree of every trick that a drop folder can hold.
func hostile(t *testing.T) string {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, outside, "secret.csv", "outside")
	write(t, dir, "good.csv", "good")
	write(t, dir, "sub/inner.csv", "inner")
	write(t, dir, "Clash.csv", "1")
	write(t, dir, "clash.csv", "2")
	write(t, dir, "n\u00e4yte.csv", "composed")
	write(t, dir, "na\u0308yte.csv", "decomposed")
	write(t, dir, "exe\u202evsc.csv", "direction")
	write(t, dir, "bell\a.csv", "control")
	write(t, dir, "latin\xe4.csv", "not UTF-8")
	write(t, dir, `back\slash.csv`, "separator")
	for name, target := range map[string]string{
		"link.csv": "good.csv", "out.csv": filepath.Join(outside, "secret.csv"), "up.csv": "../secret.csv",
		"linkdir": "sub", "outdir": outside, "loop": "loop", "device": "/dev/zero",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestThreat_T04_HostileTree(t *testing.T) {
	f := open(t, hostile(t))
	entries, refused, err := f.List(".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"good.csv", "sub"}; !slices.Equal(names, want) {
		t.Errorf("usable entries %q, want %q", names, want)
	}
	if len(refused) != 16 {
		t.Errorf("%d entries refused, want 16:\n%v", len(refused), refused)
	}
	if s := refused.Error(); strings.ContainsAny(s, "\a\u202e") || strings.Contains(s, "\xe4.") {
		t.Errorf("a refused name is shown as it is: %q", s)
	}
	for _, e := range refused {
		if e.Scope != fault.Source || e.Code != "UOMA-LND-NAME" && e.Code != "UOMA-LND-KIND" {
			t.Errorf("refusal %v", e)
		}
	}
}

func TestThreat_T04_OpenRefuses(t *testing.T) {
	f := open(t, hostile(t))
	for _, name := range []string{
		"link.csv", "out.csv", "up.csv", "loop", "device", "pipe.csv", "linkdir", "linkdir/inner.csv", "outdir/secret.csv",
		"Clash.csv", "clash.csv", "n\u00e4yte.csv", "na\u0308yte.csv", "exe\u202evsc.csv", "bell\a.csv", "latin\xe4.csv",
		`back\slash.csv`, "../secret.csv", "/etc/passwd", "sub/../good.csv", "sub//inner.csv", "./good.csv", "", "C:/x", "good.csv/x",
		"a\x00b", strings.Repeat("x", 5000),
	} {
		done := make(chan error, 1)
		go func() {
			file, err := f.Open(name)
			if err == nil {
				file.Close()
			}
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%q was opened", name)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%q blocks", name)
		}
		if _, err := f.Stat(name); err == nil {
			t.Errorf("%q was described", name)
		}
	}
	for name, want := range map[string]string{"good.csv": "good", "sub/inner.csv": "inner"} {
		if got, err := fs.ReadFile(f, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
