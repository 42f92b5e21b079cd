package xlsx

import (
	"math"
	"strconv"

	"uoma/internal/canon"
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
	first := canon.Date(-25569) // 1899-12-30
	switch {
	case date904:
		first = -24107 // 1904-01-01
	case n == 0 || n == 60:
		return dst, false
	case n < 60: // the days before the one that never was
		n++
	}
	year, month, d := (first + canon.Date(n)).Time().Date()
	if year > 9999 {
		return dst, false
	}
	dst = digits(digits(digits(dst, year, 4, '-'), int(month), 2, '-'), d, 2, 0)
	if ms > 0 {
		dst = appendClock(append(dst, 'T'), ms)
	}
	return dst, true
}

// appendClock appends HH:MM:SS, and the thousandths when there are any.
func appendClock(dst []byte, ms int64) []byte {
	s := int(ms / 1000)
	dst = digits(digits(digits(dst, s/3600, 2, ':'), s/60%60, 2, ':'), s%60, 2, 0)
	if ms%1000 != 0 {
		dst = digits(append(dst, '.'), int(ms%1000), 3, 0)
	}
	return dst
}

// digits appends a number in so many digits, and then a mark unless it is 0.
func digits(dst []byte, n, width int, mark byte) []byte {
	from := len(dst)
	dst = append(dst, "0000"[:width]...)
	for i := from + width - 1; i >= from; i-- {
		dst[i] += byte(n % 10)
		n /= 10
	}
	if mark != 0 {
		dst = append(dst, mark)
	}
	return dst
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
