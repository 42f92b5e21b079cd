package csvfile_test

import (
	"testing"

	"uoma/connectors/csvfile"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
)

func TestHostileFiles(t *testing.T) {
	formattest.Hostile(t, func(b []byte) formattest.Result {
		s := formattest.Subject{Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return csvfile.New(in.Reader, csvfile.Options{Options: o})
		}}
		o := columns("id", "name").Options
		o.Feed = "demo/rows"
		return s.Read(formattest.Of(b), o)
	})
}
