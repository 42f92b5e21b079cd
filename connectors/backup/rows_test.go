package backup

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"uoma/connectors/database"
)

// TestRowsComeBack writes rows as both drivers give them, and reads them.
func TestRowsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number, text, blob := rapid.Int64().Draw(t, "number"), rapid.String().Draw(t, "text"), rapid.SliceOf(rapid.Byte()).Draw(t, "blob")
		for _, d := range []database.Dialect{database.SQLite, database.MySQL} {
			given := []any{nil, number, text, slices.Clone(blob), string([]byte{0xff})}
			if d == database.MySQL { // which gives text as bytes
				given[2] = []byte(text)
			}
			line, err := rowOf(given, d)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := parseRows("stores/register/word/000001", append([]byte("[\"a\",\"b\",\"c\",\"d\",\"e\"]\n"), line...))
			if err != nil || rows.Len() != 1 || rows.Store != "register" || rows.Table != "word" {
				t.Fatalf("%+v %v", rows, err)
			}
			bytesOf := func(col int) []byte {
				switch v := rows.Value(0, col).Arg().(type) {
				case string:
					return []byte(v)
				case []byte:
					return v
				}
				return nil
			}
			if rows.Value(0, 0).Arg() != nil || rows.Value(0, 1).Arg() != number || string(bytesOf(2)) != text || !bytes.Equal(bytesOf(3), blob) || string(bytesOf(4)) != "\xff" {
				t.Fatalf("%s: %q", d, line)
			}
		}
	})
}

func FuzzParseRows(f *testing.F) {
	for _, seed := range []string{"", "[]", "[\"a\"]\n[1]\n", "[\"a\"]\n[{\"b\":\"AAE=\"}]\n", "[\"a\"]\n[{}]\n", "[\"a\",\"b\"]\n[null]\n", "[\"a\"]\n[1e9]\n", "[\"a\"]\n[true]\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := parseRows("stores/register/word/000001", text)
		if err == nil && len(rows.values)%len(rows.Columns) != 0 {
			t.Fatalf("%d values in %d columns", len(rows.values), len(rows.Columns))
		}
	})
}
