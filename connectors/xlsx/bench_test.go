package xlsx_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"uoma/connectors/xlsx"
)

// benchmarkInput makes rows of 14 columns: eight shared strings, two inline, two numbers, two dates.
func benchmarkInput(t testing.TB, rows int) ([]byte, xlsx.Options) {
	var names []string
	var shared, sheet strings.Builder
	shared.WriteString("<sst>")
	sheet.WriteString(`<?xml version="1.0"?><worksheet><sheetData><row r="1">`)
	for i := range 14 {
		names = append(names, fmt.Sprintf("column%02d", i))
		fmt.Fprintf(&shared, "<si><t>%s</t></si>", names[i])
		fmt.Fprintf(&sheet, `<c r="%c1" t="s"><v>%d</v></c>`, 'A'+i, i)
	}
	const texts = 5000
	for i := range texts {
		fmt.Fprintf(&shared, "<si><t>Näyte %d</t></si>", i)
	}
	sheet.WriteString("</row>")
	shared.WriteString("</sst>")
	for row := 2; row < rows+2; row++ {
		fmt.Fprintf(&sheet, `<row r="%d" spans="1:14">`, row)
		for i := range 14 {
			switch {
			case i < 8:
				fmt.Fprintf(&sheet, `<c r="%c%d" s="0" t="s"><v>%d</v></c>`, 'A'+i, row, 14+(row*31+i*7)%texts)
			case i < 10:
				fmt.Fprintf(&sheet, `<c r="%c%d" t="inlineStr"><is><t>arvo %d</t></is></c>`, 'A'+i, row, row)
			case i < 12:
				fmt.Fprintf(&sheet, `<c r="%c%d"><v>%d.5</v></c>`, 'A'+i, row, row)
			default:
				fmt.Fprintf(&sheet, `<c r="%c%d" s="%d"><v>%d.25</v></c>`, 'A'+i, row, i-11, 40000+row%5000)
			}
		}
		sheet.WriteString("</row>")
	}
	sheet.WriteString("</sheetData></worksheet>")
	return parts{sheet: sheet.String(), strings: shared.String()}.pack(t), columns(names...)
}

func BenchmarkRead(b *testing.B) {
	const rows = 50_000
	in, o := benchmarkInput(b, rows)
	o.Feed = "bench/sheet"
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for batch, err := range xlsx.New(bytes.NewReader(in), int64(len(in)), o).Batches(context.Background()) {
			if err != nil {
				b.Fatal(err)
			}
			n += batch.Len()
		}
		if n != rows {
			b.Fatal(n)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
