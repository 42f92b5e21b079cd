package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// The collector begins when garbage has grown to a share of what lives. One share for all is wrong both ways: while little
// lives, a small one collects many times over for a few megabytes, and while much lives, a large one fills the machine. So
// garbage may grow by a headroom as long as all stays within what is enough, and beyond that by the smallest share.
type limits struct {
	headroom, enough       uint64 // bytes
	minPercent, maxPercent int
}

// usual are the limits of all commands: much of what lives in a night lives until its end.
func usual() limits {
	return limits{headroom: 250 << 20, enough: 420 << 20, minPercent: 35, maxPercent: 400}
}

// linking are the limits while records are linked: nearly all that lives then holds no pointers, so that collecting often costs
// little where much lives. Where little does, it would cost more than linking.
func linking() limits {
	return limits{headroom: 48 << 20, enough: 300 << 20, minPercent: 8, maxPercent: 1200}
}

// percent gives the share for a live heap of this many bytes, in percent of it.
func (l limits) percent(live uint64) int {
	room := min(l.headroom, l.enough-min(live, l.enough))
	return min(l.maxPercent, max(l.minPercent, int(100*room/max(live, 1))))
}

// collector adjusts the share after each collection.
type collector struct {
	mu     sync.Mutex
	limits limits
	live   []metrics.Sample
	share  int // in percent
}

// tuneCollector lets the share follow what lives, from the next collection on until the program ends.
func tuneCollector() *collector {
	c := &collector{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	c.set(usual())
	c.await()
	return c
}

// await has the share adjusted after the next collection, and then after each: a collection finds that nobody needs the
// token and calls its finalizer.
func (c *collector) await() {
	type token struct{ c *collector } // has a pointer, as a finalizer of a tiny object may never run
	runtime.SetFinalizer(&token{c}, func(t *token) {
		t.c.mu.Lock()
		t.c.adjust()
		t.c.mu.Unlock()
		t.c.await()
	})
}

// set lets other limits hold.
func (c *collector) set(l limits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits = l
	c.adjust()
}

// adjust sets the share anew when it is off by more than a tenth: setting it stops the program for a moment.
func (c *collector) adjust() {
	metrics.Read(c.live)
	want := c.limits.percent(c.live[0].Value.Uint64())
	if off := max(want, c.share) - min(want, c.share); 10*off > c.share || want == c.limits.minPercent && off > 0 {
		debug.SetGCPercent(want)
		c.share = want
	}
}

type collectorKey struct{}

// with gives a context of what the collector is to know of.
func (c *collector) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, collectorKey{}, c)
}

// thrifty collects garbage by the limits of linking until the function that it gives is called. Without a collector of the
// program's own it changes nothing.
func thrifty(ctx context.Context) (restore func()) {
	c, ok := ctx.Value(collectorKey{}).(*collector)
	if !ok {
		return func() {}
	}
	c.set(linking())
	return func() { c.set(usual()) }
}
