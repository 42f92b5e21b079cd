package workspacetest

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// Prepared are folders that the tests of a binary share, each made by the first test that asks for it and removed with
// [Prepared.Remove] when all tests have ended. Whoever changes one works on a [Copy]. The zero value is ready.
type Prepared[K comparable] struct {
	mu      sync.Mutex
	dir     string
	folders map[K]*folder
}

type folder struct {
	once sync.Once
	dir  string
	made bool
}

// Folder gives the folder of a key. fill puts into it what it is for, and may ask for folders of other keys.
func (p *Prepared[K]) Folder(t testing.TB, key K, fill func(dir string)) string {
	t.Helper()
	f := p.find(t, key)
	f.once.Do(func() {
		fill(f.dir)
		f.made = true
	})
	if !f.made {
		t.Fatalf("what %v needs could not be prepared; the first test that asked says why", key)
	}
	return f.dir
}

func (p *Prepared[K]) find(t testing.TB, key K) *folder {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.folders[key] != nil {
		return p.folders[key]
	}
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "prepared")
		if err != nil {
			t.Fatal(err)
		}
		p.dir, p.folders = dir, map[K]*folder{}
	}
	dir := filepath.Join(p.dir, strconv.Itoa(len(p.folders)))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p.folders[key] = &folder{dir: dir}
	return p.folders[key]
}

// Remove removes all folders.
func (p *Prepared[K]) Remove() {
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
}
