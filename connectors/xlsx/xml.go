package xlsx

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// Limits of the XML reader.
const (
	maxXMLDepth   = 64
	maxAttributes = 256
	maxToken      = 1 << 20 // bytes of a tag, a comment or a run of text
	firstWindow   = 64 << 10
)

type token uint8

const (
	startTag token = iota + 1
	endTag
	text
)

// scanner pulls tokens out of XML. What it gives is valid until the next call.
type scanner struct {
	r          io.Reader
	buf        []byte
	pos, end   int
	err        error
	depth      int  // elements that are open, the one of a start tag included and the one of an end tag not
	rooted     bool // the document's element has begun
	closing    bool // the start tag just given closes itself
	names      []byte
	marks      [maxXMLDepth + 1]int
	local      []byte // element name without prefix
	attributes []byte
	raw        []byte // of text, before its entities are resolved
	verbatim   bool   // the text has none: CDATA
}

func newScanner(r io.Reader) *scanner { return &scanner{r: r} }

func xmlError(why string) error { return errXML.Because(errors.New(why)) }

// next gives the next token, or io.EOF behind the closed document.
func (x *scanner) next() (token, error) {
	if x.closing {
		x.closing = false
		x.pop()
		return endTag, nil
	}
	for {
		if err := x.need(1); err != nil {
			return 0, x.atEnd(err)
		}
		if x.buf[x.pos] != '<' {
			return x.text()
		}
		if err := x.need(2); err != nil {
			return 0, cut(err)
		}
		switch x.buf[x.pos+1] {
		case '/':
			return x.endTag()
		case '?':
			if err := x.pass(2, "?>"); err != nil {
				return 0, err
			}
		case '!':
			if data, err := x.declaration(); data || err != nil {
				return text, err
			}
		default:
			return x.startTag()
		}
	}
}

// atEnd tells whether the document may end here.
func (x *scanner) atEnd(err error) error {
	if err == io.EOF && (x.depth > 0 || !x.rooted) {
		return xmlError("it ends too early")
	}
	return err
}

func cut(err error) error {
	if err == io.EOF {
		return xmlError("it ends too early")
	}
	return err
}

