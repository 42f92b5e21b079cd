package transporttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"go.uber.org/goleak"

	"uoma/connectors/folder"
	"uoma/internal/fault"
	"uoma/internal/faultproxy"
)

// Run holds a transport to the contract.
func Run(t *testing.T, s Subject) {
	before := goleak.IgnoreCurrent()
	t.Run("contract", func(t *testing.T) {
		t.Run("file system", s.isFileSystem)
		t.Run("describes", s.describes)
		t.Run("whole", s.readsWhole)
		t.Run("ranges", s.readsRanges)
		t.Run("resumes at a position", s.resumesAtAPosition)
		t.Run("empty", s.readsEmpty)
		t.Run("huge", s.streamsHuge)
		t.Run("changed while read", s.noticesChanges)
		t.Run("hostile names", s.refusesNames)
		t.Run("cancelled", s.endsWithItsContext)
		for name, w := range s.Wrong {
			t.Run("wrong "+name, func(t *testing.T) { w.fails(t, s) })
		}
		if s.Addr != "" {
			s.triesTheWrong(t)
			t.Run("changed behind a cut", s.noticesChangesBehindACut)
			t.Run("bad line", s.overBadLines)
		}
	})
	if err := goleak.Find(before); err != nil {
		t.Errorf("the transport left goroutines behind: %v", err)
	}
}

// content gives bytes that no reader can guess, the same for each size.
func content(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1: byte(size), 2: byte(size >> 8)}).Read(b) // never fails
	return b
}

func (s Subject) isFileSystem(t *testing.T) {
	s.Write(t, "tree/peppi_20261122.csv", []byte("a;b\n1;2\n"))
	s.Write(t, "tree/sub/Ääkköset.csv", []byte("x"))
	s.Write(t, "tree/sub/empty.csv", nil)
	f := s.dial(t, t.Context(), s.Addr)
	if s.Lists {
		sub, err := fs.Sub(f, "tree")
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(sub, "peppi_20261122.csv", "sub/Ääkköset.csv", "sub/empty.csv"); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := fs.ReadDir(f, "."); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("listing: %v", err)
	}
	file := open(t, f, "tree/peppi_20261122.csv")
	if err := iotest.TestReader(file, []byte("a;b\n1;2\n")); err != nil {
		t.Error(err)
	}
}

func open(t testing.TB, f fs.FS, name string) fs.File {
	t.Helper()
	file, err := f.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() }) // only read from
	return file
}

func (s Subject) describes(t *testing.T) {
	s.Write(t, "describe/a.csv", content(1234))
	f := s.dial(t, t.Context(), s.Addr)
	info, err := fs.Stat(f, "describe/a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != 1234 || !info.Mode().IsRegular() || info.Name() != "a.csv" || info.ModTime().IsZero() {
		t.Errorf("described as %v", fs.FormatFileInfo(info))
	}
	for _, name := range []string{"describe/none.csv", "none/a.csv", "describe/a.csv/below"} {
		if _, err := fs.Stat(f, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := f.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("open %s: %v", name, err)
		}
	}
}

// sizes are around those by which lines, packets and pieces are cut.
var sizes = []int{1, 32<<10 - 1, 64 << 10, 64<<10 + 1, 3<<20 + 7}

func (s Subject) readsWhole(t *testing.T) {
	f := s.dial(t, t.Context(), s.Addr)
	for _, size := range sizes {
		name, want := fmt.Sprintf("whole/%d.bin", size), content(size)
		s.Write(t, name, want)
		file := open(t, f, name)
		got, err := io.ReadAll(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
		if n, err := file.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("after the end %d, %v", n, err)
		}
	}
}

func (s Subject) readsRanges(t *testing.T) {
	want := content(1 << 20)
	s.Write(t, "ranges.bin", want)
	file := open(t, s.dial(t, t.Context(), s.Addr), "ranges.bin")
	for _, at := range []int64{0, 1, 65535, 700_000, 1<<20 - 1, 12} {
		seek(t, file, at)
		got := make([]byte, min(5000, int64(len(want))-at))
		if _, err := io.ReadFull(file, got); err != nil || !bytes.Equal(got, want[at:at+int64(len(got))]) {
			t.Errorf("at %d: %v", at, err)
		}
	}
	seek(t, file, 1<<20)
	if n, err := file.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("at the end %d, %v", n, err)
	}
}

