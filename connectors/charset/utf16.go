package charset

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Reader turns UTF-16 into UTF-8. All that came before a mistake is given before the mistake is reported.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	in    []byte // read and not yet decoded: at most three bytes remain between reads
	out   []byte // decoded and not yet given
	space []byte
	err   error
}

func newUTF16(r io.Reader, encoding string) *utf16Reader {
	u := &utf16Reader{r: r, order: binary.LittleEndian, in: make([]byte, 0, 1<<15)}
	if encoding == UTF16BE {
		u.order = binary.BigEndian
	}
	return u
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	if len(u.out) == 0 && u.err == nil {
		u.fill()
	}
	if len(u.out) == 0 {
		return 0, u.err
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	kept := len(u.in)
	n, err := u.r.Read(u.in[kept:cap(u.in)])
	u.in = u.in[:kept+n]
	u.out, u.err = u.space[:0], err
	rest := u.in
	for len(rest) >= 2 {
		size := 2
		r := rune(u.order.Uint16(rest))
		if utf16.IsSurrogate(r) {
			if len(rest) < 4 && err == nil {
				break
			}
			if len(rest) >= 4 {
				r, size = utf16.DecodeRune(r, rune(u.order.Uint16(rest[2:]))), 4
			}
			if size == 2 || r == utf8.RuneError {
				u.err = ErrInvalid
				return
			}
		}
		u.out = utf8.AppendRune(u.out, r)
		rest = rest[size:]
	}
	u.space = u.out
	if len(rest) > 0 && err == io.EOF {
		u.err = ErrInvalid
	}
	u.in = u.in[:copy(u.in[:cap(u.in)], rest)]
}
