package nightly_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
)

// leaverSite has a portal of many alumni, two of whom leave on the second night. On the third a degree of one of them is corrected.
func leaverSite(t *testing.T, on databasetest.Kind) tiny {
	t.Helper()
	portal := strings.Replace(feedLayout("alumni-portal", "profiles: user user | "+whoIs+", mail as: email; to: email.personal, joined as: instant; to: role.alumnus.from, left as: instant; to: role.alumnus.to",
		"degrees: row user | row required: true, user required: true, inst to: degree.institution_code, day as: date; to: degree.date",
		"words: mail mail | mail as: point; by: channel; required: true, purpose required: true; to: consent.purpose, channel codes: {email: email}; to: consent.channel, state codes: {granted: granted}; to: consent.state, time as: instant; to: consent.time"),
		"person: [mail]", "person: {point: mail}", 1)
	s := newTiny(t, on, "xamk", map[string]string{"alumni-portal": portal})
	s.feeds["alumni-portal/profiles_%s.csv"], s.feeds["alumni-portal/degrees_%s.csv"] = "user;family;given;mail;joined;left", "row;user;inst;day"
	s.feeds["alumni-portal/words_%s.csv"] = "mail;purpose;channel;state;time"
	for d := range canon.Date(4) {
		var profiles, degrees, words []string
		for n := range 60 {
			left, day := "", "2021-05-31"
			if d >= 1 && (n == 7 || n == 11) {
				left = "2026-10-01T09:00:00Z"
			}
			if d >= 2 && n == 7 {
				day = "2021-06-30"
			}
			profiles = append(profiles, fmt.Sprintf("u%d;Alpha%c;Anna%c;m%d@firm.example;2022-01-01T09:00:00Z;%s", n, 'a'+n%26, 'a'+n/26, n, left))
			degrees = append(degrees, fmt.Sprintf("%d;u%d;10118;%s", n, n, day))
			words = append(words, fmt.Sprintf("m%d@firm.example;newsletter;email;granted;2026-01-01T09:00:00Z", n))
		}
		s.put(t, "alumni-portal/profiles_%s.csv", firstNight+d, profiles...)
		s.put(t, "alumni-portal/degrees_%s.csv", firstNight+d, degrees...)
		s.put(t, "alumni-portal/words_%s.csv", firstNight+d, words...)
	}
	s.finish(t, firstNight, pipelines.Finished)
	return s
}

// dueOf checks how much of each of some categories a night found to be due.
func dueOf(t *testing.T, night pipelines.Outcome, want map[string]int) {
	t.Helper()
	var found nightly.GovernFacts
	if err := json.Unmarshal(night.Facts["govern"], &found); err != nil {
		t.Fatal(err)
	}
	for category, n := range want {
		if found.Due[category] != n {
			t.Errorf("%s: %d due, not %d", category, found.Due[category], n)
		}
	}
}

// TestRowsOfTheFewWhoLeft compares what a night finds of two among many who left, to which the vault tells where their rows
// are, with what a dry run finds, which reads the tables: the rows of their own, in every feed, and those of their mailbox.
func TestRowsOfTheFewWhoLeft(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := leaverSite(t, on)
		dry, log, err := s.attempt(t, firstNight+1, true)
		if err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		night := s.finish(t, firstNight+1, pipelines.Finished)
		dueOf(t, night, map[string]int{"alumni_basics": 2, "education": 2, "consent": 2})
		if got, want := string(night.Facts["govern"]), string(dry.Facts["govern"]); got != want {
			t.Errorf("the night finds\n%s\nand a dry run\n%s", got, want)
		}
	})
}

// TestANightBehindAKilledDeletion kills a run that applies retention when the vault has let go and the register has not. The
// next night finds the same as one that decides everything anew, though the vault does not lead to all rows, and every row
// still belongs to somebody.
func TestANightBehindAKilledDeletion(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		base := leaverSite(t, on)
		base.finish(t, firstNight+1, pipelines.Finished)
		anew, killed := tiny{base.copy(t), base.feeds}, tiny{base.copy(t), base.feeds}
		anew.touchLayouts(t)
		want := anew.finish(t, firstNight+2, pipelines.Finished)
		killed.kill(t, "vault!@2")
		got := killed.finish(t, firstNight+2, pipelines.Finished)
		if got, want := string(got.Facts["govern"]), string(want.Facts["govern"]); got != want {
			t.Errorf("the night finds\n%s\nand one that decides all anew\n%s", got, want)
		}
		if got, want := killed.linkedTo(t), anew.linkedTo(t); !maps.Equal(got, want) {
			t.Errorf("%d records belong to somebody, not %d", len(got), len(want))
		}
		dueOf(t, got, map[string]int{"consent": 2}) // whoever left has left, also when the degree has gone before
		killed.mustApply(t, firstNight+2)
		// The same where a feed does not land, on that night and the next: its rows are not written anew.
		absent := tiny{base.copy(t), base.feeds}
		absent.kill(t, "vault!@2")
		for night := firstNight + 2; night <= firstNight+3; night++ {
			if err := os.Remove(absent.export("alumni-portal/degrees_%s.csv", night)); err != nil {
				t.Fatal(err)
			}
			dry, _, err := absent.attempt(t, night, true)
			if err != nil {
				t.Fatal(err)
			}
			out, _, err := absent.attempt(t, night, false)
			if err != nil || out.State != pipelines.Part {
				t.Fatal(out.State, err)
			}
			dueOf(t, out, map[string]int{"education": 2})
			if got, want := string(out.Facts["govern"]), string(dry.Facts["govern"]); got != want {
				t.Errorf("%v finds\n%s\nand a dry run\n%s", night, got, want)
			}
		}
	})
}
