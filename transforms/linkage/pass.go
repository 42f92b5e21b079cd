package linkage

import (
	"math"
	"slices"
	"strings"
)

// A part is something that two records of one person probably share: the sound of a given name, a birth date. It appends
// the record's keys, none where the record says nothing.
type part struct {
	name string
	keys func(rec int32, out []uint64) []uint64
}

// pass is a way to find pairs that are worth comparing: records that agree in all of its parts.
type pass struct {
	name  string
	parts []int // of Table.parts
	salt  uint64
}

// and joins the names of a pass's parts.
const and = " + "

// maxKeys is how many keys of one pass a record has at most.
const maxKeys = 4

// keyer makes the keys of records. It holds room that is used again, so that each worker has its own.
type keyer struct {
	t            *Table
	kept         []partKeys // by part; nil when nothing was kept
	values, a, b []uint64
}

func (t *Table) keyer() *keyer {
	return &keyer{t: t, values: make([]uint64, 0, 8), a: make([]uint64, 0, maxKeys), b: make([]uint64, 0, maxKeys)}
}

// of gives a record's keys of a pass, each once, until the next call.
func (k *keyer) of(p *pass, rec int32) []uint64 {
	keys := append(k.a[:0], p.salt)
	for _, i := range p.parts {
		list := k.part(i, rec)
		switch len(list) {
		case 0:
			return nil
		case 1:
			for j := range keys {
				keys[j] = mix(keys[j], list[0])
			}
		default:
			next := k.b[:0]
			for _, x := range keys {
				for _, v := range list {
					if y := mix(x, v); len(next) < maxKeys && !slices.Contains(next, y) {
						next = append(next, y)
					}
				}
			}
			k.a, k.b, keys = next, keys, next
		}
	}
	return keys
}

// part gives what a record says of one part, until the next call.
func (k *keyer) part(i int, rec int32) []uint64 {
	if k.kept == nil {
		return k.t.parts[i].keys(rec, k.values[:0])
	}
	out := k.values[:0]
	for _, x := range k.kept[i].of(rec) {
		out = append(out, uint64(x))
	}
	return out
}

// partKeys are what the first records say of a part, each key once, for many passes that have it: half a hash of each key, so that one in billions
// of pairs seems to agree and does not.
type partKeys struct {
	keys []uint32
	// ends tells where each record's keys end; nil where no record says two things: then each has its place, which is 0 where it says nothing.
	ends []int32
}

func (p *partKeys) of(rec int32) []uint32 {
	switch {
	case p.ends == nil && p.keys[rec] == 0:
		return nil
	case p.ends == nil:
		return p.keys[rec : rec+1]
	case rec == 0:
		return p.keys[:p.ends[0]]
	}
	return p.keys[p.ends[rec-1]:p.ends[rec]]
}

// shared gives how many keys two records have in common.
func (p *partKeys) shared(a, b int32) (n uint8) {
	if p.ends == nil {
		if x := p.keys[a]; x != 0 && x == p.keys[b] {
			return 1
		}
		return 0
	}
	bs := p.of(b)
	for _, x := range p.of(a) {
		if slices.Contains(bs, x) {
			n++
		}
	}
	return n
}

// single tells whether no record has two keys of a pass, by what was kept of its parts.
func single(p *pass, kept []partKeys) bool {
	return kept != nil && !slices.ContainsFunc(p.parts, func(i int) bool { return kept[i].ends != nil })
}

// only appends records under their keys of such a pass.
func (p *pass) only(kept []partKeys, from, to int, out []entry) []entry {
next:
	for rec := from; rec < to; rec++ {
		key := p.salt
		for _, i := range p.parts {
			x := kept[i].keys[rec]
			if x == 0 {
				continue next
			}
			key = mix(key, uint64(x))
		}
		out = append(out, entry{key, int32(rec)})
	}
	return out
}

