package processtest_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/internal/processtest"
)

const childEnv = "UOMA_SCRATCH_CHILD"

// TestMain lets the test start itself as a child that waits to be killed.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	if _, err := processtest.Scratch(); err != nil {
		panic(err)
	}
	os.WriteFile(filepath.Join(os.TempDir(), "left"), nil, 0o600)
	os.Stdout.WriteString(os.TempDir() + "\n")
	select {}
}

func TestNothingOutlivesAKilledProcess(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 4096)
	n, err := out.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(string(said[:n]))
	if _, err := os.Stat(filepath.Join(dir, "left")); err != nil {
		t.Error(err)
	}
	child.Process.Kill()
	child.Wait()
	for range 500 {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%s is left", dir)
}

func TestFolderIsRemoved(t *testing.T) {
	dir, remove, err := processtest.Folder(t.TempDir(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is left: %v", err)
	}
}
