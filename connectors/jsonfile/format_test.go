package jsonfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"uoma/connectors/formattest"
	"uoma/connectors/jsonfile"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
)

func object(row []string) []byte {
	m := map[string]any{"more": []int{1}}
	for i, name := range formattest.Columns {
		m[name] = row[i]
		if row[i] == "" {
			m[name] = nil
		}
	}
	b, _ := json.Marshal(m)
	return b
}

func TestLinesHoldTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Records: true,
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return jsonfile.New(in.Reader, jsonfile.Options{Options: record.Options{Options: o}, Lines: true})
		},
		Write: func(rows [][]string) []byte {
			var b bytes.Buffer
			for _, row := range rows {
				b.Write(append(object(row), '\n'))
			}
			return b.Bytes()
		},
		Control: func(export []byte, rows int, o *tabular.Options) []byte {
			o.Trailer, o.TrailerRequired = regexp.MustCompile(`^{"rows": (\d+)}$`), true
			return fmt.Appendf(export, "{\"rows\": %d}\n", rows)
		},
	})
}

func TestDocumentsHoldTheContract(t *testing.T) {
	formattest.Run(t, formattest.Subject{
		Open: func(in formattest.Input, o tabular.Options) tabular.Reader {
			return jsonfile.New(in.Reader, jsonfile.Options{Options: record.Options{Options: o, Rows: "data/items", Count: "total"}})
		},
		Write: func(rows [][]string) []byte {
			b := []byte("{\"page\": 1, \"total\": " + fmt.Sprint(len(rows)) + ",\n \"data\": {\"items\": [")
			for i, row := range rows {
				if i > 0 {
					b = append(b, ",\n"...)
				}
				b = append(b, object(row)...)
			}
			return append(b, "]}, \"end\": true}\n"...)
		},
	})
}
