package jsonfile

import (
	"bytes"
	"errors"
	"hash/maphash"
	"unicode/utf16"
	"unicode/utf8"

	"uoma/connectors/record"
	"uoma/connectors/tabular"
)

var (
	errBad   = errors.New("it is no JSON") // where, tells the parser's position
	errDeep  = errors.New("values are nested too deeply")
	errLong  = errors.New("a value is too long")
	errTwice = errors.New("an object names a value twice, or has too many")
)

// parser reads one value that is whole in memory and valid UTF-8, and tells the matcher what it meets.
type parser struct {
	m     *record.Matcher
	b     []byte
	i     int
	depth int
	text  []byte // of the string that was unescaped last
	keys  keySet
}

// parse reads one value with nothing behind it. step is nil where nothing of it is wanted.
func (p *parser) parse(b []byte, step *record.Step) error {
	p.b, p.i, p.depth = b, 0, 0
	p.keys.reset()
	p.space()
	if err := p.value(step); err != nil {
		return err
	}
	p.space()
	if p.i < len(b) {
		return errBad
	}
	return nil
}

func (p *parser) space() {
	for p.i < len(p.b) && blank(p.b[p.i]) {
		p.i++
	}
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// value reads a value. step is nil where the layout knows none.
func (p *parser) value(step *record.Step) error {
	if p.i == len(p.b) {
		return errBad
	}
	switch c := p.b[p.i]; {
	case c == '{':
		return p.nested(step, p.object)
	case c == '[':
		return p.nested(step, p.list)
	case c == '"':
		text, err := p.string()
		if err == nil {
			p.scalar(step, text)
		}
		return err
	case c == '-' || '0' <= c && c <= '9':
		return p.number(step)
	}
	return p.word(step)
}

func (p *parser) nested(step *record.Step, read func(*record.Step) error) error {
	if p.depth == record.MaxDepth {
		return errDeep
	}
	p.depth++
	p.i++
	err := read(step)
	p.depth--
	return err
}

// scalar gives a value to the matcher.
func (p *parser) scalar(step *record.Step, text []byte) {
	if step == nil {
		return
	}
	if !step.HasValue() {
		p.m.Fail(tabular.CodeStructure, "the record has a value where the layout has an object")
		return
	}
	p.m.Open(step)
	p.m.Text(text)
	p.m.Close()
}

func (p *parser) list(step *record.Step) error {
	p.space()
	if p.i < len(p.b) && p.b[p.i] == ']' {
		p.i++
		if step != nil {
			p.m.Named(step)
		}
		return nil
	}
	for {
		p.space()
		if err := p.value(step); err != nil {
			return err
		}
		if more, err := p.more(']'); !more {
			return err
		}
	}
}

// more tells whether a comma follows, and not what ends the list or object.
func (p *parser) more(end byte) (bool, error) {
	p.space()
	if p.i == len(p.b) {
		return false, errBad
	}
	p.i++
	switch p.b[p.i-1] {
	case ',':
		return true, nil
	case end:
		return false, nil
	}
	return false, errBad
}

func (p *parser) object(step *record.Step) error {
	known := step != nil && (step.HasParts() || !step.HasValue())
	if known {
		p.m.Open(step)
		defer p.m.Close()
	} else if step != nil {
		p.m.Fail(tabular.CodeStructure, "the record has an object where the layout has a value")
	}
	set := p.keys.enter()
	p.space()
	if p.i < len(p.b) && p.b[p.i] == '}' {
		p.i++
		return nil
	}
	for {
		p.space()
		if p.i == len(p.b) || p.b[p.i] != '"' {
			return errBad
		}
		name, err := p.string()
		if err != nil {
			return err
		}
		if !p.keys.add(set, name) {
			p.m.Fail(tabular.CodeDuplicate, "the record names a value twice")
		}
		var child *record.Step
		switch {
		case !known:
		case annotation(name):
			child = p.m.Known(name)
		default:
			child = p.m.Find(name, "")
		}
		p.space()
		if p.i == len(p.b) || p.b[p.i] != ':' {
			return errBad
		}
		p.i++
		p.space()
		if err := p.value(child); err != nil {
			return err
		}
		if more, err := p.more('}'); !more {
			return err
		}
	}
}

// annotation tells of a name that OData gives to what a service says of a record or of one of its values, and that is no
// value itself: "@odata.etag", "statuscode@Community.Label" (OData JSON Format 4.01, 4.6).
func annotation(name []byte) bool {
	_, term, ok := bytes.Cut(name, []byte("@"))
	return ok && bytes.IndexByte(term, '.') > 0
}

func (p *parser) word(step *record.Step) error {
	for _, word := range []string{"true", "false", "null"} {
		if len(p.b)-p.i < len(word) || string(p.b[p.i:p.i+len(word)]) != word {
			continue
		}
		p.i += len(word)
		if word != "null" {
			p.scalar(step, p.b[p.i-len(word):p.i])
		} else if step != nil {
			p.m.Named(step)
		}
		return nil
	}
	return errBad
}

// number reads a number and keeps its text.
func (p *parser) number(step *record.Step) error {
	from := p.i
	if p.b[p.i] == '-' {
		p.i++
	}
	whole := p.i
	digits := p.digits()
	if digits == 0 || digits > 1 && p.b[whole] == '0' {
		return errBad
	}
	exponent := false
	if p.i < len(p.b) && p.b[p.i] == '.' {
		p.i++
		if p.digits() == 0 {
			return errBad
		}
	}
	if p.i < len(p.b) && (p.b[p.i] == 'e' || p.b[p.i] == 'E') {
		exponent = true
		p.i++
		if p.i < len(p.b) && (p.b[p.i] == '+' || p.b[p.i] == '-') {
			p.i++
		}
		if p.digits() == 0 {
			return errBad
		}
	}
	if step != nil && (digits > 15 || exponent) && !exact(p.b[whole:whole+digits], exponent, p.b[whole:p.i]) {
		p.m.Fail(tabular.CodeNumber, "the record has a number of 2^53 or more, which other programs read rounded")
		return nil
	}
	p.scalar(step, p.b[from:p.i])
	return nil
}

func (p *parser) digits() int {
	from := p.i
	for p.i < len(p.b) && '0' <= p.b[p.i] && p.b[p.i] <= '9' {
		p.i++
	}
	return p.i - from
}

// string reads a string. What it gives is valid until the next one.
func (p *parser) string() ([]byte, error) {
	p.i++
	from := p.i
	for {
		n := plain(p.b[p.i:])
		p.i += n
		if p.i == len(p.b) || p.b[p.i] < 0x20 {
			return nil, errBad
		}
		if p.b[p.i] == '"' {
			p.i++
			return p.b[from : p.i-1], nil
		}
		if p.b[p.i] == '\\' {
			return p.unescape(from)
		}
		p.i++
	}
}

// plain gives how many bytes come before a quote, a backslash or a control character.
func plain(b []byte) int {
	for i, c := range b {
		if c == '"' || c == '\\' || c < 0x20 {
			return i
		}
	}
	return len(b)
}

// unescape reads a string on from its first backslash.
func (p *parser) unescape(from int) ([]byte, error) {
	p.text = append(p.text[:0], p.b[from:p.i]...)
	for p.i < len(p.b) {
		n := plain(p.b[p.i:])
		p.text = append(p.text, p.b[p.i:p.i+n]...)
		if p.i += n; p.i == len(p.b) || p.b[p.i] < 0x20 {
			return nil, errBad
		}
		if p.b[p.i] == '"' {
			p.i++
			return p.text, nil
		}
		if err := p.escape(); err != nil {
			return nil, err
		}
	}
	return nil, errBad
}

func (p *parser) escape() error {
	if p.i+1 >= len(p.b) {
		return errBad
	}
	c := p.b[p.i+1]
	if c == 'u' {
		return p.unicode()
	}
	at := bytes.IndexByte([]byte(`"\/bfnrt`), c)
	if at < 0 {
		return errBad
	}
	p.text = append(p.text, "\"\\/\b\f\n\r\t"[at])
	p.i += 2
	return nil
}

// unicode reads \uXXXX, or two of them that are one character.
func (p *parser) unicode() error {
	r, ok := unit(p.b[p.i:])
	if !ok {
		return errBad
	}
	p.i += 6
	if utf16.IsSurrogate(r) {
		low, ok := unit(p.b[p.i:])
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			p.m.Fail(tabular.CodeMalformed, "the record holds half of a surrogate pair")
			return nil
		}
		p.i += 6
	}
	p.text = utf8.AppendRune(p.text, r)
	return nil
}

