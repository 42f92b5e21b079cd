package quality

import (
	"fmt"
	"time"
)

// clock writes times as the readers' wall shows them.
type clock struct{ zone *time.Location }

// newClock takes the zone's name; one that is not known here is read as UTC, which the times then say.
func newClock(zone string) clock {
	l, err := time.LoadLocation(zone)
	if err != nil {
		l = time.UTC
	}
	return clock{l}
}

// day writes "22 November 2026".
func (c clock) day(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return "an unknown date"
	}
	return t.Format("2 January 2006")
}

// at writes "22 Nov 2026 02:14 EET", "" when the instant is not known.
func (c clock) at(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return ""
	}
	return t.In(c.zone).Format("2 Jan 2006 15:04 MST")
}

// short writes "22 Nov 02:14", where the year and the zone are told elsewhere.
func (c clock) short(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return ""
	}
	return t.In(c.zone).Format("2 Jan 15:04")
}

// between writes how long it was from a to b.
func (c clock) between(a, b string) string {
	from, err1 := time.Parse(time.RFC3339, a)
	to, err2 := time.Parse(time.RFC3339, b)
	if err1 != nil || err2 != nil {
		return ""
	}
	return span(to.Sub(from).Milliseconds())
}

// span writes milliseconds as people say them.
func span(ms int64) string {
	switch {
	case ms < 1000:
		return fmt.Sprintf("%d ms", ms)
	case ms < 60_000:
		return fmt.Sprintf("%d.%d s", ms/1000, ms%1000/100)
	case ms < 3_600_000:
		return fmt.Sprintf("%d min %d s", ms/60_000, ms%60_000/1000)
	}
	return fmt.Sprintf("%d h %d min", ms/3_600_000, ms%3_600_000/60_000)
}

// age writes minutes as "3 h old", "2 days old".
func age(minutes *int64) string {
	if minutes == nil {
		return "age not measurable"
	}
	switch m := *minutes; {
	case m < 0:
		return "dated after the run's start"
	case m < 60:
		return fmt.Sprintf("%d min old", m)
	case m < 48*60:
		return fmt.Sprintf("%d h old", m/60)
	default:
		return fmt.Sprintf("%d days old", m/1440)
	}
}
