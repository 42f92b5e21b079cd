// Package charset knows the encodings in which exports are written, and turns them into UTF-8 without ever replacing a
// byte: what does not decode is an error.
//
// [Sniff] takes a byte order mark off a stream, [Canonical] gives the encoding that a layout's name means, and
// [NewReader] decodes a stream. A format for which decoding each byte costs too much asks [Inspect] what a row holds and
// decodes with a [Table] only what needs it. A [Watch] finds text of a single-byte encoding that is UTF-8.
//
// The package knows no format.
package charset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// The encodings.
const (
	UTF8        = "utf-8"
	Windows1252 = "windows-1252"
	Latin9      = "iso-8859-15"
	UTF16LE     = "utf-16le"
	UTF16BE     = "utf-16be"
)

const maxRuneBytes = 3 // of the characters that single-byte encodings have

// Canonical gives the encoding that a layout's name means, or "". What is called Latin-1 is Windows-1252 in practice:
// the two differ in 0x80 to 0x9F, where ISO-8859-1 has control characters that no export holds.
func Canonical(name string) string {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "utf-8", "utf8":
		return UTF8
	case "windows-1252", "cp1252", "latin1", "latin-1", "iso-8859-1":
		return Windows1252
	case "iso-8859-15", "latin9", "latin-9":
		return Latin9
	case "utf-16le", "utf-16":
		return UTF16LE
	case "utf-16be":
		return UTF16BE
	}
	return ""
}

// Sniff takes a byte order mark off the stream. A mark wins over the layout's encoding.
func Sniff(r *bufio.Reader, encoding string) (string, error) {
	head, err := r.Peek(3)
	if err != nil && err != io.EOF {
		return encoding, err
	}
	mark := 0
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		encoding, mark = UTF8, 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		encoding, mark = UTF16LE, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		encoding, mark = UTF16BE, 2
	}
	_, err = r.Discard(mark)
	return encoding, err
}

// Table is a single-byte encoding: for every byte its character as UTF-8, of length 0 when it has none.
type Table struct {
	chars [256][maxRuneBytes]byte
	len   [256]uint8
	class [256]uint8
}

// Classes of bytes above 0x7F, as bits.
const (
	classControl = 1 << iota // a control character
	classNone                // no character at all
)

// NewTable makes the table of an encoding, or nil for the Unicode ones.
func NewTable(name string) *Table {
	m := map[string]*charmap.Charmap{Windows1252: charmap.Windows1252, Latin9: charmap.ISO8859_15}[name]
	if m == nil {
		return nil
	}
	c := &Table{}
	for i := range 256 {
		// Windows-1252 has no character for 81, 8D, 8F, 90 and 9D; the library, as browsers do, gives the control
		// characters of the same number.
		r := m.DecodeByte(byte(i))
		if r == utf8.RuneError || name == Windows1252 && 0x80 <= r && r < 0xA0 {
			c.class[i] = classNone
			continue
		}
		c.len[i] = uint8(utf8.EncodeRune(c.chars[i][:], r))
		if 0x80 <= r && r < 0xA0 {
			c.class[i] = classControl
		}
	}
	return c
}

// Decode appends the UTF-8 form of b.
func (c *Table) Decode(dst, b []byte) []byte {
	for _, x := range b {
		if x < utf8.RuneSelf {
			dst = append(dst, x)
			continue
		}
		dst = append(dst, c.chars[x][:c.len[x]]...)
	}
	return dst
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// Inspect looks at a row once: wide says that a byte is above 0x7F, control that one may be a control character, which
// tabs and line ends are too.
func Inspect(b []byte) (wide, control bool) {
	var high, low uint64
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		high |= x
		del := x ^ ones*0x7F
		low |= (x-ones*0x20)&^x | (del-ones)&^del
		b = b[8:]
	}
	for _, c := range b {
		high |= uint64(c)
		if c < 0x20 || c == 0x7F {
			low |= 0x80
		}
	}
	return high&highs != 0, low&highs != 0
}

