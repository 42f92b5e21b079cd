package tabular

import "bytes"

// Join appends a value to a cell that holds n values of the same column already, and begins in buf at from. part is what
// parts them. ok is false when the values cannot be told apart again: nothing parts them, or what does stands in one of them.
// A value alone is always plain.
func Join(buf []byte, from, n int, value []byte, part string) (joined []byte, ok bool) {
	if n == 0 {
		return append(buf, value...), true
	}
	held := func(b []byte) bool { return bytes.Contains(b, []byte(part)) }
	ok = part != "" && !held(value) && (n > 1 || !held(buf[from:]))
	return append(append(buf, part...), value...), ok
}
