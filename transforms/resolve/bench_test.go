package resolve_test

import (
	"runtime"
	"testing"

	"uoma/transforms/resolve"
)

// BenchmarkNight is what the resolver does on a night on which nothing changed: take up the rows of a campus of 100,000
// people, find everybody, and give the rows to remember. It reports how right that is, too.
func BenchmarkNight(b *testing.B) {
	dir := campusDir(b, 100_000, 1)
	e := resolve.New(settings())
	exports(b, e, dir, night)
	c, _ := score(b, dir, night, resolved(b, e))
	members, retired := e.Members(), e.Retired()
	var before, after runtime.MemStats
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		e = nil
		runtime.GC()
		runtime.ReadMemStats(&before)
		b.StartTimer()
		e = resolve.New(settings())
		e.Restore(members, retired)
		res := resolved(b, e)
		if len(e.Members()) != len(members) {
			b.Fatal("rows were lost")
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(res)
		b.ReportMetric(float64(res.Stats.Records), "records")
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-held")
		b.StartTimer()
	}
	b.ReportMetric(float64(len(members)), "rows")
	b.ReportMetric(c.Precision(), "precision")
	b.ReportMetric(c.Recall(), "recall")
}