// partKeys makes what the first n records say of every part.
func (t *Table) partKeys(n int) []partKeys {
	out := make([]partKeys, len(t.parts))
	parallel(len(out), func(i int) {
		p := partKeys{make([]uint32, 0, n), make([]int32, n)}
		keys, single := t.keyer(), true
		for rec := range n {
			from := len(p.keys)
			for _, x := range keys.part(i, int32(rec)) {
				// A pass brings two records together once, though one of them says the same twice.
				if k := max(uint32(mix(x, 0)), 1); !slices.Contains(p.keys[from:], k) {
					p.keys = append(p.keys, k)
				}
			}
			p.ends[rec] = int32(len(p.keys))
			single = single && len(p.keys)-from <= 1
		}
		if single {
			p = p.apart()
		}
		p.keys = fitting(p.keys)
		out[i] = p
	})
	return out
}

// apart gives each record's only key a place of its own.
func (p *partKeys) apart() partKeys {
	out := partKeys{keys: make([]uint32, len(p.ends))}
	for rec := range out.keys {
		for _, k := range p.of(int32(rec)) {
			out.keys[rec] = k
		}
	}
	return out
}

// listParts lists what the table's records may be blocked by.
func (t *Table) listParts() {
	add := func(name string, keys func(rec int32, out []uint64) []uint64) {
		t.parts = append(t.parts, part{name, keys})
	}
	if t.hasNames {
		add("given name", t.givenKeys)
		add("family name", t.familyKeys)
		add("names", t.nameKeys)
		add("rare names", t.rareNameKeys)
		add("given initial", t.initialKeys)
	}
	if t.hasBirth {
		add("birth date", func(rec int32, out []uint64) []uint64 {
			if d := t.birth(rec); d.Year() != 0 && d.Month() != 0 && d.Day() != 0 {
				out = append(out, uint64(d))
			}
			return out
		})
		add("birth year", func(rec int32, out []uint64) []uint64 {
			if y := t.birth(rec).Year(); y != 0 {
				out = append(out, uint64(y))
			}
			return out
		})
		add("birthday", func(rec int32, out []uint64) []uint64 {
			if d := t.birth(rec); d.Month() != 0 && d.Day() != 0 { // in any order
				out = append(out, uint64(min(d.Month(), d.Day())*100+max(d.Month(), d.Day())))
			}
			return out
		})
	}
	for _, x := range []struct {
		name string
		*values
	}{{"postcode", t.post}, {"city", t.city}, {"email", t.email}, {"street name", t.street}} {
		if x.values != nil {
			add(x.name, x.keys)
		}
	}
	if t.phone != nil {
		add("phone", t.phoneKeys)
	}
	if t.street != nil {
		add("street", t.streetKeys)
	}
	if t.email != nil {
		add("mailbox", t.mailboxKeys)
	}
	for _, o := range t.others {
		name := o.field.Name
		for t.part(name) >= 0 { // a column may be called like a part, or another column
			name += " (column)"
		}
		o.part = len(t.parts)
		add(name, o.keys)
	}
}

// part gives the number of a part, or -1.
func (t *Table) part(name string) int {
	return slices.IndexFunc(t.parts, func(p part) bool { return p.name == name })
}

// pass makes a pass of parts by their names; ok is false when the table lacks one.
func (t *Table) pass(names ...string) (p pass, ok bool) {
	for _, n := range names {
		i := t.part(n)
		if i < 0 {
			return p, false
		}
		p.parts = append(p.parts, i)
	}
	p.name = strings.Join(names, and)
	p.salt = hash64([]byte(p.name))
	return p, true
}

// keys gives a record's values as they are.
func (v *values) keys(rec int32, out []uint64) []uint64 {
	for _, id := range v.of(rec) {
		if id == none {
			break
		}
		out = append(out, v.dict.hashes[id])
	}
	return out
}

func (t *Table) givenKeys(rec int32, out []uint64) []uint64 {
	for _, id := range t.given.of(rec) {
		if id == none {
			break
		}
		out = append(out, t.names[id].sound)
	}
	return out
}

func (t *Table) familyKeys(rec int32, out []uint64) []uint64 {
	for _, id := range t.family.of(rec) {
		if id == none {
			break
		}
		k := &t.names[id]
		if k.several() { // a double name's parts, of which another system may have one
			out = append(out, k.sound, k.last)
		} else {
			out = append(out, k.whole)
		}
	}
	return out
}

