package query

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"uoma/internal/canon"
)

// form is how the values of a column are written as text.
type form uint8

const (
	text    form = iota // numbers with a decimal point, as exact as they are
	day                 // 2026-11-01
	local               // 2026-11-01T02:15:00.5, of a zone that nobody named
	instant             // 2026-11-01T00:15:00.5Z
	clock               // 02:15:00.5
	binary              // hexadecimal
	bits                // the number that they are
	guid                // 6F9619FF-8B86-D011-B42D-00C04FC964FF
)

// cell takes the values of one column, one row after the other.
type cell struct {
	form  form
	typ   string // as the database calls it
	text  []byte // of this row, in a buffer that is used again
	kind  byte   // of this row
	keyed bool   // the value itself is wanted as well
	value any    // of this row
}

// Scan implements [sql.Scanner]. Bytes belong to the driver and are valid now.
func (c *cell) Scan(src any) error {
	c.text, c.kind = c.text[:0], canon.KindText
	switch v := src.(type) {
	case nil:
		c.kind = canon.KindEmpty
	case []byte:
		c.bytes(v)
	case string:
		c.text = append(c.text, v...)
		c.written()
	case int64:
		c.text = strconv.AppendInt(c.text, v, 10)
	case uint64:
		c.text = strconv.AppendUint(c.text, v, 10)
	case float64:
		c.text = strconv.AppendFloat(c.text, v, 'f', -1, 64)
	case float32:
		c.text = strconv.AppendFloat(c.text, float64(v), 'f', -1, 32)
	case bool:
		c.text, c.kind = strconv.AppendBool(c.text, v), canon.KindBool
	case time.Time:
		c.time(v)
	default:
		return errType
	}
	if c.keyed {
		c.value = src
		if b, ok := src.([]byte); ok {
			c.value = string(b)
		}
	}
	return nil
}

func (c *cell) bytes(v []byte) {
	switch c.form {
	case binary:
		c.text = hex.AppendEncode(c.text, v)
	case bits:
		var n uint64
		for _, b := range v {
			n = n<<8 | uint64(b)
		}
		c.text = strconv.AppendUint(c.text, n, 10)
	case guid:
		var id mssql.UniqueIdentifier
		if id.Scan(v) == nil {
			c.text = append(c.text, id.String()...)
		}
	default:
		c.text = append(c.text, v...)
		c.written()
	}
}

// written completes a date or time that the database wrote itself.
func (c *cell) written() {
	switch c.form {
	case day:
		c.kind = canon.KindDate
	case local, instant:
		c.kind = canon.KindDate
		if i := bytes.IndexByte(c.text, ' '); i >= 0 {
			c.text[i] = 'T'
		}
		if bytes.IndexByte(c.text, '.') >= 0 {
			c.text = bytes.TrimRight(c.text, "0")
			c.text = bytes.TrimSuffix(c.text, []byte("."))
		}
		if c.form == instant {
			c.text = append(c.text, 'Z')
		}
	}
}

func (c *cell) time(v time.Time) {
	c.kind = canon.KindDate
	switch c.form {
	case day:
		c.text = v.AppendFormat(c.text, time.DateOnly)
	case instant:
		c.text = v.UTC().AppendFormat(c.text, time.RFC3339Nano)
	case clock:
		c.text, c.kind = v.AppendFormat(c.text, "15:04:05.999999999"), canon.KindText
	default:
		c.text = v.AppendFormat(c.text, "2006-01-02T15:04:05.999999999")
	}
}

// comparable tells whether a column can be a part of the key.
func (c *cell) comparable() bool {
	return c.form != binary && c.form != bits && !strings.Contains(c.typ, "FLOAT") && c.typ != "DOUBLE" &&
		c.typ != "ENUM" && c.typ != "SET" // these are in the order of their numbers and compared as texts
}
