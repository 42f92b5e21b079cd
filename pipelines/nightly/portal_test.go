package nightly_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/resttest"
	"uoma/connectors/vault"
	"uoma/internal/faultproxy"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// cells reads an export of the portal. Rows that have lost or gained a column are left out, as landing does.
func cells(t *testing.T, name string) (rows []map[string]string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
	all, err := r.ReadAll()
	if err != nil || len(all) < 10 {
		t.Fatalf("%s: %d rows, %v", name, len(all), err)
	}
	for _, row := range all[1:] {
		if len(row) != len(all[0]) {
			continue
		}
		m := map[string]string{}
		for i, column := range all[0] {
			m[column] = row[i]
		}
		rows = append(rows, m)
	}
	return rows
}

// asProfiles gives the portal's two exports as its service has them: one object a person, with lists.
func asProfiles(t *testing.T, dir, date string) (profiles []resttest.Row) {
	t.Helper()
	of := map[string][]resttest.Row{}
	for _, c := range cells(t, filepath.Join(dir, "alumni_consents_"+date+".csv")) {
		row := resttest.Row{}
		for name, text := range c {
			if row[name] = text; name == "profileId" {
				delete(row, name)
			}
		}
		of[c["profileId"]] = append(of[c["profileId"]], row)
	}
	value := func(text string) any {
		switch n, err := strconv.Atoi(text); {
		case text == "":
			return nil
		case text == "true" || text == "false":
			return text == "true"
		case err == nil && len(text) == 4: // a year, and no code or postcode
			return n
		}
		return text
	}
	for _, c := range cells(t, filepath.Join(dir, "alumni_profiles_"+date+".csv")) {
		part := func(prefix string, names ...string) resttest.Row {
			row := resttest.Row{}
			for _, name := range names {
				row[strings.ToLower(name[:1])+name[1:]] = value(c[prefix+name])
			}
			return row
		}
		row := part("", "profileId", "status", "joinedAt", "leftAt", "joinedBy", "familyName", "formerFamilyName", "givenNames", "callName", "birthDate",
			"employer", "jobTitle", "sector", "language", "surveyContactAllowed", "updatedAt")
		row["interests"], row["consents"] = strings.Split(c["interests"], ","), of[c["profileId"]]
		emails, phones, degrees := []resttest.Row{}, []resttest.Row{}, []resttest.Row{}
		for _, k := range []string{"1", "2"} {
			if text := c["email"+k]; text != "" {
				emails = append(emails, resttest.Row{"address": text, "type": value(c["email"+k+"Type"]), "verified": value(c["email"+k+"Verified"])})
			}
		}
		if text := c["phone1"]; text != "" {
			phones = append(phones, resttest.Row{"number": text, "type": value(c["phone1Type"])})
		}
		if c["degreeTitle"] != "" {
			degrees = append(degrees, part("degree", "Institution", "Title", "StartYear", "GraduationDate", "Place"))
		}
		row["emails"], row["phones"], row["degrees"] = emails, phones, degrees
		if row["homeAddress"] = nil; c["homeCity"] != "" {
			row["homeAddress"] = part("home", "Line1", "Postcode", "City", "Country")
		}
		profiles = append(profiles, row)
	}
	return profiles
}

// TestPortalOverItsServiceGivesTheSamePeople compares a night over the portal's service with one over its files: the same people with
// the same consents and addresses, though they come from other feeds.
func TestPortalOverItsServiceGivesTheSamePeople(t *testing.T) {
	local := newSite(t, databasetest.OnSQLite)
	over := local.again(t)
	dir := filepath.Join(t.TempDir(), "portal")
	if err := os.Rename(filepath.Join(over.campus, "inbox", "alumni-portal"), dir); err != nil {
		t.Fatal(err)
	}
	profiles := asProfiles(t, dir, strings.ReplaceAll(firstNight.String(), "-", ""))
	authority := tlstest.NewAuthority(t)
	line := faultproxy.New(t, authority.Serve(t, &resttest.Portal{Profiles: profiles, Throttle: resttest.Throttle{Left: 1}}))
	line.Set(faultproxy.Faults{Cut: 16 << 10, How: faultproxy.Reset, Cuts: 2})
	write(t, filepath.Join(over.dir, workspace.KeysDir, "web.crt"), authority.PEM)
	write(t, filepath.Join(over.dir, workspace.KeysDir, "portal"), []byte(resttest.Key))
	over.template(t, "alumni-portal.yaml")
	over.settings(t, fmt.Sprintf("inboxes:\n  alumni-portal: {url: \"rest://%s\", ca: keys/web.crt, networks: [127.0.0.0/8], bearer: file:keys/portal}\n", line.Addr()))
	local.finish(t, firstNight, pipelines.Finished)
	if out, err := (network{site: over}).run(t, t.Context(), firstNight); err != nil || out.State != pipelines.Finished {
		t.Fatalf("ended %q, %v: %v", out.State, err, codes(t, out))
	}
	if want, got := local.counts(t), over.counts(t); want != got {
		t.Errorf("other numbers of rows\n%s\nthan over the files\n%s", got, want)
	}
	if want, got := local.rowsOf(t, "alumni-portal/consents"), over.rowsOf(t, "alumni-portal/consents"); len(want) == 0 || fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("%d consents over the service, %d over the files", len(got), len(want))
	}
	want, got := local.knows(t), over.knows(t)
	if len(want) == 0 || len(want) != len(got) {
		t.Fatalf("%d facts of people over the service, %d over the files", len(got), len(want))
	}
	for fact := range want {
		if !got[fact] {
			t.Errorf("missing over the service: %s", fact)
		}
	}
}

// knows gives what is known of who everybody is, whichever feed says it.
func (s site) knows(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	s.at(t, func(ws *workspace.Workspace) {
		for e, err := range ws.Vault.Open(t.Context(), nil, vault.Everything) {
			if err != nil {
				t.Fatal(err)
			}
			for _, facts := range [][]vault.Fact{e.Names, e.Identifiers, e.Contacts} {
				for _, f := range facts {
					if f.Table != "" { // else it is a row's key
						known[fmt.Sprintf("%q %q %q %q", e.Subject, f.Table, f.Column, string(f.Value))] = true
					}
				}
			}
		}
	})
	return known
}
