package rowfile

import (
	"math"
	"strconv"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// textOf gives how values of a type are written: dates and times by ISO 8601, numbers in decimal, a whole number
// without a point, and what is no number as nothing.
func textOf(t parquet.Type) func([]byte, parquet.Value) []byte {
	if l := t.LogicalType(); l != nil {
		switch x := l.Value.(type) {
		case *format.DateType:
			return func(b []byte, v parquet.Value) []byte { return day(b, int64(v.Int32())*secondsOfDay) }
		case *format.TimestampType:
			unit := int64(time.Second / x.Unit.Value.Duration())
			return func(b []byte, v parquet.Value) []byte { return moment(b, v.Int64(), unit) }
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
			return moment(b, (int64(x[2])-2_440_588)*secondsOfDay*1_000_000_000+int64(uint64(x[1])<<32|uint64(x[0])), 1_000_000_000)
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

// moment writes a time stamp, and one of midnight as a date.
func moment(b []byte, at, perSecond int64) []byte {
	seconds, rest := at/perSecond, at%perSecond
	if rest < 0 {
		seconds, rest = seconds-1, rest+perSecond
	}
	if rest == 0 && seconds%secondsOfDay == 0 {
		return day(b, seconds)
	}
	return time.Unix(seconds, rest*(1_000_000_000/perSecond)).UTC().AppendFormat(b, time.RFC3339Nano)
}

// decimal writes a scaled integer of at most 64 bits; a wider one is no number that names or describes a person.
func decimal(b []byte, v parquet.Value, scale int) []byte {
	var x int64
	switch v.Kind() {
	case parquet.Int32:
		x = int64(v.Int32())
	case parquet.Int64:
		x = v.Int64()
	default:
		raw := v.ByteArray()
		if len(raw) == 0 {
			return b
		}
		x = int64(int8(raw[0]))
		for _, c := range raw[1:] {
			if x != x<<8>>8 {
				return b
			}
			x = x<<8 | int64(c)
		}
	}
	digits := strconv.FormatInt(x, 10)
	sign := ""
	if x < 0 {
		sign, digits = "-", digits[1:]
	}
	for len(digits) <= scale {
		digits = "0" + digits
	}
	whole, fraction := digits[:len(digits)-scale], digits[len(digits)-scale:]
	for len(fraction) > 0 && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	b = append(append(b, sign...), whole...)
	if fraction != "" {
		b = append(append(b, '.'), fraction...)
	}
	return b
}
