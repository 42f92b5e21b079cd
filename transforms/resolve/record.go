package resolve

import (
	"cmp"
	"sync"
)

// record is one system's picture of one person: its source rows, in their order.
type record struct {
	Key
	rows   []*Member
	before string // subject after the last night, "" when new
}

func compareKeys(a, b Key) int {
	if c := cmp.Compare(a.System, b.System); c != 0 {
		return c
	}
	return cmp.Compare(a.PersonKey, b.PersonKey)
}

// records groups the engine's rows by record, by system and person key.
func (e *Engine) records() *index {
	at := newIndex(len(e.rows))
	if e.standing != nil { // there are hardly more records than were linked last
		linked := e.standing.Table().Len()
		at.records = make([]record, 0, linked+linked/16)
	}
	number := make([]int32, len(e.rows)) // of each row's record, in order of appearance
	sizes := make([]int32, 0, len(e.rows))
	for i := range e.rows {
		n := at.place(e.rows[i].record())
		if int(n) == len(sizes) {
			sizes = append(sizes, 0)
		}
		number[i] = n
		sizes[n]++
	}
	var from []int32
	var sorted sync.WaitGroup
	sorted.Go(func() { from = at.order() })
	all := make([]*Member, len(e.rows))
	for n, from := 0, int32(0); n < len(sizes); n++ {
		at.records[n].rows = all[from : from : from+sizes[n]]
		from += sizes[n]
	}
	for i := range e.rows {
		m, r := &e.rows[i], &at.records[number[i]]
		r.rows = append(r.rows, m)
		r.before = cmp.Or(r.before, m.Subject)
	}
	sorted.Wait()
	at.reorder(from)
	if len(e.left) > 0 {
		for i := range at.records {
			if r := &at.records[i]; r.before == "" {
				r.before = e.left[r.Key]
			}
		}
	}
	return at
}
