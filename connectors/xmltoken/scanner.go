// Package xmltoken pulls tokens out of XML: elements, attributes and text, faster than the standard library by an order of
// magnitude, and without what makes XML dangerous.
//
// It knows the five entities and character references, comments, CDATA and processing instructions, which it passes over.
// It refuses document types, more than 64 levels, more than 256 attributes of one element, and tokens above 1 MiB. A
// [Scanner] that is strict also refuses what the standard library's decoder would, and what that lets pass although XML
// does not: attributes that stand twice, and prefixes without a namespace.
//
// The package knows no vocabulary: a workbook's sheet and a register's export are the same to it.
package xmltoken

import (
	"bytes"
	"errors"
	"io"

	"uoma/internal/fault"
)

var errXML = fault.New("UOMA-LND-XML", "the XML is damaged or beyond the limits",
	"export the file again").For(fault.Source)

// Limits.
const (
	MaxDepth      = 64
	maxAttributes = 256
	MaxToken      = 1 << 20 // bytes of a tag, a comment or a run of text
	firstWindow   = 64 << 10
)

// Token is the kind of what [Scanner.Next] found.
type Token uint8

// The tokens.
const (
	StartTag Token = iota + 1
	EndTag
	Text
)

// Scanner pulls tokens out of XML. What it gives is valid until the next call.
type Scanner struct {
	Depth int    // elements that are open, the one of a start tag included and the one of an end tag not
	Local []byte // the element's name without prefix

	r          io.Reader
	buf        []byte
	pos, end   int
	err        error
	rooted     bool // the document's element has begun
	closing    bool // the start tag just given closes itself
	names      []byte
	marks      [MaxDepth + 1]int
	attributes []byte
	raw        []byte // of text, before its entities are resolved
	verbatim   bool   // the text has none: CDATA
	line       int64  // whole lines passed, when it is strict
	strict     *strict
}

// New makes a scanner at a document's start.
func New(r io.Reader) *Scanner { return &Scanner{r: r} }

// Error is a fault of XML.
func Error(why string) error { return errXML.Because(errors.New(why)) }

// Next gives the next token, or io.EOF behind the closed document.
func (x *Scanner) Next() (Token, error) {
	if x.closing {
		x.closing = false
		x.pop()
		return EndTag, nil
	}
	for {
		if err := x.need(1); err != nil {
			return 0, x.atEnd(err)
		}
		if x.buf[x.pos] != '<' {
			return x.text()
		}
		if err := x.need(2); err != nil {
			return 0, Cut(err)
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
				return Text, err
			}
		default:
			return x.startTag()
		}
	}
}

// atEnd tells whether the document may end here.
func (x *Scanner) atEnd(err error) error {
	if err == io.EOF && (x.Depth > 0 || !x.rooted) {
		return Error("it ends too early")
	}
	return err
}

// Cut makes an error of the end of a document that is not complete.
func Cut(err error) error {
	if err == io.EOF {
		return Error("it ends too early")
	}
	return err
}

