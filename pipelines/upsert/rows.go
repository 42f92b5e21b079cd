package upsert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"iter"

	"uoma/connectors/dataverse"
)

// Decided is a row that may be sent, in the columns of the table.
type Decided struct{ Key, Cells []string }

// Rows gives decided rows the token and the digest under which the journal knows them. secret is a key of the target's own:
// whoever holds the ledger cannot test guesses, neither of who is in it nor of what was sent.
func Rows(secret []byte, rows iter.Seq2[Decided, error]) iter.Seq2[dataverse.Row, error] {
	return func(yield func(dataverse.Row, error) bool) {
		for r, err := range rows {
			if err != nil {
				yield(dataverse.Row{}, err)
				return
			}
			if !yield(dataverse.Row{Token: sealed(secret, "row", r.Key), Digest: sealed(secret, "content", r.Key, r.Cells), Key: r.Key, Cells: r.Cells}, nil) {
				return
			}
		}
	}
}

// sealed gives a keyed digest of lists of texts, each list and text with its length, so that no two read alike.
func sealed(secret []byte, what string, lists ...[]string) string {
	h := hmac.New(sha256.New, secret)
	write := func(n int, s string) { h.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(n)), s...)) } // never fails
	write(len(what), what)
	for _, l := range lists {
		write(len(l), "")
		for _, s := range l {
			write(len(s), s)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
