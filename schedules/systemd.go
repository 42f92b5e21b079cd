package schedules

import (
	"bytes"
	"embed"
	"fmt"
	"math/bits"
	"path"
	"regexp"
	"strings"
	"text/template"
	"time"

	"uoma/internal/fault"
)

//go:embed unit.service.tmpl unit.timer.tmpl
var unitSources embed.FS

// gapYears is how far ahead times in the spring gap are written out. systemd leaves such times out.
const gapYears = 10

// SystemdOptions says where the units will run.
type SystemdOptions struct {
	Program   string    // absolute path of uoma
	Workspace string    // absolute path of the workspace
	User      string    // user and group that own the workspace
	Folders   []string  // absolute paths outside of the workspace into which runs write
	From      time.Time // the units are made for this time on
}

var errUnit = fault.New("UOMA-CFG-UNIT", "the value cannot stand in a systemd unit",
	"use an absolute path, or a user name, of letters, digits and . _ - alone")

// Values reach unit files unquoted, so nothing that systemd could take for syntax or a specifier is let through.
var (
	plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)
	plainUser = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
)

// unit is what the templates see.
type unit struct {
	*Schedule
	SystemdOptions
	Description string
	Calendar    []string
	Gaps        []string
	Until       int
	Home        bool // the workspace is in a home folder
}

// Systemd writes a service and a timer that run the schedule without a server, by file name. The timer elapses at the
// schedule's fire times, also where the wall clock skips one, which it lists for the next ten years. What systemd passes
// over, a time at which the service is still at work, is left to the catch-up of the next.
func (s *Schedule) Systemd(o SystemdOptions) (map[string][]byte, error) {
	type value struct {
		name, value string
		ok          *regexp.Regexp
	}
	values := []value{{"program", o.Program, plainPath}, {"workspace", o.Workspace, plainPath}, {"user", o.User, plainUser}}
	for _, f := range o.Folders {
		values = append(values, value{"folder", f, plainPath})
	}
	for _, v := range values {
		if !v.ok.MatchString(v.value) || path.Clean(v.value) != v.value {
			return nil, errUnit.At(fault.Place{Field: v.name})
		}
	}
	u := unit{
		Schedule: s, SystemdOptions: o, Description: strings.ReplaceAll(s.Title, "%", "%%"),
		Calendar: s.onCalendar(), Gaps: s.gapFires(o.From), Until: o.From.AddDate(gapYears, 0, 0).Year(),
		Home: strings.HasPrefix(o.Workspace, "/home/") || strings.HasPrefix(o.Workspace, "/root/"),
	}
	t, err := template.ParseFS(unitSources, "*.tmpl")
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, kind := range []string{"service", "timer"} {
		var b bytes.Buffer
		if err := t.ExecuteTemplate(&b, "unit."+kind+".tmpl", u); err != nil {
			return nil, err
		}
		out["uoma-"+s.Name+"."+kind] = b.Bytes()
	}
	return out, nil
}

const wildcard = 1 << 63 // the bit by which the parser marks a field that begins with *

// onCalendar gives the cron expression as calendar events of systemd: two when either of two day fields is enough.
func (s *Schedule) onCalendar() []string {
	d := s.days
	clock := list(d.Hour, 0, 23, "%02d") + ":" + list(d.Minute, 0, 59, "%02d") + ":00 " + s.Zone
	month, day, weekday := list(d.Month, 1, 12, "%02d"), list(d.Dom, 1, 31, "%02d"), weekdays(d.Dow)
	if (d.Dom|d.Dow)&wildcard == 0 {
		return []string{"*-" + month + "-" + day + " " + clock, weekday + "*-" + month + "-* " + clock}
	}
	return []string{weekday + "*-" + month + "-" + day + " " + clock}
}

// list gives the values of a field, or * for all of them.
func list(set uint64, low, high int, format string) string {
	set &= 1<<(high+1) - 1<<low
	if bits.OnesCount64(set) == high-low+1 {
		return "*"
	}
	var out []string
	for v := low; v <= high; v++ {
		if set>>v&1 == 1 {
			out = append(out, fmt.Sprintf(format, v))
		}
	}
	return strings.Join(out, ",")
}

// weekdays gives the days of the week and a space, or nothing for all of them.
func weekdays(set uint64) string {
	var out []string
	for d := time.Sunday; d <= time.Saturday; d++ {
		if set>>d&1 == 1 {
			out = append(out, d.String()[:3])
		}
	}
	if len(out) == 7 {
		return ""
	}
	return strings.Join(out, ",") + " "
}

// gapFires gives the instants at which a skipped time is made up for, where the expression does not name them itself.
func (s *Schedule) gapFires(from time.Time) []string {
	var out []string
	until := from.AddDate(gapYears, 0, 0)
	for _, end := from.In(s.location).ZoneBounds(); !end.IsZero() && end.Before(until); _, end = end.ZoneBounds() {
		f, wall := s.next(end.Add(-time.Nanosecond)), wallClock(end)
		if f.moved && f.At.Equal(end) && !s.days.Next(wall.Add(-time.Second)).Equal(wall) {
			out = append(out, wall.Format("2006-01-02 15:04:05 ")+s.Zone)
		}
	}
	return out
}
