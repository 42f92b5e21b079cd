package authoring_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// pitfalls are what each system is known for, as its export in fixtures shows it: by feed, the columns and codes that reading
// it must find. A code ends with "!" where it sends the row to quarantine.
var pitfalls = map[string][]string{
	"access-control/temporary-cards": {"Luovutettu pattern!"},
	"access-control/events":          {"Ovi pattern!"},                                    // a door that is no exam room's
	"axis/recordings":                {"hold_case pattern!"},                              // a case that is named otherwise must not pass for none
	"dynamics365-marketing/emails":   {"activitytype unknown-code!"},                      // an activity that nobody told of
	"dynamics365-marketing/web":      {"_contactid_value missing!"},                       // a visit of nobody known
	"dynamics365-seamk/accounts":     {"accountnumber check-digit", "emailaddress1 role"}, // no business id; an office's address
	"dynamics365-seamk/consents":     {"_msdynmkt_purposeid_value unknown-code!", "msdynmkt_contactpointvalue unknown-kind!"},
	"dynamics365-seamk/contacts":     {"donotsendmm missing!", "governmentid forbidden"}, // a ban that cannot be read; a code where none may be
	"dynamics365-seamk/leads":        {"statecode unknown-code!"},
	"exam/bookings":                  {"user missing!"},                             // a visitor, who has no user here
	"exam/consents":                  {"recording_consent unknown-code!"},           // asked, and not answered
	"exam/records":                   {"student scope!"},                            // a visitor of another institution
	"exam/users":                     {"eppn scope!", "roles pattern!"},             // a visitor; a right that nobody told of
	"external-lists/purchased":       {"do_not_contact pattern!", "email missing!"}, // a ban that cannot be read; nobody to write to
	"external-lists-ljmu/honours":    {"source_url pattern!"},                       // seen where nobody may look
	"external-lists-ljmu/linkedin":   {"source_url pattern!"},
	"external-lists-ljmu/newspapers": {"source_url pattern!"},
	"fs/awards":                      {},                                                               // years for dates are dates of their own
	"fs/candidates":                  {"personnr k1", "personnr k2", "sprakkode_malform unknown-code"}, // provisional numbers
	"fs/programmes":                  {"studierettstatkode unknown-code"},
	"graduway/newcomers":             {},
	"graduway/users":                 {"Country alias", "Newsletter Opt In unknown-code!"}, // one country, three spellings
	"hatu/harjoittelut":              {},
	"hatu/opiskelijat":               {"Opiskelijanumero spreadsheet!", "Tila unknown-code!"},
	"mira/alumni":                    {"ProtectedIdentity whereabouts-dropped"},
	"mira/consents":                  {"Purpose unknown-code!"},
	"mira/degrees":                   {"DegreeDate date"},
	"mira/events":                    {"PaidAmount pattern"}, // a currency in the amount
	"mira/erased":                    {},
	"mira/erased-members":            {},
	"mira/erased-stakeholders":       {},
	"mira/merged":                    {},
	"mira/merged-stakeholders":       {},
	"mira/stakeholders":              {},
	"raisers-edge/constituents":      {"CnBio_Birth_date pattern", "CnPh_1_01_Phone_number unknown-kind", "CnSolCd_1_01_Solicit_Code unknown-code!"}, // fuzzy dates; a link among the phones; a code that may be a ban
	"student-register-ljmu/leavers":  {"COMPLETION_STATUS unknown-code!", "DOB date", "POSTCODE pattern"},                                            // withdrawn; an American date
	"virta/ilmoittautumiset":         {"tila pattern!"},
	"virta/jaksot":                   {},
	"virta/opiskelijat":              {"hetu partial"}, // a birth date for a code
	"virta/suoritukset":              {"koulutuskoodi unknown-code"},
	"virta/tilat":                    {},
	"webforms/events":                {"event_date date", "institution unknown-code!"},                  // sent to another institution
	"webforms/forms":                 {"email blocked!", "email pattern!", "institution unknown-code!"}, // a bot; nobody to answer
	"peppi/alumnit":                  {"etunimet call-name", "syntymaaika date"},
	"reportronic/projektihenkilot":   {"Sähköposti role"},
	"student-register/opiskelijat":   {"hetu length"}, // a birth date for a code
}

// unfilled are targets that nobody in the fixture of a feed has.
var unfilled = map[string][]string{
	"dynamics365-seamk/contacts":    {"person.title"},
	"dynamics365/contacts":          {"person.title"},
	"dynamics365/consents":          {"consent.topic"},
	"student-register-ljmu/leavers": {"address.line2"},
	"student-register/opiskelijat":  {"person.deceased_date"},
	"webforms-lines/events":         {"consent.topic"},
	"student-register/tutkinnot":    {"exam.key", "exam.date", "exam.name", "exam.grade", "exam.scale"},
}

// bare gives table and column of a target, without kind and number.
func bare(target string) string {
	table, rest, _ := strings.Cut(target, ".")
	column := rest[strings.LastIndexByte(rest, '.')+1:]
	switch {
	case table == "email" && column != "kind":
		column = "address"
	case table == "phone" && column != "kind":
		column = "number"
	case table == "objection":
		column = "scope"
	case table == "role" && column != "from" && column != "to":
		column = "kind"
	}
	return table + "." + column
}

// export gives the fixture of a feed: the demo's for the six systems of the synthetic campus, else that of its own.
func export(l *layout.Layout, f *layout.Feed) string {
	own := filepath.Join("../../fixtures/systems", l.Name(), f.FileName(today()-1))
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(demo, l.System, f.FileName(today()-1))
}

// TestEverySystemIsReadByItsLayout is the contract of the shipped layouts: each has an export; nothing of it is new or missing;
// every row ends once, most of them well; and what the system is known for is seen and answered.
func TestEverySystemIsReadByItsLayout(t *testing.T) {
	for _, l := range shipped(t) {
		all := slices.Concat(l.Feeds, l.Holders)
		for i := range all {
			f := &all[i]
			if !f.InFile() {
				continue // its connector has the contract
			}
			name := l.Name() + "/" + f.Name
			t.Run(name, func(t *testing.T) {
				trial, err := authoring.Try(context.Background(), export(l, f), l, authoring.TryOptions{Feed: f.Name, Rows: 1 << 20,
					Settings: conform.Settings{RunDate: today(), AllowTemporary: true, AllowSynthetic: true}})
				if err != nil {
					t.Fatal(err)
				}
				if !trial.Same() || trial.Read == 0 || trial.Read != trial.Conformed+trial.Refused || 2*trial.Refused > trial.Read {
					t.Errorf("%d read, %d conformed, %d refused, columns %+v", trial.Read, trial.Conformed, trial.Refused, trial.Columns)
				}
				found := map[string]bool{}
				for _, p := range trial.Listed {
					code := p.Place.Field + " " + p.Code
					if p.Outcome != authoring.ValueRefused && p.Outcome != authoring.Doubted {
						code += "!"
					}
					found[code] = true
				}
				filled := map[string]bool{}
				for _, r := range trial.Rows {
					for _, x := range r.Fields {
						filled[bare(x.Target)] = true
					}
				}
				for _, c := range f.Columns {
					for _, to := range c.To {
						if to := bare(to); !filled[to] && !slices.Contains(unfilled[name], to) {
							t.Errorf("no row fills %s", to)
						}
					}
				}
				want, told := pitfalls[name]
				if !told && strings.Contains(export(l, f), "systems") || slices.ContainsFunc(want, func(x string) bool { return !found[x] }) {
					t.Errorf("found %q", slices.Sorted(maps.Keys(found)))
				}
			})
		}
	}
}
