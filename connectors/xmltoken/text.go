package xmltoken

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// TrimSpace cuts the white space of XML.
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && space(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && space(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// AppendText appends the text token.
func (x *Scanner) AppendText(dst []byte) ([]byte, error) {
	if x.verbatim {
		return append(dst, x.raw...), nil
	}
	return unescape(dst, x.raw)
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
			return dst, Error("an entity is not known")
		}
		r, ok := entity(string(raw[i+1 : i+end]))
		if !ok {
			return dst, Error("an entity is not known")
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
