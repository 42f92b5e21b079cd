package nightly_test

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestThreat_T25_WhoTurnOutToBeErasedTogether has two people with one address, who turn out on one night to be two people who were
// erased; and an entry of a list, which names nobody, and has an address of one of them and another. What came by any of these addresses,
// by one that both had before, or by that of a record which its source gave up, goes, and stays away when all of their records are gone.
func TestThreat_T25_WhoTurnOutToBeErasedTogether(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := "contacts: user user | " + whoIs + ", hetu as: hetu; to: person.hetu, mail as: email; to: email.work, second as: email; to: email.personal"
		list := "public: id id | id required: true, mail as: email; required: true; to: email.work, second as: email; to: email.personal, provider required: true; to: attribution.provider"
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": byMail("dynamics365", who, "title to: event.name"),
			"webforms": byMail("webforms", "people: user user | "+whoIs, "title to: event.name"), "external-lists": feedLayout("external-lists", list)})
		s.set(t, "temporary_identifiers: true")
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["webforms/people_%s.csv"] = "user;family;given;hetu;mail;second", "user;family;given"
		s.feeds["dynamics365/events_%s.csv"], s.feeds["webforms/events_%s.csv"] = "id;mail;channel;title", "id;mail;channel;title"
		s.feeds["external-lists/public_%s.csv"] = "id;mail;second;provider"
		const listed = "1;bo@firm.example;listed@firm.example;Directory"
		night := func(n canon.Date, public string, contacts ...string) {
			t.Helper()
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(contacts, "u3;Gamma;Gro;;gro@firm.example;")...)
			s.put(t, "webforms/people_%s.csv", firstNight+n, "u9;Iota;Ida")
			for _, where := range []string{"dynamics365", "webforms"} {
				s.put(t, where+"/events_%s.csv", firstNight+n, "1;both@firm.example;email;Both "+where, "2;listed@firm.example;email;Listed "+where,
					"3;gro@firm.example;email;Other "+where, "4;then@firm.example;email;Then "+where, "5;gone@firm.example;email;Gone "+where)
			}
			s.put(t, "external-lists/public_%s.csv", firstNight+n, public, "2;gro@firm.example;;Directory")
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		check := func(when string, providers int, titles ...string) {
			t.Helper()
			same(t, when, s.cells(t, "event", "name"), titles...)
			if got := s.cells(t, canon.Attribution, "provider"); len(got) != providers {
				t.Errorf("%s: %d of the public list are here, not %d", when, len(got), providers)
			}
		}
		const anna, dora = "u1;Alpha;Anna;010190-900P;;", "u5;Delta;Dora;020290-9049;;"
		night(0, listed, anna, dora, "u2;Beta;Bo;140385-901E;then@firm.example;both@firm.example",
			"u6;Zeta;Zoe;140385-902F;both@firm.example;then@firm.example", "u7;Beta;Bo;140385-901E;gone@firm.example;")
		check("before", 2, "Both dynamics365", "Both webforms", "Gone dynamics365", "Gone webforms", "Listed dynamics365", "Listed webforms",
			"Other dynamics365", "Other webforms", "Then dynamics365", "Then webforms")
		for _, key := range []string{"u1", "u5"} {
			s.at(t, func(ws *workspace.Workspace) {
				if _, err := s.eraseKey(ws, newRun(firstNight), "dynamics365", key); err != nil {
					t.Fatal(err)
				}
			})
		}
		for n := range canon.Date(2) {
			night(1+n, listed, "u2;Beta;Bo;010190-900P;bo@firm.example;both@firm.example", "u6;Zeta;Zoe;020290-9049;both@firm.example;")
			check("who turned out to be erased", 1, "Other dynamics365", "Other webforms")
		}
		s.touchLayouts(t)
		night(3, "3;gro@firm.example;;Directory")
		check("whose records went", 2, "Other dynamics365", "Other webforms")
	})
}
