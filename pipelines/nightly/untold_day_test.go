package nightly

import (
	"testing"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/transforms/layout"
)

// TestByWhichDayThePeopleOfAListAreTold has people whom the list of a date was the first to name, among lists that say no day, or
// nothing: no night fails for one.
func TestByWhichDayThePeopleOfAListAreTold(t *testing.T) {
	is := func(date, says, obtained string) ledger.ListNotice {
		return ledger.ListNotice{LogicalDate: date, Says: says, ObtainedOn: obtained}
	}
	due := is("2026-06-01", layout.NoticeDue, "2026-05-31")
	for name, tt := range map[string]struct {
		said []ledger.ListNotice
		seen string
		want string // "" is nothing owed
	}{
		"by that list":                 {[]ledger.ListNotice{due}, "2026-06-01", "2026-06-30"},
		"by an earlier one":            {[]ledger.ListNotice{is("2026-02-03", layout.NoticeDue, "2026-01-31"), due}, "2026-02-03", "2026-02-28"},
		"before lists were asked":      {[]ledger.ListNotice{due}, "2026-02-03", "2026-06-30"},
		"by one that says nothing":     {[]ledger.ListNotice{is("2026-02-03", "", ""), due}, "2026-02-03", "2026-06-30"},
		"by one of no day":             {[]ledger.ListNotice{is("2026-02-03", layout.NoticeDue, ""), due}, "2026-02-03", "2026-03-03"},
		"by one of a text":             {[]ledger.ListNotice{is("2026-02-03", layout.NoticeDue, "in spring"), due}, "2026-02-03", "2026-03-03"},
		"on a day that nobody knows":   {[]ledger.ListNotice{is("2026-06-01", layout.NoticeDue, "")}, "", ""},
		"nobody knows on which day":    {[]ledger.ListNotice{is("2026-02-03", layout.NoticeSent, ""), due}, "", "2026-06-30"},
		"by one that was sent":         {[]ledger.ListNotice{is("2026-02-03", layout.NoticeSent, ""), due}, "2026-02-03", ""},
		"before one that was sent":     {[]ledger.ListNotice{is("2026-02-03", layout.NoticeSent, ""), due}, "2026-02-02", ""},
		"before one, and due before":   {[]ledger.ListNotice{is("2026-02-03", layout.NoticeDue, "2026-01-31"), is("2026-03-03", layout.NoticeExempt, ""), due}, "2026-02-03", ""},
		"behind one that was sent":     {[]ledger.ListNotice{is("2026-02-03", layout.NoticeSent, ""), due}, "2026-06-01", "2026-06-30"},
		"between, of one that is lost": {[]ledger.ListNotice{is("2026-02-03", layout.NoticeExempt, ""), due}, "2026-02-04", "2026-06-30"},
	} {
		last, owed := tellBy(tt.said, tt.seen)
		if want, _ := canon.ParseDate(tt.want); owed != (tt.want != "") || owed && last != want {
			t.Errorf("%s: %s %t, want %q", name, last, owed, tt.want)
		}
	}
}
