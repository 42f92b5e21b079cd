package sourcetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// Run holds a source to the contract.
func Run(t *testing.T, s Subject) {
	before := goleak.IgnoreCurrent()
	t.Run("contract", func(t *testing.T) {
		t.Run("whole", s.readsWhole)
		t.Run("empty", s.readsEmpty)
		t.Run("twice", s.readsTwice)
		t.Run("begins anew", s.beginsAnew)
		t.Run("huge", s.streamsHuge)
		t.Run("changed while read", s.copesWithChanges)
		t.Run("cancelled", s.endsWithItsContext)
		t.Run("resumes", s.resumes)
		for what, code := range map[string]string{"credentials": "UOMA-SRC-LOGIN", "certificate": "UOMA-SRC-TLS"} {
			if !slices.ContainsFunc(slices.Collect(maps.Values(s.Wrong)), func(w Wrong) bool { return w.Code == code }) {
				t.Errorf("nothing is tried with wrong %s", what)
			}
		}
		for name, w := range s.Wrong {
			t.Run("wrong "+name, func(t *testing.T) { w.fails(t, s) })
		}
		t.Run("bad line", s.overBadLines)
	})
	if err := goleak.Find(before); err != nil {
		t.Errorf("the source left goroutines behind: %v", err)
	}
}

// readsWhole reads sets of sizes around those by which pages are cut.
func (s Subject) readsWhole(t *testing.T) {
	for _, n := range []int{1, s.Page - 1, s.Page, s.Page + 1, 3 * s.Page} {
		set := fmt.Sprintf("whole%d", n)
		want := some(n)
		s.Put(t, set, want)
		if got, err := read(t, t.Context(), s.open(t, t.Context(), s.Addr, set)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s, %v", differ(got, want), err)
		}
	}
}

func (s Subject) readsEmpty(t *testing.T) {
	s.Put(t, "empty", nil)
	if got, err := read(t, t.Context(), s.open(t, t.Context(), s.Addr, "empty")); err != nil || len(got) != 0 {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

// readsTwice reads with two readers of one source at once, as a night reads two feeds.
func (s Subject) readsTwice(t *testing.T) {
	want := some(2*s.Page + 1)
	s.Put(t, "twice", want)
	o := s.open(t, t.Context(), s.Addr, "twice")
	type result struct {
		rows []Row
		err  error
	}
	results := make(chan result)
	for range 2 {
		go func() {
			rows, err := read(t, t.Context(), o)
			results <- result{rows, err}
		}()
	}
	for range 2 {
		if r := <-results; r.err != nil || !slices.Equal(r.rows, want) {
			t.Errorf("%s, %v", differ(r.rows, want), r.err)
		}
	}
}

// beginsAnew gives up in the middle, and reads all of it with a new source.
func (s Subject) beginsAnew(t *testing.T) {
	want := some(canon.BatchRows + 2*s.Page)
	s.Put(t, "anew", want)
	first := s.open(t, t.Context(), s.Addr, "anew")
	for _, err := range reader(t, first).Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if got, err := read(t, t.Context(), s.open(t, t.Context(), s.Addr, "anew")); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s, %v", differ(got, want), err)
	}
}

// What the largest set has, without its ids and names, and what a source may hold of it.
const (
	hugeBytes = 20 << 20
	held      = 10 << 20
)

func (s Subject) streamsHuge(t *testing.T) {
	rows := some(s.Huge)
	text := strings.Repeat(canary+" ", hugeBytes/s.Huge/len(canary+" "))
	for i := range rows {
		if rows[i].Note != "" {
			rows[i].Note = text
		}
	}
	s.Put(t, "huge", rows)
	if err := streams(t.Context(), reader(t, s.open(t, t.Context(), s.Addr, "huge")), s.Huge); err != nil {
		t.Error(err)
	}
}

// streams holds a reader to going through a set, whatever its size, without keeping what was given or reading ahead without bound.
func streams(ctx context.Context, r tabular.Reader, rows int) error {
	before, given := formattest.Living(), 0
	for b, err := range r.Batches(ctx) {
		if err != nil {
			return err
		}
		given += b.Len()
		if now := formattest.Living(); now > before+held {
			return fmt.Errorf("%d MiB are held behind %d rows of %d", (now-before)>>20, given, rows)
		}
	}
	if given != rows {
		return fmt.Errorf("%d rows of %d", given, rows)
	}
	return nil
}

// long is a set of several batches. Servers take longest to be given rows, so tests that go one after the other share it.
const long = "many"

// copesWithChanges reads a batch, and then a row goes, one comes and one changes.
func (s Subject) copesWithChanges(t *testing.T) {
	old := some(canon.BatchRows + 3*s.Page)
	s.Put(t, long, old)
	now := slices.Clone(old)
	at := len(now) - 3
	now[at].Name = "Changed"
	now = append(now[:at+1], now[at+2:]...) // the one behind it goes
	now = append(now, Row{ID: "99999999", Name: "New"})
	var got []Row
	changed := false
	for b, err := range reader(t, s.open(t, t.Context(), s.Addr, long)).Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = appendRows(got, b)
		if !changed {
			changed = true
			s.Put(t, long, now)
		}
	}
	got = sorted(got)
	if s.Moment {
		if !slices.Equal(got, old) {
			t.Errorf("of the moment when it was opened: %s", differ(got, old))
		}
		return
	}
	count := map[string]int{}
	for _, r := range got {
		if count[r.ID]++; count[r.ID] > 1 {
			t.Error("a row came twice")
		}
		if !slices.Contains(old, r) && !slices.Contains(now, r) {
			t.Error("a row was never as it came")
		}
	}
	for _, r := range old {
		if slices.Contains(now, r) && count[r.ID] == 0 {
			t.Error("a row is missing that was there all the time")
		}
	}
}

func (w Wrong) fails(t *testing.T, s Subject) {
	s.Put(t, "wrong", some(3))
	o, err := w.Open(t.Context())
	if err == nil {
		defer o.Close() // it was never open
		_, err = read(t, t.Context(), o)
	}
	if fault.Code(err) != w.Code || fault.ScopeOf(err) != fault.Source {
		t.Errorf("got %v, want %s of scope source", err, w.Code)
	}
	tellsNothing(t, err)
}

// tellsNothing holds an error to say nothing of what stands in the rows.
func tellsNothing(t testing.TB, err error) {
	t.Helper()
	if err != nil && strings.Contains(err.Error(), canary) {
		t.Error("the error quotes a row")
	}
}

// Bench reads a set of Huge rows again and again.
func Bench(b *testing.B, s Subject) {
	s.Put(b, "bench", some(s.Huge))
	for b.Loop() {
		o, err := s.Open(b.Context(), s.Addr, "bench", Patience)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for batch, err := range reader(b, o).Batches(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			n += batch.Len()
		}
		if n != s.Huge {
			b.Fatalf("%d rows", n)
		}
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.Huge)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
