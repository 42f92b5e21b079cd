package identifier

import (
	"math"
	"strconv"
	"time"

	"uoma/internal/canon"
)

// Formats that are no patterns.
const (
	FormatExcel     = "excel"      // serial day number of a spreadsheet
	FormatExcel1904 = "excel-1904" // the same, counted from 1904-01-01
	FormatEpochMS   = "epoch-ms"   // milliseconds since 1970 UTC
	FormatRFC3339   = "rfc3339"
)

const (
	excelLast = 2958465 // 9999-12-31
	excelBug  = 60      // 1900-02-29, a day that spreadsheets count and that never was
	excel1904 = 1462    // 1904-01-01
	millis    = 1000
)

var helsinki = loadHelsinki()

// loadHelsinki reads the zone built in from the IANA database, so that no result depends on the machine.
func loadHelsinki() *time.Location {
	data, err := codeFiles.ReadFile("codes/helsinki.tzdata")
	if err == nil {
		var zone *time.Location
		if zone, err = time.LoadLocationFromTZData("Europe/Helsinki", data); err == nil {
			return zone
		}
	}
	panic("identifier: time zone Europe/Helsinki is not built in")
}

func (p *Params) zone() *time.Location {
	if p.Zone == nil {
		return helsinki
	}
	return p.Zone
}

// reading is what a format found: civil fields, or an instant when absolute is set.
type reading struct {
	year, month, day         int
	hour, minute, second, ns int
	at                       time.Time
	absolute                 bool
	twoDigits                bool
}

// parse tries formats in order. The reason is that of the first format whose shape fits, and "pattern" when none does:
// a value of the right shape that is no date must not be taken for another format's.
func parse(s string, formats []string, p *Params) (reading, string) {
	for _, f := range formats {
		if r, reason := parseOne(s, f, p); reason != "pattern" {
			return r, reason
		}
	}
	return reading{}, "pattern"
}

func parseOne(s, format string, p *Params) (reading, string) {
	switch format {
	case FormatExcel:
		return parseExcel(s, 0)
	case FormatExcel1904:
		return parseExcel(s, excel1904)
	case FormatEpochMS:
		return parseEpoch(s, p)
	case FormatRFC3339, "RFC 3339":
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return reading{}, "pattern"
		}
		return reading{at: at, absolute: true}, ""
	}
	r, fits := match(s, format)
	if !fits {
		return reading{}, "pattern"
	}
	if r.twoDigits {
		if p.Pivot == 0 {
			return reading{}, "two-digit-year"
		}
		r.year += 1900
		if r.year-1900 <= p.Pivot {
			r.year += 100
		}
	}
	if r.month > 12 || r.hour > 23 || r.minute > 59 || r.second > 59 {
		return reading{}, "date"
	}
	return r, ""
}

// match reads s by a pattern of d, M, yyyy or yy, H, m, s and S (fraction of a second); a doubled letter demands two
// digits, a single one takes one or two. Every other character stands for itself. Absent fields are -1 for month and
// day.
func match(s, pattern string) (reading, bool) {
	r := reading{month: -1, day: -1}
	for pattern != "" {
		c := pattern[0]
		run := 1
		for run < len(pattern) && pattern[run] == c {
			run++
		}
		field := r.field(c)
		if field == nil {
			if s == "" || s[0] != c {
				return r, false
			}
			s, pattern = s[1:], pattern[1:]
			continue
		}
		n := min(digitRun(s), widest(c, run))
		if n < run {
			return r, false
		}
		*field = number(s[:n])
		if c == 'S' {
			*field *= int(math.Pow10(9 - n))
		}
		r.twoDigits = r.twoDigits || c == 'y' && run == 2
		s, pattern = s[n:], pattern[run:]
	}
	return r, s == ""
}

// widest gives how many digits a run of pattern letters takes at most.
func widest(c byte, run int) int {
	switch {
	case c == 'S':
		return 9
	case run == 1:
		return 2
	}
	return run
}

