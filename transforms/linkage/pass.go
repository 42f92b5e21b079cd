package linkage

import (
	"bytes"
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
	parts []part
	salt  uint64
}

// maxKeys is how many keys of one pass a record has at most.
const maxKeys = 4

// keys appends a record's keys, each once.
func (p *pass) keys(rec int32, out []uint64) []uint64 {
	var a, b [maxKeys]uint64
	keys := append(a[:0], p.salt)
	var values [8]uint64
	for i := range p.parts {
		list := p.parts[i].keys(rec, values[:0])
		if len(list) == 0 {
			return out
		}
		next := b[:0]
		for _, k := range keys {
			for _, v := range list {
				if x := mix(k, v); len(next) < maxKeys && !slices.Contains(next, x) {
					next = append(next, x)
				}
			}
		}
		keys = append(a[:0], next...)
	}
	return append(out, keys...)
}

func newPass(parts ...part) pass {
	names := make([]string, len(parts))
	for i := range parts {
		names[i] = parts[i].name
	}
	name := strings.Join(names, " + ")
	return pass{name: name, parts: parts, salt: hash64([]byte(name))}
}

// parts lists what the table's records may be blocked by.
func (t *Table) parts() map[string]part {
	out := map[string]part{}
	add := func(name string, keys func(rec int32, out []uint64) []uint64) { out[name] = part{name, keys} }
	if len(t.names) > 0 {
		add("given name", t.givenKeys)
		add("family name", t.familyKeys)
		add("names", t.nameKeys)
		add("given initial", t.initialKeys)
	}
	if t.birth != nil {
		add("birth date", func(rec int32, out []uint64) []uint64 {
			if d := t.birth[rec]; d.Year() != 0 && d.Month() != 0 && d.Day() != 0 {
				out = append(out, uint64(d))
			}
			return out
		})
		add("birth year", func(rec int32, out []uint64) []uint64 {
			if y := t.birth[rec].Year(); y != 0 {
				out = append(out, uint64(y))
			}
			return out
		})
		add("birthday", func(rec int32, out []uint64) []uint64 {
			if d := t.birth[rec]; d.Month() != 0 && d.Day() != 0 { // in any order
				out = append(out, uint64(min(d.Month(), d.Day())*100+max(d.Month(), d.Day())))
			}
			return out
		})
	}
	for name, v := range map[string]*values{"postcode": t.post, "city": t.city, "phone": t.phone, "email": t.email, "street name": t.street} {
		if v != nil {
			add(name, v.keys)
		}
	}
	if t.street != nil {
		add("street", t.streetKeys)
	}
	if t.email != nil {
		add("mailbox", t.mailboxKeys)
	}
	for i := range t.others {
		add(t.others[i].field.Name, t.others[i].keys)
	}
	return out
}

// keys gives a record's values as they are.
func (v *values) keys(rec int32, out []uint64) []uint64 {
	for _, id := range v.of(rec) {
		if id == none {
			break
		}
		out = append(out, hash64(v.dict.value(id)))
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
		if k.several { // a double name's parts, of which another system may have one
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
	k := hash64(t.street.dict.value(s))
	if n != none {
		k = mix(k, hash64(t.number.dict.value(n)))
	}
	return append(out, k)
}

func (t *Table) mailboxKeys(rec int32, out []uint64) []uint64 {
	for _, id := range t.email.of(rec) {
		if id == none {
			break
		}
		local, _, _ := bytes.Cut(t.email.dict.value(id), []byte("@"))
		if len(local) > 3 {
			out = append(out, hash64(local))
		}
	}
	return out
}

// candidates lists the passes that the table's columns allow.
var candidateParts = [][]string{
	{"phone"}, {"email"}, {"mailbox"}, {"street"}, {"names"}, {"birth date"},
	{"birth date", "given name"}, {"birth date", "family name"}, {"birth date", "given initial"}, {"birth date", "postcode"}, {"birth date", "city"},
	{"names", "birth year"}, {"given name", "birth year"}, {"family name", "birth year"}, {"given name", "birthday"}, {"family name", "birthday"},
	{"given name", "street name"}, {"family name", "street name"}, {"birth year", "street name"}, {"birthday", "street name"},
	{"given name", "postcode"}, {"family name", "postcode"}, {"given name", "city"}, {"family name", "city"},
	{"birth year", "postcode"}, {"birthday", "postcode"}, {"birthday", "city"},
}

func (t *Table) candidates() []pass {
	parts := t.parts()
	var out []pass
	for i := range t.others {
		out = append(out, newPass(parts[t.others[i].field.Name]))
	}
next:
	for _, names := range candidateParts {
		var list []part
		for _, n := range names {
			p, ok := parts[n]
			if !ok {
				continue next
			}
			list = append(list, p)
		}
		out = append(out, newPass(list...))
	}
	return out
}
