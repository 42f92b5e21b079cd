// Package droptest is what every place must hold to into which files are laid for a recipient, as tests: whatever the
// protocol, whoever fetches files there sees a whole one or none, and nobody's is replaced.
//
// A place's test makes a [Subject], a real server with a way to look at what lies there, and calls [Run]. Places over a
// network are also used over a bad line, which package faultproxy makes. Its TestMain calls [Child] first: the test starts
// its own program, which lays files until it is killed.
package droptest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"uoma/connectors/drop"
)

// Subject is a place and the server that it is tried against.
type Subject struct {
	// Open opens the place over the server at an address, with right credentials. A connection on which nothing moves for
	// [Idle] must be given up, and waits between attempts be short.
	Open func(ctx context.Context, addr string) (drop.Place, error)
	// Addr is the server's host and port, "" for a place without a line.
	Addr string
	// Good says that another subject tries the same over a bad line.
	Good bool
	Tree
	// Child is what [Child] is to open the same place by.
	Child string
	// Wrong are ways to open a place that must fail with a fault of this code, when it is asked at the latest.
	Wrong map[string]Wrong
}

// Wrong is a way to open a place that must fail.
type Wrong struct {
	Code string
	Open func(ctx context.Context) (drop.Place, error)
}

// Idle is how long a connection of a subject may move no byte.
const Idle = 2 * time.Second

// Tree is the folder in which the server keeps the files, in which a test looks and has a hand of its own.
type Tree struct{ Dir string }

// seen gives what whoever fetches sees, by name.
func (x Tree) seen(t testing.TB) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(x.Dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || e.IsDir() {
			continue
		}
		if out[e.Name()], err = os.ReadFile(filepath.Join(x.Dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// put puts a file of somebody else there.
func (x Tree) put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(x.Dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fetch takes a file away.
func (x Tree) fetch(t testing.TB, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(x.Dir, name)); err != nil {
		t.Fatal(err)
	}
}

// child is the variable by which a test's program knows that it is to lay files.
const child = "UOMA_TEST_DROP"

// Child lays files, 0.csv and on, in the place that open makes of a subject's Child, when the program was started for that; it
// does not return then.
func Child(open func(text string) (drop.Place, error)) {
	text := os.Getenv(child)
	if text == "" {
		return
	}
	p, err := open(text)
	for i := 0; err == nil; i++ {
		err = lay(p, strconv.Itoa(i)+".csv", content)
	}
	os.Stderr.WriteString(err.Error())
	os.Exit(1)
}

// content is long enough for a kill, and a cut line, to come in between.
var content = bytes.Repeat([]byte("0123456789abcdef"), 1<<14)

// of gives what writes bytes.
func of(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// lay lays a file as the pipeline does.
func lay(p drop.Place, name string, b []byte) error {
	if err := p.Stage(name, of(b)); err != nil {
		return err
	}
	return p.Publish(name)
}

// finish is what a successor does: it lays the file unless it is there already.
func finish(p drop.Place, name string, b []byte) error {
	staged, published, err := p.Find(name)
	switch {
	case err != nil:
		return err
	case !published:
		return lay(p, name, b)
	case staged: // under both names
		return p.Unstage(name)
	}
	return nil
}

func (s Subject) open(t testing.TB, addr string) drop.Place {
	t.Helper()
	p, err := s.Open(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() }) // a line that is cut cannot be closed in order
	return p
}

// holds compares what is seen of a file with what must be.
func (s Subject) holds(t testing.TB, name string, want []byte) {
	t.Helper()
	if got, there := s.seen(t)[name]; !there || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes of %d, there %t", name, len(got), len(want), there)
	}
}

// finds compares what a place tells of a file.
func finds(t testing.TB, p drop.Place, name string, wantStaged, wantPublished bool) {
	t.Helper()
	if staged, published, err := p.Find(name); staged != wantStaged || published != wantPublished || err != nil {
		t.Errorf("%s staged %t, published %t, %v", name, staged, published, err)
	}
}

func read(t testing.TB, p drop.Place, name string) []byte {
	t.Helper()
	in, err := p.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(in)
	if err := errors.Join(err, in.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}
