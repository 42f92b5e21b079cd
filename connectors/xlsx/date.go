package xlsx

import (
	"math"
	"strconv"
	"time"
)

// lastSerial is 9999-12-31 in the 1900 date system, the last day that a sheet can show.
const lastSerial = 2958465

// appendDate appends the day, the day and time, or the time alone that a serial number means. ok is false when it means
// none: negative, beyond the year 9999, or the day 60, the 29 February 1900 that never was.
func appendDate(dst []byte, serial float64, date904 bool) (_ []byte, ok bool) {
	if !(serial >= 0 && serial < lastSerial+1) {
		return dst, false
	}
	day, fraction := math.Modf(serial)
	ms := int64(math.Round(fraction * 86_400_000))
	n := int(day)
	if ms == 86_400_000 {
		n, ms = n+1, 0
	}
	if n == 0 && ms > 0 {
		return appendClock(dst, ms), true
	}
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date904:
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case n == 0 || n == 60:
		return dst, false
	case n < 60: // the days before the one that never was
		n++
	}
	d := first.AddDate(0, 0, n)
	if d.Year() > 9999 {
		return dst, false
	}
	dst = d.AppendFormat(dst, time.DateOnly)
	if ms > 0 {
		dst = appendClock(append(dst, 'T'), ms)
	}
	return dst, true
}

// appendClock appends HH:MM:SS, and the thousandths when there are any.
func appendClock(dst []byte, ms int64) []byte {
	layout := time.TimeOnly
	if ms%1000 != 0 {
		layout = "15:04:05.000"
	}
	return time.UnixMilli(ms).UTC().AppendFormat(dst, layout)
}

// decimal tells whether a cell's text is a number as XML Schema writes a double, without its special values.
func decimal(b []byte) bool {
	digits, i := 0, 0
	sign := func() {
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
	}
	run := func() {
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
			digits++
		}
	}
	sign()
	run()
	if i < len(b) && b[i] == '.' {
		i++
		run()
	}
	if digits == 0 || i == len(b) {
		return digits > 0
	}
	if b[i] != 'e' && b[i] != 'E' {
		return false
	}
	i++
	digits = 0
	sign()
	run()
	return digits > 0 && i == len(b)
}

func parseSerial(b []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(b), 64)
	return f, err == nil
}
