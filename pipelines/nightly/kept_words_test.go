package nightly_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// wordsOf gives what the words of the person of a record come to for e-mail.
func (s site) wordsOf(t testing.TB, system, key string, date canon.Date) (out string) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		out = emailWords(explained(t, ws, s.linkedBy(t, ws, system, key), date))
	})
	return out
}

// TestAKeptWordCountsAtOnce holds XAMK-40 and XAMK-48 between the application of retention and the next night: the row that says a
// withdrawal or an objection is gone, and what it forbids is not used by who reads the register before that night.
func TestAKeptWordCountsAtOnce(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": feedLayout("dynamics365",
			"contacts: row user | row required: true, "+whoIs, wordFeed, objectionFeed)})
		const people, words, against = "dynamics365/contacts_%s.csv", "dynamics365/words_%s.csv", "dynamics365/against_%s.csv"
		s.feeds[people], s.feeds[words], s.feeds[against] = "row;user;family;given", "key;user;purpose;channel;state;time", "key;user;scope;time"
		night := func(n canon.Date, said, objected []string) {
			t.Helper()
			s.put(t, people, firstNight+n, "1;m1;Alpha;Anna", "2;m2;Beta;Bo")
			s.put(t, words, firstNight+n, append(said, "1;m1;newsletter;email;granted;2024-01-01T09:00:00Z", "2;m2;newsletter;email;granted;2024-01-01T09:00:00Z")...)
			s.put(t, against, firstNight+n, objected...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		check := func(when string, n canon.Date) {
			t.Helper()
			if got := s.wordsOf(t, "dynamics365", "m1", firstNight+n); got != "newsletter withdrawn, surveys withdrawn" {
				t.Errorf("%s: %s", when, got)
			}
			s.at(t, func(ws *workspace.Workspace) {
				if e := explained(t, ws, s.linkedBy(t, ws, "dynamics365", "m2"), firstNight+n); len(e.Objects) != 1 {
					t.Errorf("%s: objections %v", when, e.Objects)
				}
			})
		}
		w, o := []string{"3;m1;newsletter;email;withdrawn;2025-01-01T09:00:00Z"}, []string{"1;m2;marketing;2025-02-01T09:00:00Z"}
		night(0, append(w, "4;m1;surveys;email;withdrawn;2025-01-01T09:00:00Z"), o)
		night(1, w, o)
		check("one is exported no more", 1)
		s.mustApply(t, firstNight+1)
		check("it is gone", 1)
		night(2, nil, nil)
		check("nothing against a use is exported any more", 2)
		if out := s.mustApply(t, firstNight+2); out.Actions["suppress"] != 2 {
			t.Errorf("%+v", out)
		}
		check("all of it is gone", 2)
		night(3, nil, nil)
		check("the next night", 3)
	})
}

