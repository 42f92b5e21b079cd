package register_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
)

// BenchmarkPut loads the first night of a small university: 700,000 rows in the mix of its tables.
func BenchmarkPut(b *testing.B) {
	mix := map[string]int{"person": 260_000, "study": 120_000, "degree": 90_000, "enrolment": 100_000, "role": 100_000, "consent": 30_000}
	var batches []*canon.Batch
	rows := 0
	for _, name := range slices.Sorted(maps.Keys(mix)) {
		t := tableNamed(b, name)
		for from := 0; from < mix[name]; from += canon.BatchRows {
			batches = append(batches, scattered(t, from, min(from+canon.BatchRows, mix[name])))
		}
		rows += mix[name]
	}
	databasetest.EachB(b, func(b *testing.B, db *database.DB) {
		r := open(b, db)
		for b.Loop() {
			b.StopTimer()
			for _, t := range register.Tables() {
				db.MustExec("DELETE FROM " + database.Quote(t.Name))
			}
			b.StartTimer()
			night(b, r, func(n *register.Night) error {
				for _, x := range batches {
					if err := n.Put(b.Context(), x, "nightly-2026-11-22"); err != nil {
						return err
					}
				}
				return nil
			})
		}
		b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkChange drops and puts the one row in a hundred that changes from night to night.
func BenchmarkChange(b *testing.B) {
	const n, changed = 260_000, 2_600
	person := tableNamed(b, "person")
	databasetest.EachB(b, func(b *testing.B, db *database.DB) {
		r := open(b, db)
		night(b, r, func(n1 *register.Night) error { return n1.Put(b.Context(), scattered(person, 0, n), "n1") })
		again := scattered(person, 0, changed)
		var keys []string
		for i := range again.Len() {
			keys = append(keys, again.Col(register.SourceKey).Text(i))
		}
		for b.Loop() {
			night(b, r, func(n2 *register.Night) error {
				if err := n2.Drop(b.Context(), keys); err != nil {
					return err
				}
				return n2.Put(b.Context(), again, "n2")
			})
		}
		b.ReportMetric(float64(changed*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkRead streams every column of a table in key order, and hashes it.
func BenchmarkRead(b *testing.B) {
	const n = 100_000
	person := tableNamed(b, "person")
	databasetest.EachB(b, func(b *testing.B, db *database.DB) {
		r := open(b, db)
		night(b, r, func(n1 *register.Night) error { return n1.Put(b.Context(), scattered(person, 0, n), "n1") })
		b.Run("read", func(b *testing.B) {
			for b.Loop() {
				for _, err := range r.Read(b.Context(), "person", nil, register.Current) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run("digest", func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Digest(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	})
}

// scattered is a batch with ordinary short values and keys in no order, as keyed tokens are.
func scattered(t *canon.Table, from, to int) *canon.Batch {
	b := canon.NewBuilder(t, "student-register/opiskelijat")
	for k := from; k < to; k++ {
		h := uint64(k+1) * 0x9e3779b97f4a7c15
		for i, c := range t.Columns {
			switch {
			case i == register.Seq || c.Type == canon.Int:
				b.Int(i, 0)
			case i == register.FirstSeen || i == register.LastSeen || (i > register.First && i%3 == 0):
				b.Null(i)
			case c.Class == canon.Key:
				b.Text(i, fmt.Sprintf("%026d", h))
			case c.Type == canon.Day:
				b.Day(i, canon.Date(k%20000))
			case c.Type == canon.Instant:
				b.Instant(i, int64(k)*1e9)
			case c.Type == canon.Bool:
				b.Bool(i, false)
			default:
				b.Text(i, "value")
			}
		}
		b.EndRow()
	}
	return b.Flush()
}
