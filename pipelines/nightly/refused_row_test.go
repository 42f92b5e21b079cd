package nightly_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// TestWhatWasLoadedOfARefusedRowGoes has three people of whom a row cannot be used on the second night: one row is refused by the
// layout, so that what was loaded of it goes, one only waits in quarantine, and one is good again on the third. On the fourth the
// layout itself comes to refuse a domain that was good before.
func TestWhatWasLoadedOfARefusedRowGoes(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		source := feedLayout("mira", "stakeholders: user user | "+whoIs+", language as: language; invalid: quarantine; to: person.contact_language, mail as: email; invalid: refuse; block: [bots.example]; to: email.work")
		s := newTiny(t, on, "nmbu", map[string]string{"mira": source})
		s.feeds["mira/stakeholders_%s.csv"] = "user;family;given;language;mail"
		night := func(n canon.Date, rows ...string) {
			t.Helper()
			s.put(t, "mira/stakeholders_%s.csv", firstNight+n, rows...)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		good := []string{"u1;Alpha;Anna;fi;anna@firm.example", "u2;Beta;Bo;no;bo@firm.example", "u3;Gamma;Gro;en;gro@firm.example"}
		night(0, good...)
		same(t, "all are loaded", s.current(t, "person", "contact_language"), "en", "fi", "no")
		night(1, "u1;Alpha;Anna;fi;anna@bots.example", "u2;Beta;Bo;nonsense;bo@firm.example", "u3;Gamma;Gro;en;gro@mail.bots.example")
		same(t, "what was refused is gone", s.current(t, "person", "contact_language"), "no")
		night(2, "u1;Alpha;Anna;fi;anna@bots.example", "u2;Beta;Bo;no;bo@firm.example", "u3;Gamma;Gro;en;gro@firm.example")
		same(t, "what is good again is loaded", s.current(t, "person", "contact_language"), "en", "no")
		write(t, filepath.Join(s.dir, workspace.LayoutDir, "mira.yaml"), []byte(strings.Replace(source, "[bots.example]", "[bots.example, firm.example]", 1)))
		night(3, "u1;Alpha;Anna;fi;anna@firm.example", "u2;Beta;Bo;no;bo@post.example", "u3;Gamma;Gro;en;gro@firm.example")
		same(t, "what the layout refuses now", s.current(t, "person", "contact_language"), "no")
	})
}

// TestAWordAgainstAUseOutlivesARefusedRow: of a row that the layout comes to refuse no more is known than of one that is exported no more.
// What it said against a use counts on, whatever an older row allows, also where all rows are decided anew; what it allowed counts no more.
func TestAWordAgainstAUseOutlivesARefusedRow(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		const of = ", institution required: true; invalid: refuse; codes: {nmbu.example: own}"
		s := newTiny(t, on, "nmbu", map[string]string{"mira": feedLayout("mira",
			"alumni: row user | row required: true, "+whoIs+", shield as: bool; to: person.protected, joined as: instant; to: role.alumnus.from"+of, wordFeed+of, objectionFeed+of)})
		const alumni, words, against = "mira/alumni_%s.csv", "mira/words_%s.csv", "mira/against_%s.csv"
		s.feeds[alumni], s.feeds[words], s.feeds[against] = "row;user;family;given;shield;joined;institution", "key;user;purpose;channel;state;time;institution", "key;user;scope;time;institution"
		night := func(n canon.Date, at string) {
			t.Helper()
			s.put(t, alumni, firstNight+n, "1;m1;Jasen;Jaana;;2020-01-01T09:00:00Z;nmbu.example", "2;m2;Muu;Maija;;2020-01-01T09:00:00Z;nmbu.example", "3;m2;Muu;Maija;true;2020-01-01T09:00:00Z;"+at)
			s.put(t, words, firstNight+n, "1;m1;surveys;email;granted;2024-01-01T09:00:00Z;nmbu.example", "2;m1;surveys;email;withdrawn;2025-01-01T09:00:00Z;"+at,
				"3;m1;general_info;email;granted;2025-01-01T09:00:00Z;"+at)
			s.put(t, against, firstNight+n, "1;m2;marketing;2025-02-01T09:00:00Z;"+at)
			s.finish(t, firstNight+n, pipelines.Finished)
		}
		check := func(n canon.Date, m1 string) {
			t.Helper()
			if got := emailWords(s.explainedKey(t, "m1", firstNight+n)); got != m1 {
				t.Errorf("night %d: %s, want %s", n, got, m1)
			}
			if e := s.explainedKey(t, "m2", firstNight+n); !e.Shield || len(e.Objects) != 1 {
				t.Errorf("night %d: protected: %v, objects %v", n, e.Shield, e.Objects)
			}
		}
		night(0, "nmbu.example")
		check(0, "surveys withdrawn, general_info granted")
		night(1, "www.nmbu.example")
		check(1, "surveys withdrawn")
		same(t, "the rows", s.cells(t, "consent", "last_seen_run"), "", "nightly-2026-11-22", "nightly-2026-11-22")
		night(2, "www.nmbu.example")
		check(2, "surveys withdrawn")
		same(t, "since when they are refused", s.cells(t, "consent", "last_seen_run"), "", "nightly-2026-11-22", "nightly-2026-11-22")
		s.touchLayouts(t)
		night(3, "www.nmbu.example")
		check(3, "surveys withdrawn")
		night(4, "nmbu.example")
		check(4, "surveys withdrawn, general_info granted")
		same(t, "good again", s.cells(t, "consent", "last_seen_run"), "", "", "")
	})
}

