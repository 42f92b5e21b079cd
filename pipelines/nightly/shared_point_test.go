package nightly_test

import (
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
)

// TestWhatIsSharedEndsWithTheLast holds XAMK-35 where two people have one mailbox and somebody registered for an event with it: the
// registration stays when one of them leaves, and goes when both have.
func TestWhatIsSharedEndsWithTheLast(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := whoIs + ", hetu as: hetu; to: person.hetu"
		crm := strings.Replace(feedLayout("dynamics365", "contacts: user user | "+who+", mail as: email; to: email.work, left as: instant; to: role.alumnus.to",
			"events: id mail | id required: true, mail as: point; by: channel; required: true, channel codes: {email: email}; default: email, title to: event.name"),
			"person: [mail]", "person: {point: mail}", 1)
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": crm, "peppi": feedLayout("peppi", "people: user user | "+who,
			"degrees: row user | row required: true, user required: true, inst to: degree.institution_code, day as: date; to: degree.date")})
		s.set(t, "temporary_identifiers: true")
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["dynamics365/events_%s.csv"] = "user;family;given;hetu;mail;left", "id;mail;channel;title"
		s.feeds["peppi/people_%s.csv"], s.feeds["peppi/degrees_%s.csv"] = "user;family;given;hetu", "row;user;inst;day"
		for n, left := range [][2]string{{"", ""}, {"2026-10-01T09:00:00Z", ""}, {"2026-10-01T09:00:00Z", "2026-11-01T09:00:00Z"}} {
			date := firstNight + canon.Date(n)
			s.put(t, "dynamics365/contacts_%s.csv", date, "u1;Alpha;Anna;010190-900P;annabo@firm.example;"+left[0], "u2;Beta;Bo;140385-901E;annabo@firm.example;"+left[1])
			s.put(t, "dynamics365/events_%s.csv", date, "1;annabo@firm.example;email;Evening")
			s.put(t, "peppi/people_%s.csv", date, "m1;Alpha;Anna;010190-900P", "m2;Beta;Bo;140385-901E")
			s.put(t, "peppi/degrees_%s.csv", date, "d1;m1;10118;2021-05-31", "d2;m2;10118;2021-05-31")
			s.finish(t, date, pipelines.Finished)
			s.mustApply(t, date)
			if n < 2 {
				same(t, date.String(), s.cells(t, "event", "name"), "Evening")
			} else {
				same(t, date.String(), s.cells(t, "event", "name"))
			}
		}
	})
}
