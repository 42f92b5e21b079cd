package nightly_test

import (
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// byMail describes a system of whose feeds one names people by address alone and says nothing of who they are.
func byMail(system, people, columns string) string {
	l := feedLayout(system, people, "events: id mail | id required: true, mail as: point; by: channel; required: true, channel codes: {email: email}; default: email, "+columns)
	return strings.Replace(l, "person: [mail]", "person: {point: mail}", 1)
}

const saidByMail = "purpose to: consent.purpose, state codes: {granted: granted; withdrawn: withdrawn}; to: consent.state, time as: instant; to: consent.time"

// TestWhatIsNobodysEnds holds XAMK-35 where somebody registered with the mailbox of an office, or with an address that nobody has: the
// registration goes when the event is over, what was said against a use does not, and it is here again when somebody has the address,
// or the event is another day. What somebody registered who is known is no matter of this.
func TestWhatIsNobodysEnds(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": byMail("dynamics365", "contacts: user user | "+whoIs+", mail as: email; to: email.work",
			"title to: event.name, day as: date; to: event.date, "+saidByMail)})
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["dynamics365/events_%s.csv"] = "user;family;given;mail", "id;mail;channel;title;day;purpose;state;time"
		night := func(n canon.Date, moved string, contacts ...string) {
			t.Helper()
			row := func(id, mail, title, day string) string {
				return id + ";" + mail + ";email;" + title + ";" + day + ";events;withdrawn;2026-11-01T09:00:00Z"
			}
			s.put(t, "dynamics365/events_%s.csv", firstNight+n, row("1", "info@firm.example", "Over", "2026-11-20"), row("2", "new@firm.example", "Too", "2026-11-20"),
				row("3", "info@firm.example", "To come", "2026-12-31"), row("4", "info@firm.example", "Moved", moved), row("5", "info@firm.example", "Undated", ""),
				row("6", "anna@firm.example", "Known", "2026-11-20"))
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(contacts, "u1;Alpha;Anna;anna@firm.example")...)
			s.finish(t, firstNight+n, pipelines.Finished)
			s.planned(t, firstNight+n)
			s.mustApply(t, firstNight+n)
			same(t, "what was said", s.cells(t, "consent", "state"), slices.Repeat([]string{"withdrawn"}, 6)...)
		}
		night(0, "2026-11-20")
		same(t, "events", s.cells(t, "event", "name"), "Known", "To come", "Undated")
		night(1, "2026-11-20")
		same(t, "the next night", s.cells(t, "event", "name"), "Known", "To come", "Undated")
		night(2, "2026-12-30")
		same(t, "when one is another day", s.cells(t, "event", "name"), "Known", "Moved", "To come", "Undated")
		night(3, "2026-12-30", "u2;Beta;Bo;new@firm.example")
		same(t, "when somebody has the address", s.cells(t, "event", "name"), "Known", "Moved", "To come", "Too", "Undated")
		s.touchLayouts(t)
		night(4, "2026-12-30", "u2;Beta;Bo;new@firm.example")
		same(t, "decided anew", s.cells(t, "event", "name"), "Known", "Moved", "To come", "Too", "Undated")
	})
}

// TestWhatIsNobodysEndsWithItsSource holds LJMU-65, whose notice ends data with a relation alone: what came by the mailbox of an
// office goes with its source, but for what it forbids, and comes back with it.
func TestWhatIsNobodysEndsWithItsSource(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "ljmu", map[string]string{"webforms": byMail("webforms", "people: user user | "+whoIs, "title to: event.name, "+saidByMail)})
		s.feeds["webforms/people_%s.csv"], s.feeds["webforms/events_%s.csv"] = "user;family;given", "id;mail;channel;title;purpose;state;time"
		row := ";info@firm.example;email;Evening;newsletter;withdrawn;2026-11-01T09:00:00Z"
		for n, rows := range [][]string{{"1" + row, "2" + row}, {"1" + row}, {"1" + row}, {"1" + row, "2" + row}} {
			date := firstNight + canon.Date(n)
			s.put(t, "webforms/people_%s.csv", date, "u1;Alpha;Anna")
			s.put(t, "webforms/events_%s.csv", date, rows...)
			s.finish(t, date, pipelines.Finished)
			s.planned(t, date)
			s.mustApply(t, date)
			same(t, date.String(), s.cells(t, "event", "name"), slices.Repeat([]string{"Evening"}, len(rows))...)
			same(t, date.String(), s.cells(t, "consent", "state"), "withdrawn", "withdrawn")
		}
	})
}

