package linkage

import (
	"math"
	"slices"
	"strings"

	"uoma/transforms/likeness"
)

// nameKeys are what is derived from a name once.
type nameKeys struct {
	words [maxWords]int32 // numbers of its words
	count uint8           // of its words; maxWords+1 when it has more than maxWords
	start byte            // its first byte
	size  uint16          // bytes, as far as that counts
	sound uint64          // how the first word sounds
	whole uint64          // how all of it sounds
	last  uint64          // how its last word sounds, 0 when it has one
}

// maxWords is how many words of a name are told apart.
const maxWords = 4

func (k *nameKeys) several() bool { return k.count > 1 }

// Finish ends the loading: it orders the records, counts values, and derives what comparing and blocking
// need of each value. Afterwards only a [Standing] changes the table.
func (t *Table) Finish() {
	t.among = t.n
	tasks := []func(){t.finishNames}
	for _, v := range t.simples() {
		tasks = append(tasks, v.freeze)
	}
	parallel(len(tasks), func(i int) { tasks[i]() })
	t.order() // when what only loading needs is gone
	t.rankSources()
	t.layRows()
	t.derive()
}

// derive makes of columns and values what comparing and blocking go by.
func (t *Table) derive() {
	for _, o := range t.others {
		counts := o.uses
		if o.exact != nil {
			counts = o.exact
		}
		o.right = rightValues(o.by, counts)
	}
	t.listFeatures()
	t.listParts()
	t.keyContacts()
	t.sign()
	t.listSteps()
}

// place gives each thing its place in a row.
func (t *Table) place() []*values {
	all := t.all()
	t.wide = rowValues
	for _, v := range all {
		v.at = t.wide
		t.wide += v.width
	}
	return all
}

// all are the values that stand in rows.
func (t *Table) all() []*values { return append(t.simples(), t.given, t.family) }

// simples are all but names.
func (t *Table) simples() []*values {
	all := []*values{t.sources, t.street, t.number, t.post, t.city, t.region, t.phone, t.email}
	for _, o := range t.others {
		all = append(all, o.values)
	}
	for _, m := range t.marks {
		all = append(all, m.values)
	}
	return slices.DeleteFunc(all, func(v *values) bool { return v == nil })
}

// Places in a row before those of values.
const (
	rowBirth = iota
	rowSex
	rowTold // bits of the features that the record tells; above them the source
	rowValues
)

// tells gives the features that a row tells, and its source.
func (t *Table) tells(row []int32) (told int32) {
	tell := func(f int, all ...*values) {
		for _, v := range all {
			if v != nil && row[v.at] != none {
				told |= 1 << f
			}
		}
	}
	tell(featureGiven, t.given)
	tell(featureFamily, t.family)
	tell(featurePlace, t.street, t.post, t.city, t.region)
	tell(featurePhone, t.phone)
	tell(featureEmail, t.email)
	for i, o := range t.others {
		tell(featureOther+i, o.values)
	}
	if len(t.sourceRank) > 0 && row[t.sources.at] != none {
		told |= int32(t.sourceRank[row[t.sources.at]]) << maxFeatures
	}
	if row[rowBirth] != 0 {
		told |= 1 << featureBirth
	}
	if row[rowSex] != 0 {
		told |= 1 << featureSex
	}
	return told
}

// layRows puts the values of each record side by side, in the table's order. Records are gone through as they came, for what
// they say lies so.
func (t *Table) layRows() {
	all := t.place()
	places := make([]int32, t.n) // of each record as it came
	for to, came := range t.labels.order {
		places[came] = int32(to)
	}
	t.rows = make([]int32, t.n*t.wide)
	parallel((t.n+chunkRecords-1)/chunkRecords, func(i int) {
		for came := i * chunkRecords; came < min((i+1)*chunkRecords, t.n); came++ {
			t.layRow(t.row(places[came]), came, all)
		}
	})
	t.births, t.sexes = nil, nil
	for _, v := range all {
		v.ids, v.rows, v.wide = nil, t.rows, t.wide
	}
}

// layRow lays out what a record says that came as the n-th.
func (t *Table) layRow(row []int32, n int, all []*values) {
	if t.hasBirth {
		row[rowBirth] = t.births[n]
	}
	if t.hasSex {
		row[rowSex] = t.sexes[n]
	}
	for _, v := range all {
		copy(row[v.at:], v.loaded(n))
	}
	row[rowTold] = t.tells(row)
}

