package linkage

import (
	"bytes"
	"cmp"
	"slices"
)

// change is what a night does to a table.
type change struct {
	moved []int32 // by the place that a record had: the one that it has now, or none
	fresh []bool  // by the place that a record has now: whether it came, or a count of one of its values went a step further
	// spread are those of fresh that are there only because a block is split in another way: there before and now.
	spread []bool
	// keys are by pass those of records as they were, which lie behind the table's last row: records that went, and those
	// of fresh that were there.
	keys [][]entry
}

// change takes records out of a rounded table and brings others in. The outcome is the table that would be made of all
// records that are there now, but for the numbers of values. It gives nil when what the table was made for does not hold
// any more: there is a source that was not, or an identifier of another kind; the table is of no use then.
func (t *Table) change(gone []int32, rows Rows, passes []pass) *change {
	nature := t.nature()
	came := t.take(rows)
	if t.sources != nil && t.sources.dict.len() != len(t.sources.exact) {
		return nil
	}
	fresh := t.lay(rows.Len())
	counts := t.recount(gone, fresh)
	out := &change{moved: make([]int32, t.n)}
	left := t.stepped(gone, counts)
	keys := t.keyer()
	for i := range passes {
		var list []entry
		for n, rec := range left {
			for _, k := range keys.of(&passes[i], rec) {
				list = append(list, entry{k, int32(n)})
			}
		}
		out.keys = append(out.keys, list)
	}
	t.adopt(counts)
	if !slices.Equal(nature, t.nature()) {
		return nil
	}
	t.merge(gone, fresh, left, came, out)
	return out
}

// nature gives of each further column the rule that its values follow, and of each source whether it has records.
func (t *Table) nature() []int {
	out := make([]int, len(t.others))
	parallel(len(t.others), func(i int) { out[i] = ruleOf(t.others[i].by, t.others[i].exact) })
	if t.sources != nil {
		for _, n := range t.sources.exact {
			out = append(out, int(min(n, 1)))
		}
	}
	return out
}

// take reads rows beside those that are there, and gives how many labels there were.
func (t *Table) take(rows Rows) (came int) {
	came = len(t.labels.ends)
	for _, v := range t.all() {
		v.ids, v.memo, v.known = nil, &dictionary{}, nil
	}
	t.read(rows)
	t.keyNames()
	t.keyContacts()
	t.sign()
	return came
}

// lay lays the rows that were taken out side by side, as the table's are.
func (t *Table) lay(n int) [][]int32 {
	all := t.all()
	out := make([][]int32, n)
	flat := make([]int32, n*t.wide)
	for i := range out {
		out[i] = flat[i*t.wide : (i+1)*t.wide]
		t.layRow(out[i], i, all)
	}
	t.births, t.sexes = nil, nil
	for _, v := range all {
		v.ids, v.memo, v.known = nil, nil, nil
		v.dict.freeze()
	}
	t.words.dict.freeze()
	return out
}

// recount gives the exact counts of all values after a change.
func (t *Table) recount(gone []int32, fresh [][]int32) [][]int32 {
	all := t.all()
	out := make([][]int32, len(all))
	parallel(len(all), func(i int) {
		v := all[i]
		n := make([]int32, v.dict.len())
		copy(n, v.exact)
		count := func(ids []int32, by int32) {
			for _, id := range ids {
				if id == none {
					break
				}
				n[id] += by
			}
			if ids[0] != none {
				v.told += int(by)
			}
		}
		for _, rec := range gone {
			count(v.of(rec), -1)
		}
		for _, row := range fresh {
			count(row[v.at:v.at+v.width], 1)
		}
		out[i] = n
	})
	return out
}

