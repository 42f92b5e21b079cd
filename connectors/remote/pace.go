package remote

import (
	"context"
	"sync"
	"time"
)

// Pace lets requests begin no closer to each other than they may. The zero Pace is ready, and safe for concurrent use.
type Pace struct {
	mu   sync.Mutex
	next *time.Timer // fires when the next request may begin; nil means at once
}

// Wait waits for the turn of a request that belongs to so many a second, 0 for as many as there are.
func (p *Pace) Wait(ctx context.Context, rate float64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next != nil {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.next.C:
		}
	}
	p.next = nil
	if rate > 0 {
		p.next = time.NewTimer(time.Duration(float64(time.Second) / rate))
	}
	return nil
}
