package faultproxy

import "time"

// Step is after how many bytes contracts cut their lines.
const Step = 64 << 10

// Ends gives the ways in which a connection can end, by what they are called.
func Ends() map[string]End {
	return map[string]End{"reset": Reset, "closed": Close, "half closed": HalfClose}
}

// Bad gives lines that are bad but never stop to bring something, so that all comes over them.
func Bad() map[string]Faults {
	return map[string]Faults{
		"latency":   {Latency: 20 * time.Millisecond},
		"bandwidth": {Bandwidth: 4 << 20},
		"sliced":    {Slice: 1 << 10},
		"slow drip": {Bandwidth: 1 << 20, Slice: 4 << 10},

		"latency of what we ask":         {Up: true, Latency: 20 * time.Millisecond},
		"bandwidth of what we ask":       {Up: true, Bandwidth: 64 << 10},
		"what we ask sliced":             {Up: true, Slice: 100},
		"what we ask reset once":         {Up: true, Cut: 2000, How: Reset, Cuts: 1},
		"what we ask closed once":        {Up: true, Cut: 2000, How: Close, Cuts: 1},
		"what we ask half closed once":   {Up: true, Cut: 2000, How: HalfClose, Cuts: 1},
		"what we ask is not heard, once": {Up: true, Cut: 2000, How: Stall, Cuts: 1},
	}
}
