package compressed_test

import (
	"testing"

	"uoma/connectors/compressed"
	"uoma/connectors/csvfile"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
)

// TestFormatHoldsTheContract reads a format that has no end of its own: in a compressed export it has one.
func TestFormatHoldsTheContract(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			formattest.Run(t, formattest.Subject{
				Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
					r, err := compressed.NewReader(in.Reader, kind, compressed.Limits{})
					if err != nil {
						t.Fatal(err)
					}
					return csvfile.New(r, csvfile.Options{Options: o})
				},
				Write: func(rows [][]string) []byte {
					return pack(t, kind, formattest.CSV(rows))
				},
			})
		})
	}
}
