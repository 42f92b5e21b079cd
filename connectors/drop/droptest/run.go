package droptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"uoma/connectors/drop"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
)

// Run holds a place to the contract.
func Run(t *testing.T, s Subject) {
	t.Run("whole", s.isThereWhenItIsWhole)
	t.Run("sizes", s.laysEverySize)
	t.Run("never replaced", s.replacesNothing)
	t.Run("another process", s.isGoneOnWith)
	t.Run("asked", s.isAsked)
	t.Run("killed", s.isKilled)
	if s.Addr != "" {
		t.Run("ended", s.endsWithItsContext)
	}
	if s.Addr != "" && !s.Good {
		t.Run("bad line", s.overBadLines)
	}
}

func (s Subject) isThereWhenItIsWhole(t *testing.T) {
	p := s.open(t, s.Addr)
	const name = "whole.csv"
	finds(t, p, name, false, false)
	if err := p.Publish(name); fault.Code(err) != "UOMA-DRP-WRITE" {
		t.Errorf("nothing was staged: %v", err)
	}
	if err := p.Unstage(name); err != nil {
		t.Errorf("nothing to take away: %v", err)
	}
	torn := errors.New("torn")
	times := 0
	err := p.Stage(name, func(w io.Writer) error {
		times++
		return errors.Join(of([]byte("half"))(w), torn)
	})
	if !errors.Is(err, torn) || times != 1 {
		t.Errorf("torn %d times: %v", times, err)
	}
	finds(t, p, name, false, false)
	for _, text := range []string{"the first, which is longer", "second"} { // a successor writes what a killed one left anew
		if err := p.Stage(name, of([]byte(text))); err != nil {
			t.Fatal(err)
		}
	}
	finds(t, p, name, true, false)
	if got := s.seen(t); len(got) != 0 {
		t.Errorf("%d files are seen of one that is staged", len(got))
	}
	if err := p.Publish(name); err != nil {
		t.Fatal(err)
	}
	finds(t, p, name, false, true)
	s.holds(t, name, []byte("second"))
	if got := read(t, p, name); string(got) != "second" {
		t.Errorf("%q", got)
	}
	s.fetch(t, name)
	finds(t, p, name, false, false)
	for _, name := range []string{"../out.csv", "/out.csv", "sub/out.csv", ".hidden", "bell\a.csv", ""} {
		if err := lay(p, name, nil); err == nil {
			t.Errorf("%q was laid", name)
		}
	}
}

func (s Subject) laysEverySize(t *testing.T) {
	p := s.open(t, s.Addr)
	for _, size := range []int{0, 1, 16 << 10, 1<<20 + 1, 16<<20 + 5} {
		name, want := fmt.Sprintf("size-%d.csv", size), bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if err := lay(p, name, want); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		s.holds(t, name, want)
		if got := read(t, p, name); !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d are read back", len(got), size)
		}
		s.fetch(t, name)
	}
}

func (s Subject) replacesNothing(t *testing.T) {
	p := s.open(t, s.Addr)
	s.put(t, "theirs.csv", "theirs")
	if err := lay(p, "theirs.csv", []byte("ours")); !errors.Is(err, drop.ErrExists) {
		t.Errorf("theirs was there: %v", err)
	}
	finds(t, p, "theirs.csv", true, true)
	if err := p.Stage("raced.csv", of([]byte("ours"))); err != nil {
		t.Fatal(err)
	}
	s.put(t, "raced.csv", "theirs")
	if err := p.Publish("raced.csv"); !errors.Is(err, drop.ErrExists) {
		t.Errorf("theirs was faster: %v", err)
	}
	for _, name := range []string{"theirs.csv", "raced.csv"} {
		s.holds(t, name, []byte("theirs"))
		if err := p.Unstage(name); err != nil {
			t.Error(err)
		}
		finds(t, p, name, false, true)
		s.fetch(t, name)
	}
}

// isGoneOnWith has one process stage, and another give the name.
func (s Subject) isGoneOnWith(t *testing.T) {
	first := s.open(t, s.Addr)
	if err := errors.Join(first.Stage("on.csv", of(content)), first.Close()); err != nil {
		t.Fatal(err)
	}
	second := s.open(t, s.Addr)
	finds(t, second, "on.csv", true, false)
	if err := second.Publish("on.csv"); err != nil {
		t.Error(err)
	}
	s.holds(t, "on.csv", content)
	s.fetch(t, "on.csv")
}

