package compressed_test

import (
	"bytes"
	"io"
	"testing"

	"uoma/connectors/compressed"
	"uoma/connectors/formattest"
)

// TestHostileFiles inflates each file, what begins as zstd as that and all others as gzip.
func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) (got formattest.Result) {
		kind := compressed.Gzip
		if bytes.HasPrefix(b, []byte("\x28\xb5\x2f\xfd")) {
			kind = compressed.Zstd
		}
		c, err := compressed.NewReader(bytes.NewReader(b), kind, compressed.Limits{})
		if err == nil {
			_, err = io.Copy(io.Discard, c)
			c.Close()
		}
		got.Err = err
		return got
	})
}
