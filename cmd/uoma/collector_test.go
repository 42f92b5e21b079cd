package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestPercentFollowsWhatLives(t *testing.T) {
	for live, want := range map[uint64]int{
		0:              maxPercent,
		4 << 20:        maxPercent,
		headroom / 8:   maxPercent,
		headroom / 4:   400,
		headroom / 2:   200,
		enough / 2:     100,
		enough * 4 / 5: minPercent,
		8 << 30:        minPercent,
		^uint64(0):     minPercent,
		enough * 2 / 3: 50,
	} {
		if got := percentFor(live); got != want {
			t.Errorf("%d bytes live: %d %%, want %d %%", live, got, want)
		}
	}
}

// TestCollectorIsTuned holds that much and again that little lives, and waits for the share to follow both times.
func TestCollectorIsTuned(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	tuneCollector()
	held := make([]byte, headroom)
	awaitPercent(t, func(p uint64) bool { return p <= 110 })
	runtime.KeepAlive(held)
	held = nil
	awaitPercent(t, func(p uint64) bool { return p >= 200 })
	restore := thrifty()
	for range 10 { // collections that find the share set by somebody else
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	awaitPercent(t, func(p uint64) bool { return p == linkPercent })
	restore()
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
