package database

import "bytes"

// Value is one value on its way into a table. It is passed by value and points into its owner's memory, so that a bulk
// load makes no garbage for it. The zero Value is NULL.
type Value struct {
	kind kind
	n    int64
	s    string
	b    []byte
}

type kind uint8

const (
	null kind = iota
	integer
	text
	blob
)

// Null is the missing value.
func Null() Value { return Value{} }

// Int makes an integer.
func Int(n int64) Value { return Value{kind: integer, n: n} }

// Bool makes 1 or 0, as both stores keep it.
func Bool(v bool) Value {
	if v {
		return Int(1)
	}
	return Int(0)
}

// Text makes a string; "" is a value and not NULL.
func Text(s string) Value { return Value{kind: text, s: s} }

// TextOrNull makes a string, or NULL of an empty one.
func TextOrNull(s string) Value {
	if s == "" {
		return Null()
	}
	return Text(s)
}

// Blob makes bytes. The slice may not change until the load has returned.
func Blob(b []byte) Value { return Value{kind: blob, b: b} }

func (v Value) equal(w Value) bool {
	return v.kind == w.kind && v.n == w.n && v.s == w.s && bytes.Equal(v.b, w.b)
}

// Arg gives the value as a statement's parameter.
func (v Value) Arg() any {
	switch v.kind {
	case integer:
		return v.n
	case text:
		return v.s
	case blob:
		return v.b
	}
	return nil
}

// Rows are rows to be loaded, addressed by row and by column in the order given to [Load]. A value may be
// asked for more than once.
type Rows interface {
	Len() int
	Value(row, col int) Value
}

// Each makes Rows of a slice and a function that gives one column of one element.
func Each[T any](items []T, value func(item *T, col int) Value) Rows {
	return each[T]{items, value}
}

type each[T any] struct {
	items []T
	value func(*T, int) Value
}

func (e each[T]) Len() int                 { return len(e.items) }
func (e each[T]) Value(row, col int) Value { return e.value(&e.items[row], col) }
