package snapshot_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"filippo.io/age"

	"uoma/connectors/blob"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
)

const feed = "peppi/alumnit"

var columns = []string{"sukunimi", "etunimet", "line", "ämpäri.1"}

func store(t testing.TB) *blob.Store {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	s, err := blob.Open(t.TempDir(), id, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// batches makes rows first..first+n of a made-up feed, with every third value missing.
func batch(first, n int) (*canon.Batch, [][]byte, []snapshot.Hash) {
	b := canon.NewBuilder(canon.RawTable(feed, columns), feed)
	var keys [][]byte
	var hashes []snapshot.Hash
	for r := first; r < first+n; r++ {
		b.Int(canon.RawLine, int64(r))
		b.Null(canon.RawKinds)
		for c := range columns {
			if (r+c)%3 == 0 {
				b.Null(canon.RawFirst + c)
				continue
			}
			b.Text(canon.RawFirst+c, fmt.Sprintf("v%d-%d-%s", r%97, c, bytes.Repeat([]byte("x"), r%50)))
		}
		b.EndRow()
		k := fmt.Sprintf("k%08d", r)
		sum := sha256.Sum256([]byte(k))
		keys, hashes = append(keys, []byte(k)), append(hashes, snapshot.Hash(sum[:16]))
	}
	return b.Flush(), keys, hashes
}

func write(t testing.TB, s *blob.Store, rows, step int) string {
	t.Helper()
	w, err := snapshot.Create(s, feed, columns)
	if err != nil {
		t.Fatal(err)
	}
	for r := 0; r < rows; r += step {
		b, k, h := batch(r, min(step, rows-r))
		if err := w.Write(b, k, h); err != nil {
			t.Fatal(err)
		}
	}
	if w.Rows() != int64(rows) {
		t.Fatalf("wrote %d rows of %d", w.Rows(), rows)
	}
	d, _, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRowsComeBack(t *testing.T) {
	for _, rows := range []int{0, 1, 8191, 8192, 8193, 300_001} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			s := store(t)
			d := write(t, s, rows, 8192)
			next := 0
			for b, err := range snapshot.Read(context.Background(), s, d, feed, columns) {
				if err != nil {
					t.Fatal(err)
				}
				want, _, _ := batch(next, b.Len())
				for c := range b.Table.Columns {
					for i := range b.Len() {
						g, w := b.Col(c), want.Col(c)
						if g.Null(i) != w.Null(i) || string(g.AppendTo(nil, i)) != string(w.AppendTo(nil, i)) {
							t.Fatalf("row %d column %d differs", next+i, c)
						}
					}
				}
				next += b.Len()
			}
			if next != rows {
				t.Fatalf("read %d rows of %d", next, rows)
			}
			seen := 0
			err := snapshot.Keys(s, d, func(k []byte, h snapshot.Hash) {
				want := fmt.Sprintf("k%08d", seen)
				sum := sha256.Sum256([]byte(want))
				if string(k) != want || h != snapshot.Hash(sum[:16]) {
					t.Fatalf("key %d differs", seen)
				}
				seen++
			})
			if err != nil || seen != rows {
				t.Fatalf("%d keys, %v", seen, err)
			}
		})
	}
}

func TestSameRowsSameDigest(t *testing.T) {
	s := store(t)
	first := write(t, s, 20_000, 8192)
	if again := write(t, s, 20_000, 8192); again != first {
		t.Fatal("two digests")
	}
	if first == write(t, s, 20_001, 8192) {
		t.Fatal("one digest for two contents")
	}
}

func TestColumnsOfAnotherTime(t *testing.T) {
	s := store(t)
	d := write(t, s, 10, 10)
	for b, err := range snapshot.Read(context.Background(), s, d, feed, []string{"etunimet", "uusi"}) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			if !b.Named("uusi").Null(i) {
				t.Fatal("a column that the snapshot has not has a value")
			}
			if want := (i+1)%3 == 0; b.Named("etunimet").Null(i) != want {
				t.Fatalf("row %d: null is %v", i, !want)
			}
		}
	}
}

func BenchmarkWriteRead(b *testing.B) {
	s := store(b)
	rec, keys, hashes := batch(0, 8192)
	b.Run("write", func(b *testing.B) {
		w, err := snapshot.Create(s, feed, columns)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := w.Write(rec, keys, hashes); err != nil {
				b.Fatal(err)
			}
		}
		w.Discard()
		b.ReportMetric(float64(b.N)*8192/b.Elapsed().Seconds(), "rows/s")
	})
	d := write(b, s, 200_000, 8192)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range snapshot.Read(context.Background(), s, d, feed, columns) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*200_000/b.Elapsed().Seconds(), "rows/s")
	})
}