// need brings n bytes into the window.
func (x *scanner) need(n int) error {
	for x.end-x.pos < n {
		if err := x.fill(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads until the buffer is full, after moving the window to its start, and doubles a full buffer.
func (x *scanner) fill() error {
	if x.err != nil {
		return x.err
	}
	if x.end-x.pos > maxToken {
		return xmlError("a token is too long")
	}
	x.end = copy(x.buf, x.buf[x.pos:x.end])
	x.pos = 0
	if x.end == len(x.buf) {
		grown := make([]byte, max(firstWindow, 2*len(x.buf)))
		copy(grown, x.buf)
		x.buf = grown
	}
	n, err := io.ReadFull(x.r, x.buf[x.end:])
	x.end += n
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	x.err = err
	if n > 0 {
		return nil
	}
	return err
}

// find gives the offset of a mark from the window's start, looking from an offset on.
func (x *scanner) find(from int, mark string) (int, error) {
	for {
		if x.end-x.pos >= from {
			if i := bytes.Index(x.buf[x.pos+from:x.end], []byte(mark)); i >= 0 {
				return from + i, nil
			}
		}
		if err := x.fill(); err != nil {
			return 0, cut(err)
		}
	}
}

func (x *scanner) pass(from int, mark string) error {
	i, err := x.find(from, mark)
	x.pos += i + len(mark)
	return err
}

// declaration passes over a comment, gives CDATA as text, and refuses everything else, which is a document type.
func (x *scanner) declaration() (data bool, err error) {
	const cdata = "<![CDATA["
	if x.need(4) == nil && string(x.buf[x.pos:x.pos+4]) == "<!--" {
		return false, x.pass(4, "-->")
	}
	if x.need(len(cdata)) != nil || string(x.buf[x.pos:x.pos+len(cdata)]) != cdata {
		return false, xmlError("it has a document type")
	}
	i, err := x.find(len(cdata), "]]>")
	if err != nil {
		return false, err
	}
	x.raw, x.verbatim = x.buf[x.pos+len(cdata):x.pos+i], true
	x.pos += i + len("]]>")
	return true, x.checkText()
}

func (x *scanner) text() (token, error) {
	i, err := x.find(0, "<")
	if err != nil {
		if x.err != io.EOF || x.depth > 0 || !x.rooted {
			return 0, err
		}
		i = x.end - x.pos
	}
	x.raw, x.verbatim = x.buf[x.pos:x.pos+i], false
	x.pos += i
	return text, x.checkText()
}

// checkText refuses text outside the document's element, but for white space and a byte order mark before it.
func (x *scanner) checkText() error {
	if x.depth > 0 {
		return nil
	}
	raw := x.raw
	if !x.rooted {
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	}
	if len(bytes.TrimSpace(raw)) > 0 {
		return xmlError("it has text outside its element")
	}
	return nil
}

func (x *scanner) startTag() (token, error) {
	end, attributes, err := x.tagEnd()
	if err != nil {
		return 0, err
	}
	tag := x.buf[x.pos+1 : x.pos+end]
	x.pos += end + 1
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tag, x.closing = tag[:n-1], true
	}
	n := 0
	for n < len(tag) && !space(tag[n]) {
		n++
	}
	if n == 0 || attributes > maxAttributes || x.depth == 0 && x.rooted || x.depth == maxXMLDepth {
		return 0, xmlError("an element has no name, too many attributes or the wrong place")
	}
	x.rooted = true
	x.local, x.attributes = localName(tag[:n]), tag[n:]
	x.marks[x.depth] = len(x.names)
	x.names = append(x.names, tag[:n]...)
	x.depth++
	return startTag, nil
}

// tagEnd finds the ">" that is not inside quotes, and counts attributes by their quotes.
func (x *scanner) tagEnd() (end, attributes int, err error) {
	var quote byte
	for i := 1; ; i++ {
		if i >= x.end-x.pos {
			if err := x.need(i + 1); err != nil {
				return 0, 0, cut(err)
			}
		}
		switch c := x.buf[x.pos+i]; {
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
			attributes++
		case c == '>':
			return i, attributes, nil
		case c == '<':
			return 0, 0, xmlError("a tag is not closed")
		}
	}
}

func (x *scanner) endTag() (token, error) {
	i, err := x.find(2, ">")
	if err != nil {
		return 0, err
	}
	name := trimSpace(x.buf[x.pos+2 : x.pos+i])
	x.pos += i + 1
	if x.depth == 0 || !bytes.Equal(name, x.names[x.marks[x.depth-1]:]) {
		return 0, xmlError("its elements do not nest")
	}
	x.local = localName(name)
	x.pop()
	return endTag, nil
}

func (x *scanner) pop() {
	x.depth--
	x.names = x.names[:x.marks[x.depth]]
}

func localName(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// trimSpace cuts the white space of XML.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && space(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && space(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// attr gives the value of the start tag's attribute by its local name, with its entities unresolved, or nil.
func (x *scanner) attr(name string) []byte {
	for rest := x.attributes; ; {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return nil
		}
		key := localName(trimSpace(rest[:eq]))
		rest = trimSpace(rest[eq+1:])
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+end]
		}
		rest = rest[end+2:]
	}
}

// attrText gives an attribute with its entities resolved.
func (x *scanner) attrText(name string) (string, error) {
	b, err := unescape(nil, x.attr(name))
	return string(b), err
}

// appendText appends the text token.
func (x *scanner) appendText(dst []byte) ([]byte, error) {
	if x.verbatim {
		return append(dst, x.raw...), nil
	}
	return unescape(dst, x.raw)
}

// skip passes over the element whose start tag was just given.
func (x *scanner) skip() error {
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return cut(err)
		}
		if t == endTag && x.depth < depth {
			return nil
		}
	}
}

// unescape appends raw with character references resolved and line ends made LF.
func unescape(dst, raw []byte) ([]byte, error) {
	for {
		i := special(raw)
		if i < 0 {
			return append(dst, raw...), nil
		}
		dst = append(dst, raw[:i]...)
		if raw[i] == '\r' {
			if raw = raw[i+1:]; len(raw) == 0 || raw[0] != '\n' {
				dst = append(dst, '\n')
			}
			continue
		}
		end := bytes.IndexByte(raw[i:], ';')
		if end < 0 {
			return dst, xmlError("an entity is not known")
		}
		r, ok := entity(string(raw[i+1 : i+end]))
		if !ok {
			return dst, xmlError("an entity is not known")
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[i+end+1:]
	}
}

// special finds what unescape must look at, or -1.
func special(raw []byte) int {
	for i, c := range raw {
		if c == '&' || c == '\r' {
			return i
		}
	}
	return -1
}

func entity(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n <= utf8.MaxRune && utf8.ValidRune(rune(n))
}
