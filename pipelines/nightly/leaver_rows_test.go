package nightly_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
)

// TestRowsOfTheFewWhoLeft compares what a night finds of two among many who left, to which the vault tells where their rows
// are, with what a dry run finds, which reads the tables: the rows of their own, in every feed, and those of their mailbox.
func TestRowsOfTheFewWhoLeft(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		portal := strings.Replace(feedLayout("alumni-portal", "profiles: user user | "+whoIs+", mail as: email; to: email.personal, joined as: instant; to: role.alumnus.from, left as: instant; to: role.alumnus.to",
			"degrees: row user | row required: true, user required: true, inst to: degree.institution_code, day as: date; to: degree.date",
			"words: mail mail | mail as: point; by: channel; required: true, purpose required: true; to: consent.purpose, channel codes: {email: email}; to: consent.channel, state codes: {granted: granted}; to: consent.state, time as: instant; to: consent.time"),
			"person: [mail]", "person: {point: mail}", 1)
		s := newTiny(t, on, "xamk", map[string]string{"alumni-portal": portal})
		s.feeds["alumni-portal/profiles_%s.csv"], s.feeds["alumni-portal/degrees_%s.csv"] = "user;family;given;mail;joined;left", "row;user;inst;day"
		s.feeds["alumni-portal/words_%s.csv"] = "mail;purpose;channel;state;time"
		for d := range canon.Date(2) {
			var profiles, degrees, words []string
			for n := range 60 {
				left := ""
				if d == 1 && (n == 7 || n == 11) {
					left = "2026-10-01T09:00:00Z"
				}
				profiles = append(profiles, fmt.Sprintf("u%d;Alpha%c;Anna%c;m%d@firm.example;2022-01-01T09:00:00Z;%s", n, 'a'+n%26, 'a'+n/26, n, left))
				degrees = append(degrees, fmt.Sprintf("%d;u%d;10118;2021-05-31", n, n))
				words = append(words, fmt.Sprintf("m%d@firm.example;newsletter;email;granted;2026-01-01T09:00:00Z", n))
			}
			s.put(t, "alumni-portal/profiles_%s.csv", firstNight+d, profiles...)
			s.put(t, "alumni-portal/degrees_%s.csv", firstNight+d, degrees...)
			s.put(t, "alumni-portal/words_%s.csv", firstNight+d, words...)
		}
		s.finish(t, firstNight, pipelines.Finished)
		dry, log, err := s.attempt(t, firstNight+1, true)
		if err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		night := s.finish(t, firstNight+1, pipelines.Finished)
		var found nightly.GovernFacts
		if err := json.Unmarshal(night.Facts["govern"], &found); err != nil {
			t.Fatal(err)
		}
		for _, category := range []string{"alumni_basics", "education", "consent"} {
			if found.Due[category] != 2 {
				t.Errorf("%s: %d due", category, found.Due[category])
			}
		}
		if got, want := string(night.Facts["govern"]), string(dry.Facts["govern"]); got != want {
			t.Errorf("the night finds\n%s\nand a dry run\n%s", got, want)
		}
	})
}
