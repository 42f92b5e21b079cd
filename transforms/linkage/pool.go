package linkage

import "sync"

// pool lends a table's comparers, whose caches are worth keeping from one piece of work to the next.
type pool struct {
	t    *Table
	mu   sync.Mutex
	free []*comparer
}

func (p *pool) take() *comparer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = p.free[:n-1]
		return c
	}
	return newComparer(p.t)
}

func (p *pool) give(c *comparer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, c)
}