func (r *reading) field(c byte) *int {
	switch c {
	case 'y':
		return &r.year
	case 'M':
		return &r.month
	case 'd':
		return &r.day
	case 'H':
		return &r.hour
	case 'm':
		return &r.minute
	case 's':
		return &r.second
	case 'S':
		return &r.ns
	}
	return nil
}

// parseExcel reads a serial: day 0 is 1899-12-30, which is right from March 1900 on. The days before are one off, as
// spreadsheets count 1900-02-29; that day is refused. first is the serial of the day that is counted from.
func parseExcel(s string, first int) (reading, string) {
	whole := digitRun(s)
	if whole == 0 || whole > 7 || whole < len(s) && (s[whole] != '.' || !digits(s[whole+1:])) {
		return reading{}, "pattern"
	}
	days := number(s[:whole]) + first
	if days < 1 || days == excelBug || days > excelLast {
		return reading{}, "date"
	}
	if days < excelBug {
		days++
	}
	fraction, err := strconv.ParseFloat("0"+s[whole:], 64)
	if err != nil {
		return reading{}, "pattern"
	}
	y, m, d := time.Date(1899, 12, 30+days, 0, 0, 0, 0, time.UTC).Date()
	second := min(int(math.Round(fraction*86400)), 86399)
	return reading{year: y, month: int(m), day: d, hour: second / 3600, minute: second / 60 % 60, second: second % 60}, ""
}

// parseEpoch reads milliseconds; as a date they are the civil day in the field's zone.
func parseEpoch(s string, p *Params) (reading, string) {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil || s[0] == '+' {
		return reading{}, "pattern"
	}
	if ms < -62135596800*millis || ms > 253402300799*millis { // years 1 to 9999
		return reading{}, "date"
	}
	at := time.UnixMilli(ms).In(p.zone())
	return reading{at: at, absolute: true}, ""
}

// Partial is a date of which the month and the day may be unknown (zero). It is never a matching key unless complete.
type Partial struct{ Year, Month, Day int }

// Precision gives "year", "month" or "day".
func (d Partial) Precision() string {
	switch {
	case d.Month == 0:
		return "year"
	case d.Day == 0:
		return "month"
	}
	return "day"
}

// Date gives the calendar day of a complete date.
func (d Partial) Date() (canon.Date, bool) { return canon.NewDate(d.Year, d.Month, d.Day) }

// String gives YYYY, YYYY-MM or YYYY-MM-DD.
func (d Partial) String() string { return string(d.append(nil)) }

func (d Partial) append(b []byte) []byte {
	b = appendPadded(b, d.Year, 4)
	if d.Month > 0 {
		b = appendPadded(append(b, '-'), d.Month, 2)
	}
	if d.Month > 0 && d.Day > 0 {
		b = appendPadded(append(b, '-'), d.Day, 2)
	}
	return b
}

// appendPadded appends a number below 10000 with leading zeros.
func appendPadded(b []byte, n, width int) []byte {
	for unit := [5]int{0, 1, 10, 100, 1000}[width]; unit > 0; unit /= 10 {
		b = append(b, byte('0'+n/unit%10))
	}
	return b
}

// ParsePartial reads a date by formats in order; nothing is guessed. A format is a pattern such as d.M.yyyy, dd/MM/yyyy,
// yyyyMMdd, M/yyyy or yyyy, or one of the Format constants. The reason is "" or "pattern", "date", "two-digit-year".
func ParsePartial(s string, formats []string, p *Params) (d Partial, reason string) {
	if p == nil {
		p = strict
	}
	r, reason := parse(s, formats, p)
	if reason != "" {
		return Partial{}, reason
	}
	if r.absolute {
		y, m, day := r.at.Date()
		return Partial{y, int(m), day}, ""
	}
	d = Partial{Year: r.year, Month: max(r.month, 0), Day: max(r.day, 0)}
	if r.month == 0 || r.day == 0 {
		return Partial{}, "date"
	}
	if d.Month > 0 && d.Day > 0 {
		if _, valid := d.Date(); !valid {
			return Partial{}, "date"
		}
	}
	return d, ""
}
