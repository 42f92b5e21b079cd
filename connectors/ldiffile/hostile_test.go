package ldiffile_test

import (
	"bytes"
	"testing"

	"uoma/connectors/formattest"
	"uoma/connectors/ldiffile"
	"uoma/connectors/tabular"
)

func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) formattest.Result {
		s := formattest.Subject{Open: func(in formattest.Input, o tabular.Options) tabular.Reader { return ldiffile.New(in.Reader, o) }}
		return s.Read(formattest.Input{Reader: bytes.NewReader(b)}, tabular.Options{Feed: "demo/rows", Columns: []tabular.Column{{Name: "id"}, {Name: "name"}},
			Limits: tabular.Limits{RowBytes: 16 << 10}})
	})
}