// nameKeys gives given and family name together, in any order.
func (t *Table) nameKeys(rec int32, out []uint64) []uint64 {
	var g, f [8]uint64
	for _, x := range t.givenKeys(rec, g[:0]) {
		for _, y := range t.familyKeys(rec, f[:0]) {
			out = append(out, mix(min(x, y), max(x, y)))
		}
	}
	return out[:min(len(out), maxKeys)]
}

// rareNames is how many records may be expected to bear a full name for the name alone to bring two of them together. Of a
// common name only records that have more in common can be one person's, and other passes find these. The more records
// there are, the less a name alone proves, so that beyond manyRecords it must be rarer, by the root of their number.
const (
	rareNames   = 20
	manyRecords = 100_000
)

// rareEnough gives how many records may be expected to bear a rare name among so many.
func rareEnough(among int) float64 {
	return rareNames * math.Sqrt(min(1, manyRecords/float64(max(among, 1))))
}

// rareNameKeys gives given and family name together, in any order, of names that few records bear.
func (t *Table) rareNameKeys(rec int32, out []uint64) []uint64 {
	most := rareEnough(t.among) * float64(t.among)
	for _, g := range t.given.of(rec) {
		for _, f := range t.family.of(rec) {
			if g == none || f == none {
				break
			}
			first := t.names[g].words[0]
			if float64(t.words.uses[first])*float64(t.family.uses[f]) <= most && len(out) < maxKeys {
				x, y := t.names[g].sound, t.names[f].whole
				out = append(out, mix(min(x, y), max(x, y)))
			}
		}
	}
	return out
}

func (t *Table) initialKeys(rec int32, out []uint64) []uint64 {
	if id := t.given.first(rec); id != none {
		out = append(out, uint64(t.given.dict.value(id)[0]))
	}
	return out
}

func (t *Table) streetKeys(rec int32, out []uint64) []uint64 {
	s, n := t.street.first(rec), t.number.first(rec)
	if s == none {
		return out
	}
	k := t.street.dict.hashes[s]
	if n != none {
		k = mix(k, t.number.dict.hashes[n])
	}
	return append(out, k)
}

// phoneKeys gives a number's last digits, which are the same with and without the prefix of a country.
func (t *Table) phoneKeys(rec int32, out []uint64) []uint64 {
	for _, id := range t.phone.of(rec) {
		if id == none {
			break
		}
		out = append(out, t.tails[id])
	}
	return out
}

func (t *Table) mailboxKeys(rec int32, out []uint64) []uint64 {
	for _, id := range t.email.of(rec) {
		if id == none {
			break
		}
		if k := t.mailboxes[id]; k != 0 {
			out = append(out, k)
		}
	}
	return out
}

// candidates lists the passes that the table's columns allow.
var candidateParts = [][]string{
	{"phone"}, {"email"}, {"mailbox"}, {"names"}, {"rare names"}, {"birth date"}, {"street"},
	{"birth date", "given name"}, {"birth date", "family name"}, {"birth date", "given initial"}, {"birth date", "postcode"}, {"birth date", "city"},
	{"names", "birth year"}, {"names", "postcode"}, {"names", "city"},
	{"given name", "birth year"}, {"family name", "birth year"}, {"given name", "birthday"}, {"family name", "birthday"},
	{"given name", "street"}, {"family name", "street"}, {"birth year", "street"}, {"birthday", "street"},
	{"given name", "street name"}, {"family name", "street name"}, {"birth year", "street name"}, {"birthday", "street name"},
	{"given name", "postcode"}, {"family name", "postcode"}, {"given name", "city"}, {"family name", "city"},
	{"birth year", "postcode"}, {"birthday", "postcode"}, {"birthday", "city"},
}

func (t *Table) candidates() []pass {
	var out []pass
	for _, o := range t.others {
		if p, ok := t.pass(t.parts[o.part].name); ok {
			out = append(out, p)
		}
	}
	for _, names := range candidateParts {
		if p, ok := t.pass(names...); ok {
			out = append(out, p)
		}
	}
	return out
}
