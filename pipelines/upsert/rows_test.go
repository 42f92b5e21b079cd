package upsert_test

import (
	"testing"

	"uoma/connectors/dataverse"
	"uoma/pipelines/upsert"
)

// TestTokensAndDigests tell rows and contents apart, are the same every time, and another secret's say nothing.
func TestTokensAndDigests(t *testing.T) {
	rows := []upsert.Decided{{Key: []string{"1"}, Cells: []string{"a", ""}}, {Key: []string{"1"}, Cells: []string{"", "a"}}, {Key: []string{"1", ""}, Cells: []string{"a", ""}},
		{Key: []string{"12"}, Cells: []string{"a", ""}}, {Key: []string{"1", "2"}, Cells: []string{"a", ""}}}
	seal := func(secret string) (out []dataverse.Row) {
		for r, err := range upsert.Rows([]byte(secret), func(yield func(upsert.Decided, error) bool) {
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
		}) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r)
		}
		return out
	}
	first, again, other := seal("a secret"), seal("a secret"), seal("another")
	digests, tokens := map[string]bool{}, map[string]bool{}
	for i, r := range first {
		digests[r.Digest], tokens[r.Token] = true, true
		if r.Token != again[i].Token || r.Digest != again[i].Digest || r.Token == other[i].Token || r.Digest == other[i].Digest || len(r.Token) != 64 || len(r.Digest) != 64 {
			t.Errorf("row %d", i)
		}
	}
	if len(digests) != len(rows) || len(tokens) != len(rows)-1 || first[0].Token != first[1].Token {
		t.Errorf("%d digests and %d tokens of %d rows", len(digests), len(tokens), len(rows))
	}
}
