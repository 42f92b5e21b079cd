package xmlfile_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"testing"

	"uoma/connectors/formattest"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/xmlfile"
)

func TestFormatHoldsTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			o.Columns[0].Path = "@id"
			return xmlfile.New(in.Reader, record.Options{Options: o, Rows: "List/v:Item", Count: "List/@count",
				Namespaces: map[string]string{"v": "urn:demo"}})
		},
		Write: func(rows [][]string) []byte {
			b := bytes.NewBufferString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- rows --><List xmlns=\"urn:demo\" count=\"" + fmt.Sprint(len(rows)) + "\">\n")
			for _, row := range rows {
				b.WriteString(`<Item id="` + row[0] + `">`)
				for i, name := range formattest.Columns[1:] {
					b.WriteString("<" + name + ">")
					xml.EscapeText(b, []byte(row[i+1]))
					b.WriteString("</" + name + "><more/>")
				}
				b.WriteString("</Item>\n")
			}
			b.WriteString("</List>\n")
			return b.Bytes()
		},
	})
}
