package xlsx_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"uoma/connectors/formattest"
	"uoma/connectors/tabular"
	"uoma/connectors/xlsx"
)

func TestFormatHoldsTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return xlsx.New(in.ReaderAt, in.Size, xlsx.Options{Options: o})
		},
		Write: func(rows [][]string) []byte {
			var sheet strings.Builder
			sheet.WriteString(`<worksheet><sheetData>`)
			for _, row := range append([][]string{formattest.Columns}, rows...) {
				sheet.WriteString(`<row>`)
				for _, cell := range row {
					var escaped bytes.Buffer
					xml.EscapeText(&escaped, []byte(cell))
					sheet.WriteString(`<c t="inlineStr"><is><t>` + escaped.String() + `</t></is></c>`)
				}
				sheet.WriteString(`</row>`)
			}
			return parts{sheet: sheet.String() + `</sheetData></worksheet>`}.pack(t)
		},
	})
}
