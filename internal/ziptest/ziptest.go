// Package ziptest packs ZIP archives for tests.
package ziptest

import (
	"archive/zip"
	"bytes"
	"testing"
)

// Pack packs members in their order, of which it is given names and contents in turn.
func Pack(tb testing.TB, members ...string) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err == nil {
			_, err = w.Write([]byte(members[i+1]))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
