package parquetfile_test

import (
	"testing"

	"uoma/connectors/formattest"
)

func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) formattest.Result { return read(b, columns("id", "name")) })
}
