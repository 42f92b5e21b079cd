package nightly_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/register"
	"uoma/connectors/snapshot"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/custody"
	"uoma/pipelines/nightly"
	"uoma/pipelines/rights"
	"uoma/pipelines/workspace"
)

// TestThreat_T25_AnErasedAddressStaysGone has feeds that name people by address alone, and an erased person whose own record goes from
// its source. Registrations with the address, old and new, in the system that knew the person and in another, stay away; those with
// an address that somebody else has as well do not, nor do they when somebody who is known gets the erased one.
func TestThreat_T25_AnErasedAddressStaysGone(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := "contacts: user user | " + whoIs + ", mail as: email; to: email.work, second as: email; to: email.personal"
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": byMail("dynamics365", who, "title to: event.name"),
			"webforms":       byMail("webforms", "people: user user | "+whoIs, "title to: event.name"),
			"external-lists": feedLayout("external-lists", "public: mail mail | mail as: email; required: true; to: email.work, provider required: true; to: attribution.provider")})
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["webforms/people_%s.csv"], s.feeds["external-lists/public_%s.csv"] = "user;family;given;mail;second", "user;family;given", "mail;provider"
		s.feeds["dynamics365/events_%s.csv"], s.feeds["webforms/events_%s.csv"] = "id;mail;channel;title", "id;mail;channel;title"
		night := func(n canon.Date, contacts []string, more ...string) {
			t.Helper()
			events := func(where string) []string {
				return append([]string{"1;anna@firm.example;email;Anna " + where, "2;both@firm.example;email;Both " + where, "3;bo@firm.example;email;Bo " + where,
					"4;info@firm.example;email;Office " + where}, more...)
			}
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, contacts...)
			s.put(t, "webforms/people_%s.csv", firstNight+n, "u9;Iota;Ida")
			s.put(t, "dynamics365/events_%s.csv", firstNight+n, events("here")...)
			s.put(t, "webforms/events_%s.csv", firstNight+n, events("there")...)
			s.put(t, "external-lists/public_%s.csv", firstNight+n, "anna@firm.example;Directory", "both@firm.example;Directory", "other@firm.example;Directory")
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		others := []string{"Bo here", "Bo there", "Both here", "Both there", "Office here", "Office there"}
		check := func(when string, providers int, more ...string) {
			t.Helper()
			same(t, when, s.cells(t, "event", "name"), append(more, others...)...)
			if got := s.cells(t, canon.Attribution, "provider"); len(got) != providers {
				t.Errorf("%s: %d of the public list are here, not %d", when, len(got), providers)
			}
		}
		const bo = "u2;Beta;Bo;bo@firm.example;both@firm.example"
		hers := []string{"u1;Alpha;Anna;anna@firm.example;both@firm.example", bo}
		night(0, hers)
		check("before", 3, "Anna here", "Anna there")
		s.at(t, func(ws *workspace.Workspace) {
			if _, err := s.eraseKey(ws, newRun(firstNight), "dynamics365", "u1"); err != nil {
				t.Fatal(err)
			}
			marked, listed := []string{}, s.linkedBy(t, ws, "external-lists", "anna@firm.example")
			for w, err := range ws.Register.KeptWords(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if w.Kind == register.ErasedWord {
					marked = append(marked, w.Person)
				}
			}
			same(t, "who is not used until the next night", marked, listed)
		})
		check("erased", 3)
		for n := range canon.Date(2) {
			night(1+n, hers)
			check("still exported", 2)
		}
		night(3, []string{bo}, "9;anna@firm.example;email;New")
		check("exported by address alone", 2)
		s.touchLayouts(t)
		night(4, []string{"u3;Gamma;Gro;;"}, "9;anna@firm.example;email;New")
		check("decided anew, and the other is exported no more", 2)
		night(5, []string{bo, "u5;Delta;Dora;anna@firm.example;"}, "9;anna@firm.example;email;New")
		check("somebody else's by now", 3, "Anna here", "Anna there", "New", "New")
		if names := strings.Join(s.names(t), " "); strings.Contains(names, "Alpha") {
			t.Errorf("%s are here", names)
		}
	})
}

// TestWhatIsDecidedWhileItsPersonGoes has somebody who turns out to be an erased person on a night that decides every row anew, and
// whose address only a record has that its source gave up: what came by the address goes, and does not come back.
func TestWhatIsDecidedWhileItsPersonGoes(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := whoIs + ", hetu as: hetu; to: person.hetu"
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": byMail("dynamics365", "contacts: user user | "+who+", mail as: email; to: email.work", "title to: event.name"),
			"alumni-portal": feedLayout("alumni-portal", "members: user user | "+who)})
		s.set(t, "temporary_identifiers: true")
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["dynamics365/events_%s.csv"] = "user;family;given;hetu;mail", "id;mail;channel;title"
		s.feeds["alumni-portal/members_%s.csv"] = "user;family;given;hetu"
		const erased, bo = ";Beta;Bo;010190-900P", ";Beta;Bo;140385-901E"
		night := func(n canon.Date, member string, contacts ...string) {
			t.Helper()
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(contacts, "u9;Iota;Ida;;")...)
			s.put(t, "dynamics365/events_%s.csv", firstNight+n, "1;bo@firm.example;email;Evening")
			s.put(t, "alumni-portal/members_%s.csv", firstNight+n, member)
			s.finish(t, firstNight+n, pipelines.Finished)
			if n == 0 {
				same(t, "events", s.cells(t, "event", "name"), "Evening")
			} else {
				same(t, "events", s.cells(t, "event", "name"))
			}
		}
		night(0, "p2"+bo, "u1"+erased+";", "u2"+bo+";bo@firm.example")
		s.at(t, func(ws *workspace.Workspace) {
			if _, err := s.eraseKey(ws, newRun(firstNight), "dynamics365", "u1"); err != nil {
				t.Fatal(err)
			}
		})
		s.touchLayouts(t)
		night(1, "p2"+erased)
		night(2, "p2"+erased)
		night(3, "p2"+erased)
	})
}

