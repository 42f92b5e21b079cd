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
	headroom   = 150 << 20 // bytes
	enough     = 450 << 20 // bytes
	minPercent = 40
	maxPercent = 400
)

// Where the runtime has [much] and a collection finds that much less lives than before, what is free is given back to the
// machine at once. The runtime would keep it for garbage to come, while what it does not count, the page caches of SQLite,
// grows on top. Where it has less that would cost more than it gives: all that is given back must be had again.
const (
	much  = 400 << 20 // bytes
	letGo = 64 << 20  // bytes
)

// givesBack tells whether that is so, from what lived and lives and what the runtime has.
func givesBack(lived, lives, has uint64) bool { return has > much && lived > lives+letGo }

// percentFor gives the share for a live heap of this many bytes, in percent of it.
func percentFor(live uint64) int {
	room := min(headroom, enough-min(live, enough))
	return int(min(maxPercent, max(minPercent, 100*room/max(live, 1))))
}

// collector adjusts the share after each collection.
type collector struct {
	sample  []metrics.Sample
	percent int
	live    uint64 // after the last collection

	giveBack func() // what is free, to the machine
}

// tuneCollector lets the share follow what lives, from the next collection on until the program ends.
func tuneCollector() { tune(debug.FreeOSMemory) }

func tune(giveBack func()) {
	c := &collector{giveBack: giveBack, sample: []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"},
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}, percent: maxPercent}
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

// adjust gives back what was let go of, and sets the share anew when it is off by more than a tenth: setting it stops the program for a moment. A share that
// somebody else has set for a while (see [thrifty]) stands.
func (c *collector) adjust() {
	metrics.Read(c.sample)
	live, has := c.sample[0].Value.Uint64(), c.sample[2].Value.Uint64()-c.sample[3].Value.Uint64()
	if givesBack(c.live, live, has) {
		go c.giveBack() // it collects, and must not do so in a finalizer
	}
	c.live = live
	if c.sample[1].Value.Uint64() != uint64(c.percent) {
		return
	}
	want := percentFor(live)
	if off := max(want, c.percent) - min(want, c.percent); 10*off > c.percent || want == minPercent && off > 0 {
		debug.SetGCPercent(want)
		c.percent = want
	}
}
