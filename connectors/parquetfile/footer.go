package parquetfile

import (
	"encoding/binary"
	"errors"
	"io"
)

// Limits of the lists of a footer. The library makes room for as many elements as a list announces, and an element of a
// byte becomes hundreds of bytes in memory.
const (
	maxStructs  = 1 << 19 // elements that are structures: columns of all row groups, and what their pages are made of
	maxElements = 1 << 22 // others
	maxNested   = 32
)

var errFooter = errLimit.Because(errors.New("a list of the footer is too long"))

// CheckFooter walks through a file's footer before the library reads it: nothing in it may be longer than what is there, or
// make more of itself in memory than a footer does.
func CheckFooter(r io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < int64(len(tail)) {
		return errFormat
	}
	if n, err := r.ReadAt(tail[:], size-int64(len(tail))); n < len(tail) {
		return damaged(errors.Join(err, io.ErrUnexpectedEOF))
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != "PAR1" || length > maxFooter || length > size-int64(len(tail)) {
		return errFormat
	}
	b := make([]byte, length)
	if n, err := r.ReadAt(b, size-int64(len(tail))-length); int64(n) < length {
		return damaged(errors.Join(err, io.ErrUnexpectedEOF))
	}
	w := footer{b: b}
	return w.structure(0)
}

// footer is what is left of a footer, in Thrift's compact protocol.
type footer struct {
	b                 []byte
	structs, elements int64
}

// Types of the compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftStruct = 12
)

func (w *footer) take(n uint64) error {
	if n > uint64(len(w.b)) {
		return errFormat
	}
	w.b = w.b[n:]
	return nil
}

func (w *footer) number() (uint64, error) {
	v, n := binary.Uvarint(w.b)
	if n <= 0 {
		return 0, errFormat
	}
	w.b = w.b[n:]
	return v, nil
}

func (w *footer) structure(depth int) error {
	if depth > maxNested {
		return errLimit.Because(errors.New("the footer is nested too deep"))
	}
	for {
		if len(w.b) == 0 {
			return errFormat
		}
		head := w.b[0]
		w.b = w.b[1:]
		if head == 0 {
			return nil
		}
		if head>>4 == 0 { // the field's number stands behind
			if _, err := w.number(); err != nil {
				return err
			}
		}
		if kind := head & 0xf; kind != thriftTrue && kind != thriftFalse {
			if err := w.value(kind, depth); err != nil {
				return err
			}
		}
	}
}

func (w *footer) value(kind byte, depth int) error {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		return w.take(1)
	case thriftI16, thriftI32, thriftI64:
		_, err := w.number()
		return err
	case thriftDouble:
		return w.take(8)
	case thriftBinary:
		n, err := w.number()
		if err != nil {
			return err
		}
		return w.take(n)
	case thriftList, thriftSet:
		return w.list(depth)
	case thriftStruct:
		return w.structure(depth + 1)
	}
	return errFormat
}

func (w *footer) list(depth int) error {
	if len(w.b) == 0 {
		return errFormat
	}
	kind, n := w.b[0]&0xf, uint64(w.b[0]>>4)
	w.b = w.b[1:]
	if n == 0xf {
		var err error
		if n, err = w.number(); err != nil {
			return err
		}
	}
	count, most := &w.elements, int64(maxElements)
	if kind == thriftStruct || kind == thriftList || kind == thriftSet {
		count, most = &w.structs, maxStructs
	}
	if n > uint64(len(w.b)) || *count+int64(n) > most { // an element takes a byte at least
		return errFooter
	}
	*count += int64(n)
	if depth >= maxNested {
		return errFooter
	}
	for range n {
		if err := w.value(kind, depth+1); err != nil {
			return err
		}
	}
	return nil
}