// HasControl tells whether a control character stands in a row that is no tab and no line end.
func HasControl(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
			return true
		}
	}
	return false
}

// InspectWide looks at a row that has bytes above 0x7F: whether each of them has a character, and whether one is a
// control character of U+0080 to U+009F. c is nil for UTF-8.
func InspectWide(b []byte, c *Table) (decodable, control bool) {
	if c == nil {
		return inspectUTF8(b)
	}
	var class uint8
	for _, x := range b {
		class |= c.class[x]
	}
	return class&classNone == 0, class&classControl != 0
}

// inspectUTF8 is InspectWide for UTF-8.
func inspectUTF8(b []byte) (valid, control bool) {
	for i := 0; i < len(b); {
		i += letters(b[i:])
		for end := min(i+step, len(b)); i < end; {
			if b[i] < utf8.RuneSelf {
				i++
				continue
			}
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return false, control
			}
			control = control || r < 0xA0
			i += n
		}
	}
	return true, control
}

const step = 32 // bytes that letters looks at together

// letters gives how many bytes at the beginning, in whole steps, are nothing but ASCII and characters of U+00C0 to
// U+07FF, which take two bytes of which the first is C3 to DF: Nordic text has hardly any other.
func letters(b []byte) (n int) {
	var open uint64 // the lowest byte's high bit: the last byte is the first of two
	for ; n+step <= len(b); n += step {
		w := b[n : n+step : n+step]
		var odd uint64
		words := [step / 8]uint64{binary.LittleEndian.Uint64(w), binary.LittleEndian.Uint64(w[8:]), binary.LittleEndian.Uint64(w[16:]), binary.LittleEndian.Uint64(w[24:])}
		before := open
		if (words[0]|words[1]|words[2]|words[3])&highs|open == 0 {
			continue
		}
		for _, x := range words {
			wide := x & highs
			first := wide & (x << 1)
			odd |= wide&^(x<<1) ^ (first<<8 | open)
			odd |= first & (x<<2 | ^(x&(ones*0x1F) + ones*(0x80-3)))
			open = first >> 56
		}
		if odd != 0 {
			return n - int(before>>7)
		}
	}
	return n - int(open>>7)
}

// hasC1 finds the two bytes of U+0080 to U+009F in UTF-8.
func hasC1(b []byte) bool {
	for {
		i := bytes.IndexByte(b, 0xC2)
		if i < 0 || i+1 == len(b) {
			return false
		}
		if b[i+1] < 0xA0 {
			return true
		}
		b = b[i+1:]
	}
}

// ErrInvalid is a byte or a pair of bytes that is no character of the encoding.
var ErrInvalid = errors.New("bytes that are not of the encoding")

// Control tells whether UTF-8 text holds a control character, of either range, that is no tab and no line end.
func Control(b []byte) bool {
	wide, low := Inspect(b)
	return low && HasControl(b) || wide && hasC1(b)
}

// NewReader gives a stream in UTF-8. What is UTF-8 already passes unchecked.
func NewReader(r io.Reader, encoding string) io.Reader {
	switch encoding {
	case UTF16LE, UTF16BE:
		return newUTF16(r, encoding)
	case Windows1252, Latin9:
		return &tableReader{r: r, table: NewTable(encoding), in: make([]byte, 32<<10)}
	}
	return r
}

// tableReader decodes a single-byte encoding.
type tableReader struct {
	r          io.Reader
	table      *Table
	in         []byte
	out, space []byte // decoded and not yet given
	err        error
}

// Read implements [io.Reader].
func (t *tableReader) Read(p []byte) (int, error) {
	for len(t.out) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		n, err := t.r.Read(t.in)
		t.err = err
		b := t.in[:n]
		for i, c := range b {
			if c >= utf8.RuneSelf && t.table.len[c] == 0 {
				b, t.err = b[:i], ErrInvalid
				break
			}
		}
		t.space = t.table.Decode(t.space[:0], b)
		t.out = t.space
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	return n, nil
}
