package canon

import (
	"fmt"
	"time"
)

// Date is a calendar day: days since 1970-01-01, before it negative. It has no time zone.
type Date int32

// NewDate makes a date; ok is false when the day does not exist in the Gregorian calendar.
func NewDate(year, month, day int) (d Date, ok bool) {
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day {
		return 0, false
	}
	return Date(t.Unix() / 86400), true
}

// DateOf gives the calendar day of an instant in its own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDate reads YYYY-MM-DD and nothing else.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("not a date of the form YYYY-MM-DD")
	}
	return DateOf(t), nil
}

// Time gives midnight UTC of the day.
func (d Date) Time() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// End gives the last instant of the day in UTC, in microseconds since 1970: what was said on the day was said by then.
func (d Date) End() int64 { return (int64(d)+1)*86_400_000_000 - 1 }

// Year gives the calendar year.
func (d Date) Year() int { return d.Time().Year() }

// String gives YYYY-MM-DD.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText gives YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	*d = v
	return err
}

// AddMonths moves by calendar months and keeps the day, or takes the month's last day where that day does not exist:
// 2024-02-29 plus 12 months is 2025-02-28.
func (d Date) AddMonths(n int) Date {
	y, m, day := d.Time().Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return DateOf(first.AddDate(0, 0, min(day, last)-1))
}