// TestAnExportThatIsRefusedRemovesNobody: the guard counts who ends by a value of their row with those who are gone, once, and by the
// report they are gone. A column without any value ends nobody.
func TestAnExportThatIsRefusedRemovesNobody(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		const feed, people = "mira/stakeholders_%s.csv", 40
		source := feedLayout("mira", "stakeholders: user user | "+whoIs+", institution required: true; invalid: refuse; codes: {nmbu.example: own}")
		s := newTiny(t, on, "nmbu", map[string]string{"mira": strings.Replace(source, "removed: 100, shrink: 100", "removed: 20, shrink: 100", 1)})
		s.feeds[feed] = "user;family;given;institution"
		night := func(n canon.Date, state pipelines.State, left, removed, barred int, at string) {
			t.Helper()
			var rows []string
			for i := range people {
				institution := "nmbu.example"
				if i < barred {
					institution = at
				}
				rows = append(rows, fmt.Sprintf("u%d;Alpha;Anna;%s", i, institution))
			}
			s.put(t, feed, firstNight+n, rows...)
			out := s.finish(t, firstNight+n, state)
			current := 0
			s.at(t, func(ws *workspace.Workspace) {
				for _, rows := range sourceRows(t, &ws.Register.View, register.Current) {
					current += len(rows)
				}
			})
			var landed nightly.LandFacts
			var conformed nightly.ConformFacts
			facts(t, out, "land", &landed)
			facts(t, out, "conform", &conformed)
			code, gone := "", 0
			for _, f := range landed.Feeds {
				code += f.Code
			}
			for _, f := range conformed.Feeds {
				gone += int(f.Removed)
			}
			if want := map[pipelines.State]string{pipelines.Part: "UOMA-LND-SHRUNK"}[state]; code != want || current != left || gone != removed {
				t.Errorf("night %d: %q, %d are there and %d have gone, want %q, %d and %d", n, code, current, gone, want, left, removed)
			}
		}
		night(0, pipelines.Finished, 40, 0, 0, "")
		night(1, pipelines.Finished, 40, 0, 40, "")
		night(2, pipelines.Part, 40, 0, 40, "www.nmbu.example")
		night(3, pipelines.Finished, 32, 8, 8, "www.nmbu.example")
		night(4, pipelines.Finished, 32, 0, 8, "www.nmbu.example")
		night(5, pipelines.Finished, 25, 7, 15, "www.nmbu.example")
		night(6, pipelines.Part, 25, 0, 24, "www.nmbu.example")
		night(7, pipelines.Finished, 40, 0, 0, "")
	})
}