// uncommitted runs a night that ends when the vault has it and the register is about to commit.
func (s site) uncommitted(t *testing.T, date canon.Date) {
	t.Helper()
	s.at(t, func(ws *workspace.Workspace) {
		pack, layouts := documents(t, ws, date)
		j, r, ended := ws.NewJournal("test", "", pack.Digest()), newRun(date), errors.New("the program ends")
		ctx, err := j.Hold(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Free(t.Context())
		n := nightly.New(ws, layouts, pack, nightly.InboxOf{Workspace: ws}, func(context.Context, *sqlx.Tx) error { return ended })
		defer n.Close()
		if _, err := pipelines.Execute(ctx, r, n.Stages(), j); !errors.Is(err, ended) {
			t.Fatal(err)
		}
	})
}

// TestAKeptWordStaysWithItsPerson holds XAMK-40 where the record that a kept word was said of leaves the exports, and the records that
// its person has by then bear no mark of it: they did not yet when it was kept. Of somebody else nothing is said.
func TestAKeptWordStaysWithItsPerson(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": feedLayout("dynamics365", "contacts: user user | "+whoIs+", hetu as: hetu; to: person.hetu", wordFeed)})
		s.set(t, "temporary_identifiers: true")
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["dynamics365/words_%s.csv"] = "user;family;given;hetu", "key;user;purpose;channel;state;time"
		night := func(n canon.Date, said []string, hers ...string) {
			t.Helper()
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(hers, "u9;Beta;Bo;140385-901E")...)
			s.put(t, "dynamics365/words_%s.csv", firstNight+n, append(said, "2;u9;newsletter;email;granted;2024-01-01T09:00:00Z")...)
			s.finish(t, firstNight+n, pipelines.Finished)
			s.mustApply(t, firstNight+n)
		}
		check := func(n canon.Date, key string) {
			t.Helper()
			if got := s.wordsOf(t, "dynamics365", key, firstNight+n); got != "newsletter withdrawn" {
				t.Errorf("night %d: %s", n, got)
			}
			if got := s.wordsOf(t, "dynamics365", "u9", firstNight+n); got != "newsletter granted" {
				t.Errorf("night %d: the other: %s", n, got)
			}
		}
		const code, other = ";Alpha;Anna;010190-900P", ";Alpha;Anna;"
		night(0, []string{"1;u1;newsletter;email;withdrawn;2025-01-01T09:00:00Z"}, "u1"+other)
		night(1, nil, "u1"+other)
		same(t, "words of sources", s.cells(t, "consent", "state"), "granted")
		night(2, nil, "u1"+code, "u2"+code)
		check(2, "u2")
		night(3, nil, "u2"+code)
		check(3, "u2")
		night(4, nil, "u3"+code)
		check(4, "u3")
		night(5, nil, "u3"+other) // the key is what it has in common with the night before
		check(5, "u3")
		before := s.tables(t)["vault.spread_word"]
		night(6, nil, "u3"+other)
		if after := s.tables(t)["vault.spread_word"]; after != before || before == "" {
			t.Errorf("a night with nothing new laid words:\n%s\nwhere there were\n%s", after, before)
		}
	})
}

// TestAWordLeavesWhoWasTakenForSomebodyElse has a namesake who bears the code of somebody with a kept withdrawal for some nights. While
// they are one, the word is that of both; once they are two again it is not the namesake's, under whichever mark, and stays with who
// said it. Where the record that it was said of goes while they are one, it stays, as nobody says that they are two.
func TestAWordLeavesWhoWasTakenForSomebodyElse(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newTiny(t, on, "xamk", map[string]string{"dynamics365": feedLayout("dynamics365", "contacts: user user | "+whoIs+", hetu as: hetu; to: person.hetu", wordFeed)})
		s.set(t, "temporary_identifiers: true")
		s.feeds["dynamics365/contacts_%s.csv"], s.feeds["dynamics365/words_%s.csv"] = "user;family;given;hetu", "key;user;purpose;channel;state;time"
		put := func(n canon.Date, said string, hers ...string) {
			t.Helper()
			words := []string{"2;u9;newsletter;email;granted;2024-01-01T09:00:00Z", "7;u2;newsletter;email;granted;2024-05-01T09:00:00Z"}
			s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(hers, "u9;Beta;Bo;140385-901E")...)
			s.put(t, "dynamics365/words_%s.csv", firstNight+n, append(words, strings.Fields(said)...)...)
		}
		night := func(n canon.Date, said string, hers ...string) {
			t.Helper()
			put(n, said, hers...)
			s.finish(t, firstNight+n, pipelines.Finished)
			s.mustApply(t, firstNight+n)
		}
		check := func(n canon.Date, key, want string) {
			t.Helper()
			if got := s.wordsOf(t, "dynamics365", key, firstNight+n); got != "newsletter "+want {
				t.Errorf("night %d: %s: %s, want %s", n, key, got, want)
			}
		}
		const a, b = ";Alpha;Anna;010190-900P", ";Alpha;Anna;140385-902F"
		night(0, "1;u1;newsletter;email;withdrawn;2025-01-01T09:00:00Z", "u1"+a, "u2"+b)
		night(1, "", "u1"+a, "u2"+b)
		check(1, "u2", "granted")
		night(2, "", "u1"+a, "u2"+a)
		check(2, "u2", "withdrawn")
		put(3, "", "u1"+a, "u2"+b)
		s.uncommitted(t, firstNight+3)
		night(3, "", "u1"+a, "u2"+b)
		check(3, "u1", "withdrawn")
		check(3, "u2", "granted")
		night(4, "", "u1"+a, "u2"+a, "u3"+a)
		night(5, "", "u1"+a, "u2"+b, "u3"+b)
		check(5, "u2", "granted")
		night(6, "", "u2"+b)
		check(6, "u2", "granted")
		night(7, "", "u1"+a, "u2"+a)
		night(8, "", "u2"+a)
		night(9, "", "u2"+b)
		check(9, "u2", "withdrawn")
		const c, hers = ";Alpha;Anna;020290-9049", "8;u3;newsletter;email;granted;2024-05-01T09:00:00Z"
		night(10, hers, "u2"+b, "u3"+b) // nobody bears any more what it was said under
		check(10, "u3", "withdrawn")
		night(11, hers, "u2"+b, "u3"+c)
		check(11, "u2", "withdrawn")
		check(11, "u3", "granted")
	})
}

