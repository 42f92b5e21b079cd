package policy

import (
	"fmt"
	"regexp"
	"strconv"

	"uoma/internal/canon"
)

// duration is an ISO 8601 period of calendar units: months move by calendar, days are whole days.
type duration struct{ months, days int }

// maxUnits bounds each number of a period: nothing is kept a thousand years, and a sum of dates stays a date.
const maxUnits = 999

var periodForm = regexp.MustCompile(`^P(?:(\d{1,3})Y)?(?:(\d{1,3})M)?(?:(\d{1,3})W)?(?:(\d{1,3})D)?$`)

// parsePeriod reads P10Y, P1Y6M, P2W, P90D, P0D. Times of day are no part of it.
func parsePeriod(s string) (duration, error) {
	m := periodForm.FindStringSubmatch(s)
	if m == nil || s == "P" {
		return duration{}, fmt.Errorf("not an ISO 8601 period of years, months, weeks or days up to %d", maxUnits)
	}
	var n [4]int
	for i := range n {
		if m[i+1] != "" {
			n[i], _ = strconv.Atoi(m[i+1]) // the form allows three digits alone
		}
	}
	return duration{months: 12*n[0] + n[1], days: 7*n[2] + n[3]}, nil
}

// lastDay gives the period's last day when it begins with an event on day d, which is not counted itself.
func (p duration) lastDay(d canon.Date) canon.Date {
	if p.months != 0 {
		d = d.AddMonths(p.months)
	}
	return d + canon.Date(p.days)
}

// due gives the first day on which the period has passed: the day after its last day, or the event's own day when the
// period has no length (Regulation (EEC, Euratom) No 1182/71, Article 3).
func (p duration) due(d canon.Date) canon.Date {
	if p == (duration{}) {
		return d
	}
	return p.lastDay(d) + 1
}
