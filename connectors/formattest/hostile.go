package formattest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"uoma/internal/fault"
)

// hostileMemory is what may be allocated, in all, for a hostile file.
const hostileMemory = 64 << 20

// Hostile reads each file of testdata/hostile, and compares with the table beside them, expected.tsv: the code by which a
// file is refused, or how many rows it has and by which codes others are rejected. testdata/hostile.py of this package made
// the files.
func Hostile(t *testing.T, read func(b []byte) Result) {
	const dir = "testdata/hostile"
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]string{}
	for line := range strings.Lines(string(table)) {
		name, want, _ := strings.Cut(strings.TrimSpace(line), "\t")
		expected[name] = want
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(expected)+1 {
		t.Errorf("%d files, the table has %d: %v", len(files)-1, len(expected), err)
	}
	for name, want := range expected {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := read(b)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > hostileMemory {
				t.Errorf("%d bytes of memory", used)
			}
			Conserved(t, got)
			if outcome(got) != want {
				t.Errorf("want %s, got %s: %v", want, outcome(got), got.Err)
			}
		})
	}
}

func outcome(got Result) string {
	if got.Err != nil {
		return fault.Code(got.Err)
	}
	parts := []string{fmt.Sprint(len(got.Rows), " rows")}
	for _, r := range got.Rejected {
		parts = append(parts, r.Code)
	}
	slices.Sort(parts[1:])
	return strings.Join(parts, ", ")
}
