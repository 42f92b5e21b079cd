package nightly_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
)

// TestSameNightsGiveTheSameRegister holds invariant 2: same snapshots, policy, keys and dates give the same register bit
// for bit, whatever the processors, the store and the order of rows in the exports.
func TestSameNightsGiveTheSameRegister(t *testing.T) {
	first := newSite(t, databasetest.OnSQLite)
	var want [3]string
	for n := range want {
		first.night(t, firstNight+canon.Date(n))
		want[n] = first.registerDigest(t)
	}
	if want[0] == want[1] || want[1] == want[2] {
		t.Fatal("the nights do not differ, so the test says nothing")
	}
	identity := first.identity(t)
	for name, prepare := range map[string]func(t *testing.T) site{
		"one processor":  func(t *testing.T) site { processors(t, 1); return first.again(t) },
		"two processors": func(t *testing.T) site { processors(t, 2); return first.again(t) },
		"shuffled rows":  func(t *testing.T) site { return first.again(t).shuffled(t, 3) },
		"mariadb":        func(t *testing.T) site { return first.againIn(t, databasetest.OnMariaDB, t.TempDir()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := prepare(t)
			for n := range want {
				s.night(t, firstNight+canon.Date(n))
				if got := s.registerDigest(t); got != want[n] {
					t.Fatalf("night %d gives another register", n+1)
				}
			}
			if s.identity(t) != identity {
				t.Fatal("the vault holds other facts")
			}
		})
	}
}

// TestNightsSkippedEndWithTheSameRows checks that the register's rows after a night do not depend on whether every night
// before was run.
func TestNightsSkippedEndWithTheSameRows(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		every, last := loadedSite(t, on), loadedSite(t, on)
		for n := range canon.Date(3) {
			every.finish(t, firstNight+n, pipelines.Finished)
		}
		last.finish(t, firstNight+2, pipelines.Finished)
		if a, b := every.counts(t), last.counts(t); a != b {
			t.Fatalf("current rows differ:\n%s\n%s", a, b)
		}
	})
}

func processors(t *testing.T, n int) {
	t.Helper()
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// shuffled puts the rows of every delimited export into another order: headers stay first, trailers last.
func (s site) shuffled(t testing.TB, nights int) site {
	t.Helper()
	random := rand.New(rand.NewPCG(2, 3))
	for n := range nights {
		for _, pattern := range csvFiles {
			path := s.export(pattern, firstNight+canon.Date(n))
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.SplitAfter(text, []byte("\n"))
			from, to := frame(pattern, lines)
			random.Shuffle(to-from, func(i, j int) { lines[from+i], lines[from+j] = lines[from+j], lines[from+i] })
			write(t, path, bytes.Join(lines, nil))
		}
	}
	return s
}

// frame gives where the rows of an export begin and end among its lines.
func frame(pattern string, lines [][]byte) (from, to int) {
	from, to = linesOfHeader, len(lines)
	if len(lines) > 0 && len(lines[len(lines)-1]) == 0 {
		to--
	}
	switch pattern {
	case pegasosFile:
		return 0, to - 1
	case peppiFile:
		return from, to - 1
	}
	return from, to
}
