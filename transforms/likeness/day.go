package likeness

import "strings"

// Day is a date of which each part may be unknown, packed so that it compares fast: 14 bits of year, 7 of month, 7 of
// day. Zero is no date. A month or day that no calendar has (1985-07-32) stays as it was typed, so that a slip of the
// keyboard can be told; [Day.Month] and [Day.Day] give it as unknown.
type Day uint32

// NewDay packs a date; parts that are unknown are 0. A year is 0 to 9999, a month or day 0 to 99; anything else is unknown.
func NewDay(year, month, day int) Day {
	if year < 0 || year > 9999 {
		year = 0
	}
	if month < 0 || month > 99 {
		month = 0
	}
	if day < 0 || day > 99 {
		day = 0
	}
	return Day(year<<14 | month<<7 | day)
}

func (d Day) typed() (year, month, day int) { return int(d >> 14), int(d >> 7 & 127), int(d & 127) }

// Year gives the year, 0 when it is unknown.
func (d Day) Year() int { return int(d >> 14) }

// Month gives the month, 0 when it is unknown or impossible.
func (d Day) Month() int {
	if m := int(d >> 7 & 127); m <= 12 {
		return m
	}
	return 0
}

// Day gives the day of the month, 0 when it is unknown or impossible.
func (d Day) Day() int {
	year, month, day := d.typed()
	if day > monthLength(year, month) {
		return 0
	}
	return day
}

// Full tells whether all parts are known and the calendar has the day.
func (d Day) Full() bool { return d.Year() > 0 && d.Month() > 0 && d.Day() > 0 }

// Weak tells of the first of January, which registers write where they know only the year.
func (d Day) Weak() bool { return d&(1<<14-1) == 1<<7|1 }

// monthLength gives how many days a month has; an unknown year has a leap day, an unknown month 31 days.
func monthLength(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 != 0 || year%100 == 0 && year%400 != 0 {
			return 28
		}
		return 29
	}
	return 31
}

// number counts the days since 1 March of the year 0, for full dates.
func (d Day) number() int {
	year, month, day := d.typed()
	if month < 3 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day
}

// Years between which eight or six digits in a row are taken to start with a year.
const (
	firstYear = 1800
	lastYear  = 2099
)

// missing is what registers write for "unknown": 1900-01-01.
const missing = Day(1900<<14 | 1<<7 | 1)

// ParseDay reads a date in any of the forms that files have: 1985-07-23 and 1985/7/23 with or without a time of day,
// 19850723, 23.7.1985, 23/7/1985, 7/23/1985 (month first only where it cannot be the day), 23 Jul 1985, July 23, 1985,
// 1985-07, 7/1985, 1985. A year of two digits is of the 20th century. Impossible months and days are kept as typed. It
// gives false, and zero, for anything else, for 0000-00-00 and for 1900-01-01, which means "unknown".
func ParseDay(s string) (Day, bool) {
	var g groups
	if !g.read(strings.TrimSpace(s)) {
		return 0, false
	}
	d := g.day()
	if d == missing || d == 0 {
		return 0, false
	}
	return d, true
}

// groups is what a date is made of: numbers, of which one may have been a month's name.
type groups struct {
	value  [3]int
	digits [3]int // how many; 0 for a month's name
	n      int
}

// read splits a date; ok is false when there is something that no date has.
func (g *groups) read(s string) (ok bool) {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isDigit(c):
			j := i
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			if j-i > 8 || g.n == 3 {
				return false
			}
			g.add(s[i:j], j-i)
			if i = j; g.n == 3 || j-i == 8 {
				return timeOfDay(s[i:])
			}
		case isLetter(c):
			j := i
			for j < len(s) && isLetter(s[j]) {
				j++
			}
			if g.n == 1 && g.digits[0] == 8 && c|0x20 == 't' {
				return timeOfDay(s[i:])
			}
			m := monthNamed(s[i:j])
			if m == 0 || g.n == 3 {
				return false
			}
			g.value[g.n] = m
			g.n++
			i = j
		case c == '-' || c == '.' || c == '/' || c == ' ' || c == ',':
			i++
		default:
			return false
		}
	}
	return g.n > 0
}

func (g *groups) add(digits string, n int) {
	v := 0
	for i := range len(digits) {
		v = v*10 + int(digits[i]-'0')
	}
	g.value[g.n], g.digits[g.n] = v, n
	g.n++
}

// timeOfDay tells whether what follows a date is nothing or a time of day.
func timeOfDay(s string) bool {
	s = strings.TrimSpace(s)
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && strings.IndexByte(":.,TtZz+- ", c) < 0 {
			return false
		}
	}
	return s == "" || s == "." || strings.Contains(s, ":")
}

// day puts the numbers in their places.
func (g *groups) day() Day {
	v, n := g.value, g.digits
	switch {
	case g.n == 1 && n[0] == 8:
		return compact(v[0])
	case g.n == 1 && n[0] == 6 && v[0]/100 >= firstYear && v[0]/100 <= lastYear && v[0]%100 <= 12:
		return NewDay(v[0]/100, v[0]%100, 0)
	case g.n == 1 && n[0] == 4:
		return NewDay(v[0], 0, 0)
	case g.n == 2 && n[0] == 4 && n[1] <= 2:
		return NewDay(v[0], v[1], 0)
	case g.n == 2 && n[1] == 4 && n[0] <= 2:
		return NewDay(v[1], v[0], 0)
	case g.n == 3 && n[0] == 4 && n[1] <= 2 && n[2] <= 2:
		return NewDay(v[0], v[1], v[2])
	case g.n == 3 && (n[2] == 4 || n[2] == 2) && n[0] <= 2 && n[1] <= 2:
		return yearLast(v, n)
	}
	return 0
}

// yearLast reads a date that ends with the year.
func yearLast(v, n [3]int) Day {
	if n[2] == 2 {
		v[2] += 1900
	}
	if n[0] == 0 || v[1] > 12 && v[0] <= 12 {
		return NewDay(v[2], v[0], v[1])
	}
	return NewDay(v[2], v[1], v[0])
}

// compact reads eight digits.
func compact(v int) Day {
	if year := v / 10000; year >= firstYear && year <= lastYear {
		return NewDay(year, v/100%100, v%100)
	}
	if year := v % 10000; year >= firstYear && year <= lastYear {
		return NewDay(year, v/10000%100, v/1000000)
	}
	return 0
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// monthNamed gives the month of an English, Finnish, Swedish or Norwegian name or its first three letters; 0 for none.
func monthNamed(w string) int {
	if len(w) < 3 {
		return 0
	}
	switch strings.ToLower(w[:3]) {
	case "jan", "tam":
		return 1
	case "feb", "hel":
		return 2
	case "mar":
		if strings.EqualFold(w, "marraskuu") || strings.EqualFold(w, "marraskuuta") {
			return 11
		}
		return 3
	case "apr", "huh":
		return 4
	case "may", "maj", "mai", "tou":
		return 5
	case "jun":
		return 6
	case "jul":
		return 7
	case "aug", "elo":
		return 8
	case "sep", "syy":
		return 9
	case "oct", "okt", "lok":
		return 10
	case "nov":
		return 11
	case "dec", "des", "jou":
		return 12
	}
	return 0
}
