package vault_test

import (
	"bytes"
	"io"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
	"uoma/internal/fault"
	"uoma/transforms/pseudonym"
)

// TestRandomPseudonymsAreDrawnUntilNobodyHasThem gives a source that repeats itself.
func TestRandomPseudonymsAreDrawnUntilNobodyHasThem(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		block := func(b byte) []byte { return bytes.Repeat([]byte{b}, 16) }
		draw := func(source io.Reader, epoch int64, people ...string) (map[string]string, error) {
			v := vault.New(db, nil, source, 1)
			if err := v.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return v.RandomPseudonyms(t.Context(), "csc/one", epoch, people, pseudonym.Spell, false)
		}
		one, err := draw(bytes.NewReader(bytes.Join([][]byte{block(1), block(1), block(2)}, nil)), 1, "b", "a")
		if err != nil || one["a"] != pseudonym.Spell(block(1)) || one["b"] != pseudonym.Spell(block(2)) {
			t.Errorf("%v %v", one, err)
		}
		again, err := draw(bytes.NewReader(nil), 1, "a", "b")
		if err != nil || again["a"] != one["a"] || again["b"] != one["b"] {
			t.Errorf("again: %v %v", again, err)
		}
		next, err := draw(bytes.NewReader(bytes.Join([][]byte{block(2), block(3)}, nil)), 2, "a")
		if err != nil || next["a"] != pseudonym.Spell(block(3)) {
			t.Errorf("the next epoch has one of the last: %v %v", next, err)
		}
		if _, err := draw(bytes.NewReader(bytes.Repeat(block(1), 20)), 2, "c"); fault.Code(err) != "UOMA-VLT-DRAW" {
			t.Errorf("a broken source: %v", err)
		}
		if _, err := draw(bytes.NewReader(nil), 2, "c"); fault.Code(err) != "UOMA-VLT-RANDOM" {
			t.Errorf("no source: %v", err)
		}
	})
}
