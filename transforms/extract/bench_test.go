package extract

import (
	"fmt"
	"testing"
)

// BenchmarkExtract makes an extract of 20,000 graduates and its parts.
func BenchmarkExtract(b *testing.B) {
	people := make([]Person, 20_000)
	for i := range people {
		p := aino()
		p.Pseudonym = fmt.Sprintf("%026d", i*7919%20_000)
		p.Records[0].StudentNumber, p.Records[0].LearnerNumber = fmt.Sprint(i), fmt.Sprint(i)
		people[i] = p
	}
	for _, format := range []string{"parquet", "csv"} {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range Make(people, terms).Parts(format) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(len(people))*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
