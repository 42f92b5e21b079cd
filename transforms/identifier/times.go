package identifier

import (
	"time"

	"uoma/internal/canon"
)

var (
	isoDate    = []string{"yyyy-MM-dd"}
	isoPartial = []string{"yyyy-MM-dd", "yyyy-MM", "yyyy"}
	isoInstant = []string{FormatRFC3339}
)

const (
	firstYear     = 1900 // nobody and nothing in the register is older
	studyMonths   = 120  // how far ahead of the run a study date may lie
	licenceMonths = 1200 // the end of a licence
	instantForm   = "2006-01-02T15:04:05.999999Z"
)

// date gives YYYY-MM-DD. A format that leaves out the day gives "partial".
func date(s string, p *Params) Checked {
	d, reason := ParsePartial(s, p.formats(isoDate), p)
	if reason != "" {
		return bad(reason)
	}
	if d.Precision() != "day" {
		return bad("partial")
	}
	return ok(sameOr(s, d))
}

// partialDate gives YYYY, YYYY-MM or YYYY-MM-DD, the first two with the warning partial.
func partialDate(s string, p *Params) Checked {
	d, reason := ParsePartial(s, p.formats(isoPartial), p)
	if reason != "" {
		return bad(reason)
	}
	if d.Precision() != "day" {
		return warned(sameOr(s, d), "partial")
	}
	return ok(sameOr(s, d))
}

// sameOr gives the text of d, which is the input itself when that is normal already.
func sameOr(s string, d Partial) string {
	var buf [len(time.DateOnly)]byte
	b := d.append(buf[:0])
	if string(b) == s {
		return s
	}
	return string(b)
}

// instant gives RFC 3339 in UTC with at most microseconds. A time without a zone is civil time of [Params.Zone]; a day
// without a time is its midnight. Where clocks are set back, the earlier of the two instants is taken.
func instant(s string, p *Params) Checked {
	r, reason := parse(s, p.formats(isoInstant), p)
	if reason != "" {
		return bad(reason)
	}
	at := r.at
	if !r.absolute {
		day, valid := canon.NewDate(r.year, r.month, r.day)
		if !valid {
			return bad("date")
		}
		y, m, d := day.Time().Date()
		at = earlier(time.Date(y, m, d, r.hour, r.minute, r.second, r.ns, p.zone()))
	}
	at = at.UTC()
	if at.Year() < 0 || at.Year() > 9999 {
		return bad("date")
	}
	return ok(at.Format(instantForm))
}

// earlier gives the first of two instants that show the same civil time, one hour apart when clocks were set back.
func earlier(at time.Time) time.Time {
	before := at.Add(-time.Hour)
	if before.Hour() == at.Hour() && before.Day() == at.Day() {
		return before
	}
	return at
}

func (p *Params) formats(otherwise []string) []string {
	if len(p.Formats) == 0 {
		return otherwise
	}
	return p.Formats
}

// BirthRange gives "" when a birth date lies between 1900-01-01 and the run date, else "out-of-range".
func BirthRange(d, run canon.Date) string { return within(d, run) }

// StudyRange gives "" when a study date lies between 1900-01-01 and ten years after the run date, else "out-of-range".
func StudyRange(d, run canon.Date) string { return within(d, run.AddMonths(studyMonths)) }

// LicenceRange gives "" when the end of a licence lies between 1900-01-01 and a hundred years after the run date, else
// "out-of-range". Licences are given for longer than anybody studies.
func LicenceRange(d, run canon.Date) string { return within(d, run.AddMonths(licenceMonths)) }

func within(d, last canon.Date) string {
	first, _ := canon.NewDate(firstYear, 1, 1)
	if d < first || d > last {
		return "out-of-range"
	}
	return ""
}

// Order gives "order" when a period ends before it starts, else "".
func Order(start, end canon.Date) string {
	if end < start {
		return "order"
	}
	return ""
}
