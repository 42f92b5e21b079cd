package nightly_test

import (
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestALeaverStaysAwayWithoutTheirRow holds XAMK-13 and XAMK-36 where the portal gives up the record of somebody who left, before or
// after their data has gone: what the student register goes on exporting makes nobody a member again. Who joins anew comes back, and
// who had not left after all.
func TestALeaverStaysAwayWithoutTheirRow(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		who := whoIs + ", hetu as: hetu; to: person.hetu"
		start := newTiny(t, on, "xamk", map[string]string{
			"peppi": feedLayout("peppi", "people: user user | "+who,
				"degrees: row user | row required: true, user required: true, inst to: degree.institution_code, day as: date; to: degree.date"),
			"alumni-portal": feedLayout("alumni-portal", "members: user user | "+who+", joined as: instant; to: role.alumnus.from, left as: instant; to: role.alumnus.to")})
		start.set(t, "temporary_identifiers: true")
		start.feeds["peppi/people_%s.csv"], start.feeds["peppi/degrees_%s.csv"], start.feeds["alumni-portal/members_%s.csv"] = "user;family;given;hetu", "row;user;inst;day", "user;family;given;hetu;joined;left"
		night := func(s tiny, n canon.Date, portal ...string) {
			t.Helper()
			s.put(t, "peppi/people_%s.csv", firstNight+n, "m1;Alpha;Anna;010190-900P", "m2;Beta;Bo;140385-901E", "m3;Gamma;Gun;")
			s.put(t, "peppi/degrees_%s.csv", firstNight+n, "d1;m1;10118;2021-05-31", "d2;m2;10118;2021-05-31", "d3;m3;10118;2021-05-31")
			s.put(t, "alumni-portal/members_%s.csv", firstNight+n, append(portal, "p9;Other;Olga;;2024-01-01T09:00:00Z;")...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		const anna, bo, joined, left = "p1;Alpha;Anna;010190-900P;", "p2;Beta;Bo;140385-901E;", "2022-01-01T09:00:00Z;", "2026-10-01T09:00:00Z"
		night(start, 0, anna+joined, bo+joined)
		night(start, 1, anna+joined+left, bo+joined+left)
		for name, before := range map[string]bool{"given up before their data goes": false, "after": true} {
			s := tiny{start.copy(t), start.feeds}
			if before {
				s.mustApply(t, firstNight+1)
			}
			night(s, 2)
			s.at(t, func(ws *workspace.Workspace) {
				for l, err := range ws.Register.Links(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if e := explained(t, ws, l.Person, firstNight+2); e.Member && e.By != "XAMK-10" || !e.Member && e.By != "XAMK-13" {
						t.Errorf("%s: %v by %s", name, e.Member, e.By)
					}
				}
			})
			s.mustApply(t, firstNight+2)
			same(t, name+": who is left", s.names(t), "Gamma")
			night(s, 3)
			s.touchLayouts(t)
			night(s, 4)
			same(t, name+": who is left two nights later", s.names(t), "Gamma")
			night(s, 5, anna+(firstNight+4).String()+"T09:00:00Z;", bo+joined)
			same(t, name+": with who came back", s.names(t), "Alpha", "Alpha", "Beta", "Beta", "Gamma")
		}
	})
}
