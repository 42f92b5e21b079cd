package nightly

import (
	"uoma/connectors/blob"
	"uoma/connectors/snapshot"
)

// fate is what a snapshot's row is, compared with the last good snapshot of its feed.
type fate uint8

const (
	unchanged fate = iota
	added
	changed
	merged   // the same row stands earlier in the same export
	conflict // another row with the same key and other values stands in the same export: neither can be trusted
)

// changes is the difference between two snapshots of a feed, by row key and row hash.
type changes struct {
	fates   []fate   // one a row, in snapshot order
	removed [][]byte // row keys that the last good snapshot has and this one has not
	before  int      // rows of the last good snapshot
	keys    int      // distinct keys of this one
}

// known is what is remembered of a row key while two snapshots are compared.
type known struct {
	before    snapshot.Hash
	now       snapshot.Hash
	first     int32 // position in this snapshot, or -1
	hadBefore bool
}

// compare reads the key columns of two snapshots. previous is "" when there is no last good one. A row without a key is
// always added: it is rejected when it is conformed.
func compare(s *blob.Store, previous, current string) (*changes, error) {
	c := &changes{}
	rows := map[string]*known{}
	if previous != "" {
		err := snapshot.Keys(s, previous, func(key []byte, hash snapshot.Hash) {
			c.before++
			if len(key) == 0 {
				return
			}
			if k := rows[string(key)]; k == nil {
				rows[string(key)] = &known{before: hash, first: -1, hadBefore: true}
			} else if k.before != hash {
				k.before = snapshot.Hash{} // it was in conflict, so nothing of it was loaded: whatever comes now is a change
			}
		})
		if err != nil {
			return nil, err
		}
	}
	conflicts := map[string]bool{}
	err := snapshot.Keys(s, current, func(key []byte, hash snapshot.Hash) {
		c.fates = append(c.fates, c.meet(rows, conflicts, key, hash))
	})
	if err != nil {
		return nil, err
	}
	if len(conflicts) > 0 {
		if err := c.markConflicts(s, current, conflicts); err != nil {
			return nil, err
		}
	}
	for key, k := range rows {
		if k.first < 0 {
			c.removed = append(c.removed, []byte(key))
		} else {
			c.keys++
		}
	}
	return c, nil
}

// meet decides a row's fate as far as the rows before it tell.
func (c *changes) meet(rows map[string]*known, conflicts map[string]bool, key []byte, hash snapshot.Hash) fate {
	if len(key) == 0 {
		return added
	}
	k := rows[string(key)]
	switch {
	case k == nil:
		rows[string(key)] = &known{now: hash, first: int32(len(c.fates))}
		return added
	case k.first >= 0 && k.now == hash:
		return merged
	case k.first >= 0:
		conflicts[string(key)] = true
		return conflict
	}
	k.first, k.now = int32(len(c.fates)), hash
	if k.before == hash {
		return unchanged
	}
	return changed
}

// markConflicts gives every row of a conflicting key the fate conflict, also those before the conflict showed, so that the
// outcome does not depend on the order of rows.
func (c *changes) markConflicts(s *blob.Store, current string, conflicts map[string]bool) error {
	i := 0
	return snapshot.Keys(s, current, func(key []byte, _ snapshot.Hash) {
		if conflicts[string(key)] {
			c.fates[i] = conflict
		}
		i++
	})
}

// count gives how many rows have a fate.
func (c *changes) count(f fate) int64 {
	var n int64
	for _, x := range c.fates {
		if x == f {
			n++
		}
	}
	return n
}

// redo makes every unchanged row changed: the layout or the policy is another than when they were loaded.
func (c *changes) redo() {
	for i, f := range c.fates {
		if f == unchanged {
			c.fates[i] = changed
		}
	}
}
