package fixedfile_test

import (
	"bytes"
	"testing"

	"uoma/connectors/fixedfile"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
)

func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) formattest.Result {
		s := formattest.Subject{Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return fixedfile.New(in.Reader, fixedfile.Options{Options: o, Length: 8, Ranges: []fixedfile.Range{{From: 1, To: 4}, {From: 5, To: 8}}})
		}}
		return s.Read(formattest.Input{Reader: bytes.NewReader(b)}, tabular.Options{Feed: "demo/rows", Columns: []tabular.Column{{Name: "id"}, {Name: "name"}},
			Limits: tabular.Limits{RowBytes: 64 << 10}})
	})
}