func seek(t testing.TB, file fs.File, at int64) {
	t.Helper()
	s, ok := file.(io.Seeker)
	if !ok {
		t.Fatal("the file has no position to set")
	}
	if got, err := s.Seek(at, io.SeekStart); err != nil || got != at {
		t.Fatalf("seek %d: %d, %v", at, got, err)
	}
}

func (s Subject) resumesAtAPosition(t *testing.T) {
	want := content(300_000)
	s.Write(t, "resume.bin", want)
	first := s.dial(t, t.Context(), s.Addr)
	file := open(t, first, "resume.bin")
	got := make([]byte, 123_456)
	if _, err := io.ReadFull(file, got); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Close(), first.Close()); err != nil {
		t.Fatal(err)
	}
	file = open(t, s.dial(t, t.Context(), s.Addr), "resume.bin")
	seek(t, file, int64(len(got)))
	rest, err := io.ReadAll(file)
	if err != nil || !bytes.Equal(append(got, rest...), want) {
		t.Errorf("%d bytes more, %v", len(rest), err)
	}
}

func (s Subject) readsEmpty(t *testing.T) {
	s.Write(t, "empty/none.csv", nil)
	f := s.dial(t, t.Context(), s.Addr)
	if got, err := fs.ReadFile(f, "empty/none.csv"); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	if info, err := fs.Stat(f, "empty/none.csv"); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
}

// hugeSize is many times what a transport may hold in memory.
const (
	hugeSize = 128 << 20
	hugeHeap = 48 << 20
)

