package nightly_test

import (
	"fmt"
	"path/filepath"
	"slices"
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

// guarded is a feed of forty people, of whom some belong to another institution, so that their rows are refused, and a feed of another
// system, which lets a night end in part while it does not come.
type guarded struct {
	tiny
	date canon.Date
}

func newGuarded(t *testing.T, on databasetest.Kind) guarded {
	t.Helper()
	s := newTiny(t, on, "nmbu", map[string]string{"mira": guardedLayout("; " + oldName + ": own"), "dynamics365": feedLayout("dynamics365", "contacts: user user | "+whoIs)})
	s.feeds[guardedFeed], s.feeds[lateFeed] = "user;family;given;institution", "user;family;given"
	return guarded{tiny: s}
}

// oldName is the name that the institution had, which some rows bear.
const oldName = "old.nmbu.example"

func guardedLayout(more string) string {
	source := feedLayout("mira", "stakeholders: user user | "+whoIs+", institution required: true; invalid: refuse; codes: {nmbu.example: own"+more+"}")
	return strings.Replace(source, "removed: 100, shrink: 100", "removed: 20, shrink: 100", 1)
}

const guardedFeed, lateFeed = "mira/stakeholders_%s.csv", "dynamics365/contacts_%s.csv"

// lay writes an export in which those people belong to another institution, of whom those from 40 on are new.
func (s guarded) lay(t *testing.T, others ...int) {
	t.Helper()
	var rows []string
	for i := range max(40, 1+slices.Max(append(others, 0))) {
		institution := "nmbu.example"
		switch {
		case slices.Contains(others, i):
			institution = "www.nmbu.example"
		case i >= 36:
			institution = oldName
		}
		rows = append(rows, fmt.Sprintf("u%d;Alpha;Anna;%s", i, institution))
	}
	s.put(t, guardedFeed, s.date, rows...)
}

// late lets the other system's export come.
func (s guarded) late(t *testing.T) {
	t.Helper()
	s.put(t, lateFeed, s.date, "u99;Beta;Bo")
}

// ends gives what an attempt of the night ended with: whether the guard held, the rows that are there, and the counts of conform.
func (s guarded) ends(t *testing.T, state pipelines.State) (text string) {
	t.Helper()
	out := s.finish(t, s.date, state)
	var landed nightly.LandFacts
	var conformed nightly.ConformFacts
	facts(t, out, "land", &landed)
	facts(t, out, "conform", &conformed)
	for _, f := range landed.Feeds {
		if f.Feed == "mira/stakeholders" {
			text += strings.TrimPrefix(f.Code+" ", " ")
		}
	}
	s.at(t, func(ws *workspace.Workspace) {
		text += fmt.Sprintf("%d there", len(sourceRows(t, &ws.Register.View, register.Current)["mira/stakeholders"]))
	})
	for _, f := range conformed.Feeds {
		if f.Feed == "mira/stakeholders" {
			text += fmt.Sprintf(", before %d, added %d, changed %d, removed %d, ended %d", f.Before, f.Added, f.Changed, f.Removed, f.Ended)
		}
	}
	return text
}

// people counts upwards.
func people(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// TestAnExportThatIsRefusedRemovesNobody: the guard counts who ends by a value of their row with those who are gone, once, and by the
// report they are gone. A column without any value ends nobody, nor does one in which there are more of them than the layout allows.
func TestAnExportThatIsRefusedRemovesNobody(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newGuarded(t, on)
		for n, tt := range []struct {
			others []int
			want   string
		}{
			{nil, "40 there, before 0, added 40, changed 0, removed 0, ended 0"},
			{people(0, 40), "UOMA-LND-SHRUNK 40 there"},
			{people(0, 8), "32 there, before 40, added 0, changed 0, removed 8, ended 8"},
			{people(0, 8), "32 there, before 40, added 0, changed 0, removed 0, ended 0"},
			{people(0, 15), "25 there, before 40, added 0, changed 0, removed 7, ended 7"},
			{people(0, 24), "UOMA-LND-SHRUNK 25 there"},
			{nil, "40 there, before 40, added 0, changed 15, removed 0, ended 0"},
		} {
			s.date = firstNight + canon.Date(n)
			s.late(t)
			s.lay(t, tt.others...)
			state := pipelines.Finished
			if strings.HasPrefix(tt.want, "UOMA-") {
				state = pipelines.Part
			}
			if got := s.ends(t, state); got != tt.want {
				t.Errorf("night %d: %s, want %s", n, got, tt.want)
			}
		}
	})
}

// TestASecondAttemptCountsWhatTheFirstRefused has nights of several attempts: whatever ended before the others, by the report the rows
// have gone that were there on the evening before, and the guard holds in each attempt.
func TestASecondAttemptCountsWhatTheFirstRefused(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newGuarded(t, on)
		attempt := func(state pipelines.State, want string) {
			t.Helper()
			if got := s.ends(t, state); got != want {
				t.Errorf("night %d: %s, want %s", s.date-firstNight, got, want)
			}
		}
		s.date = firstNight
		s.lay(t)
		s.late(t)
		attempt(pipelines.Finished, "40 there, before 0, added 40, changed 0, removed 0, ended 0")

		const eight = "32 there, before 40, added 0, changed 0, removed 8, ended 8"
		s.date++
		s.lay(t, people(0, 8)...)
		s.stopAfter(t, s.date, "conform")
		s.uncommitted(t, s.date)
		attempt(pipelines.Part, eight) // the first that commits
		attempt(pipelines.Part, eight)
		s.lay(t, people(0, 24)...)
		attempt(pipelines.Part, "UOMA-LND-SHRUNK 32 there")
		attempt(pipelines.Part, "UOMA-LND-SHRUNK 32 there")
		s.lay(t, people(2, 8)...)
		attempt(pipelines.Part, "34 there, before 40, added 0, changed 0, removed 6, ended 6")
		s.lay(t, people(0, 8)...)
		s.late(t)
		attempt(pipelines.Finished, eight)

		s.date++
		s.lay(t, people(4, 12)...) // four are good again, and four others are not
		attempt(pipelines.Part, "32 there, before 40, added 0, changed 4, removed 4, ended 4")
		s.lay(t, people(0, 12)...) // the four were refused on the evening before
		attempt(pipelines.Part, "28 there, before 40, added 0, changed 0, removed 4, ended 4")
		s.touchLayouts(t)
		attempt(pipelines.Part, "28 there, before 40, added 0, changed 36, removed 4, ended 4")
		s.late(t)
		s.stopAfter(t, s.date, "load")
		attempt(pipelines.Finished, "28 there, before 40, added 0, changed 0, removed 4, ended 4")

		s.date++
		s.lay(t, append(people(0, 12), 40)...)
		write(t, filepath.Join(s.dir, workspace.LayoutDir, "mira.yaml"), []byte(guardedLayout(""))) // it comes to refuse rows that are as they were
		attempt(pipelines.Part, "24 there, before 40, added 1, changed 36, removed 4, ended 4")
		attempt(pipelines.Part, "24 there, before 40, added 1, changed 0, removed 4, ended 4")
	})
}