// TestThreat_T25_AnAddressOfBeforeIsErased has somebody whose own record went from its source before the erasure: what came by the
// address goes, in every system. What came by one that the register knows of somebody else as well, whose record went too, does not.
func TestThreat_T25_AnAddressOfBeforeIsErased(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := "contacts: user user | " + whoIs + ", mail as: email; to: email.work, second as: email; to: email.personal"
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": byMail("dynamics365", who, "title to: event.name"),
			"webforms": byMail("webforms", "people: user user | "+whoIs, "title to: event.name")})
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["webforms/people_%s.csv"] = "user;family;given;mail;second", "user;family;given"
		s.feeds["dynamics365/events_%s.csv"], s.feeds["webforms/events_%s.csv"] = "id;mail;channel;title", "id;mail;channel;title"
		night := func(n canon.Date, contacts ...string) {
			t.Helper()
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(contacts, "u2;Beta;Bo;bo@firm.example;")...)
			s.put(t, "webforms/people_%s.csv", firstNight+n, "u9;Iota;Ida")
			for _, where := range []string{"dynamics365", "webforms"} {
				s.put(t, where+"/events_%s.csv", firstNight+n, "1;anna@firm.example;email;Anna "+where, "2;bo@firm.example;email;Bo "+where,
					"3;both@firm.example;email;Both "+where, "4;office@firm.example;email;Office "+where)
			}
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		others := []string{"Bo dynamics365", "Bo webforms", "Both dynamics365", "Both webforms", "Office dynamics365", "Office webforms"}
		night(0, "u1;Alpha;Anna;anna@firm.example;both@firm.example", "u3;Gamma;Gro;;both@firm.example", "u4;Delta;Dora;bo@firm.example;")
		anna, dora := "", ""
		s.at(t, func(ws *workspace.Workspace) {
			anna, dora = s.linkedBy(t, ws, "dynamics365", "u1"), s.linkedBy(t, ws, "dynamics365", "u4")
		})
		night(1)
		same(t, "before", s.cells(t, "event", "name"), append(others, "Anna dynamics365", "Anna webforms")...)
		for _, person := range []string{anna, dora} {
			s.at(t, func(ws *workspace.Workspace) {
				_, err := s.eraseBy(ws, newRun(firstNight+1), func(n *nightly.Night, ctx context.Context, r *pipelines.Run) (nightly.Erased, error) {
					return n.ErasePerson(ctx, r, "nightly", person, erasureClause)
				})
				if err != nil {
					t.Fatal(err)
				}
			})
			same(t, "erased", s.cells(t, "event", "name"), others...)
			s.at(t, func(ws *workspace.Workspace) {
				for l, err := range ws.Register.Links(t.Context()) {
					if err != nil || l.Person == person {
						t.Errorf("a record is still linked to who was erased (%v)", err)
					}
				}
			})
		}
		night(2)
		same(t, "the next night", s.cells(t, "event", "name"), others...)
	})
}