func unit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// keySet finds names that stand twice in one object, for all objects of a record at once.
type keySet struct {
	seed    maphash.Seed
	slots   []slot
	used    int
	objects uint32 // that were entered, over all records
	first   uint32 // of this record
	names   []byte
}

type slot struct {
	object   uint32
	hash     uint32
	from, to int
}

func (k *keySet) reset() {
	if k.slots == nil {
		k.seed, k.slots = maphash.MakeSeed(), make([]slot, 256)
	}
	if k.objects > 1<<31 {
		clear(k.slots)
		k.objects = 0
	}
	k.first, k.used, k.names = k.objects, 0, k.names[:0]
}

// enter gives a number for an object.
func (k *keySet) enter() uint32 {
	k.objects++
	return k.objects
}

// add tells whether the name is new in its object.
func (k *keySet) add(object uint32, name []byte) bool {
	if k.used*2 > len(k.slots) {
		k.grow()
	}
	hash := uint32(maphash.Bytes(k.seed, name)) ^ object*0x9E3779B9
	for i := hash; ; i++ {
		s := &k.slots[i%uint32(len(k.slots))]
		if s.object <= k.first {
			from := len(k.names)
			k.names = append(k.names, name...)
			*s = slot{object, hash, from, len(k.names)}
			k.used++
			return true
		}
		if s.object == object && s.hash == hash && bytes.Equal(k.names[s.from:s.to], name) {
			return false
		}
	}
}

func (k *keySet) grow() {
	old := k.slots
	k.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.object <= k.first {
			continue
		}
		i := s.hash
		for k.slots[i%uint32(len(k.slots))].object > k.first {
			i++
		}
		k.slots[i%uint32(len(k.slots))] = s
	}
}

// exact tells whether the number is one that every program reads the same: its whole part is below 2^53.
func exact(whole []byte, exponent bool, number []byte) bool {
	if !exponent {
		return len(whole) < 16 || len(whole) == 16 && string(whole) < "9007199254740992"
	}
	return below(number)
}
