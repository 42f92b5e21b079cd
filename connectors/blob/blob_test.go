package blob_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"filippo.io/age"

	"uoma/connectors/blob"
	"uoma/internal/fault"
)

func open(t *testing.T, dir string) *blob.Store {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	s, err := blob.Open(dir, id, bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t *testing.T, s *blob.Store, text, name string) string {
	t.Helper()
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	d, err := w.Commit(name, ".x")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, f *blob.File, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f.Reader())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNamedByDigest(t *testing.T) {
	s := open(t, t.TempDir())
	d := put(t, s, "canary-text", "")
	if again := put(t, s, "canary-text", ""); again != d {
		t.Fatal("the same bytes have two digests")
	}
	if other := put(t, s, "canary-texu", ""); other == d {
		t.Fatal("two contents share a digest")
	}
	f, err := s.OpenDigest(d, ".x")
	if got := read(t, f, err); got != "canary-text" {
		t.Fatalf("got %q", got)
	}
	if err := s.Verify(d, ".x"); err != nil {
		t.Fatal(err)
	}
}

func TestNothingReadableOnDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "canary-text", "work/spool")
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		st, _ := e.Info()
		if st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), st.Mode().Perm())
		}
		b, err := os.ReadFile(p)
		if bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s holds plaintext", e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUncommittedIsInvisibleAndSwept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	const dead = "2147483646-1.partial" // no system gives a program this number
	if err := os.WriteFile(filepath.Join(dir, dead), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || left[0].Name() == dead {
		t.Fatalf("%d files left, %v", len(left), err)
	}
	w.Discard()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Fatalf("%d files left, %v", len(left), err)
	}
}

func TestDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	d := put(t, s, "some bytes", "")
	p := filepath.Join(dir, d[:2], d+".x.age")
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(d, ".x"); fault.Code(err) != "UOMA-BLB-OPEN" {
		t.Fatalf("flipped bit: %v", err)
	}
	swapped := put(t, s, "other bytes", "")
	if err := os.Rename(filepath.Join(dir, swapped[:2], swapped+".x.age"), p); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(d, ".x"); fault.Code(err) != "UOMA-BLB-DIGEST" {
		t.Fatalf("swapped file: %v", err)
	}
	if err := s.RemoveDigest(d, ".x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(d, ".x"); fault.Code(err) != "UOMA-BLB-MISSING" {
		t.Fatalf("removed: %v", err)
	}
}

func TestVolatileLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key := bytes.Repeat([]byte{3}, 32)
	kept, err := blob.Open(dir, id, key)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	old := put(t, kept, "of last night", "")
	dry, err := blob.OpenVolatile(dir, id, key)
	if err != nil {
		t.Fatal(err)
	}
	fresh := put(t, dry, "of tonight", "")
	put(t, dry, "first", "work/a")
	put(t, dry, "second", "work/a")
	for digest, want := range map[string]string{old: "of last night", fresh: "of tonight"} {
		f, err := dry.OpenDigest(digest, ".x")
		if got := read(t, f, err); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	f, err := dry.Open("work/a")
	if got := read(t, f, err); got != "second" {
		t.Fatalf("got %q", got)
	}
	if err := dry.Remove("work/a"); err != nil {
		t.Fatal(err)
	}
	if _, err := dry.Open("work/a"); fault.Code(err) != "UOMA-BLB-MISSING" {
		t.Fatalf("what was removed is still held: %v", err)
	}
	if err := dry.RemoveDigest(old, ".x"); err != nil {
		t.Fatal(err)
	}
	if err := dry.Close(); err != nil {
		t.Fatal(err)
	}
	if err := kept.Verify(old, ".x"); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.OpenDigest(fresh, ".x"); fault.Code(err) != "UOMA-BLB-MISSING" {
		t.Fatalf("a dry run's file is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "work")); !os.IsNotExist(err) {
		t.Fatalf("a dry run made a folder: %v", err)
	}
}

// TestStoresOfOneFolderDoNotShareAFile writes through two stores of a folder at once.
func TestStoresOfOneFolderDoNotShareAFile(t *testing.T) {
	dir := t.TempDir()
	stores, writers := [2]*blob.Store{}, [2]*blob.Writer{}
	for i := range stores {
		var err error
		stores[i] = open(t, dir)
		if writers[i], err = stores[i].Create(); err != nil {
			t.Fatal(err)
		}
	}
	for i, w := range writers {
		if _, err := w.Write([]byte{byte('a' + i)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(strconv.Itoa(i), ""); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range stores {
		f, err := s.Open(strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if b, err := io.ReadAll(f.Reader()); err != nil || string(b) != string(rune('a'+i)) {
			t.Errorf("file %d holds %q, %v", i, b, err)
		}
	}
}

func TestSweepDigestsKeepsWhatIsNamed(t *testing.T) {
	s := open(t, t.TempDir())
	keep, gone := put(t, s, "kept", ""), put(t, s, "gone", "")
	put(t, s, "other", "work/spool")
	if err := s.SweepDigests(".x", map[string]bool{keep: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(keep, ".x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(gone, ".x"); fault.Code(err) != "UOMA-BLB-MISSING" {
		t.Fatalf("not swept: %v", err)
	}
	f, err := s.Open("work/spool")
	if got := read(t, f, err); got != "other" {
		t.Fatalf("got %q", got)
	}
}
