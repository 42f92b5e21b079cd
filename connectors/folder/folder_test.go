package folder_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"uoma/connectors/folder"
	"uoma/internal/fault"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *folder.Folder {
	t.Helper()
	f, err := folder.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFolderIsAFileSystem(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "peppi/peppi_alumnit_20261122.csv", "a;b\n")
	write(t, dir, "peppi/Ääkköset.csv", "x")
	write(t, dir, "empty.csv", "")
	if err := fstest.TestFS(open(t, dir), "peppi/peppi_alumnit_20261122.csv", "peppi/Ääkköset.csv", "empty.csv"); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMissingFolder(t *testing.T) {
	_, err := folder.Open(t.Context(), filepath.Join(t.TempDir(), "none"))
	if fault.Code(err) != "UOMA-LND-FOLDER" || fault.ScopeOf(err) != fault.Source {
		t.Fatal(err)
	}
}

func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"a/b.csv", "..", "/x", "a\\b", "a\u202eb", "C:x", ".", "", "ÅÄÖ.csv", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if folder.CheckName(name) == nil && (!fs.ValidPath(name) || strings.ContainsRune(name, 0)) {
			t.Fatal("a bad name passes")
		}
		if shown := folder.Shown(name); strings.ContainsAny(shown, "\x00\n\r\x1b\u202e") {
			t.Fatal("a control character is shown")
		}
	})
}
