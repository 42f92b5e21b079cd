package archive_test

import (
	"io"
	"testing"

	"uoma/connectors/archive"
	"uoma/connectors/formattest"
)

// TestHostileFiles reads the file rows of each archive, whatever else is in it.
func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) (got formattest.Result) {
		a, err := open(b, archive.Limits{Entries: 100})
		if err != nil {
			got.Err = err
			return got
		}
		f, err := a.Open("rows")
		if err == nil {
			_, err = io.Copy(io.Discard, f)
		}
		got.Err = err
		return got
	})
}
