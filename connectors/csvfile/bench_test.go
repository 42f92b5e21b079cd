package csvfile_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"uoma/connectors/csvfile"
	"uoma/internal/canon"
)

// benchmarkInput makes rows of 14 columns and about 180 bytes.
func benchmarkInput(rows int, wide bool) ([]byte, csvfile.Options) {
	var names []string
	for i := range 14 {
		names = append(names, fmt.Sprintf("column%02d", i))
	}
	var b bytes.Buffer
	for i, n := range names {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(n)
	}
	b.WriteByte('\n')
	name := "Nayte-Ohman"
	if wide {
		name = "N\xe4yte-\xd6hman"
	}
	for i := range rows {
		fmt.Fprintf(&b, "%07d;290296-977L;1.2.246.562.24.%011d;%s;Esimerkki;Aino Maria;Aino;29.2.1996;2;fi;246;Mallikatu %d A 2;aino.esimerkki%d@mail.example;+358400000001\n",
			i, i, name, i%100, i)
	}
	o := columns(names...)
	o.Encoding = "windows-1252"
	o.Feed = "bench/rows"
	return b.Bytes(), o
}

func BenchmarkRead(b *testing.B) {
	for name, wide := range map[string]bool{"ascii": false, "windows-1252": true} {
		b.Run(name, func(b *testing.B) {
			const rows = 100_000
			in, o := benchmarkInput(rows, wide)
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for batch, err := range csvfile.New(bytes.NewReader(in), o).Batches(context.Background()) {
					if err != nil {
						b.Fatal(err)
					}
					n += batch.Len()
				}
				if n != rows {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	const rows = 20_000
	in, o := benchmarkInput(rows, true)
	perRun := testing.AllocsPerRun(3, func() {
		for batch, err := range csvfile.New(bytes.NewReader(in), o).Batches(context.Background()) {
			if err != nil || batch.Len() > canon.BatchRows {
				t.Fatal(err)
			}
		}
	})
	if perRun > rows/10 {
		t.Fatalf("%.0f allocations for %d rows", perRun, rows)
	}
}
