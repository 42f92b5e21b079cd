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

// give takes a comparer back. It lets go of rows, which may be laid anew.
func (p *pool) give(c *comparer) {
	for i := range c.begun {
		c.trials[i].one, c.trials[i].two = nil, nil
	}
	c.begun = 0
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, c)
}
