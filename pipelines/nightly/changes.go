package nightly

import (
	"crypto/sha256"
	"slices"

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

// changes is the difference between two snapshots of a feed, by row key and row hash. A place is a row's number in its
// snapshot, from 0.
type changes struct {
	fates   []fate   // one a row, in snapshot order
	from    []int32  // place in the last good snapshot of the row with the same key, or nowhere
	removed [][]byte // row keys that the last good snapshot has and this one has not, in its order
	before  int      // rows of the last good snapshot
	keys    int      // distinct keys of this one
	were    int      // and of the last good one
	bare    [2]int   // rows without a key: of the last good one, and of this one
}

// nowhere is the place of a row that is not there.
const nowhere = int32(-1)

// known is what is remembered of a row key while two snapshots are compared.
type known struct {
	before, now snapshot.Hash
	last, first int32 // places in the last good snapshot and in this one
	conflict    bool
}

// comparison compares two snapshots. Keys are told apart by the first 128 bits of their SHA-256: keys themselves, of all
// feeds at once, would take several times the room.
type comparison struct {
	changes
	byKey map[rowID]int32
	all   []known
	clash bool
}

// rowID is the first 128 bits of a row key's SHA-256, and zero of a row without a key.
type rowID = snapshot.Hash

func idOf(key []byte) rowID {
	if len(key) == 0 {
		return rowID{}
	}
	sum := sha256.Sum256(key)
	return rowID(sum[:])
}

// rowPrint is what tells a row from others, and from what it was.
type rowPrint struct {
	id   rowID
	hash snapshot.Hash
}

// prints gives what a snapshot's rows are told apart by, in its order.
func prints(s *blob.Store, digest string) (out []rowPrint, err error) {
	return out, snapshot.Keys(s, digest, func(key []byte, hash snapshot.Hash) { out = append(out, rowPrint{idOf(key), hash}) })
}

// compare compares two snapshots by their key columns.
func compare(s *blob.Store, previous, current string) (*changes, error) {
	rows, err := prints(s, current)
	if err != nil {
		return nil, err
	}
	return compareWith(s, previous, rows)
}

// compareWith compares a snapshot's rows with those of an earlier one, which is "" when there is no last good one. A row
// without a key is always added: it is rejected when it is conformed.
func compareWith(s *blob.Store, previous string, rows []rowPrint) (*changes, error) {
	n := len(rows)
	c := &comparison{
		changes: changes{fates: make([]fate, 0, n), from: make([]int32, 0, n)},
		byKey:   make(map[rowID]int32, n), all: make([]known, 0, n),
	}
	if previous != "" {
		if err := snapshot.Keys(s, previous, func(key []byte, hash snapshot.Hash) { c.meetLast(idOf(key), hash) }); err != nil {
			return nil, err
		}
	}
	met := make([]int32, n) // by row: its key's place in all
	for i := range rows {
		met[i] = c.meet(rows[i].id, rows[i].hash)
	}
	if c.clash {
		c.markConflicts(met)
	}
	if err := c.findRemoved(s, previous); err != nil {
		return nil, err
	}
	out := c.changes // and nothing of what was needed to find them
	return &out, nil
}

// of gives what is known of a key, making it when it is new.
func (c *comparison) of(id rowID) (k *known, at int32, fresh bool) {
	at, met := c.byKey[id]
	if !met {
		at = int32(len(c.all))
		c.byKey[id] = at
		c.all = append(c.all, known{last: nowhere, first: nowhere})
	}
	return &c.all[at], at, !met
}

// meetLast takes a row of the last good snapshot.
func (c *comparison) meetLast(id rowID, hash snapshot.Hash) {
	place := int32(c.before)
	c.before++
	if id == (rowID{}) {
		c.bare[0]++
		return
	}
	k, _, fresh := c.of(id)
	switch {
	case fresh:
		k.before, k.last = hash, place
		c.were++
	case k.before != hash:
		k.before = snapshot.Hash{} // it was in conflict, so nothing of it was loaded: whatever comes now is a change
	}
}

// meet decides a row's fate as far as the rows before it tell, and gives its key's place among all that are known.
func (c *comparison) meet(id rowID, hash snapshot.Hash) int32 {
	if id == (rowID{}) {
		c.bare[1]++
		c.decide(added, nowhere)
		return nowhere
	}
	k, at, _ := c.of(id)
	switch {
	case k.first >= 0 && k.now == hash:
		c.decide(merged, nowhere)
		return at
	case k.first >= 0:
		k.conflict, c.clash = true, true
		c.decide(conflict, nowhere)
		return at
	}
	k.first, k.now = int32(len(c.fates)), hash
	c.keys++
	switch {
	case k.last < 0:
		c.decide(added, nowhere)
	case k.before == hash:
		c.decide(unchanged, k.last)
	default:
		c.decide(changed, k.last)
	}
	return at
}

func (c *comparison) decide(f fate, from int32) {
	c.fates, c.from = append(c.fates, f), append(c.from, from)
}

// sizes gives how many rows there were and are now. Where earlier versions of a row are taken out, or were not yet, keys are counted:
// no version that goes is a loss.
func (c *changes) sizes(versions bool) (before, now int) {
	if versions {
		return c.were + c.bare[0], c.keys + c.bare[1]
	}
	return c.before, len(c.fates)
}

// markConflicts gives every row of a conflicting key the fate conflict, also those before the conflict showed, so that the
// outcome does not depend on the order of rows.
func (c *comparison) markConflicts(met []int32) {
	for i, at := range met {
		if at >= 0 && c.all[at].conflict {
			c.fates[i] = conflict // the first of them keeps the place of what was there before
		}
	}
}

// findRemoved looks up the keys of rows that are gone.
func (c *comparison) findRemoved(s *blob.Store, previous string) error {
	var gone []int32
	for i := range c.all {
		if k := &c.all[i]; k.first < 0 {
			gone = append(gone, k.last)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	slices.Sort(gone)
	place := int32(0)
	return snapshot.Keys(s, previous, func(key []byte, _ snapshot.Hash) {
		if len(gone) > 0 && gone[0] == place {
			c.removed, gone = append(c.removed, slices.Clone(key)), gone[1:]
		}
		place++
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

// over gives the keys of rows whose data ends tonight: of those that their system exports no more, and of those that the layout refuses
// ([canon.Rejection]). Both are alike, so that a word against a use outlives either.
func (f *feedNight) over() [][]byte { return slices.Concat(f.changes.removed, f.ended) }

// redo makes every unchanged row changed: the layout or the policy is another than when they were loaded.
func (c *changes) redo() {
	for i, f := range c.fates {
		if f == unchanged {
			c.fates[i] = changed
		}
	}
}
