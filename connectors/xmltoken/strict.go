package xmltoken

import (
	"bytes"
	"io"
	"unicode"
	"unicode/utf8"

	"uoma/internal/fault"
)

var errEncoding = fault.New("UOMA-LND-ENCODING", "the XML's text is not of its encoding",
	"set the encoding that the source system writes in the document's declaration; bytes are never replaced silently").For(fault.Source)

// Attribute is an attribute of the start tag that was given last. Value has its entities resolved.
type Attribute struct {
	Local, Value []byte
	Space        string
}

// strict is what a strict scanner knows beside the tokens.
type strict struct {
	attributes []raw
	given      []Attribute
	bindings   []binding
	spaces     map[string]string // each namespace once
	space      string            // of the element
	scratch    []byte
}

// raw is an attribute as written, with its value's entities resolved into scratch.
type raw struct {
	name     []byte
	from, to int
}

// binding is a prefix that means a namespace as long as elements of that depth are open.
type binding struct {
	prefix, space string
	depth         int
}

// maxBindings bounds the prefixes that are in force at once.
const maxBindings = 1024

// NewStrict makes a scanner that takes well-formed UTF-8 alone and knows namespaces.
func NewStrict(r io.Reader) *Scanner {
	return &Scanner{r: r, strict: &strict{spaces: map[string]string{}}}
}

// Space gives the namespace of the element that was opened last, of a strict scanner.
func (x *Scanner) Space() string { return x.strict.space }

// Line gives the line at which a strict scanner stands, counted from 1.
func (x *Scanner) Line() int64 { return x.line + 1 }

// Attributes gives the start tag's attributes without declarations of namespaces. They are valid until the next token.
func (x *Scanner) Attributes() []Attribute { return x.strict.given }

// element reads a start tag's name and attributes.
func (s *strict) element(name, rest []byte, depth int) error {
	if !qualified(name) {
		return Error("an element's name is not well-formed")
	}
	s.attributes, s.scratch = s.attributes[:0], s.scratch[:0]
	for {
		trimmed := TrimSpace(rest)
		if len(trimmed) == 0 {
			break
		}
		if len(trimmed) == len(rest) || !space(rest[0]) {
			return Error("two attributes are not parted")
		}
		var err error
		if rest, err = s.attribute(trimmed); err != nil {
			return err
		}
	}
	if err := s.declare(depth); err != nil {
		return err
	}
	var ok bool
	if s.space, ok = s.lookup(prefix(name)); !ok {
		return Error("a prefix has no namespace")
	}
	return s.give()
}

// attribute reads one attribute, and gives what follows it. Its value lies in scratch.
func (s *strict) attribute(b []byte) (rest []byte, err error) {
	eq := bytes.IndexByte(b, '=')
	if eq < 0 {
		return nil, Error("an attribute has no value")
	}
	name := TrimSpace(b[:eq])
	b = trimLeft(b[eq+1:])
	if !qualified(name) || len(b) == 0 || b[0] != '"' && b[0] != '\'' {
		return nil, Error("an attribute is not well-formed")
	}
	end := bytes.IndexByte(b[1:], b[0])
	if end < 0 {
		return nil, Error("an attribute is not well-formed")
	}
	value := b[1 : 1+end]
	if bytes.IndexByte(value, '<') >= 0 {
		return nil, Error("an attribute is not well-formed")
	}
	for _, a := range s.attributes {
		if bytes.Equal(a.name, name) {
			return nil, Error("an attribute stands twice")
		}
	}
	from := len(s.scratch)
	if s.scratch, err = unescape(s.scratch, value); err != nil {
		return nil, err
	}
	if err := characters(s.scratch[from:]); err != nil {
		return nil, err
	}
	s.attributes = append(s.attributes, raw{name, from, len(s.scratch)})
	return b[end+2:], nil
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 && space(b[0]) {
		b = b[1:]
	}
	return b
}

