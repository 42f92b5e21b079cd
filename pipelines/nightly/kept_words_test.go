package nightly_test

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
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
