package linkage

import (
	"cmp"
	"slices"
	"strings"

	"uoma/transforms/likeness"
)

// nameKeys are what is derived from a name once.
type nameKeys struct {
	first   int32  // number of its first word
	sound   uint64 // how the first word sounds
	whole   uint64 // how all of it sounds
	last    uint64 // how its last word sounds, 0 when it has one
	several bool
}

// Finish ends the loading: it orders the records by their ids, counts values, and derives what comparing and blocking
// need of each value. The table does not change afterwards.
func (t *Table) Finish() {
	t.order()
	var tasks []func()
	for _, v := range t.simples() {
		tasks = append(tasks, func() { v.reorder(t.labels.order); v.freeze() })
	}
	tasks = append(tasks, t.finishNames, func() {
		t.birth = pick(t.birth, t.labels.order)
		t.sex = pick(t.sex, t.labels.order)
	})
	for _, o := range t.others {
		if o.check != nil {
			tasks = append(tasks, o.check)
		}
	}
	parallel(len(tasks), func(i int) { tasks[i]() })
	t.listFeatures()
	t.listParts()
	t.findMailboxes()
}

func (t *Table) simples() []*values {
	all := []*values{t.sources, t.street, t.number, t.post, t.city, t.region, t.phone, t.email}
	for _, o := range t.others {
		all = append(all, o.values)
	}
	return slices.DeleteFunc(all, func(v *values) bool { return v == nil })
}

func pick[T any](list []T, order []int32) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for to, from := range order {
		out[to] = list[from]
	}
	return out
}

// order finds the records' order: that of a hash of their ids, so that neighbours have nothing to do with each other.
func (t *Table) order() {
	type place struct {
		hash uint64
		came int32
	}
	places := make([]place, t.n)
	for i := range places {
		places[i] = place{hash64(t.labels.came(int32(i))), int32(i)}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Compare(a.came, b.came)
	})
	t.labels.order = make([]int32, t.n)
	for i, p := range places {
		t.labels.order[i] = p.came
	}
}

// Label gives a record's id.
func (t *Table) Label(rec int32) string { return string(t.labels.came(t.labels.order[rec])) }

// Came gives where a record was among those appended.
func (t *Table) Came(rec int32) int32 { return t.labels.order[rec] }

func (t *Table) finishNames() {
	t.given.reorder(t.labels.order)
	t.family.reorder(t.labels.order)
	t.given.freeze()
	t.family.memo, t.family.known = nil, nil
	n := t.given.dict.len()
	t.givenUses, t.familyUses, t.nameUses = t.given.uses, make([]int32, n), make([]int32, n)
	for _, id := range t.family.ids {
		if id != none {
			t.familyUses[id]++
		}
	}
	words := &dictionary{}
	t.names = make([]nameKeys, n)
	var key []byte
	for i := range t.names {
		s := t.given.text(int32(i))
		t.nameUses[i] = t.givenUses[i] + t.familyUses[i]
		k := &t.names[i]
		key = likeness.Sound(key[:0], s)
		k.whole = hash64(key)
		k.sound = k.whole
		first, _, several := strings.Cut(s, " ")
		if several {
			k.several = true
			key = likeness.Sound(key[:0], first)
			k.sound = hash64(key)
			key = likeness.Sound(key[:0], s[strings.LastIndexByte(s, ' ')+1:])
			k.last = hash64(key)
		}
		k.first = words.intern([]byte(first))
		for len(t.firstUses) < words.len() {
			t.firstUses = append(t.firstUses, 0)
		}
		t.firstUses[k.first] += t.givenUses[i]
	}
}

func (t *Table) findMailboxes() {
	if t.email == nil {
		return
	}
	t.mailboxes = make([]uint64, t.email.dict.len())
	for i := range t.mailboxes {
		local, _, _ := strings.Cut(t.email.text(int32(i)), "@")
		if len(local) > 3 {
			t.mailboxes[i] = hash64([]byte(local))
		}
	}
}
