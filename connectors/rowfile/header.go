package rowfile

import (
	"regexp"
	"slices"
	"strconv"
	"unicode"
)

// headless tells that the first row is one like those below it and names no columns. An e-mail address gives it away, and a
// number, a date or an identifier above others formed like it; words do when they come again below among others, unless
// they come together, as in the header of a file that was appended to another. In doubt the row names columns: one row of
// data is missed then, and shows by its names, where a row of names that is taken for data is a person who is none.
func headless(rows [][]string) bool {
	first, below := rows[0], rows[1:]
	again := 0
	for c, cell := range first {
		if cell == "" {
			continue
		}
		like, alike, same, filled := "", 0, 0, 0
		numeric := number(cell)
		if numeric {
			like = shape(cell)
		}
		for _, r := range below {
			if c >= len(r) || r[c] == "" {
				continue
			}
			filled++
			if r[c] == cell {
				same++
			}
			if numeric && shape(r[c]) == like {
				alike++
			}
		}
		if address.MatchString(cell) || numeric && (len(below) == 0 || 2*alike > filled) {
			return true
		}
		if same > 0 && same < filled {
			again++
		}
	}
	return again > 1 && !slices.ContainsFunc(below, func(r []string) bool { return alikeRows(first, r) })
}

var address = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

// number tells of a cell that is digits for the most part, and too many for a year or a code in a name.
func number(s string) bool {
	digits, letters := 0, 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	return digits > 4 && letters < 3
}

// alikeRows tells whether more than half of what the first row says comes again in the same places of another.
func alikeRows(first, r []string) bool {
	said, same := 0, 0
	for c, cell := range first {
		if cell != "" {
			said++
			if c < len(r) && r[c] == cell {
				same++
			}
		}
	}
	return 2*same > said
}

// numbered names as many columns by where they stand.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "column " + strconv.Itoa(i+1)
	}
	return out
}

// shape is a text with each run of digits as one digit and each run of letters as one letter.
func shape(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			r = '0'
		case unicode.IsLetter(r):
			r = 'a'
		}
		if n := len(out); n == 0 || out[n-1] != r || r != '0' && r != 'a' {
			out = append(out, r)
		}
	}
	return string(out)
}
