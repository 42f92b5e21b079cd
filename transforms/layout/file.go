package layout

import (
	"cmp"
	"strings"

	"uoma/internal/canon"
)

const dateMark = "{yyyyMMdd}"

// filePattern is a file name around its date.
type filePattern struct{ before, after string }

func newFilePattern(file string) (filePattern, bool) {
	before, after, ok := strings.Cut(file, dateMark)
	if !ok || strings.ContainsAny(before+after, "{}/\\") {
		return filePattern{}, false
	}
	return filePattern{before, after}, true
}

// Match tells whether a file name (without folder) is one of the feed, and of which day.
func (f *Feed) Match(name string) (date canon.Date, ok bool) {
	const digits = len("yyyyMMdd")
	p := f.pattern
	if !f.InFile() {
		return 0, false
	}
	if len(name) != len(p.before)+digits+len(p.after) || !strings.HasPrefix(name, p.before) || !strings.HasSuffix(name, p.after) {
		return 0, false
	}
	n := 0
	for _, c := range []byte(name[len(p.before) : len(p.before)+digits]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return canon.NewDate(n/10000, n/100%100, n%100)
}

// MemberOf gives the name of the feed's member inside an archive of that name, whose date the member may bear too.
func (f *Feed) MemberOf(file string) string {
	date, ok := f.Match(file)
	if !ok {
		return f.Member
	}
	return strings.ReplaceAll(f.Member, dateMark, digitsOf(date))
}

func digitsOf(date canon.Date) string { return strings.ReplaceAll(date.String(), "-", "") }

// FileName gives the name of the feed's file of a day, or of what gives its rows where there is none.
func (f *Feed) FileName(date canon.Date) string {
	if !f.InFile() {
		return cmp.Or(f.Query, f.Name)
	}
	return f.pattern.before + digitsOf(date) + f.pattern.after
}
