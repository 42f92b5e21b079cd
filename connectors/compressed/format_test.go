package compressed_test

import (
	"io"
	"testing"

	"uoma/connectors/compressed"
	"uoma/connectors/csvfile"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
)

// inside inflates, and tells of a stream that is none when it is read.
type inside struct {
	r    io.Reader
	kind string
	c    io.Reader
}

func (i *inside) Read(p []byte) (int, error) {
	if i.c == nil {
		c, err := compressed.NewReader(i.r, i.kind, compressed.Limits{})
		if err != nil {
			return 0, err
		}
		i.c = c
	}
	return i.c.Read(p)
}

// TestFormatHoldsTheContract reads a format that has no end of its own: in a compressed export it has one.
func TestFormatHoldsTheContract(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			formattest.Run(t, formattest.Subject{
				Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
					return csvfile.New(&inside{r: in.Reader, kind: kind}, csvfile.Options{Options: o})
				},
				Write: func(rows [][]string) []byte {
					return pack(t, kind, formattest.CSV(rows))
				},
			})
		})
	}
}
