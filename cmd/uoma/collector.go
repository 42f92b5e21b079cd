package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The collector begins when garbage has grown to a share of what lives. One share for all is wrong both ways: while little
// lives, a small one collects many times over for a few megabytes, and while much lives, a large one fills the machine. So
// garbage may grow by [headroom] as long as all stays within [enough], and beyond that by the smallest share: much of what
// lives in a night lives until its end.
const (
	headroom   = 250 << 20 // bytes
	enough     = 420 << 20 // bytes
	minPercent = 40
	maxPercent = 400
)

// percentFor gives the share for a live heap of this many bytes, in percent of it.
func percentFor(live uint64) int {
	room := min(headroom, enough-min(live, enough))
	return int(min(maxPercent, max(minPercent, 100*room/max(live, 1))))
}

// collector adjusts the share after each collection.
type collector struct {
	sample  []metrics.Sample
	percent int
}

// tuneCollector lets the share follow what lives, from the next collection on until the program ends.
func tuneCollector() {
	c := &collector{sample: []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"}}, percent: maxPercent}
	debug.SetGCPercent(c.percent)
	c.await()
}

// await has the share adjusted after the next collection, and then after each: a collection finds that nobody needs the
// token and calls its finalizer.
func (c *collector) await() {
	type token struct{ c *collector } // has a pointer, as a finalizer of a tiny object may never run
	runtime.SetFinalizer(&token{c}, func(t *token) {
		t.c.adjust()
		t.c.await()
	})
}

// adjust sets the share anew when it is off by more than a tenth: setting it stops the program for a moment. A share that
// somebody else has set for a while (see [thrifty]) stands.
func (c *collector) adjust() {
	metrics.Read(c.sample)
	if c.sample[1].Value.Uint64() != uint64(c.percent) {
		return
	}
	want := percentFor(c.sample[0].Value.Uint64())
	if off := max(want, c.percent) - min(want, c.percent); 10*off > c.percent || want == minPercent && off > 0 {
		debug.SetGCPercent(want)
		c.percent = want
	}
}
