package register

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"strconv"

	"uoma/internal/canon"
)

// cell is one value being read. It keeps what the driver gives, without a copy, until the next row.
type cell struct {
	kind  kind
	n     int64
	text  string // SQLite gives strings,
	bytes []byte // MariaDB bytes
}

type kind uint8

const (
	null kind = iota
	number
	text
	raw
)

var _ sql.Scanner = (*cell)(nil)

// Scan takes a value from the driver.
func (c *cell) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		c.kind = null
	case int64:
		c.kind, c.n = number, v
	case string:
		c.kind, c.text = text, v
	case []byte:
		c.kind, c.bytes = raw, v
	default:
		return fmt.Errorf("a value of type %T", src)
	}
	return nil
}

// string gives the value's text to keep.
func (c *cell) string() string {
	if c.kind == text {
		return c.text
	}
	return string(c.append(nil))
}

// append appends the value's text.
func (c *cell) append(b []byte) []byte {
	switch c.kind {
	case number:
		return strconv.AppendInt(b, c.n, 10)
	case text:
		return append(b, c.text...)
	case raw:
		return append(b, c.bytes...)
	}
	return b
}

// digest appends a byte that tells NULL from a value, the length and the text.
func (c *cell) digest(b []byte) []byte {
	switch c.kind {
	case number:
		var digits [20]byte
		s := strconv.AppendInt(digits[:0], c.n, 10)
		return append(binary.AppendUvarint(append(b, 1), uint64(len(s))), s...)
	case text:
		return append(binary.AppendUvarint(append(b, 1), uint64(len(c.text))), c.text...)
	case raw:
		return append(binary.AppendUvarint(append(b, 1), uint64(len(c.bytes))), c.bytes...)
	}
	return append(b, 0)
}

// put gives the value to a column of a batch; false when it is not of the column's type.
func (c *cell) put(out *canon.Builder, i int, t canon.Type) bool {
	if c.kind == null {
		out.Null(i)
		return true
	}
	switch t {
	case canon.Text, canon.Decimal:
		return c.putText(out, i)
	case canon.Day:
		d, err := canon.ParseDate(c.string())
		out.Day(i, d)
		return err == nil
	}
	n := c.n
	if c.kind != number {
		var err error
		if n, err = strconv.ParseInt(c.string(), 10, 64); err != nil {
			return false
		}
	}
	switch t {
	case canon.Instant:
		out.Instant(i, n)
	case canon.Bool:
		out.Bool(i, n != 0)
	default:
		out.Int(i, n)
	}
	return true
}

func (c *cell) putText(out *canon.Builder, i int) bool {
	switch c.kind {
	case text:
		out.Text(i, c.text)
	case raw:
		out.Bytes(i, c.bytes)
	default:
		return false
	}
	return true
}
