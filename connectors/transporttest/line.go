package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"uoma/internal/fault"
	"uoma/internal/faultproxy"
)

// pieces is how many steps the file that is read over cut lines has.
const pieces = 8

func (s Subject) overBadLines(t *testing.T) {
	want := content(pieces*faultproxy.Step + 1234)
	s.Write(t, "line.bin", want)
	for name, f := range faultproxy.Bad() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of these tests wait
			s.readsOver(t, f, want)
		})
	}
	for name, end := range faultproxy.Ends() {
		t.Run(name+" every 64 KiB", func(t *testing.T) {
			t.Parallel()
			s.readsOver(t, faultproxy.Faults{Cut: faultproxy.Step, How: end}, want)
		})
	}
	if s.Lists {
		s.listsOverCuts(t)
	}
	t.Run("stalled once", func(t *testing.T) {
		t.Parallel()
		s.stallsOnce(t, want)
	})
	for k := 1; k <= pieces; k++ {
		t.Run(fmt.Sprintf("gone after %d KiB", k*faultproxy.Step>>10), func(t *testing.T) {
			t.Parallel()
			s.goesAway(t, int64(k)*faultproxy.Step, want)
		})
	}
	for name, f := range map[string]faultproxy.Faults{"stalled for good": {Cut: 1, How: faultproxy.Stall}, "refused": {Refuse: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.failsPromptly(t, f)
		})
	}
}

// readsOver reads a file over a line that is bad but never stops to bring something.
func (s Subject) readsOver(t *testing.T, f faultproxy.Faults, want []byte) {
	fsys, p := s.over(t, f.Idle(outlived))
	p.Set(f)
	got, err := fs.ReadFile(fsys, "line.bin")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d of %d bytes, %v", len(got), len(want), err)
	}
	if f.Cut == faultproxy.Step && p.Connections() < pieces/2 {
		t.Errorf("only %d connections: the line was hardly cut", p.Connections())
	}
}

// entries, of long names, are so many that no listing fits before the last cut.
const entries = 700

// listsOverCuts lists a folder over lines that are cut while the listing comes: all of it, or the source has failed.
func (s Subject) listsOverCuts(t *testing.T) {
	want := make([]string, entries)
	for i := range want {
		want[i] = fmt.Sprintf("%s%05d.csv", strings.Repeat("export_of_the_register_", 5), i)
		s.Sparse(t, "listing/"+want[i], 1)
	}
	for how, end := range faultproxy.Ends() {
		faults := map[string]faultproxy.Faults{how + " every 64 KiB": {Cut: faultproxy.Step, How: end}}
		for k := 1; k <= 3; k++ {
			faults[fmt.Sprintf("%s once after %d KiB", how, k*faultproxy.Step>>10)] = faultproxy.Faults{Cut: int64(k) * faultproxy.Step, How: end, Cuts: 1}
		}
		for name, f := range faults {
			t.Run("listing "+name, func(t *testing.T) {
				t.Parallel()
				fsys, p := s.over(t, f.Idle(outlived))
				p.Set(f)
				list, err := fs.ReadDir(fsys, "listing")
				var got []string
				for _, e := range list {
					got = append(got, e.Name())
				}
				if f.Cuts == 0 && fault.Code(err) == "UOMA-SRC-UNREACHABLE" && fault.ScopeOf(err) == fault.Source && len(got) == 0 {
					return
				}
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%d entries of %d, %v", len(got), len(want), err)
				}
				if p.Connections() < 2 {
					t.Error("the line was not cut")
				}
			})
		}
	}
}

// stallsOnce reads over a line on which nothing moves any more after a while, until somebody dials anew.
func (s Subject) stallsOnce(t *testing.T, want []byte) {
	fsys, p := s.over(t, outlived)
	p.Set(faultproxy.Faults{Cut: 3 * faultproxy.Step, How: faultproxy.Stall})
	go func() {
		p.AwaitCut()
		time.Sleep(outlived / 4) // other connections of the reader stall as well
		p.Set(faultproxy.Faults{})
	}()
	got, err := fs.ReadFile(fsys, "line.bin")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d of %d bytes, %v", len(got), len(want), err)
	}
}

// goesAway loses the server for good at a byte: what came is right, and it is not taken for the whole.
func (s Subject) goesAway(t *testing.T, at int64, want []byte) {
	fsys, p := s.over(t, Patience)
	file := open(t, fsys, "line.bin")
	p.Set(faultproxy.Faults{Refuse: true, Cut: at, How: faultproxy.Close})
	got, err := io.ReadAll(file)
	if !bytes.HasPrefix(want, got) {
		t.Errorf("%d bytes, and not those of the file", len(got))
	}
	if fault.Code(err) != "UOMA-SRC-UNREACHABLE" || fault.ScopeOf(err) != fault.Source {
		t.Errorf("after %d bytes: %v", len(got), err)
	}
}

// failsPromptly reads over a line that brings nothing.
func (s Subject) failsPromptly(t *testing.T, f faultproxy.Faults) {
	fsys, p := s.over(t, fatal)
	p.Set(f)
	began := time.Now()
	_, err := fs.ReadFile(fsys, "line.bin")
	if fault.Code(err) != "UOMA-SRC-UNREACHABLE" || fault.ScopeOf(err) != fault.Source {
		t.Error(err)
	}
	if d := time.Since(began); d > limit {
		t.Errorf("it took %v", d)
	}
}

// endsWithItsContext cancels before and while a file is read.
func (s Subject) endsWithItsContext(t *testing.T) {
	s.Sparse(t, "cancel.bin", 128<<20) // beyond what is read ahead
	cause := errors.New("the run is stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	addr, pause := s.Addr, func() { stop(cause) } // a folder answers at once: it is stopped between two answers
	if addr != "" {
		p := faultproxy.New(t, addr)
		addr, pause = p.Addr(), func() {
			p.Set(faultproxy.Faults{Cut: 1, How: faultproxy.Stall})
			go func() {
				p.AwaitCut()
				stop(cause)
			}()
		}
	}
	fsys := s.dial(t, ctx, addr)
	file := open(t, fsys, "cancel.bin")
	if _, err := io.ReadFull(file, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	pause()
	began := time.Now()
	if _, err := io.Copy(io.Discard, file); !errors.Is(err, cause) {
		t.Errorf("while reading: %v", err)
	}
	if d := time.Since(began); d > limit { // much less than the line's own patience
		t.Errorf("the reader waited %v", d)
	}
	if _, err := fsys.Open("cancel.bin"); !errors.Is(err, cause) {
		t.Errorf("afterwards: %v", err)
	}
}
