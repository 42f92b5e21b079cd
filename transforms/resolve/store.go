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
	kept, rest := e.rows[:0], e.rows
	var fresh []*Member
	for _, k := range keys {
		n, found := slices.BinarySearchFunc(rest, k, func(m Member, k rowKey) int { return m.key().compare(k) })
		kept, rest = append(kept, rest[:n]...), rest[n:]
		m := e.changes[k]
		if m != nil {
			e.touched[m.record()] = true
		}
		switch {
		case found:
			e.replace(&rest[0], m)
			if rest = rest[1:]; m != nil {
				kept = append(kept, *m)
			}
		case m != nil:
			fresh = append(fresh, m)
		}
	}
	kept = append(kept, rest...)
	clear(e.rows[len(kept):])
	e.rows = insert(kept, fresh)
	e.changes, e.active = map[rowKey]*Member{}, map[rowKey]int32{} // a cleared map keeps its room
}

// insert puts new rows between those that are there, both in their order, in place where the slice has room.
func insert(rows []Member, fresh []*Member) []Member {
	end := len(rows) // before which rows have not been moved
	rows = slices.Grow(rows, len(fresh))[:len(rows)+len(fresh)]
	for i := len(fresh) - 1; i >= 0; i-- {
		n, _ := slices.BinarySearchFunc(rows[:end], fresh[i].key(), func(m Member, k rowKey) int { return m.key().compare(k) })
		copy(rows[n+i+1:], rows[n:end])
		rows[n+i], end = *fresh[i], n
	}
	return rows
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
