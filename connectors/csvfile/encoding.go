package csvfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"uoma/connectors/tabular"
)

// Encodings as [tabular.Summary] names them.
const (
	utf8Name     = "utf-8"
	cp1252Name   = "windows-1252"
	latin9Name   = "iso-8859-15"
	utf16leName  = "utf-16le"
	utf16beName  = "utf-16be"
	maxRuneBytes = 3 // of the characters that single-byte encodings have
)

// canonical gives the encoding that a layout's name means, or "". What is called Latin-1 is Windows-1252 in practice:
// the two differ in 0x80 to 0x9F, where ISO-8859-1 has control characters that no export holds.
func canonical(name string) string {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "utf-8", "utf8":
		return utf8Name
	case "windows-1252", "cp1252", "latin1", "latin-1", "iso-8859-1":
		return cp1252Name
	case "iso-8859-15", "latin9", "latin-9":
		return latin9Name
	case "utf-16le", "utf-16":
		return utf16leName
	case "utf-16be":
		return utf16beName
	}
	return ""
}

// sniff takes a byte order mark off the stream. A mark wins over the layout's encoding.
func sniff(r *bufio.Reader, encoding string) (string, error) {
	head, err := r.Peek(3)
	if err != nil && err != io.EOF {
		return encoding, err
	}
	mark := 0
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		encoding, mark = utf8Name, 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		encoding, mark = utf16leName, 2
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		encoding, mark = utf16beName, 2
	}
	_, err = r.Discard(mark)
	return encoding, err
}

// charset is a single-byte encoding: for every byte its character as UTF-8, of length 0 when it has none.
type charset struct {
	chars [256][maxRuneBytes]byte
	len   [256]uint8
	class [256]uint8
}

// Classes of bytes above 0x7F, as bits.
const (
	classControl = 1 << iota // a control character
	classNone                // no character at all
)

// newCharset makes the table of an encoding, or nil for the Unicode ones.
func newCharset(name string) *charset {
	m := map[string]*charmap.Charmap{cp1252Name: charmap.Windows1252, latin9Name: charmap.ISO8859_15}[name]
	if m == nil {
		return nil
	}
	c := &charset{}
	for i := range 256 {
		// Windows-1252 has no character for 81, 8D, 8F, 90 and 9D; the library, as browsers do, gives the control
		// characters of the same number.
		r := m.DecodeByte(byte(i))
		if r == utf8.RuneError || name == cp1252Name && 0x80 <= r && r < 0xA0 {
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

// decode appends the UTF-8 form of b.
func (c *charset) decode(dst, b []byte) []byte {
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

// inspect looks at a row once: wide says that a byte is above 0x7F, control that one may be a control character, which
// tabs and line ends are too.
func inspect(b []byte) (wide, control bool) {
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

// inspectWide looks at a row that has bytes above 0x7F: whether each of them has a character, and whether one is a
// control character of U+0080 to U+009F. c is nil for UTF-8.
func inspectWide(b []byte, c *charset) (decodable, control bool) {
	if c == nil {
		return utf8.Valid(b), tabular.HasC1(b)
	}
	var class uint8
	for _, x := range b {
		class |= c.class[x]
	}
	return class&classNone == 0, class&classControl != 0
}

// errUTF16 is a surrogate without its other half, or half a character at the end.
var errUTF16 = errors.New("not UTF-16")
