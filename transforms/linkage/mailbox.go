package linkage

import (
	"bytes"

	"uoma/transforms/likeness"
)

// An e-mail address tells names: anna.specimen@ is proof of neither Anna nor Specimen, but beside a record of a Specimen whose
// given name is missing, an initial, or mistyped, it says Anna. Such a name is one more value of the record's names, so that it
// adds nothing where the names agree already, and counts as names do where they would not.

// mailboxReader finds the names in addresses while records are loaded. It holds room that is used again.
type mailboxReader struct {
	local         []byte
	given, family []string
}

// put gives the last record the names that one of its addresses tells beyond its own.
func (m *mailboxReader) put(t *Table, address []byte) {
	at := bytes.IndexByte(address, '@')
	if at <= 0 {
		return
	}
	m.local = m.local[:0]
	for _, c := range address[:at] {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		m.local = append(m.local, c)
	}
	m.given, m.family = t.given.last(m.given[:0]), t.family.last(m.family[:0])
	if len(m.given)+len(m.family) == 0 {
		return
	}
	given, family := likeness.MailboxNames(text(m.local), m.given, m.family)
	t.given.put(t.given.dict.intern(bytesOf(given)))
	t.family.put(t.given.dict.intern(bytesOf(family)))
}

// last appends the values that the last record has so far.
func (v *values) last(out []string) []string {
	all := v.ids[len(v.ids)-1]
	for _, id := range all[len(all)-v.width:] {
		if id != none {
			out = append(out, v.text(id))
		}
	}
	return out
}
