package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercentFollowsWhatLives(t *testing.T) {
	for _, x := range []struct {
		limits
		live uint64
		want int
	}{
		{usual(), 0, 400},
		{usual(), 4 << 20, 400},
		{usual(), usual().headroom / 4, 400},
		{usual(), usual().headroom / 2, 200},
		{usual(), usual().enough / 2, 100},
		{usual(), usual().enough * 2 / 3, 50},
		{usual(), usual().enough * 4 / 5, 35},
		{usual(), 8 << 30, 35},
		{usual(), ^uint64(0), 35},
		{linking(), 0, 1200},
		{linking(), 4 << 20, 1200},
		{linking(), linking().headroom / 8, 800},
		{linking(), linking().headroom, 100},
		{linking(), linking().headroom * 4, 25},
		{linking(), linking().enough, 8},
		{linking(), 8 << 30, 8},
	} {
		if got := x.percent(x.live); got != x.want {
			t.Errorf("%+v, %d bytes live: %d %%, want %d %%", x.limits, x.live, got, x.want)
		}
	}
}

// TestCollectorIsTuned holds that much and again that little lives, and waits for the share to follow both times.
func TestCollectorIsTuned(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	ctx := tuneCollector().with(t.Context())
	held := make([]byte, usual().headroom)
	awaitPercent(t, func(p uint64) bool { return p <= 110 })
	restore := thrifty(ctx)
	awaitPercent(t, func(p uint64) bool { return p <= 25 })
	restore()
	awaitPercent(t, func(p uint64) bool { return 50 <= p && p <= 110 })
	runtime.KeepAlive(held)
	held = nil
	awaitPercent(t, func(p uint64) bool { return p >= 200 })
	thrifty(t.Context())() // of which no collector knows
	awaitPercent(t, func(p uint64) bool { return p >= 200 })
}

func awaitPercent(t *testing.T, good func(uint64) bool) {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	for range 500 {
		runtime.GC()
		metrics.Read(sample)
		if good(sample[0].Value.Uint64()) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the collector stayed at %d %%", sample[0].Value.Uint64())
}
