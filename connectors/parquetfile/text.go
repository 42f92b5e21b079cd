package parquetfile

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Text appends how a value is written.
type Text func([]byte, parquet.Value) []byte

// TextOf gives how values of a type are written: dates and times by ISO 8601, in UTC with a Z and else without one;
// numbers in decimal and exactly, a whole number without a point; and what is no number as nothing.
func TextOf(t parquet.Type) Text {
	if l := t.LogicalType(); l != nil {
		switch x := l.Value.(type) {
		case *format.DateType:
			return func(b []byte, v parquet.Value) []byte { return day(b, int64(v.Int32())*secondsOfDay) }
		case *format.TimestampType:
			unit := int64(time.Second / x.Unit.Value.Duration())
			return func(b []byte, v parquet.Value) []byte { return moment(b, v.Int64(), unit, x.IsAdjustedToUTC) }
		case *format.TimeType:
			unit := int64(time.Second / x.Unit.Value.Duration())
			return func(b []byte, v parquet.Value) []byte { return clock(b, v, unit) }
		case *format.Float16Type:
			return func(b []byte, v parquet.Value) []byte { return b } // nothing that a register holds is written so
		case *format.DecimalType:
			return func(b []byte, v parquet.Value) []byte { return decimal(b, v, int(x.Scale)) }
		case *format.UUIDType:
			return func(b []byte, v parquet.Value) []byte {
				return append(b, uuid.FromBytesOrNil(v.ByteArray()).String()...)
			}
		case *format.IntType:
			if !x.IsSigned {
				return unsigned(t.Kind())
			}
		}
	}
	return plain(t.Kind())
}

const secondsOfDay = 24 * 60 * 60

func plain(k parquet.Kind) func([]byte, parquet.Value) []byte {
	switch k {
	case parquet.Boolean:
		return func(b []byte, v parquet.Value) []byte { return strconv.AppendBool(b, v.Boolean()) }
	case parquet.Int32:
		return func(b []byte, v parquet.Value) []byte { return strconv.AppendInt(b, int64(v.Int32()), 10) }
	case parquet.Int64:
		return func(b []byte, v parquet.Value) []byte { return strconv.AppendInt(b, v.Int64(), 10) }
	case parquet.Int96: // a time stamp of old writers
		return func(b []byte, v parquet.Value) []byte {
			x := v.Int96()
			return instant(b, (int64(x[2])-2_440_588)*secondsOfDay, int64(uint64(x[1])<<32|uint64(x[0])), true)
		}
	case parquet.Float:
		return func(b []byte, v parquet.Value) []byte { return number(b, float64(v.Float()), 32) }
	case parquet.Double:
		return func(b []byte, v parquet.Value) []byte { return number(b, v.Double(), 64) }
	}
	return func(b []byte, v parquet.Value) []byte { return append(b, v.ByteArray()...) }
}

func unsigned(k parquet.Kind) func([]byte, parquet.Value) []byte {
	if k == parquet.Int32 {
		return func(b []byte, v parquet.Value) []byte { return strconv.AppendUint(b, uint64(v.Uint32()), 10) }
	}
	return func(b []byte, v parquet.Value) []byte { return strconv.AppendUint(b, v.Uint64(), 10) }
}

func number(b []byte, x float64, size int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return b
	}
	return strconv.AppendFloat(b, x, 'f', -1, size)
}

func day(b []byte, seconds int64) []byte {
	return time.Unix(seconds, 0).UTC().AppendFormat(b, time.DateOnly)
}

// moment writes a time stamp.
func moment(b []byte, at, perSecond int64, utc bool) []byte {
	seconds, rest := at/perSecond, at%perSecond
	if rest < 0 {
		seconds, rest = seconds-1, rest+perSecond
	}
	return instant(b, seconds, rest*(1_000_000_000/perSecond), utc)
}

func instant(b []byte, seconds, nanos int64, utc bool) []byte {
	layout := "2006-01-02T15:04:05.999999999"
	if utc {
		layout = time.RFC3339Nano
	}
	return time.Unix(seconds, nanos).UTC().AppendFormat(b, layout)
}

// clock writes a time of day.
func clock(b []byte, v parquet.Value, perSecond int64) []byte {
	at := v.Int64()
	if v.Kind() == parquet.Int32 {
		at = int64(v.Int32())
	}
	return time.Unix(at/perSecond, at%perSecond*(1_000_000_000/perSecond)).UTC().AppendFormat(b, "15:04:05.999999999")
}

// decimal writes a scaled integer, which is big-endian and signed where it is bytes.
func decimal(b []byte, v parquet.Value, scale int) []byte {
	var digits string
	switch v.Kind() {
	case parquet.Int32:
		digits = strconv.FormatInt(int64(v.Int32()), 10)
	case parquet.Int64:
		digits = strconv.FormatInt(v.Int64(), 10)
	default:
		raw := v.ByteArray()
		if len(raw) == 0 || len(raw) > maxDecimal {
			return b
		}
		x := new(big.Int).SetBytes(raw)
		if raw[0] >= 0x80 {
			x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
		}
		digits = x.String()
	}
	digits, negative := strings.CutPrefix(digits, "-")
	if scale < 0 || scale > maxScale {
		return b
	}
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	whole, fraction := digits[:len(digits)-scale], strings.TrimRight(digits[len(digits)-scale:], "0")
	if negative {
		b = append(b, '-')
	}
	b = append(b, whole...)
	if fraction != "" {
		b = append(append(b, '.'), fraction...)
	}
	return b
}

// Bounds of decimals, beyond every number of an export.
const (
	maxDecimal = 64 // bytes
	maxScale   = 100
)
