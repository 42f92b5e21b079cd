package nightly_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// program is the real uoma, built when a test first asks for it.
var program binary

type binary struct {
	once sync.Once
	dir  string
	err  error
}

// path gives the program's file.
func (b *binary) path(t testing.TB) string {
	t.Helper()
	b.once.Do(b.build)
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.file()
}

func (b *binary) file() string { return filepath.Join(b.dir, "uoma") }

func (b *binary) build() {
	if b.dir, b.err = os.MkdirTemp("", "uoma"); b.err != nil {
		return
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", b.file(), "uoma/cmd/uoma")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := build.CombinedOutput(); err != nil {
		b.err = fmt.Errorf("build uoma: %w\n%s", err, out)
	}
}

func (b *binary) remove() {
	if b.dir != "" {
		os.RemoveAll(b.dir)
	}
}
