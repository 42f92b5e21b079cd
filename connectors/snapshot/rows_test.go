package snapshot_test

import (
	"bytes"
	"slices"
	"testing"

	"uoma/connectors/snapshot"
)

type note struct {
	Name  string   `parquet:"name"`
	Day   int32    `parquet:"day"`
	Mails []string `parquet:"mails,list"`
	Feed  string   `parquet:"feed,dict"`
	Bytes []byte   `parquet:"bytes"`
	Long  int64    `parquet:"long"`
}

func TestStateRowsComeBack(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 150_000} {
		s := store(t)
		rows := make([]note, n)
		for i := range rows {
			rows[i] = note{Name: string(rune('a' + i%26)), Day: int32(i) - 500, Feed: []string{"", "a/b", "c/d"}[i%3], Bytes: make([]byte, i%5), Long: -int64(i) << 33}
			if i%3 > 0 {
				rows[i].Mails = []string{"x", "y"}[:i%3]
			}
		}
		d, err := snapshot.WriteRows(s, rows)
		if err != nil {
			t.Fatal(err)
		}
		again, err := snapshot.WriteRows(s, rows)
		if err != nil || again != d {
			t.Fatalf("digest differs or %v", err)
		}
		got, err := snapshot.ReadRows[note](s, d)
		if err != nil {
			t.Fatal(err)
		}
		same := slices.EqualFunc(rows, got, func(a, b note) bool {
			return a.Name == b.Name && a.Day == b.Day && slices.Equal(a.Mails, b.Mails) &&
				a.Feed == b.Feed && bytes.Equal(a.Bytes, b.Bytes) && a.Long == b.Long
		})
		if !same {
			t.Fatalf("%d rows came back as %d, or changed", len(rows), len(got))
		}
	}
}

func TestReadRowsOfAnOlderRelease(t *testing.T) {
	type before struct {
		Name string `parquet:"name"`
	}
	type since struct {
		Name string `parquet:"name"`
		Mark int32  `parquet:"mark,optional"`
	}
	s := store(t)
	d, err := snapshot.WriteRows(s, []before{{"a"}, {"b"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := snapshot.ReadRows[since](s, d); err != nil || !slices.Equal(got, []since{{"a", 0}, {"b", 0}}) {
		t.Errorf("%v, %v", got, err)
	}
	rows := []since{{"a", 0}, {"b", 1}, {"c", 0}}
	if d, err = snapshot.WriteRows(s, rows); err != nil {
		t.Fatal(err)
	}
	if got, err := snapshot.ReadRows[since](s, d); err != nil || !slices.Equal(got, rows) {
		t.Errorf("%v, %v", got, err)
	}
}
