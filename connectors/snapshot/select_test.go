package snapshot_test

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/snapshot"
	"uoma/internal/canon"
)

// cellsOf gives the rows of a stream as text.
func cellsOf(t *rapid.T, batches canon.Batches) (out [][]string) {
	for b, err := range batches {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			var row []string
			for c := range b.Table.Columns {
				row = append(row, string(b.Col(c).AppendTo(nil, i)))
			}
			out = append(out, row)
		}
	}
	return out
}

// TestSelectGivesTheRowsAtTheirPlaces compares rows by place with the same rows of the whole, over several row groups and
// pages.
func TestSelectGivesTheRowsAtTheirPlaces(t *testing.T) {
	const rows = 150_000 // more than one row group
	s := store(t)
	digest := write(t, s, rows, 4096)
	ctx, wanted := context.Background(), append([]string{"unknown"}, columns...)
	var whole [][]string
	rapid.Check(t, func(t *rapid.T) {
		if whole == nil {
			whole = cellsOf(t, snapshot.Read(ctx, s, digest, feed, wanted))
		}
		places := map[int32]bool{}
		for range rapid.IntRange(0, 30).Draw(t, "stretches") {
			from := rapid.Int32Range(0, rows-1).Draw(t, "from")
			for p := from; p < min(rows, from+rapid.Int32Range(1, 9000).Draw(t, "length")); p++ {
				places[p] = true
			}
		}
		if rapid.Bool().Draw(t, "ends") {
			places[0], places[rows-1] = true, true
		}
		list := make([]int32, 0, len(places))
		for p := range places {
			list = append(list, p)
		}
		slices.Sort(list)
		got := cellsOf(t, snapshot.Select(ctx, s, digest, feed, wanted, list))
		if len(got) != len(list) {
			t.Fatalf("%d rows for %d places", len(got), len(list))
		}
		for i, p := range list {
			if !slices.Equal(got[i], whole[p]) {
				t.Fatalf("place %d gives %v instead of %v", p, got[i], whole[p])
			}
		}
	})
}
