package nightly

import (
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/layout"
)

// TestByWhichDayThePeopleOfAListAreTold has lists that say no day, or none that can be read: no night fails for one.
func TestByWhichDayThePeopleOfAListAreTold(t *testing.T) {
	for name, tt := range map[string]struct{ says, obtained, seen, want string }{
		"due":                {layout.NoticeDue, "2026-01-31", "2026-02-03", "2026-02-28"},
		"due, of no day":     {layout.NoticeDue, "", "2026-02-03", "2026-03-03"},
		"due, of a text":     {layout.NoticeDue, "in January", "2026-02-03", "2026-03-03"},
		"due, nothing known": {layout.NoticeDue, "", "", ""},
		"sent, of no day":    {layout.NoticeSent, "", "2026-02-03", ""},
		"sent":               {layout.NoticeSent, "2026-01-31", "2026-02-03", ""},
		"exempt":             {layout.NoticeExempt, "2026-01-31", "2026-02-03", ""},
	} {
		last, owed := (&NoticeFacts{Says: tt.says, Obtained: tt.obtained}).tellBy(tt.seen)
		if want, _ := canon.ParseDate(tt.want); owed != (tt.want != "") || owed && last != want {
			t.Errorf("%s: %s %t, want %q", name, last, owed, tt.want)
		}
	}
}
