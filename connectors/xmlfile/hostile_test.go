package xmlfile_test

import (
	"bytes"
	"testing"

	"uoma/connectors/formattest"
)

func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) formattest.Result {
		return read(bytes.NewReader(b), columns("rows/row", "id=@id", "name"))
	})
}
