package csvfile_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"uoma/connectors/csvfile"
	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
)

func TestFormatHoldsTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Records: true, OpenEnd: true,
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return csvfile.New(in.Reader, csvfile.Options{Options: o})
		},
		Write: func(rows [][]string) []byte {
			var b bytes.Buffer
			b.WriteString("more;id;name;note\n")
			for _, row := range rows {
				b.WriteByte('x')
				for _, cell := range row {
					if strings.ContainsAny(cell, ";\"\n") {
						cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
					}
					b.WriteString(";" + cell)
				}
				b.WriteByte('\n')
			}
			return b.Bytes()
		},
		Control: func(export []byte, rows int, o *tabular.Options) []byte {
			o.Trailer, o.TrailerRequired = regexp.MustCompile(`^Rows: (\d+)$`), true
			return fmt.Appendf(export, "Rows: %d\n", rows)
		},
	})
}
