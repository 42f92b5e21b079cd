package rowfile

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// headless tells that the first row is one like those below it and names no columns. A number, a date, an identifier or
// an address in it gives it away when the column is full of its like; words do when they come again below, unless the
// whole row does, as the header of a file that was appended to another.
func headless(rows [][]string) bool {
	first, below := rows[0], rows[1:]
	again := 0
	for c, cell := range first {
		if cell == "" {
			continue
		}
		like, alike, filled := shape(cell), 0, 0
		twice := false
		for _, r := range below {
			if c < len(r) && r[c] != "" {
				filled++
				twice = twice || r[c] == cell
				if shape(r[c]) == like {
					alike++
				}
			}
		}
		if strings.Contains(cell, "@") || digits(cell) > 2 && (len(below) == 0 || 2*alike > filled) {
			return true
		}
		if twice {
			again++
		}
	}
	return again > 1 && !slices.ContainsFunc(below, func(r []string) bool { return slices.Equal(r, first) })
}

// numbered names as many columns by where they stand.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "column " + strconv.Itoa(i+1)
	}
	return out
}

func digits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
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
