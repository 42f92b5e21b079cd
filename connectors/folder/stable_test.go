package folder_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

func stable(t *testing.T, content []byte) (*folder.Stable, string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "export.csv", string(content))
	file, err := open(t, dir).Open("export.csv")
	if err != nil {
		t.Fatal(err)
	}
	s, err := folder.NewStable(file, "export.csv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, filepath.Join(dir, "export.csv")
}

func TestStableGivesTheNotedContent(t *testing.T) {
	content := bytes.Repeat([]byte("rivi;1\r\n"), 10_000)
	s, _ := stable(t, content)
	if err := iotest.TestReader(s, content); err != nil {
		t.Fatal(err)
	}
	if s.Sum() != sha256.Sum256(content) || s.Size() != int64(len(content)) {
		t.Fatal("digest or size differ")
	}
	part := make([]byte, 16)
	if n, err := s.ReadAt(part, s.Size()-8); n != 8 || err != io.EOF {
		t.Fatalf("at the end %d, %v", n, err)
	}
}

func TestStableRefusesADirectory(t *testing.T) {
	d, err := open(t, t.TempDir()).Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := folder.NewStable(d, "."); fault.Code(err) != "UOMA-LND-KIND" {
		t.Fatal(err)
	}
}

func TestThreat_T05_FileChangesWhileRead(t *testing.T) {
	content := bytes.Repeat([]byte("x"), 100_000)
	touch := func(t *testing.T, path string, change func(f *os.File) error) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			err = errors.Join(change(f), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]func(*testing.T, string){
		"appended": func(t *testing.T, p string) {
			touch(t, p, func(f *os.File) error { _, err := f.WriteAt([]byte("more"), int64(len(content))); return err })
		},
		"cut": func(t *testing.T, p string) {
			touch(t, p, func(f *os.File) error { return f.Truncate(60_000) })
		},
		"overwritten": func(t *testing.T, p string) {
			touch(t, p, func(f *os.File) error { _, err := f.WriteAt([]byte("y"), 90_000); return err })
			if err := os.Chtimes(p, time.Now(), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		},
	}
	for _, name := range []string{"appended", "cut"} { // by a tool that puts the time back
		cases[name+", of the same time"] = func(t *testing.T, p string) {
			was, err := os.Stat(p)
			if err != nil {
				t.Fatal(err)
			}
			cases[name](t, p)
			if err := os.Chtimes(p, was.ModTime(), was.ModTime()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			s, path := stable(t, content)
			if _, err := io.ReadFull(s, make([]byte, 50_000)); err != nil {
				t.Fatal(err)
			}
			change(t, path)
			rest, err := io.ReadAll(s)
			if fault.Code(err) != "UOMA-LND-CHANGED" || fault.ScopeOf(err) != fault.Source {
				t.Fatalf("after %d more bytes: %v", len(rest), err)
			}
			if len(rest) > 50_000 {
				t.Fatal("more than the noted size was given")
			}
			if err := s.Verify(); fault.Code(err) != "UOMA-LND-CHANGED" {
				t.Fatalf("verify: %v", err)
			}
		})
	}
}
