package vault

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
)

// openRing wraps nothing: what a filling does with its keys is looked at, not how they are stored.
type openRing struct{}

func (openRing) Wrap(key, _ []byte) ([]byte, error)       { return slices.Clone(key), nil }
func (openRing) Unwrap(wrapped, _ []byte) ([]byte, error) { return slices.Clone(wrapped), nil }

func openVault(t *testing.T, db *database.DB) *Vault {
	t.Helper()
	v := New(db, openRing{}, rand.Reader, 1)
	if err := v.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

// of makes an entry of a subject, whose name tells of which part of the filling it is.
func of(key, subject, part int) Entry {
	return Entry{SourceKey: fmt.Sprintf("s%025d", key), Record: fmt.Sprintf("r%025d", key), Subject: fmt.Sprintf("p%025d", subject), Source: "peppi/alumnit",
		Names: []Fact{{"person", 0, "family_name", fmt.Sprint("Part ", part)}}}
}

// TestKeysAreWrittenInTheMiddleOfAFilling lets a filling have room for three keys: those that were written and let go of are
// found again when another part tells of their subjects, seals go on being counted, and everything opens.
func TestKeysAreWrittenInTheMiddleOfAFilling(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := openVault(t, db)
		v.atHand = 3
		parts := [][]Entry{
			{of(1, 1, 0), of(2, 2, 0)},               // stay at hand
			{of(3, 2, 1), of(4, 3, 1), of(5, 4, 1)},  // of which one is at hand: all four are written
			{of(6, 1, 2), of(7, 5, 2)},               // one is found in the store, one is new
			{of(8, 5, 3), of(9, 2, 3), of(10, 6, 3)}, // written again, with new ones
			{of(11, 1, 4)},
		}
		for _, run := range []string{"n1", "n2"} { // the second finds all of them
			err := v.Fill(t.Context(), run, func(put func([]Entry) error) error {
				for _, part := range parts {
					if err := put(part); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var want []Entry
		for _, part := range parts {
			want = append(want, part...)
		}
		got := map[string]string{}
		for e, err := range v.Open(t.Context(), nil, Everything) {
			if err != nil {
				t.Fatal(err)
			}
			got[e.SourceKey] = e.Subject + e.Names[0].Value
		}
		if len(got) != len(want) {
			t.Errorf("%d entries, want %d", len(got), len(want))
		}
		for _, e := range want {
			if got[e.SourceKey] != e.Subject+e.Names[0].Value {
				t.Errorf("%s is not what was put", e.SourceKey)
			}
		}
		var keys []struct {
			Subject string `db:"subject"`
			Seals   int64  `db:"seals"`
			Run     string `db:"created_run"`
		}
		if err := db.Select(&keys, "SELECT `subject`, `seals`, `created_run` FROM `subject` ORDER BY `subject`"); err != nil {
			t.Fatal(err)
		}
		entries := []int64{3, 3, 1, 1, 2, 1} // of each subject
		if len(keys) != len(entries) {
			t.Fatalf("%d keys, want %d", len(keys), len(entries))
		}
		for i, k := range keys {
			if k.Seals != 2*groups*entries[i] || k.Run != "n1" {
				t.Errorf("%s: %d seals, made by %s", k.Subject, k.Seals, k.Run)
			}
		}
	})
}

// TestAFillingLeavesNoKeyInMemory ends fillings in every way and looks at the keys that they had.
func TestAFillingLeavesNoKeyInMemory(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		v := openVault(t, db)
		failed := errors.New("the line is cut")
		for _, end := range []error{failed, nil} {
			var had []*key
			err := db.Do(t.Context(), func(tx *sqlx.Tx) error {
				return v.fill(t.Context(), tx, "n1", func(w *filling) error {
					if err := w.put(t.Context(), []Entry{of(1, 1, 0), of(2, 2, 0)}); err != nil {
						return err
					}
					for _, k := range w.keys {
						if k.plain == [keySize]byte{} {
							t.Error("a key of zeros")
						}
						had = append(had, k)
					}
					return end
				})
			})
			if !errors.Is(err, end) || len(had) != 2 {
				t.Fatalf("%v, with %d keys", err, len(had))
			}
			for _, k := range had {
				if k.plain != [keySize]byte{} || k.aead != nil {
					t.Errorf("a filling that ended with %v left a key", end)
				}
			}
		}
	})
}