// TestNobodysWordsEndWhatIsNobodys holds NMBU-49 where the mailbox of an office gives its last subscription up.
func TestNobodysWordsEndWhatIsNobodys(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "nmbu", map[string]string{"webforms": strings.Replace(byMail("webforms", "people: user user | "+whoIs, "kind codes: {contact: contact; supporter: supporter}; to: role.kind, "+saidByMail), "name: events", "name: forms", 1)})
		s.feeds["webforms/people_%s.csv"], s.feeds["webforms/events_%s.csv"] = "user;family;given", "id;mail;channel;kind;purpose;state;time"
		for n, second := range []string{"granted;2026-11-01T09:00:00Z", "withdrawn;2026-11-02T09:00:00Z"} {
			date := firstNight + canon.Date(n)
			s.put(t, "webforms/people_%s.csv", date, "u1;Alpha;Anna")
			s.put(t, "webforms/events_%s.csv", date, "1;info@firm.example;email;contact;stakeholder_newsletter;"+second, "2;office@other.example;email;supporter;stakeholder_newsletter;granted;2026-11-01T09:00:00Z")
			s.finish(t, date, pipelines.Finished)
			s.planned(t, date)
			s.mustApply(t, date)
		}
		same(t, "roles", s.cells(t, "role", "kind"), "supporter")
		same(t, "what was said", s.cells(t, "consent", "state"), "granted", "withdrawn")
	})
}

// TestWhatNobodysAddressForbidsWaitsForWhoeverHasIt holds XAMK-40 and XAMK-48 where an address that nobody has took a consent back, or
// objected, and its source exports that no more: nobody's marks could keep it, so the row stays until somebody has the address, counts
// for them, and goes then as theirs, but for what it forbids. What an address allowed that forbids nothing goes.
func TestWhatNobodysAddressForbidsWaitsForWhoeverHasIt(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		layouts := byMail("dynamics365", "contacts: user user | "+whoIs+", mail as: email; to: email.work", saidByMail)
		forms := strings.Replace(byMail("webforms", "people: user user | "+whoIs, "scope to: objection.scope, time as: instant; to: objection.time"), "name: events", "name: requests", 1)
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": strings.Replace(layouts, "name: events", "name: words", 1), "webforms": forms})
		const contacts, words, requests = "dynamics365/contacts_%s.csv", "dynamics365/events_%s.csv", "webforms/events_%s.csv"
		s.feeds[contacts], s.feeds[words], s.feeds[requests] = "user;family;given;mail", "id;mail;channel;purpose;state;time", "id;mail;channel;scope;time"
		s.feeds["webforms/people_%s.csv"] = "user;family;given"
		night := func(n canon.Date, said, objected []string, people ...string) {
			t.Helper()
			s.put(t, contacts, firstNight+n, append(people, "u1;Alpha;Anna;anna@firm.example")...)
			s.put(t, words, firstNight+n, append(said, "8;other@firm.example;email;surveys;granted;2024-01-01T09:00:00Z", "9;anna@firm.example;email;surveys;granted;2024-01-01T09:00:00Z")...)
			s.put(t, requests, firstNight+n, objected...)
			s.put(t, "webforms/people_%s.csv", firstNight+n, "w1;Gamma;Gro")
			s.finish(t, firstNight+n, pipelines.Finished)
			s.planned(t, firstNight+n)
			s.mustApply(t, firstNight+n)
		}
		const at = ";2026-11-01T09:00:00Z"
		night(0, []string{"1;new@firm.example;email;newsletter;withdrawn" + at, "2;other@firm.example;email;newsletter;granted" + at}, []string{"1;new@firm.example;email;marketing" + at})
		same(t, "consents", s.cells(t, "consent", "state"), "granted", "granted", "granted", "withdrawn")
		for n := canon.Date(1); n < 3; n++ {
			night(n, nil, nil)
			same(t, "what is exported no more", s.cells(t, "consent", "state"), "granted", "granted", "withdrawn")
			same(t, "objections", s.cells(t, "objection", "scope"), "marketing")
		}
		s.touchLayouts(t)
		for n := canon.Date(3); n < 6; n++ {
			night(n, []string{"3;new@firm.example;email;newsletter;granted;2025-01-01T09:00:00Z"}, nil, "u2;Beta;Bo;new@firm.example")
			if got := s.wordsOf(t, "dynamics365", "u2", firstNight+n); !strings.Contains(got, "newsletter withdrawn") {
				t.Errorf("night %d: %s", n, got)
			}
		}
		same(t, "when it is somebody's", s.cells(t, "consent", "state"), "granted", "granted", "granted")
	})
}

// planned checks that a plan for the date of a night is what the night found due.
func (s site) planned(t *testing.T, date canon.Date) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		var found []register.Due
		for d, err := range ws.Register.Retention(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, d)
		}
		if plan := planFor(t, ws, date); !slices.Equal(plan, found) {
			t.Errorf("%s: the plan has %+v, the night %+v", date, plan, found)
		}
	})
}