// declare takes the namespaces that the attributes declare.
func (s *strict) declare(depth int) error {
	for _, a := range s.attributes {
		own := string(a.name) == "xmlns"
		if !own && !bytes.HasPrefix(a.name, []byte("xmlns:")) {
			continue
		}
		value := s.scratch[a.from:a.to]
		if len(s.bindings) == maxBindings || !own && len(value) == 0 {
			return Error("it declares too many namespaces, or one without a name")
		}
		known, ok := s.spaces[string(value)]
		if !ok {
			if len(s.spaces) == maxBindings {
				return Error("it declares too many namespaces, or one without a name")
			}
			known = string(value)
			s.spaces[known] = known
		}
		b := binding{space: known, depth: depth}
		if !own {
			b.prefix = string(localName(a.name))
		}
		s.bindings = append(s.bindings, b)
	}
	return nil
}

func (s *strict) lookup(prefix []byte) (string, bool) {
	for i := len(s.bindings) - 1; i >= 0; i-- {
		if s.bindings[i].prefix == string(prefix) {
			return s.bindings[i].space, true
		}
	}
	if string(prefix) == "xml" {
		return "http://www.w3.org/XML/1998/namespace", true
	}
	return "", len(prefix) == 0
}

// give makes the attributes that are data.
func (s *strict) give() error {
	s.given = s.given[:0]
	for _, a := range s.attributes {
		p := prefix(a.name)
		if string(p) == "xmlns" || string(a.name) == "xmlns" {
			continue
		}
		g := Attribute{Local: localName(a.name), Value: s.scratch[a.from:a.to]}
		if len(p) > 0 {
			var ok bool
			if g.Space, ok = s.lookup(p); !ok {
				return Error("a prefix has no namespace")
			}
		}
		s.given = append(s.given, g)
	}
	return nil
}

// leave forgets what was declared below a depth.
func (s *strict) leave(depth int) {
	n := len(s.bindings)
	for n > 0 && s.bindings[n-1].depth > depth {
		n--
	}
	s.bindings = s.bindings[:n]
}

// text tells whether character data is well-formed.
func (s *strict) text(b []byte) bool {
	if bytes.IndexByte(b, '&') < 0 {
		return bytes.IndexByte(b, ']') < 0 || !bytes.Contains(b, []byte("]]>"))
	}
	var err error
	s.scratch, err = unescape(s.scratch[:0], b)
	return err == nil && !bytes.Contains(b, []byte("]]>")) && characters(s.scratch) == nil
}

var dashes = []byte("--")

// target tells whether a processing instruction begins with a name.
func target(b []byte) bool {
	n := 0
	for n < len(b) && !space(b[n]) {
		n++
	}
	return qualified(b[:n])
}

// characters refuses what is no UTF-8, and characters that XML has not.
func characters(b []byte) error {
	ascii := true
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return Error("it holds a control character")
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return nil
	}
	if !utf8.Valid(b) {
		return errEncoding
	}
	if bytes.Contains(b, []byte("\uFFFE")) || bytes.Contains(b, []byte("\uFFFF")) {
		return Error("it holds a character that XML has not")
	}
	return nil
}

func prefix(name []byte) []byte {
	return name[:max(0, bytes.IndexByte(name, ':'))]
}

// qualified tells whether a name is well-formed, with one prefix at most.
func qualified(name []byte) bool {
	colons, first := 0, true
	for i := 0; i < len(name); {
		r, n := rune(name[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(name[i:])
		}
		switch {
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_':
			first = false
		case r == ':' && !first:
			colons, first = colons+1, true
		case !first && (r == '-' || r == '.' || '0' <= r && r <= '9'):
		case r >= utf8.RuneSelf && (unicode.IsLetter(r) || !first && (unicode.IsMark(r) || unicode.IsDigit(r) || r == 0xB7)):
			first = false
		default:
			return false
		}
		i += n
	}
	return colons <= 1 && !first
}
