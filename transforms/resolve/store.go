package resolve

import (
	"cmp"
	"slices"

	"uoma/internal/canon"
)

// rowKey names a source row.
type rowKey struct{ feed, key string }

func (m *Member) key() rowKey { return rowKey{m.Feed, m.RowKey} }

// record names the record that a row belongs to.
func (m *Member) record() Key { return Key{canon.SystemOf(m.Feed), m.PersonKey} }

func (k rowKey) compare(o rowKey) int {
	if c := cmp.Compare(k.feed, o.feed); c != 0 {
		return c
	}
	return cmp.Compare(k.key, o.key)
}

func compareRows(a, b Member) int { return a.key().compare(b.key()) }

func (e *Engine) restore(members []Member) {
	e.settle()
	if len(e.rows) > 0 {
		members = append(e.rows, members...)
	}
	if !slices.IsSortedFunc(members, compareRows) {
		slices.SortStableFunc(members, compareRows)
	}
	e.rows = slices.CompactFunc(members, func(a, b Member) bool { return a.key() == b.key() })
}

// settle works the changes into the sorted rows. A row that stays with its person keeps its subject; of one that goes,
// the subject is noted, as another row of the record may have come in its place.
func (e *Engine) settle() {
	if len(e.changes) == 0 {
		return
	}
	keys := make([]rowKey, 0, len(e.changes))
	for k := range e.changes {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, rowKey.compare)
	w, known := &working{rows: e.rows}, len(e.rows) > 0
	for _, k := range keys {
		n, found := slices.BinarySearchFunc(w.rows[w.at:], k, func(m Member, k rowKey) int { return m.key().compare(k) })
		n += w.at
		m := e.changes[k]
		if m != nil {
			e.touched[m.record()] = true
		}
		var old *Member
		if found {
			old = &w.rows[n]
			e.replace(old, m)
		}
		if known && m != nil && m.otherThan(old) {
			e.other[m.record()] = true
		}
		switch {
		case found && m != nil:
			w.rows[n] = *m
		case found:
			w.remove(n)
		case m != nil:
			w.insert(n, m)
		}
	}
	e.rows = w.done()
	e.changes, e.active = map[rowKey]*Member{}, map[rowKey]int32{} // a cleared map keeps its room
}

// working works rows that go and come into those that are there, in place where the slice has room: those between two of them
// move once.
type working struct {
	rows  []Member
	at    int // first row that no run has
	by    int // how far the next run moves
	runs  []run
	fresh []*Member // come to lie between the runs
}

// run are rows that stay together, and how far they move to the right.
type run struct{ from, to, by int }

// remove takes a row out, and insert puts one before a row, each behind all that came before.
func (w *working) remove(n int) {
	w.end(n)
	w.at, w.by = n+1, w.by-1
}

func (w *working) insert(n int, m *Member) {
	w.end(n)
	w.fresh = append(w.fresh, m)
	w.by++
}

func (w *working) end(n int) {
	if n > w.at {
		w.runs = append(w.runs, run{w.at, n, w.by})
	}
	w.at = n
}

func (w *working) done() []Member {
	before := len(w.rows)
	w.end(before)
	after := before + w.by
	rows := slices.Grow(w.rows, max(0, w.by))[:max(before, after)]
	move := func(r run) { copy(rows[r.from+r.by:], rows[r.from:r.to]) }
	for _, r := range w.runs { // a run never comes to lie on one that has not moved yet
		if r.by < 0 {
			move(r)
		}
	}
	for _, r := range slices.Backward(w.runs) {
		if r.by > 0 {
			move(r)
		}
	}
	at, fresh := 0, w.fresh
	fill := func(to int) {
		for ; at < to; at++ {
			rows[at], fresh = *fresh[0], fresh[1:]
		}
	}
	for _, r := range w.runs {
		fill(r.from + r.by)
		at = r.to + r.by
	}
	fill(after)
	clear(rows[after:])
	return rows[:after]
}

func (e *Engine) replace(old, m *Member) {
	e.touched[old.record()] = true
	if m != nil && m.PersonKey == old.PersonKey {
		m.Subject = old.Subject
		return
	}
	if old.Subject != "" {
		e.left[old.record()] = old.Subject
	}
}
