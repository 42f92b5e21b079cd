package erasures_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/erasures"
	"uoma/internal/fault"
)

var key = []byte("key of a test")

func open(t *testing.T, path string) *erasures.Book {
	t.Helper()
	b, err := erasures.Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func entry(run string) erasures.Entry {
	return erasures.Entry{Run: run, Clause: "XAMK-39", Subject: "s-" + run, Person: "p-" + run, Records: []string{"r1", "r2"}, Marks: []erasures.Mark{{Kind: "hetu", Token: "t"}}}
}

func TestARecordIsFoundByItsTokenInTheStores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	b := open(t, path)
	turn := func(f func(string) string) func(erasures.Entry) erasures.Entry {
		return func(e erasures.Entry) erasures.Entry {
			records := make([]string, len(e.Records))
			for i, r := range e.Records {
				records[i] = f(r)
			}
			e.Records = records
			return e
		}
	}
	b.Through(turn(func(r string) string { return strings.TrimPrefix(r, "outer ") }), turn(func(r string) string { return "outer " + r }))
	for _, run := range []string{"erase-2026-11-21", "erase-2026-11-22"} {
		e := entry(run)
		e.Records = []string{"outer r1", "outer " + run}
		if _, err := b.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	for record, run := range map[string]string{"outer r1": "erase-2026-11-22", "outer erase-2026-11-21": "erase-2026-11-21", "outer r3": ""} {
		e, ok := b.OfRecord(record)
		if e.Run != run || ok != (run != "") || ok && !slices.Contains(e.Records, record) {
			t.Errorf("%s: %+v, %v", record, e, ok)
		}
	}
	if text, err := os.ReadFile(path); err != nil || bytes.Contains(text, []byte("outer")) {
		t.Errorf("the book has tokens of the stores, %v", err)
	}
}

// TestThreat_T25_AWordIsNoErasure writes a word between two erasures: it stands in the chain, and is found as none.
func TestThreat_T25_AWordIsNoErasure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	b := open(t, path)
	said := erasures.Entry{Word: &erasures.Word{ID: "w1", Kind: "objection", About: "marketing", State: "stands", At: 1, NotedAt: 2, NotedBy: "dpo"}, Bound: []string{"r1", "r3"}}
	for _, e := range []erasures.Entry{entry("erase-2026-11-21"), said, entry("erase-2026-11-22")} {
		if _, err := b.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range map[string]*erasures.Book{"as written": b, "read again": open(t, path)} {
		all := b.After(erasures.Head{})
		if len(all) != 3 || !all[0].Erases() || all[1].Erases() || !all[2].Erases() || b.Head().Number != 3 {
			t.Fatalf("%s: %+v", name, all)
		}
		if got := all[1]; *got.Word != *said.Word || !slices.Equal(got.Bound, said.Bound) || len(got.Records) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if e, ok := b.OfRecord("r3"); ok {
			t.Errorf("%s: erased by a word: %+v", name, e)
		}
		if e, ok := b.OfRecord("r1"); !ok || e.Number != 3 {
			t.Errorf("%s: behind a word: %+v", name, e)
		}
		if e, ok := b.Of(""); ok { // a word is of no subject
			t.Errorf("%s: of nobody: %+v", name, e)
		}
		if known := b.Words(); len(known) != 1 || !known["w1"] {
			t.Errorf("%s: words %v", name, known)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("stands"), []byte("lifted"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := erasures.Open(path, key); fault.Code(err) != "UOMA-ERA-BOOK" {
		t.Errorf("a word was changed: %v", err)
	}
}

// TestThreat_T25_TheBookShowsWhatWasDoneToIt changes, cuts and swaps lines of the book.
func TestThreat_T25_TheBookShowsWhatWasDoneToIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures", "book")
	b := open(t, path)
	if b.Exists() || b.Head() != (erasures.Head{}) {
		t.Error("a book that was never written has an end")
	}
	var heads []erasures.Head
	for _, run := range []string{"erase-2026-11-21", "erase-2026-11-22", "erase-2026-11-23"} {
		if _, err := b.Append(entry(run)); err != nil {
			t.Fatal(err)
		}
		heads = append(heads, b.Head())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	again := open(t, path)
	if again.Head() != heads[2] || !again.Has(heads[0]) || len(again.After(heads[0])) != 2 {
		t.Errorf("read again: %+v", again.Head())
	}
	if e, ok := again.Of("s-erase-2026-11-22"); !ok || e.Number != 2 {
		t.Errorf("of a subject: %+v", e)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for name, changed := range map[string][]byte{
		"a line is changed":   bytes.Replace(text, []byte("XAMK-39"), []byte("XAMK-40"), 1),
		"a line is taken out": bytes.Join([][]byte{lines[0], lines[2]}, nil),
		"two are swapped":     bytes.Join([][]byte{lines[1], lines[0], lines[2]}, nil),
		"the first is gone":   bytes.Join(lines[1:], nil),
	} {
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := erasures.Open(path, key); fault.Code(err) != "UOMA-ERA-BOOK" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := erasures.Open(path, []byte("another key")); fault.Code(err) != "UOMA-ERA-BOOK" {
		t.Errorf("under another key: %v", err)
	}
	// Cut off at every byte, the book is one with fewer lines, which a store that heeded more does not take; and the next
	// line stands behind the last whole one.
	for n := range text {
		if err := os.WriteFile(path, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		cut := open(t, path)
		if cut.Has(heads[2]) {
			t.Fatalf("cut at %d, it has the last line", n)
		}
		if n%97 == 0 {
			if _, err := cut.Append(entry("erase-2026-12-01")); err != nil {
				t.Fatal(err)
			}
			if whole := open(t, path); whole.Head() != cut.Head() {
				t.Fatalf("cut at %d and written on: %+v", n, whole.Head())
			}
		}
	}
}

// TestThreat_T25_AnotherBookIsNotTheOne puts a book of as many lines, under the same key, in the place of the one that was heeded.
func TestThreat_T25_AnotherBookIsNotTheOne(t *testing.T) {
	var books [2]*erasures.Book
	for i := range books {
		books[i] = open(t, filepath.Join(t.TempDir(), "book"))
		for _, run := range []string{"erase-2026-11-21", []string{"erase-2026-11-22", "erase-2026-11-23"}[i]} {
			if _, err := books[i].Append(entry(run)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if head := books[0].Head(); !books[0].Has(head) || books[1].Has(head) {
		t.Error("a store takes a book that it never heeded")
	}
}

// TestThreat_T25_LinesOfTwoBooksMakeNone puts a line in its place that another history, under the same key, has there.
func TestThreat_T25_LinesOfTwoBooksMakeNone(t *testing.T) {
	var lines [2][][]byte
	path := ""
	for i, first := range []string{"erase-2026-11-20", "erase-2026-11-21"} {
		path = filepath.Join(t.TempDir(), "book")
		b := open(t, path)
		for _, run := range []string{first, "erase-2026-11-22"} {
			if _, err := b.Append(entry(run)); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = bytes.SplitAfter(text, []byte("\n"))
	}
	if err := os.WriteFile(path, bytes.Join([][]byte{lines[0][0], lines[1][1]}, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := erasures.Open(path, key); fault.Code(err) != "UOMA-ERA-BOOK" {
		t.Errorf("it opened: %v", err)
	}
}
