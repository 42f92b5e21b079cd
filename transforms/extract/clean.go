package extract

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"uoma/internal/canon"
)

// Longest texts in characters, from the intake's column list; what is longer is cut.
const (
	maxName   = 200
	maxNumber = 250
	maxText   = 1000 // of columns for which the list gives no length
)

// Clean makes text what Arvo makes of it: a control character becomes a space, a semicolon a comma. Space around the
// text goes, and so does what is longer than limit characters.
func Clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == ';':
			return ','
		case unicode.IsControl(r), r == utf8.RuneError:
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	at := 0
	for range limit {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return strings.TrimSpace(s[:at])
}

// languages are those in which the survey is asked; the first is the fall-back.
var languages = [...]string{"fi", "sv", "en"}

// credits rounds a decimal text half up; 0 when it is no positive number.
func credits(ects string) int32 {
	v, err := strconv.ParseFloat(ects, 64)
	if err != nil || !(v > 0) || v > math.MaxInt32-1 {
		return 0
	}
	return int32(math.Floor(v + 0.5))
}

// code reads a whole number from 1 to limit; 0 when it is none.
func code(s string, limit int) int32 {
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > limit {
		return 0
	}
	return int32(v)
}

// day gives YYYY-MM-DD, "" for none.
func day(d *canon.Date) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// number gives decimal digits, "" for 0.
func number(v int32) string {
	if v == 0 {
		return ""
	}
	return strconv.Itoa(int(v))
}