func (s Subject) streamsHuge(t *testing.T) {
	s.Sparse(t, "huge.bin", hugeSize)
	file := open(t, s.dial(t, t.Context(), s.Addr), "huge.bin")
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base, peak := m.HeapInuse, uint64(0)
	buf, total := make([]byte, 1<<20), int64(0)
	zero := make([]byte, len(buf))
	for i := 0; ; i++ {
		n, err := file.Read(buf)
		total += int64(n)
		if !bytes.Equal(buf[:n], zero[:n]) {
			t.Fatalf("other bytes near %d", total)
		}
		if i%64 == 0 {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if total != hugeSize {
		t.Errorf("%d bytes of %d", total, hugeSize)
	}
	if peak > base+hugeHeap {
		t.Errorf("%d MiB of heap more than before", (peak-base)>>20)
	}
}

// noticesChanges reads a part, changes the file, and reads on: the old content or an error, never a mixture.
func (s Subject) noticesChanges(t *testing.T) {
	const size = 8 << 20 // beyond what is read ahead
	old := content(size)
	for name, now := range map[string][]byte{"longer": append(slices.Clone(old), "more"...), "shorter": old[:size/2], "rewritten": content(size + 256)[:size], "emptied": {}} {
		t.Run(name, func(t *testing.T) {
			path := "changes/" + name + ".bin"
			s.Write(t, path, old)
			file, err := folder.NewStable(open(t, s.dial(t, t.Context(), s.Addr), path), path)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 1000)
			if _, err := io.ReadFull(file, got); err != nil {
				t.Fatal(err)
			}
			s.Write(t, path, now)
			rest, err := io.ReadAll(file)
			if err == nil {
				err = file.Verify()
			}
			if err == nil && bytes.Equal(append(got, rest...), old) {
				return // the version that was opened is still there
			}
			if fault.Code(err) != "UOMA-LND-CHANGED" || fault.ScopeOf(err) != fault.Source {
				t.Errorf("after %d bytes: %v", len(rest), err)
			}
		})
	}
}

// noticesChangesBehindACut has the file replaced while the line is down: what comes is all of one file, or an error. Nobody looks
// at it again at its end.
func (s Subject) noticesChangesBehindACut(t *testing.T) {
	const size = 8 << 20 // beyond what is read ahead
	old, replace := content(size), s.Replace
	if replace == nil {
		replace = s.Write
	}
	for name, now := range map[string][]byte{"longer": append(content(size + 256)[:size:size], "more"...), "shorter": old[:size/2], "rewritten": content(size + 256)[:size]} {
		t.Run(name, func(t *testing.T) {
			path := "cut/" + name + ".bin"
			s.Write(t, path, old)
			f, p := s.over(t, Patience)
			file := open(t, f, path)
			got := make([]byte, 1000)
			if _, err := io.ReadFull(file, got); err != nil {
				t.Fatal(err)
			}
			p.Set(faultproxy.Faults{Cut: 1, How: faultproxy.Reset, Cuts: 1})
			replace(t, path, now)
			rest, err := io.ReadAll(file)
			if got = append(got, rest...); !bytes.Equal(got, old[:min(len(got), len(old))]) {
				t.Errorf("%d bytes are of two files", len(got))
			}
			if len(got) < size && (fault.Code(err) != "UOMA-LND-CHANGED" || fault.ScopeOf(err) != fault.Source) {
				t.Errorf("after %d bytes: %v", len(got), err)
			}
		})
	}
}

// refusesNames asks for names that lead elsewhere, and looks at a folder in which such names stand.
func (s Subject) refusesNames(t *testing.T) {
	s.Write(t, "names/good.csv", []byte("good"))
	f := s.dial(t, t.Context(), s.Addr)
	for _, name := range []string{
		"../names/good.csv", "..", "/etc/passwd", "names/../names/good.csv", "names//good.csv", "./names/good.csv", "names/", "",
		`names\good.csv`, "C:/x", "a\x00b", "names/exe\u202evsc.csv", "bell\a", "latin\xe4", strings.Repeat("x", 5000),
	} {
		if file, err := f.Open(name); err == nil {
			t.Errorf("%q was opened: %v", name, file.Close())
		}
		if _, err := fs.Stat(f, name); err == nil {
			t.Errorf("%q was described", name)
		}
		if _, err := fs.ReadDir(f, name); err == nil {
			t.Errorf("%q was listed", name)
		}
	}
	if s.Plant == nil {
		return
	}
	s.Plant(t, "planted")
	l, ok := f.(interface {
		List(string) ([]fs.DirEntry, fault.List, error)
	})
	if !ok {
		t.Fatal("the transport does not say what it refuses")
	}
	entries, refused, err := l.List("planted")
	if err != nil || len(refused) == 0 {
		t.Fatalf("%d refused, %v", len(refused), err)
	}
	for _, e := range entries {
		t.Errorf("%q may be used", e.Name())
	}
	for _, e := range refused {
		if e.Scope != fault.Source || e.Code != "UOMA-LND-NAME" && e.Code != "UOMA-LND-KIND" {
			t.Errorf("refusal %v", e)
		}
	}
	if text := refused.Error(); strings.ContainsAny(text, "\a\u202e\x00") {
		t.Errorf("a refused name is shown as it is: %q", text)
	}
}

// Bench reads a file of [hugeSize] bytes again and again. The figure of the folder is that of a plain read.
func Bench(b *testing.B, s Subject) {
	s.Sparse(b, "bench.bin", hugeSize)
	f := s.dial(b, b.Context(), s.Addr)
	buf := make([]byte, 1<<20)
	b.SetBytes(hugeSize)
	for b.Loop() {
		file, err := f.Open("bench.bin")
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = file.Read(buf)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// triesTheWrong holds a transport with a server to being tried with wrong credentials, and with a server that is another.
func (s Subject) triesTheWrong(t *testing.T) {
	for what, codes := range map[string][]string{"credentials": {"UOMA-SRC-LOGIN"}, "certificate": {"UOMA-SRC-TLS", "UOMA-SRC-HOST-KEY"}} {
		if !slices.ContainsFunc(slices.Collect(maps.Values(s.Wrong)), func(w Wrong) bool { return slices.Contains(codes, w.Code) }) {
			t.Errorf("nothing is tried with wrong %s", what)
		}
	}
}

func (w Wrong) fails(t *testing.T, s Subject) {
	s.Write(t, "wrong.csv", []byte("x"))
	f, err := w.Dial(t.Context())
	if err == nil {
		defer f.Close() // it was never open
		_, err = fs.ReadFile(f, "wrong.csv")
	}
	if fault.Code(err) != w.Code || fault.ScopeOf(err) != fault.Source {
		t.Errorf("got %v, want %s of scope source", err, w.Code)
	}
}
