package vault_test

import (
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
)

// TestASpreadWordCanBeTakenBack lays words beside what was said under a mark: it is still there when they are taken back, and both
// go with the mark.
func TestASpreadWordCanBeTakenBack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := open(t, db)
		mark := func(name string) string { return name + strings.Repeat("0", 26-len(name)) }
		word := func(token, origin string, at int64) vault.Word {
			w := vault.Word{Token: mark(token), Kind: "consent", About: "newsletter", Channel: "email", State: "withdrawn", Time: at, Clause: "X-1", Since: "n"}
			if origin != "" {
				w.Origin = mark(origin)
			}
			return w
		}
		is := func(want ...vault.Word) {
			t.Helper()
			words, err := v.Words(t.Context())
			if got := slices.Concat(words[mark("a")], words[mark("b")]); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v, want %v (%v)", got, want, err)
			}
		}
		said, there, spread := word("a", "", 1), word("b", "", 9), word("a", "b", 9)
		if err := v.KeepWords(t.Context(), []vault.Word{said, there, word("a", "b", 8), word("a", "c", 7)}); err != nil {
			t.Fatal(err)
		}
		if err := v.KeepWords(t.Context(), []vault.Word{spread, word("a", "c", 6)}); err != nil {
			t.Fatal(err)
		}
		is(said, spread, word("a", "c", 7), there)
		if err := v.TakeBackWords(t.Context(), []vault.Word{word("a", "c", 0), said}); err != nil {
			t.Fatal(err)
		}
		is(said, spread, there)
		if err := v.DropWords(t.Context(), []string{mark("a")}); err != nil {
			t.Fatal(err)
		}
		is(there)
	})
}
