package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"testing"

	"uoma/connectors/archive"
	"uoma/connectors/csvfile"
	"uoma/connectors/formattest"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/xmlfile"
)

// member reads the archive's file, and tells of an archive that is none when it is read.
type member struct {
	in formattest.Input
	f  io.Reader
}

func (m *member) Read(p []byte) (int, error) {
	if m.f == nil {
		a, err := archive.Open(m.in.ReaderAt, m.in.Size, archive.Limits{})
		if err != nil {
			return 0, err
		}
		if m.f, err = a.Open("rows"); err != nil {
			return 0, err
		}
	}
	return m.f.Read(p)
}

// TestFormatHoldsTheContract reads formats inside an archive beside another file.
func TestFormatHoldsTheContract(t *testing.T) {
	around := func(b []byte) []byte {
		return pack(t, zip.Deflate, item{name: "readme.txt", data: "rows"}, item{name: "rows", data: string(b)})
	}
	t.Run("CSV", func(t *testing.T) {
		formattest.Run(t, formattest.Subject{
			Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
				return csvfile.New(&member{in: in}, csvfile.Options{Options: o})
			},
			Write: func(rows [][]string) []byte { return around(formattest.CSV(rows)) },
		})
	})
	t.Run("XML", func(t *testing.T) {
		formattest.Run(t, formattest.Subject{
			Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
				return xmlfile.New(&member{in: in}, record.Options{Options: o, Rows: "rows/row"})
			},
			Write: func(rows [][]string) []byte {
				b := bytes.NewBufferString("<rows>")
				for _, row := range rows {
					b.WriteString("<row>")
					for i, cell := range row {
						b.WriteString("<" + formattest.Columns[i] + ">")
						if err := xml.EscapeText(b, []byte(cell)); err != nil {
							t.Fatal(err)
						}
						b.WriteString("</" + formattest.Columns[i] + ">")
					}
					b.WriteString("</row>\n")
				}
				b.WriteString("</rows>")
				return around(b.Bytes())
			},
		})
	})
}