// TestAWordStaysWhereItsMarkIsGivenToSomebodyElse has a withdrawal that was kept under the keys of a record in two systems and spread to
// the code of who said it, and keys that are given to somebody else: at once, or after nobody had them for a night. It stays with who
// said it. The other one has it as well: of who bears the key nothing tells that they did not say it. That holds in a repetition of a
// night of which the vault alone has anything, and in a backfill.
func TestAWordStaysWhereItsMarkIsGivenToSomebodyElse(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		const a, b = ";Alpha;Anna;010190-900P", ";Beta;Bo;140385-901E"
		for name, gap := range map[string]bool{"at once": false, "after a night": true} {
			who := whoIs + ", hetu as: hetu; to: person.hetu"
			s := newTiny(t, on, "xamk", map[string]string{"dynamics365": feedLayout("dynamics365", "contacts: user user | "+who, wordFeed),
				"alumni-portal": feedLayout("alumni-portal", "members: user user | "+who)})
			s.set(t, "temporary_identifiers: true")
			s.feeds["dynamics365/contacts_%s.csv"], s.feeds["alumni-portal/members_%s.csv"] = "user;family;given;hetu", "user;family;given;hetu"
			s.feeds["dynamics365/words_%s.csv"] = "key;user;purpose;channel;state;time"
			n := canon.Date(0)
			put := func(said, address string, hers ...string) {
				t.Helper()
				const granted = "2;u9;newsletter;email;granted;2024-01-01T09:00:00Z"
				both := []string{"u9;Iota;Ida;"}
				if address != "" {
					both = append(both, "anna@firm.example"+address)
				}
				s.put(t, "dynamics365/contacts_%s.csv", firstNight+n, append(hers, both...)...)
				s.put(t, "alumni-portal/members_%s.csv", firstNight+n, both...)
				s.put(t, "dynamics365/words_%s.csv", firstNight+n, granted, said)
			}
			night := func(said, address string, hers ...string) {
				t.Helper()
				put(said, address, hers...)
				s.finish(t, firstNight+n, pipelines.Finished)
				s.mustApply(t, firstNight+n)
				n++
			}
			check := func(key string) {
				t.Helper()
				if got := s.wordsOf(t, "dynamics365", key, firstNight+n-1); got != "newsletter withdrawn" {
					t.Errorf("%s, night %d: %s: %s", name, n-1, key, got)
				}
			}
			night("1;anna@firm.example;newsletter;email;withdrawn;2025-01-01T09:00:00Z", ";Alpha;Anna;")
			night("", ";Alpha;Anna;")
			night("", a, "u2"+a)
			check("u2")
			if gap {
				night("", "", "u2"+a)
			}
			put("", b, "u2"+a)
			s.uncommitted(t, firstNight+n)
			for range 3 {
				night("", b, "u2"+a)
				check("u2")
				check("anna@firm.example")
			}
			s.touchLayouts(t)
			night("", b, "u2"+a, "u3"+a)
			check("u2")
			check("u3")
			s.replayed(t, firstNight, firstNight+n-1)
			night("", "", "u3"+a)
			check("u3")
		}
	})
}
