package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
)

// pieces is how many steps the set that is read over bad lines fills, roughly.
const pieces = 8

func (s Subject) overBadLines(t *testing.T) {
	want := some(pieces * faultproxy.Step / len(note))
	s.Put(t, "line", want)
	for name, f := range faultproxy.Bad() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of these tests wait
			o, p := s.over(t, t.Context(), "line", f.Idle(outlived))
			p.Set(f)
			if got, err := read(t, t.Context(), o); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s, %v", differ(got, want), err)
			}
		})
	}
	for name, end := range faultproxy.Ends() {
		t.Run(name+" every 64 KiB", func(t *testing.T) {
			t.Parallel()
			s.readsAllOrFails(t, faultproxy.Faults{Cut: faultproxy.Step, How: end}, want)
		})
		for k := 1; k < pieces; k++ {
			t.Run(fmt.Sprintf("%s once after %d KiB", name, k*faultproxy.Step>>10), func(t *testing.T) {
				t.Parallel()
				s.readsAllOrFails(t, faultproxy.Faults{Cut: int64(k) * faultproxy.Step, How: end, Cuts: 1}, want)
			})
		}
	}
	for name, f := range map[string]faultproxy.Faults{
		"stalled at once": {Cut: 1, How: faultproxy.Stall}, "stalled in the middle": {Cut: 3 * faultproxy.Step, How: faultproxy.Stall}, "refused": {Refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s.Resumes && f.Cut > 1 { // the next connection goes on
				f.Cuts = 1
				s.readsAllOrFails(t, f, want)
				return
			}
			s.failsPromptly(t, f, want)
		})
	}
}

// readsAllOrFails reads over a line that is cut: a source gives all when the line holds long enough, and fails otherwise.
func (s Subject) readsAllOrFails(t *testing.T, f faultproxy.Faults, want []Row) {
	o, p := s.over(t, t.Context(), "line", f.Idle(outlived))
	p.Set(f)
	got, err := read(t, t.Context(), o)
	if s.Resumes || f.Cuts == 1 {
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s, %v", differ(got, want), err)
		}
		return
	}
	s.failed(t, got, err, want)
}

// resumes loses the line behind the first rows, and has rows change before the next connection. What comes is of one
// moment, or as it was when its page was read, and no row comes twice; or the source says that it can not go on.
func (s Subject) resumes(t *testing.T) {
	old := some(canon.BatchRows + pieces*faultproxy.Step/len(note))
	for name, at := range map[string][]int{"a row that came": {3}, "a row that did not": {len(old) - 3}, "one of each": {3, len(old) - 3}} {
		if len(at) > 1 && !s.Moment {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s.Put(t, long, old)
			now := slices.Clone(old)
			for _, i := range at {
				now[i].Name = "Changed"
			}
			o, p := s.over(t, t.Context(), long, Patience)
			var got []Row
			var failed error
			for b, err := range reader(t, o).Batches(t.Context()) {
				if err != nil {
					failed = err
					break
				}
				if got = appendRows(got, b); len(got) == b.Len() {
					p.Set(faultproxy.Faults{Cut: 1, How: faultproxy.Reset, Cuts: 1})
					s.Put(t, long, now)
				}
			}
			if failed != nil {
				if c := fault.Code(failed); c != "UOMA-SRC-MOVED" || !s.Moment || fault.ScopeOf(failed) != fault.Source {
					t.Error(failed)
				}
				return
			}
			got = sorted(got)
			switch {
			case s.Moment && !slices.Equal(got, now) && !slices.Equal(got, old):
				t.Errorf("neither as it was nor as it is: %s", differ(got, now))
			case len(got) != len(old):
				t.Errorf("%d rows of %d", len(got), len(old))
			}
			for i, r := range got {
				if r != old[i] && r != now[i] {
					t.Fatalf("row %d was never so", i)
				}
			}
		})
	}
}

// failed holds the end of a reading to be a failure of the source, and the rows before it to be right.
func (s Subject) failed(t *testing.T, got []Row, err error, want []Row) {
	t.Helper()
	if fault.Code(err) != "UOMA-SRC-UNREACHABLE" || fault.ScopeOf(err) != fault.Source {
		t.Errorf("after %d rows of %d: %v", len(got), len(want), err)
	}
	tellsNothing(t, err)
	for _, r := range got {
		if _, found := slices.BinarySearchFunc(want, r, func(a, b Row) int {
			if a.ID < b.ID {
				return -1
			} else if a.ID > b.ID {
				return 1
			}
			return 0
		}); !found {
			t.Error("a row came that is not there")
		}
	}
}

// failsPromptly reads over a line that brings nothing any more.
func (s Subject) failsPromptly(t *testing.T, f faultproxy.Faults, want []Row) {
	o, p := s.over(t, t.Context(), "line", fatal)
	p.Set(f)
	began := time.Now()
	got, err := read(t, t.Context(), o)
	s.failed(t, got, err, want)
	if d := time.Since(began); d > limit {
		t.Errorf("it took %v", d)
	}
}

// endsWithItsContext cancels before and while a set is read.
func (s Subject) endsWithItsContext(t *testing.T) {
	s.Put(t, "line", some(pieces*faultproxy.Step/len(note)))
	cause := errors.New("the run is stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	o, p := s.over(t, ctx, "line", Patience)
	p.Set(faultproxy.Faults{Cut: 3 * faultproxy.Step, How: faultproxy.Stall})
	began := time.Now()
	go func() {
		p.AwaitCut()
		stop(cause)
	}()
	if _, err := read(t, ctx, o); !errors.Is(err, cause) {
		t.Errorf("while reading: %v", err)
	}
	if d := time.Since(began); d > limit { // much less than the line's own patience
		t.Errorf("the reader waited %v", d)
	}
	if _, err := read(t, ctx, o); !errors.Is(err, cause) {
		t.Errorf("afterwards: %v", err)
	}
}