func (s Subject) endsWithItsContext(t *testing.T) {
	cause := errors.New("the run is stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	p, err := s.Open(ctx, s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() // its line is gone
	err = p.Stage("ended.csv", func(w io.Writer) error {
		err := of(content)(w)
		stop(cause)
		return err
	})
	if !errors.Is(err, cause) {
		t.Errorf("while it was written: %v", err)
	}
	if err := p.Publish("ended.csv"); !errors.Is(err, cause) {
		t.Errorf("afterwards: %v", err)
	}
	if err := s.open(t, s.Addr).Unstage("ended.csv"); err != nil {
		t.Error(err)
	}
}

func (s Subject) isAsked(t *testing.T) {
	if err := s.open(t, s.Addr).Ask(); err != nil {
		t.Error(err)
	}
	for name, w := range s.Wrong {
		p, err := w.Open(t.Context())
		if err == nil {
			err = p.Ask()
			p.Close() // it was never open
		}
		if fault.Code(err) != w.Code {
			t.Errorf("wrong %s: %v", name, err)
		}
	}
	if got := s.seen(t); len(got) != 0 {
		t.Errorf("%d files lie there", len(got))
	}
}

// isKilled kills a process with SIGKILL while it lays files, finds none that is half, and lays the next over what it left.
func (s Subject) isKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		c := exec.Command(self)
		c.Env = append(os.Environ(), child+"="+s.Child)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for waited := time.Duration(0); len(s.seen(t)) == 0 && waited < 20*time.Second; waited += 5 * time.Millisecond {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(rand.N(60 * time.Millisecond))
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed
		got := s.seen(t)
		if len(got) == 0 {
			t.Fatal("the process laid nothing")
		}
		p := s.open(t, s.Addr)
		next := fmt.Sprintf("%d.csv", len(got))
		if err := finish(p, next, content); err != nil {
			t.Errorf("%s: %v", next, err)
		}
		for name := range s.seen(t) {
			s.holds(t, name, content)
			if err := p.Unstage(name); err != nil {
				t.Error(err)
			}
			s.fetch(t, name)
		}
	}
}

func (s Subject) overBadLines(t *testing.T) {
	try := func(name string, f faultproxy.Faults, do func(t *testing.T, file string, line *faultproxy.Proxy)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of these tests wait
			line := faultproxy.New(t, s.Addr)
			line.Set(f)
			do(t, strings.ReplaceAll(name, " ", "-")+".csv", line)
		})
	}
	for name, f := range map[string]faultproxy.Faults{
		"latency": {Latency: 10 * time.Millisecond}, "sliced": {Slice: 100}, "slow": {Bandwidth: 64 << 10},
		"latency of what we say": {Up: true, Latency: 10 * time.Millisecond}, "what we say sliced": {Up: true, Slice: 1000},
		"what we say slow": {Up: true, Bandwidth: 1 << 20},
	} {
		try(name, f, s.patienceIsEnough)
	}
	// Of the file itself, each 64 KiB.
	for at := int64(64 << 10); at <= int64(len(content)); at += 64 << 10 {
		for how, end := range faultproxy.Ends() {
			try(fmt.Sprintf("what we say %s once after %d", how, at), faultproxy.Faults{Up: true, Cut: at, How: end, Cuts: 1}, s.patienceIsEnough)
		}
		try(fmt.Sprintf("nobody hears more than %d", at), faultproxy.Faults{Up: true, Cut: at, How: faultproxy.Close}, s.goesAway)
	}
	try("what we say stalled once", faultproxy.Faults{Up: true, Cut: 128 << 10, How: faultproxy.Stall, Cuts: 1}, s.patienceIsEnough)
	// The server says little: at each of these bytes of its answers it may be in the middle of another request.
	for at := int64(512); at <= 6<<10; at += 512 {
		try(fmt.Sprintf("reset once after %d", at), faultproxy.Faults{Cut: at, How: faultproxy.Reset, Cuts: 1}, s.patienceIsEnough)
		try(fmt.Sprintf("closed once after %d", at), faultproxy.Faults{Cut: at, How: faultproxy.Close, Cuts: 1}, s.patienceIsEnough)
		try(fmt.Sprintf("gone after %d", at), faultproxy.Faults{Cut: at, How: faultproxy.Close}, s.goesAway)
	}
	for at := int64(1500); at <= 4500; at += 1500 {
		try(fmt.Sprintf("stalled once after %d", at), faultproxy.Faults{Cut: at, How: faultproxy.Stall, Cuts: 1}, s.patienceIsEnough)
	}
	try("refused", faultproxy.Faults{Refuse: true}, func(t *testing.T, file string, line *faultproxy.Proxy) {
		p := s.open(t, line.Addr())
		for _, err := range []error{p.Ask(), lay(p, file, content)} {
			if fault.Code(err) != "UOMA-SRC-UNREACHABLE" {
				t.Error(err)
			}
		}
	})
}

// patienceIsEnough lays a file over a line that is bad and yet brings what is asked for in the end.
func (s Subject) patienceIsEnough(t *testing.T, file string, line *faultproxy.Proxy) {
	err := lay(s.open(t, line.Addr()), file, content)
	if err != nil && !errors.Is(err, drop.ErrExists) { // it was given its name, and the answer was lost
		t.Error(err)
	}
	s.holds(t, file, content)
}

// goesAway loses the server for good at a byte, and finds it again later.
func (s Subject) goesAway(t *testing.T, file string, line *faultproxy.Proxy) {
	err := lay(s.open(t, line.Addr()), file, content)
	got, there := s.seen(t)[file]
	if there && !bytes.Equal(got, content) {
		t.Errorf("%d bytes are seen", len(got))
	}
	if err == nil && !there {
		t.Error("it was told that it is there")
	}
	if err != nil && fault.Code(err) == "" {
		t.Errorf("no fault: %v", err)
	}
	if err := finish(s.open(t, s.Addr), file, content); err != nil {
		t.Error(err)
	}
	s.holds(t, file, content)
	finds(t, s.open(t, s.Addr), file, false, true)
}
