package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"uoma/internal/durable"
)

func TestFolders(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "there"), 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{".", "there"} {
		if err := errors.Join(durable.Folder(filepath.Join(dir, name)), durable.Root(root, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range []error{durable.Folder(filepath.Join(dir, "gone")), durable.Root(root, "gone")} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a folder that is not there: %v", err)
		}
	}
	if err := durable.Root(root, ".."); err == nil {
		t.Error("a root is left")
	}
}
