package resolve

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestRowsAreWorkedInWhereTheyAre compares the engine's rows with a map of them over many rounds of rows that come, change
// and go, in slices with room and without.
func TestRowsAreWorkedInWhereTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, model := New(Settings{}), map[rowKey]string{}
		key := rapid.Custom(func(t *rapid.T) rowKey {
			return rowKey{rapid.SampledFrom([]string{"a/x", "a/y", "b/x"}).Draw(t, "feed"), rapid.StringMatching(`[a-f]{1,2}`).Draw(t, "key")}
		})
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			for k, keep := range rapid.MapOf(key, rapid.Bool()).Draw(t, "changes") {
				if !keep {
					e.Remove(k.feed, k.key)
					delete(model, k)
					continue
				}
				family := rapid.StringMatching(`[a-z]{3}`).Draw(t, "family")
				e.changes[k] = &Member{Feed: k.feed, RowKey: k.key, Family: family}
				model[k] = family
			}
			if rapid.Bool().Draw(t, "tight") {
				e.rows = slices.Clip(e.rows)
			}
			got, want := e.Members(), slices.SortedFunc(maps.Keys(model), rowKey.compare)
			if len(got) != len(want) {
				t.Fatalf("%d rows, want %d", len(got), len(want))
			}
			for _, m := range e.rows[len(e.rows):cap(e.rows)] {
				if m.key() != (rowKey{}) {
					t.Fatal("a row that went is still in memory")
				}
			}
			for i, k := range want {
				if got[i].key() != k || got[i].Family != model[k] {
					t.Fatalf("row %d is not the one that it should be", i)
				}
			}
		}
	})
}

// TestIndexFindsWhatWasPlaced holds that keys are found at their places, before and after sorting, and others not at all.
func TestIndexFindsWhatWasPlaced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.Custom(func(t *rapid.T) Key {
			return Key{rapid.StringMatching(`[ab]{0,2}`).Draw(t, "system"), rapid.StringMatching(`[ab]{0,12}`).Draw(t, "person key")}
		})
		keys := rapid.SliceOfDistinct(key, func(k Key) Key { return k }).Draw(t, "keys")
		x := newIndex(len(keys))
		for i, k := range keys {
			for range 2 { // once, and there already
				if x.place(k) != int32(i) {
					t.Fatal("a new key does not come after all others, once")
				}
			}
		}
		x.reorder(x.order())
		slices.SortFunc(keys, compareKeys)
		for i, k := range keys {
			if at, ok := x.find(k); !ok || at != int32(i) || x.records[at].Key != k {
				t.Fatal("a key is not found at its place")
			}
		}
		if k := key.Draw(t, "other"); !slices.Contains(keys, k) {
			if _, ok := x.find(k); ok {
				t.Fatal("a key is found that was never placed")
			}
		}
	})
}