func (t *Table) birth(rec int32) likeness.Day { return likeness.Day(t.row(rec)[rowBirth]) }
func (t *Table) sex(rec int32) int32          { return t.row(rec)[rowSex] }
func (t *Table) told(rec int32) int32         { return t.row(rec)[rowTold] }
func (t *Table) row(rec int32) []int32        { return t.rows[int(rec)*t.wide : (int(rec)+1)*t.wide] }

// order finds the records' order: that of a hash of what they say, so that neighbours have nothing to do with each other
// and ids decide nothing. Records that say the same stand by their ids.
func (t *Table) order() {
	l := &t.labels
	all := make([]entry, t.n)
	for i, h := range l.hashes {
		all[i] = entry{h, int32(i)}
	}
	all = sorted([][]entry{all})
	l.order = make([]int32, t.n)
	for i, e := range all {
		l.order[i] = e.rec
	}
	for from, to := 0, 0; from < t.n; from = to {
		for to = from + 1; to < t.n && all[to].key == all[from].key; {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(l.order[from:to], l.compare)
		}
	}
}

// Label gives a record's id. The string shares memory with those of all records.
func (t *Table) Label(rec int32) string { return text(t.labels.came(t.labels.order[rec])) }

// Came gives where a record was among those appended.
func (t *Table) Came(rec int32) int32 { return t.labels.order[rec] }

func (t *Table) finishNames() {
	t.given.freeze()
	t.family.freeze()
	t.words = newValues(1, likeness.AppendFold, false)
	t.keyNames()
	t.words.uses = make([]int32, t.words.dict.len())
	t.nameUses = make([]int32, len(t.names))
	t.countNames(t.given.uses, t.family.uses, t.words.uses, t.nameUses)
}

// keyNames derives what is derived from names, of those that have come since it was called last.
func (t *Table) keyNames() {
	t.names = slices.Grow(t.names, t.given.dict.len()-len(t.names))
	var key []byte
	for i := len(t.names); i < t.given.dict.len(); i++ {
		s := t.given.text(int32(i))
		k := nameKeys{start: s[0], size: uint16(min(len(s), math.MaxUint16))}
		key = likeness.Sound(key[:0], s)
		k.whole = hash64(key)
		k.sound = k.whole
		t.listWords(&k, s)
		if k.several() {
			key = likeness.Sound(key[:0], t.words.text(k.words[0]))
			k.sound = hash64(key)
			key = likeness.Sound(key[:0], s[strings.LastIndexByte(s, ' ')+1:])
			k.last = hash64(key)
		}
		t.names = append(t.names, k)
	}
}

func (t *Table) listWords(k *nameKeys, s string) {
	for more := true; more; k.count = min(k.count+1, maxWords+1) {
		var w string
		w, s, more = strings.Cut(s, " ")
		if id := t.words.dict.intern(bytesOf(w)); k.count < maxWords {
			k.words[k.count] = id
		}
	}
}

// countNames counts how many records have each word as a given name, and each name in any place.
func (t *Table) countNames(given, family, words, both []int32) {
	for i := range t.names {
		k := &t.names[i]
		both[i] = given[i] + family[i]
		for _, w := range k.words[:min(k.count, maxWords)] {
			words[w] += given[i]
		}
	}
}

// keyContacts makes the keys of telephones and mailboxes, of those that have come since it was called last.
func (t *Table) keyContacts() {
	if t.phone != nil {
		t.tails = slices.Grow(t.tails, t.phone.dict.len()-len(t.tails))
		for i := len(t.tails); i < t.phone.dict.len(); i++ {
			v := t.phone.dict.value(int32(i))
			t.tails = append(t.tails, hash64(v[max(0, len(v)-8):]))
		}
	}
	if t.email == nil {
		return
	}
	t.mailboxes = slices.Grow(t.mailboxes, t.email.dict.len()-len(t.mailboxes))
	for i := len(t.mailboxes); i < t.email.dict.len(); i++ {
		local, _, _ := strings.Cut(t.email.text(int32(i)), "@")
		box := uint64(0)
		if len(local) > 3 {
			box = hash64([]byte(local))
		}
		t.mailboxes = append(t.mailboxes, box)
	}
}
