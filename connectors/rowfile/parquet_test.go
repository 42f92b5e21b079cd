package rowfile_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/parquet-go/parquet-go"

	"pgregory.net/rapid"

	"uoma/connectors/rowfile"
	"uoma/internal/fault"
)

type person struct {
	ID      string    `parquet:"id"`
	Name    *string   `parquet:"name,optional,dict"`
	Born    int32     `parquet:"born,date"`
	Changed time.Time `parquet:"changed,timestamp(microsecond)"`
	Small   int32     `parquet:"small"`
	Large   uint64    `parquet:"large"`
	Share   float64   `parquet:"share"`
	Amount  int64     `parquet:"amount,decimal(2:12)"`
	Active  bool      `parquet:"active"`
	Key     [16]byte  `parquet:"key,uuid"`
	Phones  []string  `parquet:"phones,list"`
}

func people(t testing.TB, rows []person, groupRows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.parquet")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := parquet.NewGenericWriter[person](out, parquet.Compression(&parquet.Snappy))
	for len(rows) > 0 {
		n := min(groupRows, len(rows))
		if _, err := w.Write(rows[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParquetBecomesText(t *testing.T) {
	name := "Äijälä"
	key := uuid.FromStringOrNil("01234567-89ab-4def-8123-456789abcdef")
	f, err := rowfile.Open(people(t, []person{
		{"a", &name, 7338, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), -5, math.MaxUint64, 12345, -12345, true, key, []string{"x"}},
		{"b", nil, -1, time.Date(1969, 12, 31, 23, 59, 59, 500_000_000, time.UTC), 7, 7, math.NaN(), 5, false, key, nil},
		{"", &name, 0, time.Unix(0, 0), 0, 0, 0.5, 100, false, key, nil},
	}, 2))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"id", "name", "born", "changed", "small", "large", "share", "amount", "active", "key", ""}; !f.Parquet || !slices.Equal(f.Columns, want) {
		t.Fatalf("got %v", f.Columns)
	}
	want := [][]string{
		{"a", name, "1990-02-03", "2026-11-22", "-5", "18446744073709551615", "12345", "-123.45", "true", key.String()},
		{"b", "", "1969-12-31", "1969-12-31T23:59:59.5Z", "7", "7", "", "0.05", "false", key.String()},
		{"", name, "1970-01-01", "1970-01-01", "0", "0", "0.5", "1", "false", key.String()},
	}
	if got, _ := all(t, f, f.Columns[:10]...); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := f.Sample(10); len(got) != 3 || got[0][1] != name || len(got[0]) != 11 {
		t.Errorf("got sample %q", got)
	}
}

// Row groups and batches do not fall together, and columns come in any order.
func TestParquetStreamsRowGroups(t *testing.T) {
	rows := make([]person, 20_000)
	for i := range rows {
		rows[i].ID = fmt.Sprint(i)
		rows[i].Small = int32(i)
		if i%3 > 0 {
			rows[i].Name = &rows[i].ID
		}
	}
	f, err := rowfile.Open(people(t, rows, 7001))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := all(t, f, "small", "name", "id")
	if len(got) != len(rows) {
		t.Fatalf("%d rows", len(got))
	}
	for i, row := range got {
		name := ""
		if i%3 > 0 {
			name = rows[i].ID
		}
		if row[0] != rows[i].ID || row[1] != name || row[2] != rows[i].ID {
			t.Fatalf("row %d is %q", i, row)
		}
	}
	if n := len(f.Sample(1000)); n != 1000 {
		t.Errorf("a sample of %d rows", n)
	}
}

// A damaged file is read or refused, and nothing breaks.
func TestADamagedParquetFileIsAnError(t *testing.T) {
	name := "Äijälä"
	whole, err := os.ReadFile(people(t, []person{{ID: "a", Name: &name}, {ID: "b"}}, 1))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.parquet")
	rapid.Check(t, func(t *rapid.T) {
		src := slices.Clone(whole)
		for range rapid.IntRange(1, 4).Draw(t, "bytes") {
			src[rapid.IntRange(4, len(src)-5).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := rowfile.Open(path)
		if err != nil {
			if fault.Code(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		r, err := f.Reader(slices.DeleteFunc(f.Columns, func(c string) bool { return c == "" }), nil)
		if err != nil {
			return // two columns of one name
		}
		defer r.Close()
		for _, err := range r.Batches(context.Background()) {
			if err != nil && fault.Code(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
		}
	})
}
