package xlsx_test

import (
	"testing"

	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
	"uoma/connectors/xlsx"
)

func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) formattest.Result {
		s := formattest.Subject{Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return xlsx.New(in.ReaderAt, in.Size, xlsx.Options{Options: o})
		}}
		o := columns("id", "name").Options
		o.Feed = "demo/sheet"
		return s.Read(formattest.Of(b), o)
	})
}