// need brings n bytes into the window.
func (x *Scanner) need(n int) error {
	for x.end-x.pos < n {
		if err := x.fill(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads until the buffer is full, after moving the window to its start, and doubles a full buffer.
func (x *Scanner) fill() error {
	if x.err != nil {
		return x.err
	}
	if x.end-x.pos > MaxToken {
		return Error("a token is too long")
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

// findByte is find for a mark of one byte.
func (x *Scanner) findByte(from int, mark byte) (int, error) {
	for {
		if x.end-x.pos >= from {
			if i := bytes.IndexByte(x.buf[x.pos+from:x.end], mark); i >= 0 {
				return from + i, nil
			}
		}
		if err := x.fill(); err != nil {
			return 0, Cut(err)
		}
	}
}

// find gives the offset of a mark from the window's start, looking from an offset on.
func (x *Scanner) find(from int, mark string) (int, error) {
	for {
		if x.end-x.pos >= from {
			if i := bytes.Index(x.buf[x.pos+from:x.end], []byte(mark)); i >= 0 {
				return from + i, nil
			}
		}
		if err := x.fill(); err != nil {
			return 0, Cut(err)
		}
	}
}

func (x *Scanner) pass(from int, mark string) error {
	i, err := x.find(from, mark)
	if err != nil {
		return err
	}
	inside := x.buf[x.pos+from : x.pos+i]
	comment := x.buf[x.pos+from : x.pos+i+1] // with the first dash of its end, before which none may stand
	if x.strict != nil && (mark == "-->" && bytes.Contains(comment, dashes) || mark == "?>" && !target(inside)) {
		return Error("a comment or processing instruction is not well-formed")
	}
	return x.took(i + len(mark))
}

// declaration passes over a comment, gives CDATA as text, and refuses everything else, which is a document type.
func (x *Scanner) declaration() (data bool, err error) {
	const cdata = "<![CDATA["
	if x.need(4) == nil && string(x.buf[x.pos:x.pos+4]) == "<!--" {
		return false, x.pass(4, "-->")
	}
	if x.need(len(cdata)) != nil || string(x.buf[x.pos:x.pos+len(cdata)]) != cdata {
		return false, Error("it has a document type")
	}
	i, err := x.find(len(cdata), "]]>")
	if err != nil {
		return false, err
	}
	x.raw, x.verbatim = x.buf[x.pos+len(cdata):x.pos+i], true
	if err := x.took(i + len("]]>")); err != nil {
		return false, err
	}
	return true, x.checkText()
}

func (x *Scanner) text() (Token, error) {
	i, err := x.findByte(0, '<')
	if err != nil {
		if x.err != io.EOF || x.Depth > 0 || !x.rooted {
			return 0, err
		}
		i = x.end - x.pos
	}
	x.raw, x.verbatim = x.buf[x.pos:x.pos+i], false
	if err := x.took(i); err != nil {
		return 0, err
	}
	if x.strict != nil && !x.strict.text(x.raw) {
		return 0, Error("its text is not well-formed")
	}
	return Text, x.checkText()
}

// checkText refuses text outside the document's element, but for white space and a byte order mark before it.
func (x *Scanner) checkText() error {
	if x.Depth > 0 {
		return nil
	}
	raw := x.raw
	if !x.rooted {
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	}
	if len(bytes.TrimSpace(raw)) > 0 {
		return Error("it has text outside its element")
	}
	return nil
}

func (x *Scanner) startTag() (Token, error) {
	end, attributes, err := x.tagEnd()
	if err != nil {
		return 0, err
	}
	tag := x.buf[x.pos+1 : x.pos+end]
	if err := x.took(end + 1); err != nil {
		return 0, err
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tag, x.closing = tag[:n-1], true
	}
	n := 0
	for n < len(tag) && !space(tag[n]) {
		n++
	}
	if n == 0 || attributes > maxAttributes || x.Depth == 0 && x.rooted || x.Depth == MaxDepth {
		return 0, Error("an element has no name, too many attributes or the wrong place")
	}
	x.rooted = true
	x.Local, x.attributes = localName(tag[:n]), tag[n:]
	x.marks[x.Depth] = len(x.names)
	x.names = append(x.names, tag[:n]...)
	x.Depth++
	if x.strict != nil {
		if err := x.strict.element(tag[:n], tag[n:], x.Depth); err != nil {
			return 0, err
		}
	}
	return StartTag, nil
}

// tagEnd finds the ">" that is not inside quotes, and counts attributes by their quotes.
func (x *Scanner) tagEnd() (end, attributes int, err error) {
	if i := bytes.IndexByte(x.buf[x.pos:x.end], '>'); i > 0 {
		if quotes, plain := doubleQuotes(x.buf[x.pos+1 : x.pos+i]); plain && quotes%2 == 0 {
			return i, quotes / 2, nil
		}
	}
	var quote byte
	for i := 1; ; i++ {
		if i >= x.end-x.pos {
			if err := x.need(i + 1); err != nil {
				return 0, 0, Cut(err)
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
			return 0, 0, Error("a tag is not closed")
		}
	}
}

// doubleQuotes counts them, and tells whether there are no others and no "<": whether a tag that has an even number of
// them ends where its first ">" is.
func doubleQuotes(tag []byte) (n int, plain bool) {
	others := 0
	for _, c := range tag {
		if c == '"' {
			n++
		}
		if c == '\'' {
			others++
		}
		if c == '<' {
			others++
		}
	}
	return n, others == 0
}

func (x *Scanner) endTag() (Token, error) {
	i, err := x.findByte(2, '>')
	if err != nil {
		return 0, err
	}
	name := TrimSpace(x.buf[x.pos+2 : x.pos+i])
	if x.strict != nil && space(x.buf[x.pos+2]) {
		return 0, Error("an end tag has no name")
	}
	if err := x.took(i + 1); err != nil {
		return 0, err
	}
	if x.Depth == 0 || !bytes.Equal(name, x.names[x.marks[x.Depth-1]:]) {
		return 0, Error("its elements do not nest")
	}
	x.Local = localName(name)
	x.pop()
	return EndTag, nil
}

func (x *Scanner) pop() {
	x.Depth--
	x.names = x.names[:x.marks[x.Depth]]
	if x.strict != nil {
		x.strict.leave(x.Depth)
	}
}

// took passes over n bytes that were understood.
func (x *Scanner) took(n int) error {
	b := x.buf[x.pos : x.pos+n]
	x.pos += n
	if x.strict == nil {
		return nil
	}
	x.line += int64(bytes.Count(b, []byte{'\n'}))
	return characters(b)
}

func localName(name []byte) []byte {
	for i, c := range name { // too short for more
		if c == ':' {
			return name[i+1:]
		}
	}
	return name
}

// Skip passes over the element whose start tag was just given.
func (x *Scanner) Skip() error {
	for depth := x.Depth; ; {
		t, err := x.Next()
		if err != nil {
			return Cut(err)
		}
		if t == EndTag && x.Depth < depth {
			return nil
		}
	}
}
