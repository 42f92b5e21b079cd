package jsonfile

import "bytes"

// below tells whether a number without sign and with an exponent is below 2^53, without computing it: an exponent of a
// billion is one byte more than one of a hundred million.
func below(number []byte) bool {
	e := bytes.IndexAny(number, "eE")
	mantissa, exponent := number[:e], number[e+1:]
	power, negative := 0, false
	for _, c := range exponent {
		if c == '-' {
			negative = true
		}
		if c < '0' || c > '9' {
			continue
		}
		if power = power*10 + int(c-'0'); power > 1<<30 {
			power = 1 << 30
		}
	}
	if negative {
		power = -power
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte{'.'})
	digits := append(bytes.Clone(whole), fraction...)
	zeros := 0
	for zeros < len(digits) && digits[zeros] == '0' {
		zeros++
	}
	if zeros == len(digits) {
		return true
	}
	size := len(whole) + power - zeros // digits of the whole part
	if size != 16 {
		return size < 16
	}
	digits = digits[zeros:]
	for len(digits) < 16 {
		digits = append(digits, '0')
	}
	return string(digits[:16]) < "9007199254740992"
}