// TestThreat_T25_WhoTurnsOutToBeErasedLeavesByAddress has somebody who turns out to be an erased person on the night on which another
// address of theirs comes: what came by either address goes, in systems that know the person and in others, whether its source still has
// it or not, and stays away when the person's own record goes. What came by an address that somebody else has as well does not, nor does
// anything while a hold is on the person.
func TestThreat_T25_WhoTurnsOutToBeErasedLeavesByAddress(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := "contacts: user user | " + whoIs + ", hetu as: hetu; to: person.hetu, mail as: email; to: email.work, second as: email; to: email.personal"
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": byMail("dynamics365", who, "title to: event.name"),
			"webforms": byMail("webforms", "people: user user | "+whoIs, "title to: event.name")})
		s.set(t, "temporary_identifiers: true")
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["webforms/people_%s.csv"] = "user;family;given;hetu;mail;second", "user;family;given"
		s.feeds["dynamics365/events_%s.csv"], s.feeds["webforms/events_%s.csv"] = "id;mail;channel;title", "id;mail;channel;title"
		systems := []string{"dynamics365", "webforms"}
		var more string
		put := func(n canon.Date, ended bool, contacts ...string) {
			t.Helper()
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(contacts, "u3;Gamma;Gro;;both@firm.example;")...)
			s.put(t, "webforms/people_%s.csv", firstNight+n, "u9;Iota;Ida")
			for _, where := range systems {
				rows := []string{"1;bo@firm.example;email;Past " + where, "2;bo2@firm.example;email;Now " + where, "3;both@firm.example;email;Both " + where,
					"4;bo@firm.example;email;Ended " + where}
				if ended {
					rows = rows[:3]
				}
				if more != "" {
					rows = append(rows, more+where)
				}
				s.put(t, where+"/events_%s.csv", firstNight+n, rows...)
			}
		}
		night := func(n canon.Date, ended bool, contacts ...string) {
			t.Helper()
			put(n, ended, contacts...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		check := func(when string, titles ...string) {
			t.Helper()
			var want []string
			for _, title := range titles {
				for _, where := range systems {
					want = append(want, title+" "+where)
				}
			}
			same(t, when, s.cells(t, "event", "name"), want...)
		}
		nothingLeft := func() { // of what killed nights leave to the next one
			t.Helper()
			s.at(t, func(ws *workspace.Workspace) {
				left, _, err := ledger.FindState(t.Context(), ws.RegisterDB, "nightly", workspace.StatePoints)
				if err != nil {
					t.Fatal(err)
				}
				rows, err := snapshot.ReadRows[struct {
					Point string `parquet:"point"`
				}](ws.State, left.Digest)
				if err != nil || len(rows) > 0 {
					t.Errorf("%d past points are left (%v)", len(rows), err)
				}
			})
		}
		const anna, bo, then, now = "u1;Alpha;Anna;010190-900P;;", "u2;Beta;Bo;140385-901E;", "bo@firm.example;both@firm.example", "bo2@firm.example;"
		erased := strings.Replace(bo, "140385-901E", "010190-900P", 1)
		night(0, false, anna, bo+then)
		night(1, true, anna, bo+then)
		check("before", "Both", "Ended", "Now", "Past")
		s.at(t, func(ws *workspace.Workspace) {
			if _, err := s.eraseKey(ws, newRun(firstNight+1), "dynamics365", "u1"); err != nil {
				t.Fatal(err)
			}
		})
		held := tiny{s.copy(t), s.feeds}
		killed, parted := tiny{s.copy(t), s.feeds}, tiny{s.copy(t), s.feeds}
		for n := canon.Date(2); n < 4; n++ {
			night(n, true, erased+now)
			check("who turned out to be erased", "Both")
		}
		night(4, true)
		check("whose record went", "Both")
		s.touchLayouts(t)
		night(5, true)
		check("decided anew", "Both")
		if names := strings.Join(s.names(t), " "); names != "Gamma Iota" && names != "Gamma" {
			t.Errorf("%s are here", names)
		}

		s = held
		s.at(t, func(ws *workspace.Workspace) {
			say(t, ws, s.linkedBy(t, ws, "dynamics365", "u2"), firstNight+1, rights.Statement{Kind: register.HoldWord, About: "legal_claim", State: register.Stands})
		})
		night(2, true, erased+then)
		check("held", "Both", "Ended", "Now", "Past")

		s = killed
		put(2, true, erased+now)
		for range 2 {
			s.uncommitted(t, firstNight+2)
		}
		turned := tiny{s.copy(t), s.feeds}
		again := func(after string) {
			t.Helper()
			for n := canon.Date(2); n < 4; n++ { // the vault, which knew the address of before, had let go of it already
				night(n, true, erased+now)
				check("after "+after, "Both")
			}
			nothingLeft()
		}
		again("a killed night")
		s = turned
		s.at(t, func(ws *workspace.Workspace) {
			by := custody.Author{Actor: "virtanen", At: time.Unix(1, 0)}
			if _, err := custody.RotateTokens(t.Context(), ws, workspace.IndexTokens, 0, by, custody.Options{}); err != nil {
				t.Fatal(err)
			}
		})
		again("a killed night and a rotation")

		s = parted
		s.at(t, func(ws *workspace.Workspace) {
			say(t, ws, s.linkedBy(t, ws, "dynamics365", "u2"), firstNight+1, rights.Statement{Kind: register.ConsentWord, About: "newsletter", State: "granted", TextVersion: "2026-09"})
		})
		more = "5;bo4@firm.example;email;Fourth "
		night(2, true, bo+then, strings.Replace(bo, "u2", "u4", 1)+"bo4@firm.example;")
		check("two who are one", "Both", "Ended", "Fourth", "Now", "Past")
		put(3, true, bo+then, strings.Replace(erased, "u2", "u4", 1)+";")
		s.uncommitted(t, firstNight+3)
		night(3, true, bo+then, strings.Replace(erased, "u2", "u4", 1)+";")
		check("two who were one", "Both", "Ended", "Now", "Past")
		if got := s.wordsOf(t, "dynamics365", "u2", firstNight+3); got != "newsletter granted" {
			t.Errorf("who goes on: %s", got)
		}
		nothingLeft()
		night(4, true, bo+then)
		check("whose record went", "Both", "Ended", "Now", "Past")
	})
}
