package nightly_test

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestAStopOutlivesTheDataThatSaysIt holds NMBU-20 where somebody's own row goes, as they died or left, and data of theirs
// from another system stays: it is not used of the dead, nor of who is under a protection order, while the source says so, and when
// it gives the row up. Where the source says otherwise, it is.
func TestAStopOutlivesTheDataThatSaysIt(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := whoIs + ", hetu as: hetu; to: person.hetu"
		s := newTiny(t, on, "nmbu", map[string]string{
			"mira":     feedLayout("mira", "alumni: user user | "+who+", joined as: instant; to: role.alumnus.from, left as: instant; to: role.alumnus.to, dead as: bool; to: person.deceased, shield as: bool; to: person.protected"),
			"webforms": feedLayout("webforms", "orders: user user | "+who+", since as: instant; to: role.stakeholder.from")})
		s.set(t, "temporary_identifiers: true")
		s.feeds["mira/alumni_%s.csv"], s.feeds["webforms/orders_%s.csv"] = "user;family;given;hetu;joined;left;dead;shield", "user;family;given;hetu;since"
		night := func(n canon.Date, alumni ...string) {
			t.Helper()
			s.put(t, "mira/alumni_%s.csv", firstNight+n, append(alumni, "m9;Other;Olga;;2020-01-01T09:00:00Z;;;")...)
			s.put(t, "webforms/orders_%s.csv", firstNight+n, "w1;Alpha;Anna;010190-900P;2020-01-01T09:00:00Z", "w2;Beta;Bo;140385-901E;2020-01-01T09:00:00Z")
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		check := func(when string, n canon.Date, stopped bool) {
			t.Helper()
			s.at(t, func(ws *workspace.Workspace) {
				if !explained(t, ws, s.linkedBy(t, ws, "webforms", "w1"), firstNight+n).Dead == stopped {
					t.Errorf("%s: a death counts: %v", when, !stopped)
				}
				if !explained(t, ws, s.linkedBy(t, ws, "webforms", "w2"), firstNight+n).Shield == stopped {
					t.Errorf("%s: a protection order counts: %v", when, !stopped)
				}
			})
		}
		const anna, bo, joined, left = "m1;Alpha;Anna;010190-900P;", "m2;Beta;Bo;140385-901E;", "2020-01-01T09:00:00Z;", "2026-10-01T09:00:00Z;"
		night(0, anna+joined+";true;", bo+joined+left+";true")
		check("at first", 0, true)
		s.mustApply(t, firstNight)
		same(t, "who is left", s.names(t), "Alpha", "Beta", "Other")
		check("their own rows are gone", 0, true)
		night(1, anna+joined+";true;", bo+joined+left+";true")
		check("the next night", 1, true)
		s.touchLayouts(t)
		night(2, anna+joined+";true;", bo+joined+left+";true")
		check("decided anew", 2, true)
		night(3)
		check("given up", 3, true)
		night(4, anna+joined+";;", bo+joined+left+";")
		check("said otherwise", 4, false)
	})
}
