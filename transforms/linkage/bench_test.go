package linkage

import (
	"math/bits"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// processorTime is what this process has used so far. Others may use the processors meanwhile.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkScore is the whole phase of scoring: which pairs passes bring together for the first time, and what they weigh.
// -cpu 1 gives what one processor does. The rows that the table was made of are let go: a run has none either, and looking
// through millions of strings for garbage would be counted.
func BenchmarkScore(b *testing.B) {
	made := campusOf{300_000, 7, 0.7}
	table := tableOf(campusFields(), campusRecords(b, made).rows, 4096)
	campuses.Lock()
	delete(campuses.made, made)
	campuses.Unlock()
	o := Defaults()
	res := link(b, table, o)
	passes, err := table.named(table.lists(res.Model.Passes))
	if err != nil {
		b.Fatal(err)
	}
	var all []*blocks
	told, pairs := 0, 0
	for i := range passes {
		all = append(all, table.block(&passes[i]))
		for k := range all[i].len() {
			recs := all[i].at(k)
			for x := range recs {
				for _, y := range recs[x+1:] {
					told += bits.OnesCount32(uint32(table.told(recs[x])&table.told(y)) & (1<<maxFeatures - 1))
					pairs++
				}
			}
		}
	}
	s := newScorer(res.Model, table)
	runtime.GC()
	compared, before := int64(0), processorTime(b)
	for b.Loop() {
		_, n := table.score(all, s, o.Review, nil)
		compared += n
	}
	b.ReportMetric(float64(compared)/(processorTime(b)-before).Seconds(), "pairs/s/core")
	b.ReportMetric(float64(told)/float64(pairs), "comparisons/pair")
}

// BenchmarkLink loads and links, training included.
func BenchmarkLink(b *testing.B) {
	p := campusRecords(b, campusOf{100_000, 7, 0.7})
	for b.Loop() {
		link(b, tableOf(campusFields(), p.rows, 4096), Defaults())
	}
	b.ReportMetric(float64(len(p.rows)*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkNight takes 10 000 of a million records out of a standing table, brings as many changed ones in, and links.
func BenchmarkNight(b *testing.B) {
	const records, changed = 1_000_000, 10_000
	p := campusRecords(b, campusOf{records, 7, 0.7})
	s, _ := standingOf(b, campusFields(), p.rows, nil, Defaults(), nil)
	compared, used := int64(0), time.Duration(0)
	for night := 0; b.Loop(); night++ {
		b.StopTimer()
		var gone []string
		var come cells
		for i := range changed {
			at := (i*97 + night) % len(p.rows)
			row := slices.Clone(p.rows[at])
			row[11], row[12] = p.rows[(at+night+5)%len(p.rows)][11], "" // another's telephone
			gone, come = append(gone, row[0]), append(come, row)
		}
		before := processorTime(b)
		b.StartTimer()
		if !s.Change(gone, come) {
			b.Fatal("the table does not stand")
		}
		res := relink(b, s, Defaults(), nil)
		compared += res.Compared
		used += processorTime(b) - before
	}
	b.ReportMetric(float64(compared)/float64(b.N), "pairs/op")
	b.ReportMetric(used.Seconds()/float64(b.N), "processor-s/op")
}
