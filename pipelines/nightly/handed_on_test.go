package nightly_test

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
)

// TestAWordByHandOutlivesItsRecord holds XAMK-40 and XAMK-48 where somebody said something of a record by hand, other records of
// theirs came later, and that record goes: as its source gave it up, or as its time was over. What was said against a use counts for
// the others; what was granted does not move on. An erasure leaves no word behind.
func TestAWordByHandOutlivesItsRecord(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := whoIs + ", hetu as: hetu; to: person.hetu"
		s := newTiny(t, on, "xamk", map[string]string{
			"peppi": feedLayout("peppi", "people: user user | "+who,
				"degrees: row user | row required: true, user required: true, inst to: degree.institution_code, day as: date; to: degree.date"),
			"dynamics365": feedLayout("dynamics365", "contacts: user user | "+who),
			"pegasos":     feedLayout("pegasos", "staff: user user | "+who+", until as: date; to: employment.end, post to: employment.title")})
		s.set(t, "temporary_identifiers: true")
		s.feeds["peppi/people_%s.csv"], s.feeds["peppi/degrees_%s.csv"] = "user;family;given;hetu", "row;user;inst;day"
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["pegasos/staff_%s.csv"] = "user;family;given;hetu", "user;family;given;hetu;until;post"
		night := func(n canon.Date, graduates, contact, until string) {
			t.Helper()
			s.put(t, "peppi/people_%s.csv", firstNight+n, "m9;Other;Olga;", graduates)
			s.put(t, "peppi/degrees_%s.csv", firstNight+n, "d1;m1;10118;2021-05-31", "d2;m2;10118;2021-05-31", "d9;m9;10118;2021-05-31")
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, "c9;Other;Ossi;", contact)
			s.put(t, "pegasos/staff_%s.csv", firstNight+n, "e2;Beta;Bo;140385-901E;"+until+";post")
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		check := func(n canon.Date, system, key string) {
			t.Helper()
			s.at(t, func(ws *workspace.Workspace) {
				e := explained(t, ws, s.linkedBy(t, ws, system, key), firstNight+n)
				if len(e.Objects) != 1 || emailWords(e) != "newsletter withdrawn, events withdrawn, mentoring withdrawn, training_offers withdrawn" {
					t.Errorf("night %d, %s: %v, %s", n, key, e.Objects, emailWords(e))
				}
			})
		}
		const contact, both = "c1;Alpha;Anna;010190-900P", "m1;Alpha;Anna;010190-900P\nm2;Beta;Bo;140385-901E"
		night(0, "", contact, "")
		s.at(t, func(ws *workspace.Workspace) {
			for system, key := range map[string]string{"dynamics365": "c1", "pegasos": "e2"} {
				say(t, ws, s.linkedBy(t, ws, system, key), firstNight,
					rights.Statement{Kind: register.ObjectionWord, About: "marketing", State: register.Stands},
					rights.Statement{Kind: register.ConsentWord, About: "newsletter", State: "withdrawn"},
					rights.Statement{Kind: register.ConsentWord, About: "mentoring", State: "withdrawn"},
					rights.Statement{Kind: register.ConsentWord, About: "surveys", State: "granted", TextVersion: "2026-09"})
			}
		})
		night(1, both, contact, "")
		night(2, both, "", (firstNight + 1).String())
		s.mustApply(t, firstNight+2)
		same(t, "posts", s.cells(t, "employment", "title"))
		for n := canon.Date(2); n < 5; n++ {
			check(n, "peppi", "m1")
			check(n, "peppi", "m2")
			if n == 3 {
				s.touchLayouts(t)
			}
			night(n+1, both, "", (firstNight + 1).String())
		}
		s.at(t, func(ws *workspace.Workspace) {
			for n, key := range []string{"m1", "m2"} {
				if _, err := s.eraseKey(ws, newRun(firstNight+5+canon.Date(n)), "peppi", key); err != nil {
					t.Error(err)
				}
			}
		})
		same(t, "words by hand", s.byHand(t))
	})
}

// TestAWordByHandOutlivesAWithheldRecord is TestAWordByHandOutlivesItsRecord of a record of which a night withholds the last row.
func TestAWordByHandOutlivesAWithheldRecord(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := whoIs + ", hetu as: hetu; to: person.hetu"
		s := newTiny(t, on, "nmbu", map[string]string{
			"mira":     feedLayout("mira", "alumni: user user | "+who+", joined as: instant; to: role.alumnus.from"),
			"webforms": feedLayout("webforms", "orders: user user | "+who+", since as: instant; to: role.stakeholder.from")})
		s.set(t, "temporary_identifiers: true")
		s.feeds["mira/alumni_%s.csv"], s.feeds["webforms/orders_%s.csv"] = "user;family;given;hetu;joined", "user;family;given;hetu;since"
		night := func(n canon.Date, joined, order string) {
			t.Helper()
			s.put(t, "mira/alumni_%s.csv", firstNight+n, "m1;Alpha;Anna;010190-900P;"+joined, "m9;Other;Olga;;2020-01-01T09:00:00Z")
			s.put(t, "webforms/orders_%s.csv", firstNight+n, "w9;Other;Ossi;;2020-01-01T09:00:00Z", order)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		night(0, "2020-01-01T09:00:00Z", "")
		s.at(t, func(ws *workspace.Workspace) {
			say(t, ws, s.linkedBy(t, ws, "mira", "m1"), firstNight, rights.Statement{Kind: register.RestrictionWord, State: register.Stands})
		})
		night(1, "2020-01-01T09:00:00Z", "w1;Alpha;Anna;010190-900P;2020-01-01T09:00:00Z")
		night(2, "", "w1;Alpha;Anna;010190-900P;2020-01-01T09:00:00Z")
		s.at(t, func(ws *workspace.Workspace) {
			if !explained(t, ws, s.linkedBy(t, ws, "webforms", "w1"), firstNight+2).Restricted {
				t.Error("a restriction went with the record that it was said of")
			}
		})
	})
}
