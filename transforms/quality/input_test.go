package quality_test

import (
	"fmt"
	"strings"
	"time"

	"uoma/transforms/quality"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func ptr[T any](v T) *T { return &v }

func digest(seed string) string {
	return fmt.Sprintf("%064x", []byte(seed + strings.Repeat("~", 32))[:32])
}

// night is an ordinary night with some trouble: one export has shrunk, one has a new column, a few rows are bad.
func night() quality.Input {
	in := quality.Input{
		Run: quality.Run{ID: "nightly-2026-11-22", Pipeline: "nightly", Date: "2026-11-22", Mode: "nightly", Attempt: 1,
			Started: at("2026-11-22T00:14:05Z"), Finished: at("2026-11-22T00:15:41Z"), Zone: "Europe/Helsinki", Software: "uoma 1.0.0",
			ConfigDigest: digest("config"), Policy: quality.Policy{ID: "xamk-alumni", Version: "2026-01", Digest: digest("policy")}, Commit: "n-2026-11-22-1"},
		Matching: &quality.Matching{Records: 61240, Subjects: 41873, New: 212, Merges: 9, Splits: 1,
			Links:     quality.Counts{"hetu": 14210, "oppijanumero": 3021, "student-number": 1480, "name-birth-date": 656},
			Conflicts: quality.Counts{"hetu:names": 2, "student-number:hetu": 1}, Review: quality.Counts{"name-birth-date": 31, "email-name": 12},
			Sizes:            quality.Counts{"1": 25410, "2": 13880, "3": 2320, "4": 255, "5": 6, "6": 2},
			OldestReviewDays: ptr(int64(11)), Sample: &quality.Sample{Reviewed: 400, Correct: 398}},
		Privacy: &quality.Privacy{
			Consents: []quality.Consent{
				{"newsletter", "email", 18211, 3120, 904, 1377, 18261}, {"events", "email", 12044, 2088, 611, 940, 26190},
				{"training_offers", "email", 8020, 4410, 389, 702, 28352}, {"surveys", "email", 22713, 1204, 377, 0, 17579},
				{"surveys", "phone", 4410, 2, 12, 0, 37449},
			},
			Honoured:   &quality.Honoured{Withdrawn: 2293, Used: 0, SlowestH: ptr(int64(22))},
			Objections: quality.Counts{"marketing": 1204, "career_survey": 37, "profiling": 3},
			Retention: []quality.Retention{
				{"study", "XAMK-12", 38110, 0, 0, 0, 0, "2027-01-01"}, {"membership", "XAMK-31", 41873, 214, 214, 3, 0, "2026-11-23"},
				{"event", "XAMK-22", 9120, 55, 55, 0, 0, "2026-12-01"}, {"project", "XAMK-17", 2240, 12, 12, 41, 0, "2026-11-30"},
			},
			Suppressed: 18, Protected: 61, Restricted: 2, Erased: 7},
		Extracts: []quality.Extract{{Dataset: "career-survey-2026", Recipient: "national-survey-office", Eligible: 3120, Sent: 2962,
			Withheld: quality.Counts{"XAMK-31": 121, "XAMK-33": 31, "XAMK-40": 6}, Formulas: 3, MinGroup: ptr(int64(7)), Leaks: ptr(int64(0))}},
		Deliveries: []quality.Delivery{
			{ID: "cs-2026-0007", Dataset: "career-survey-2026", Recipient: "national-survey-office", Sequence: 7, State: "receipted", Level: "accepted", Status: "ok", Sent: at("2026-11-20T03:10:00Z"), Done: true},
			{ID: "cs-2026-0008", Dataset: "career-survey-2026", Recipient: "national-survey-office", Sequence: 8, State: "sent", Sent: at("2026-11-20T21:40:00Z")},
		},
		Register: []quality.Table{
			{Name: "subject", Previous: 41685, Added: 212, Removed: 24, Rows: 41873, People: true}, {Name: "study", Previous: 37990, Added: 141, Removed: 21, Rows: 38110},
			{Name: "degree", Previous: 35210, Added: 96, Removed: 0, Rows: 35306}, {Name: "consent", Previous: 81240, Added: 330, Removed: 12, Rows: 81558},
			{Name: "employment", Previous: 5190, Added: 18, Removed: 4, Rows: 5204},
		},
		Stages: []quality.Stage{{"land", "done", 11200 * time.Millisecond, 113480}, {"conform", "done", 9100 * time.Millisecond, 113480},
			{"resolve", "done", 4300 * time.Millisecond, 61240}, {"protect", "done", 6100 * time.Millisecond, 60110}, {"load", "done", 51800 * time.Millisecond, 60110},
			{"govern", "done", 12900 * time.Millisecond, 41873}, {"report", "running", 0, 0}},
	}
	in.Sources = sources()
	in.Datasets = []quality.Dataset{{"peppi/alumnit", "person", 35199}, {"peppi/alumnit", "study", 35199}, {"peppi/alumnit", "degree", 35306}, {"peppi/alumnit", "email", 34012},
		{"alumni-portal/profiles", "person", 12833}, {"alumni-portal/profiles", "email", 14880}, {"alumni-portal/consents", "consent", 51320}, {"pegasos/henkilot", "person", 2309}, {"pegasos/henkilot", "employment", 2309}}
	in.Fields = fields()
	in.History = history(29)
	return in
}

func sources() []quality.Source {
	feed := func(name, file, encoding string, read, loaded, unchanged int64) quality.Source {
		return quality.Source{Feed: name, System: strings.Split(name, "/")[0], File: file, Encoding: encoding, Extracted: at("2026-11-21T22:05:00Z"),
			Arrived: at("2026-11-21T22:11:00Z"), Read: read, Loaded: loaded, Unchanged: unchanged, Previous: read - loaded/2, Added: loaded / 2,
			Changed: loaded - loaded/2, Columns: 20, Digest: digest(name)}
	}
	peppi := feed("peppi/alumnit", "peppi/peppi_alumnit_20261122.csv", "Windows-1252", 35210, 311, 34880)
	peppi.Quarantined, peppi.Merged = quality.Counts{"hetu-check-digit": 7, "missing": 3, "out-of-range": 1}, 8
	peppi.Skipped, peppi.Control, peppi.Previous, peppi.Removed = quality.Counts{"end-mark": 1}, ptr(int64(35210)), 35074, 19
	profiles := feed("alumni-portal/profiles", "alumni-portal/alumni_profiles_20261122.csv", "UTF-8", 12840, 204, 12409)
	profiles.Quarantined, profiles.Withheld, profiles.Unknown = quality.Counts{"missing": 7}, quality.Counts{"XAMK-31": 198, "XAMK-52": 22}, []string{"linkedinUrl"}
	profiles.Mojibake, profiles.Formulas = 4, 2
	consents := feed("alumni-portal/consents", "alumni-portal/alumni_consents_20261122.csv", "UTF-8", 51320, 330, 50990)
	contacts := feed("dynamics365/contacts", "dynamics365/dynamics_contacts_20261122.csv", "UTF-8", 8412, 61, 8102)
	contacts.Quarantined, contacts.Withheld, contacts.Removed = quality.Counts{"email-domain": 96, "unknown-code": 31}, quality.Counts{"XAMK-31": 122}, 5
	pegasos := feed("pegasos/henkilot", "pegasos/PEGASOS_HENKILOT_20261122.csv", "Windows-1252", 2310, 22, 2287)
	pegasos.Quarantined, pegasos.Extracted = quality.Counts{"hetu-check-digit": 1}, at("2026-11-19T22:00:00Z")
	cut := feed("reportronic/henkilosto", "reportronic/reportronic_henkilosto_20261122.xlsx", "", 0, 0, 0)
	cut.Code, cut.Reason = "UOMA-LND-SHRUNK", "the export is much smaller than the last good one; nothing of it was used and nobody was removed: 1 204 of 1 390 rows are gone (86.6 %, limit 2.0 %)"
	cut.Hint, cut.Previous, cut.Digest = "compare with the system itself; if people really left, raise the feed's guard in its layout for one night", 1390, ""
	return []quality.Source{peppi, profiles, consents, contacts, pegasos, cut}
}

func fields() []quality.Field {
	f := func(feed, column, class string, required bool, n, missing int64, invalid quality.Counts) quality.Field {
		return quality.Field{Feed: feed, Column: column, Class: class, Required: required, Applicable: n, Missing: missing, Present: n - missing - invalid.Total(), Invalid: invalid}
	}
	sex := f("peppi/alumnit", "sukupuoli", "quasi", false, 35199, 12, nil)
	sex.Codes = quality.Counts{"1": 15020, "2": 20160, "9": 7}
	campus := f("peppi/alumnit", "kampus", "plain", false, 35199, 0, nil)
	campus.Codes = quality.Counts{"MIK": 14008, "KOU": 9122, "KOT": 7710, "SAV": 4356, "VIR": 3}
	mail := f("peppi/alumnit", "sahkoposti", "contact", false, 35199, 1180, quality.Counts{"email-syntax": 7})
	mail.Warnings = quality.Counts{"lower-cased": 911, "trimmed": 48}
	return []quality.Field{
		f("peppi/alumnit", "oppilaitos", "plain", true, 35199, 0, nil), f("peppi/alumnit", "opiskelijanumero", "identifier", true, 35199, 0, nil),
		f("peppi/alumnit", "hetu", "identifier", true, 35199, 411, quality.Counts{"hetu-check-digit": 9}),
		f("peppi/alumnit", "sukunimi", "name", true, 35199, 0, nil), f("peppi/alumnit", "etunimet", "name", true, 35199, 0, nil), sex, campus, mail,
		f("peppi/alumnit", "valmistumispaiva", "plain", true, 35199, 21, quality.Counts{"date-range": 2}),
		f("alumni-portal/profiles", "profileId", "key", true, 12833, 0, nil), f("alumni-portal/profiles", "familyName", "name", true, 12833, 2, nil),
		f("alumni-portal/profiles", "email1", "contact", true, 12833, 880, quality.Counts{"email-syntax": 14}), f("alumni-portal/profiles", "birthDate", "identifier", false, 12833, 5210, nil),
		f("alumni-portal/profiles", "employer", "plain", false, 12833, 6003, nil),
		f("alumni-portal/consents", "purpose", "plain", true, 51320, 0, nil), f("alumni-portal/consents", "state", "plain", true, 51320, 0, nil), f("alumni-portal/consents", "time", "plain", true, 51320, 0, nil),
		f("dynamics365/contacts", "contactid", "key", true, 8285, 0, nil), f("dynamics365/contacts", "lastname", "name", true, 8285, 4, nil),
		f("dynamics365/contacts", "gendercode", "quasi", false, 8285, 3100, quality.Counts{"unknown-code": 1102}), f("dynamics365/contacts", "emailaddress1", "contact", false, 8285, 902, quality.Counts{"email-domain": 55}),
		f("pegasos/henkilot", "HENKILONUMERO", "identifier", true, 2309, 0, nil), f("pegasos/henkilot", "YKSIKKOKOODI", "plain", true, 2309, 0, nil),
	}
}

// history is a run a night before the night, with a backfill and an autumn's growth.
func history(n int) []quality.Past {
	var out []quality.Past
	day := at("2026-11-22T00:00:00Z").AddDate(0, 0, -n)
	for i := range n {
		wave := int64(i * i % 17)
		date := day.AddDate(0, 0, i).Format(time.DateOnly)
		p := quality.Past{Run: "nightly-" + date, Date: date, Mode: "nightly", Verdict: "warn", People: 40900 + int64(i)*27 + wave*3,
			Read: 108200 + int64(i)*150 + wave*40, Loaded: 700 + wave*31, Quarantined: 110 + wave*9, Withheld: 330 + wave, Review: 20 + wave*2,
			Filled: 264000 + wave*20, Applicable: 266000, Open: []string{"alumni-portal/profiles.email1.completeness"},
			Feeds: quality.Counts{"peppi/alumnit": 34400 + int64(i)*28 + wave, "alumni-portal/profiles": 12300 + int64(i)*18, "alumni-portal/consents": 50000 + int64(i)*45 + wave*7,
				"dynamics365/contacts": 8400 + wave, "pegasos/henkilot": 2310, "reportronic/henkilosto": 1380 + wave%5}}
		if i == 9 {
			p.Mode = "backfill"
		}
		if i >= n-3 {
			p.Open = append(p.Open, "dynamics365/contacts.quarantineRate")
		}
		out = append(out, p)
	}
	return out
}
