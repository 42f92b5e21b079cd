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
	return cmp.Or(cmp.Compare(k.feed, o.feed), cmp.Compare(k.key, o.key))
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
	out := make([]Member, 0, len(e.rows)+len(keys))
	rest := e.rows
	for _, k := range keys {
		n, found := slices.BinarySearchFunc(rest, k, func(m Member, k rowKey) int { return m.key().compare(k) })
		out = append(out, rest[:n]...)
		rest = rest[n:]
		m := e.changes[k]
		if found {
			e.replace(&rest[0], m)
			rest = rest[1:]
		}
		if m != nil {
			out = append(out, *m)
		}
	}
	e.rows = append(out, rest...)
	clear(e.changes)
}

func (e *Engine) replace(old, m *Member) {
	if m != nil && m.PersonKey == old.PersonKey {
		m.Subject = old.Subject
		return
	}
	if old.Subject != "" {
		e.left[old.record()] = old.Subject
	}
}
