package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"

	"uoma/connectors/blob"
	"uoma/internal/fault"
)

func store(t *testing.T) (*blob.Store, string) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s, err := blob.Open(dir, identity, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir
}

func nothingIn(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

var text = strings.Repeat("Näyte-Öhman, a name of some length\n", 9000)

func TestThreat_T32_ASpoolIsNeverPlainAndGoes(t *testing.T) {
	work, dir := store(t)
	for _, at := range []*blob.Store{work, nil} {
		s, err := New(t.Context(), at, "spool", iotest.HalfReader(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(s.Reader())
		if err != nil || string(got) != text || s.Size != int64(len(text)) {
			t.Errorf("%d bytes of %d, %v", len(got), s.Size, err)
		}
		part := make([]byte, 99)
		if _, err := s.ReadAt(part, 200_000); err != nil || string(part) != text[200_000:200_099] {
			t.Errorf("%q, %v", part, err)
		}
		if at != nil {
			b, err := os.ReadFile(filepath.Join(dir, "spool"))
			if err != nil || len(b) < len(text) || bytes.Contains(b, []byte("Näyte")) {
				t.Errorf("%d bytes on disk: %v", len(b), err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		nothingIn(t, dir)
	}
}

// TestWhatIsNotReadToItsEnd: a stream that breaks, or nobody waits for any more, is told of as what it is, and leaves nothing.
func TestWhatIsNotReadToItsEnd(t *testing.T) {
	dead, own := errors.New("the line is dead"), fault.New("UOMA-T-OWN", "the stream says it itself", "")
	for _, n := range []int{0, 1, 32 << 10, 200_000, len(text)} {
		ctx, cancel := context.WithCancel(t.Context())
		for name, c := range map[string]struct {
			end  io.Reader
			err  error
			code string
		}{
			"broken":     {iotest.ErrReader(dead), dead, "UOMA-LND-READ"},
			"a fault":    {iotest.ErrReader(own), own, "UOMA-T-OWN"},
			"not wanted": {io.LimitReader(stopping{cancel}, 1<<20), context.Canceled, ""},
		} {
			work, dir := store(t)
			for _, at := range []*blob.Store{work, nil} {
				on := t.Context()
				if name == "not wanted" {
					on = ctx
				}
				s, err := New(on, at, "spool", io.MultiReader(strings.NewReader(text[:n]), c.end))
				if s != nil || !errors.Is(err, c.err) || fault.Code(err) != c.code || c.code == "UOMA-LND-READ" && fault.ScopeOf(err) != fault.Source {
					t.Errorf("%s after %d bytes: %v", name, n, err)
				}
				nothingIn(t, dir)
			}
		}
	}
}

// stopping is a stream behind which somebody has stopped the reading.
type stopping struct{ stop func() }

func (s stopping) Read(p []byte) (int, error) {
	s.stop()
	return len(p), nil
}

// TestAStoreThatTakesNothing: what the disk does is not the export's fault.
func TestAStoreThatTakesNothing(t *testing.T) {
	work, _ := store(t)
	work.Close()
	if _, err := New(t.Context(), work, "spool", strings.NewReader(text)); fault.Code(err) != "UOMA-BLB-WRITE" || fault.ScopeOf(err) == fault.Source {
		t.Error(err)
	}
}

// TestWhatIsHeldIsThereOnce: memory takes what a stream has, and not a buffer of twice that while it grows.
func TestWhatIsHeldIsThereOnce(t *testing.T) {
	const size = 40<<20 + 5
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Hold(io.LimitReader(counting{new(uint32)}, size))
	runtime.ReadMemStats(&after)
	if err != nil || s.Size != size {
		t.Fatal(err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > size+3<<20 {
		t.Errorf("%d bytes for %d", took, size)
	}
	whole, err := io.ReadAll(s.Reader())
	if err != nil || len(whole) != size {
		t.Fatalf("%d bytes, %v", len(whole), err)
	}
	if want, _ := io.ReadAll(io.LimitReader(counting{new(uint32)}, size)); !bytes.Equal(whole, want) {
		t.Error("other bytes than those of the stream")
	}
	for _, at := range []struct{ off, n int }{{0, 10}, {1<<20 - 5, 10}, {1 << 20, 3 << 20}, {size - 7, 7}, {size, 0}} {
		b := make([]byte, at.n)
		if n, err := s.ReadAt(b, int64(at.off)); err != nil || n != at.n || !bytes.Equal(b, whole[at.off:at.off+at.n]) {
			t.Errorf("%d bytes at %d: %d, %v", at.n, at.off, n, err)
		}
	}
	for off, want := range map[int64]int{size - 7: 7, size: 0, size + 1: 0} {
		if n, err := s.ReadAt(make([]byte, 8), off); n != want || err != io.EOF {
			t.Errorf("beyond the end at %d: %d, %v", off, n, err)
		}
	}
	if _, err := s.ReadAt(make([]byte, 8), -1); err == nil || err == io.EOF {
		t.Error("a place before the beginning is read")
	}
	if _, err := Hold(io.MultiReader(strings.NewReader("a"), iotest.ErrReader(io.ErrUnexpectedEOF))); err != io.ErrUnexpectedEOF {
		t.Errorf("a stream that was cut: %v", err)
	}
}

// counting is a stream without an end no piece of which is another.
type counting struct{ at *uint32 }

func (c counting) Read(p []byte) (int, error) {
	for i := range p {
		*c.at = *c.at*1664525 + 1013904223
		p[i] = byte(*c.at >> 24)
	}
	return len(p), nil
}

func TestThreat_T01_MemoryHoldsSoMuch(t *testing.T) {
	for size, code := range map[int]string{0: "", 999: "", 1000: "", 1001: "UOMA-LND-HELD", 1 << 20: "UOMA-LND-HELD"} {
		s, err := hold(io.LimitReader(stopping{func() {}}, int64(size)), 1000)
		if fault.Code(err) != code || err == nil && s.Size != int64(size) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
