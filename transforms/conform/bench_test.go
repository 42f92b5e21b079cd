package conform_test

import (
	"fmt"
	"testing"

	"uoma/internal/canon"
)

// BenchmarkPeppi measures rows of the widest feed, 39 columns to eight canonical rows, with the variety of a real export.
func BenchmarkPeppi(b *testing.B) {
	c, f := conformer(b, "peppi/alumnit")
	rows := make([]cells, canon.BatchRows)
	for i := range rows {
		rows[i] = aino().with(cells{
			"opiskelijanumero": fmt.Sprint(2000000 + i), "opiskeluoikeus_id": fmt.Sprint(90000 + i), "henkilotunnus": "",
			"sukunimi": "Esimerkki" + string(rune('a'+i%26)), "syntymaaika": fmt.Sprintf("%d.%d.%d", i%28+1, i%12+1, 1970+i%30),
			"sahkoposti_oma": fmt.Sprintf("etu.suku%d@mail.example", i), "sahkoposti": fmt.Sprintf("a%06d@student.xamk.example", i),
			"puhelin": fmt.Sprintf("040 000 %04d", i%10000), "etunimet": "Aino Maria", "lahiosoite": fmt.Sprintf("Mallikatu %d", i),
			"muokattu": fmt.Sprintf("16.6.2021 %d:%02d", i%24, i%60)})
		if i%2 == 0 {
			rows[i]["henkilotunnus"], rows[i]["syntymaaika"] = "010190-900P", "1.1.1990"
		}
	}
	batch := raw(b, f, 2, rows...)
	sink := c.NewSink(func(*canon.Batch) error { return nil }, func(r canon.Rejection) error { return fmt.Errorf("rejected: %s %s", r.Field, r.Code) })
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		if err := c.Batch(batch, sink); err != nil {
			b.Fatal(err)
		}
		n += batch.Len()
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