// stepped gives the records that went and those with a value whose rough count is another after a change, in order.
func (t *Table) stepped(gone []int32, counts [][]int32) []int32 {
	all := t.all()
	stepped := make([][]bool, len(all))
	some := make([]bool, len(all))
	for i, v := range all {
		stepped[i] = make([]bool, v.dict.len())
		if t.plain(v) {
			continue
		}
		for id, n := range v.exact {
			if counts[i][id] != n && rounded(counts[i][id]) != v.uses[id] {
				stepped[i][id], some[i] = true, true
			}
		}
	}
	given, family := len(all), len(all)
	for i, v := range all {
		switch v {
		case t.given:
			given = i
		case t.family:
			family = i
		}
	}
	words, both := make([]int32, t.words.dict.len()), make([]int32, len(t.names))
	t.countNames(counts[given], counts[family], words, both)
	for id := range t.nameUses {
		k := &t.names[id]
		step := rounded(both[id]) != t.nameUses[id] || stepped[given][id] || stepped[family][id]
		for _, w := range k.words[:min(k.count, maxWords)] {
			step = step || rounded(words[w]) != t.words.uses[w]
		}
		stepped[given][id], stepped[family][id] = step, step
		some[given], some[family] = some[given] || step, some[family] || step
	}
	went := make([]bool, t.n)
	for _, rec := range gone {
		went[rec] = true
	}
	parallel((t.n+chunkRecords-1)/chunkRecords, func(c int) {
		for rec := c * chunkRecords; rec < min((c+1)*chunkRecords, t.n); rec++ {
			for i, v := range all {
				if !some[i] {
					continue
				}
				for _, id := range v.of(int32(rec)) {
					if id == none {
						break
					}
					went[rec] = went[rec] || stepped[i][id]
				}
			}
		}
	})
	var out []int32
	for rec, is := range went {
		if is {
			out = append(out, int32(rec))
		}
	}
	return out
}

// adopt takes counts over.
func (t *Table) adopt(counts [][]int32) {
	for i, v := range t.all() {
		v.exact = counts[i]
		v.round()
	}
	t.roundNames()
	for _, o := range t.others {
		o.right = rightValues(o.by, o.exact)
	}
}

// merge puts fresh rows between those that stay, in the table's order, and those that left behind them.
func (t *Table) merge(gone []int32, fresh [][]int32, left []int32, came int, out *change) {
	l := &t.labels
	order := make([]int32, len(fresh))
	for i := range order {
		order[i] = int32(came + i)
	}
	slices.SortFunc(order, l.compare)
	n, old := t.n-len(gone)+len(fresh), int32(0) // of the records that were there, how many have been placed
	rows := make([]int32, 0, (n+len(left))*t.wide)
	places := make([]int32, 0, n)
	out.fresh, out.spread = make([]bool, n), make([]bool, n)
	stay := func(to int32) { // places those before one
		for old < to {
			end := to
			if len(gone) > 0 {
				end = min(end, gone[0])
			}
			rows = append(rows, t.rows[int(old)*t.wide:int(end)*t.wide]...)
			for rec := old; rec < end; rec++ {
				out.moved[rec] = int32(len(places)) + rec - old
			}
			places = append(places, l.order[old:end]...)
			if old = end; len(gone) > 0 && gone[0] == old {
				out.moved[old], gone, old = none, gone[1:], old+1
			}
		}
	}
	for _, x := range order {
		behind, _ := slices.BinarySearchFunc(l.order[old:], x, l.compare)
		stay(old + int32(behind))
		out.fresh[len(places)] = true
		rows = append(rows, fresh[int(x)-came]...)
		places = append(places, x)
	}
	stay(int32(t.n))
	for _, rec := range left {
		rows = append(rows, t.row(rec)...)
		if now := out.moved[rec]; now != none {
			out.fresh[now] = true
		}
	}
	t.n, t.rows, l.order = n, rows, places
	for _, v := range t.all() {
		v.rows = rows
	}
}

// settle gives up the rows of records that left.
func (t *Table) settle() {
	t.rows = t.rows[:t.n*t.wide]
	for _, v := range t.all() {
		v.rows = t.rows
	}
}

// compare orders two records by the hash of what they say, and by their labels; both by where they came.
func (l *labels) compare(a, b int32) int {
	if x, y := l.hashes[a], l.hashes[b]; x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Or(bytes.Compare(l.came(a), l.came(b)), cmp.Compare(a, b))
}

// find gives the places of records by their labels, in order.
func (t *Table) find(labels []string) (out []int32) {
	if len(labels) == 0 {
		return nil
	}
	const bits = 20
	wanted, perhaps := make(map[string]bool, len(labels)), make([]bool, 1<<bits)
	for _, l := range labels {
		wanted[l], perhaps[hash64(bytesOf(l))>>(64-bits)] = true, true
	}
	found := make([][]int32, (t.n+chunkRecords-1)/chunkRecords)
	parallel(len(found), func(i int) {
		for rec := i * chunkRecords; rec < min((i+1)*chunkRecords, t.n); rec++ {
			if l := t.labels.came(t.labels.order[rec]); perhaps[hash64(l)>>(64-bits)] && wanted[string(l)] {
				found[i] = append(found[i], int32(rec))
			}
		}
	})
	return slices.Concat(found...)
}
