package nightly_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/connectors/resttest"
	"uoma/internal/canon"
	"uoma/internal/faultproxy"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

// crm is a service like Dataverse that gives what the campus left as files.
type crm struct {
	dir string // of the files
	now atomic.Pointer[resttest.Dataverse]
}

func (c *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.now.Load().ServeHTTP(w, r) }

// turn has it give the rows of a night.
func (c *crm) turn(t *testing.T, date canon.Date) {
	t.Helper()
	d := strings.ReplaceAll(date.String(), "-", "")
	c.now.Store(&resttest.Dataverse{Sets: map[string][]resttest.Row{
		"contacts":                       c.rows(t, "dynamics_contacts_"+d+".csv"),
		"msdynmkt_contactpointconsent4s": c.rows(t, "dynamics_consents_"+d+".csv"),
	}, Throttle: resttest.Throttle{Left: 1}})
}

func (c *crm) rows(t *testing.T, name string) (rows []resttest.Row) {
	t.Helper()
	f, err := os.Open(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // only read from
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) < 10 {
		t.Fatalf("%s: %d rows, %v", name, len(all), err)
	}
	for _, cells := range all[1:] {
		row := resttest.Row{}
		for i, column := range all[0] {
			row[strings.TrimPrefix(column, "\ufeff")] = typed(column, cells[i])
		}
		if row["_parentcustomerid_value"] != nil {
			row[parentKind] = "account" // the campus has no others
		}
		rows = append(rows, row)
	}
	return rows
}

// parentKind says of which table the parent of a contact is.
const parentKind = "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"

// typed gives a cell as Dataverse has it: choices are numbers.
func typed(column, cell string) any {
	switch {
	case cell == "":
		return nil
	case cell == "true" || cell == "false":
		return cell == "true"
	case strings.HasPrefix(column, "msdynmkt_") || strings.HasSuffix(column, "code") && column != "address1_postalcode":
		if n, err := strconv.Atoi(cell); err == nil && strconv.Itoa(n) == cell { // no phone number
			return n
		}
	}
	return cell
}

// template puts a layout that comes with the program for copying into a workspace.
func (s site) template(t *testing.T, name string) {
	t.Helper()
	src, err := layout.TemplateSource(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, workspace.LayoutDir), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, workspace.LayoutDir, name), src)
}

// TestRowsOfAServiceGiveTheSameNight compares nights over a service with nights over the same rows in files.
func TestRowsOfAServiceGiveTheSameNight(t *testing.T) {
	local := newSite(t, databasetest.OnSQLite)
	over := local.again(t)
	service, authority := &crm{dir: filepath.Join(t.TempDir(), "dynamics365")}, tlstest.NewAuthority(t)
	if err := os.Rename(filepath.Join(over.campus, "inbox", "dynamics365"), service.dir); err != nil {
		t.Fatal(err)
	}
	line := faultproxy.New(t, authority.Serve(t, service))
	write(t, filepath.Join(over.dir, workspace.KeysDir, "web.crt"), authority.PEM)
	write(t, filepath.Join(over.dir, workspace.KeysDir, "crm"), []byte(resttest.Secret))
	over.template(t, "dynamics365.yaml")
	over.settings(t, fmt.Sprintf(`inboxes:
  dynamics365: {url: "rest://%[1]s/api/data/v9.2", ca: keys/web.crt, networks: [127.0.0.0/8], oauth: {token_url: "https://%[1]s/token", id: %[2]s, secret: file:keys/crm}}
`, line.Addr(), resttest.ID))
	n := network{site: over}
	for i, f := range []faultproxy.Faults{{}, {Cut: 16 << 10, How: faultproxy.Reset, Cuts: 2}} {
		date := firstNight + canon.Date(i)
		local.finish(t, date, pipelines.Finished)
		service.turn(t, date)
		line.Set(f)
		if out, err := n.run(t, t.Context(), date); err != nil || out.State != pipelines.Finished {
			t.Fatalf("%s ended %q, %v: %v", date, out.State, err, codes(t, out))
		}
		want, got := local.outcome(t, "nightly-"+date.String()), over.outcome(t, "nightly-"+date.String())
		if want.register != got.register || want.identity != got.identity || want.accounts != got.accounts {
			t.Errorf("%s: the night over the service differs", date)
		}
	}
	before := over.rowsOf(t, "dynamics365/contacts")
	line.Set(faultproxy.Faults{Cut: 3000, How: faultproxy.Close})
	out, err := n.run(t, t.Context(), firstNight+2)
	if got := codes(t, out); err != nil || out.State != pipelines.Part || got["dynamics365"] != "UOMA-SRC-UNREACHABLE" {
		t.Errorf("without the service: ended %q, %v: %v", out.State, err, got)
	}
	if now := over.rowsOf(t, "dynamics365/contacts"); len(before) == 0 || len(before) != len(now) {
		t.Errorf("%d rows before, %d without the service", len(before), len(now))
	}
}

// TestTemplatesLand reads services by the layouts that come with the program: every row, every column, nothing refused. The
// notice here covers none of the systems but the CRM and the portal, so that all of the others is withheld.
func TestTemplatesLand(t *testing.T) {
	s := newSite(t, databasetest.OnSQLite)
	authority, mux := tlstest.NewAuthority(t), http.NewServeMux()
	const people, crmRows = 1200, 100
	mux.Handle("/graphql/", &resttest.FS{Rights: studyRights(people), Throttle: resttest.Throttle{Left: 1}})
	sky := &resttest.SKY{Constituents: constituents(people)}
	mux.Handle("/constituent/", sky)
	mux.Handle("/token", sky)
	mux.Handle("/api/v1/", &resttest.Forms{Submissions: submissions(people)})
	mux.Handle("/integration/", examService(crmRows))
	portal := &resttest.Portal{Profiles: portalProfiles(people), Throttle: resttest.Throttle{Left: 1}}
	mux.Handle("/export/", portal)
	camera := &resttest.AXIS{Algorithm: "MD5"}
	for i := range crmRows {
		camera.Recordings = append(camera.Recordings, resttest.Recording(i))
	}
	mux.Handle("/axis-cgi/", camera)
	mux.Handle("/api/data/", &resttest.Dataverse{Sets: crmSets(crmRows)})
	mux.HandleFunc("/dataverse/token", func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/token"
		(&resttest.Dataverse{}).ServeHTTP(w, r)
	})
	addr := authority.Serve(t, mux)
	for name, text := range map[string]string{"web.crt": string(authority.PEM), "secret": resttest.Secret, "refresh": resttest.Refresh, "api": resttest.Key} {
		write(t, filepath.Join(s.dir, workspace.KeysDir, name), []byte(text))
	}
	for _, name := range []string{"fs.yaml", "raisers-edge.yaml", "web-forms.yaml", "alumni-portal.yaml", "exam.yaml", "axis.yaml", "dynamics365-seamk.yaml", "dynamics365-marketing.yaml"} {
		s.template(t, name)
	}
	s.settings(t, fmt.Sprintf(`systems: [fs, raisers-edge, web-forms, alumni-portal, exam, axis, dynamics365, dynamics365-marketing]
inboxes:
  alumni-portal: {url: "rest://%[1]s", bearer: "file:keys/api", ca: keys/web.crt, networks: [127.0.0.0/8]}
  axis: {url: "rest://%[2]s@%[1]s", password: file:keys/secret, digest: true, ca: keys/web.crt, networks: [127.0.0.0/8]}
  exam: {url: "rest://%[1]s", ca: keys/web.crt, networks: [127.0.0.0/8]}
  dynamics365: {url: "rest://%[1]s/api/data/v9.2", ca: keys/web.crt, networks: [127.0.0.0/8], oauth: {token_url: "https://%[1]s/dataverse/token", id: %[2]s, secret: file:keys/secret}}
  dynamics365-marketing: {url: "rest://%[1]s/api/data/v9.2", ca: keys/web.crt, networks: [127.0.0.0/8], oauth: {token_url: "https://%[1]s/dataverse/token", id: %[2]s, secret: file:keys/secret}}
  fs: {url: "rest://%[2]s@%[1]s", password: file:keys/secret, ca: keys/web.crt, networks: [127.0.0.0/8]}
  raisers-edge:
    url: rest://%[1]s
    ca: keys/web.crt
    networks: [127.0.0.0/8]
    keys: {Bb-Api-Subscription-Key: "file:keys/api"}
    oauth: {token_url: "https://%[1]s/token", id: %[2]s, secret: file:keys/secret, refresh: file:keys/refresh, parameters: {preserve_refresh_token: "true"}}
  web-forms: {url: "rest://%[1]s", keys: {X-Api-Key: "file:keys/api"}, ca: keys/web.crt, networks: [127.0.0.0/8]}
`, addr, resttest.ID))
	out, err := network{site: s}.run(t, t.Context(), firstNight)
	if err != nil || out.State != pipelines.Finished {
		t.Fatalf("ended %q, %v: %v", out.State, err, codes(t, out))
	}
	var landed nightly.LandFacts
	facts(t, out, "land", &landed)
	want := map[string]int64{"fs/candidates": people, "raisers-edge/constituents": people - people/10, "web-forms/submissions": people,
		"alumni-portal/profiles": people - people/10, "alumni-portal/emails": people, "alumni-portal/phones": people / 2, "alumni-portal/degrees": people - people/10,
		"alumni-portal/consents": 2 * (people - people/10), "axis/recordings": crmRows,
		"exam/records": crmRows, "exam/bookings": crmRows, "dynamics365/contacts": crmRows, "dynamics365/accounts": crmRows, "dynamics365/leads": crmRows,
		"dynamics365/consents": crmRows, "dynamics365/registrations": crmRows, "dynamics365-marketing/emails": crmRows, "dynamics365-marketing/web": crmRows}
	if len(landed.Feeds) != len(want) {
		t.Fatalf("%d feeds", len(landed.Feeds))
	}
	for _, f := range landed.Feeds {
		if f.Rows != want[f.Feed] || f.Rejected != 0 || len(f.Missing)+len(f.Unknown) > 0 {
			t.Errorf("%s: %d rows, %d rejected, missing %v, unknown %v", f.Feed, f.Rows, f.Rejected, f.Missing, f.Unknown)
		}
	}
	s.at(t, func(ws *workspace.Workspace) {
		accounts, err := ledger.Accounts(t.Context(), ws.RegisterDB, "nightly-"+firstNight.String())
		if err != nil || len(accounts) != len(want) {
			t.Fatal(len(accounts), err)
		}
		for _, a := range accounts {
			if withheld := a.Withheld == want[a.Feed]; a.RowsRead != want[a.Feed] || a.Quarantined != 0 || withheld == covered(a.Feed) {
				t.Errorf("%+v", a)
			}
		}
		var orgs int
		if err := ws.RegisterDB.Get(&orgs, "SELECT COUNT(*) FROM `org` WHERE `source` = 'dynamics365/contacts'"); err != nil || orgs != (crmRows+2)/3 {
			t.Errorf("%d organisations of contacts, of which %d have an account for a parent: %v", orgs, (crmRows+2)/3, err)
		}
	})
	found, err := workspace.Check(t.Context(), s.dir, workspace.CheckOptions{Now: time.Now(), Connect: true})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, f := range found {
		if f.Code == "UOMA-CHK-INBOX-ROWS" {
			asked++
		} else if strings.HasPrefix(f.Code, "UOMA-SRC-") || strings.HasPrefix(f.Code, "UOMA-CHK-INBOX") {
			t.Errorf("%+v", f)
		}
	}
	if asked != len(want) {
		t.Errorf("%d feeds answered", asked)
	}
}

// covered tells whether the notice of [TestTemplatesLand] covers a feed.
func covered(feed string) bool {
	return strings.HasPrefix(feed, "dynamics365/") || strings.HasPrefix(feed, "alumni-portal/")
}

// examService is EXAM's integration routes: lists without pages, and without any login.
func examService(n int) http.Handler {
	var records, bookings []resttest.Row
	for i := range n {
		eppn, day := fmt.Sprintf("s%07d@metropolia.example", i), "2026-10-12"
		records = append(records, resttest.Row{"id": 90_000 + i, "student": eppn, "studentFirstName": "Olli", "studentLastName": "Koe", "studentEmail": eppn,
			"studentId": "null", "identifier": "TX00EK12-3001", "courseUnitCode": "TX00EK12", "courseUnitName": "Ohjelmointi", "examDate": day, "studentGrade": "4",
			"gradeScale": "0-5", "examScore": 37.5, "lecturer": "x@metropolia.example", "date": "2026-10-20", "additionalInfo": "not read"})
		bookings = append(bookings, resttest.Row{"id": 70_000 + i, "startAt": day + "T09:00:00.000+03:00", "endAt": day + "T11:00:00.000+03:00", "externalRef": nil,
			"user":      resttest.Row{"id": i, "firstName": "Olli", "lastName": "Koe", "email": eppn, "userIdentifier": "2200002"},
			"enrolment": resttest.Row{"id": i, "enrolledOn": "2026-10-01T09:00:00.000+03:00", "noShow": false, "exam": resttest.Row{"id": 7, "name": "Ohjelmointi"}},
			"machine":   resttest.Row{"name": "MYL-AQ-7", "ipAddress": "192.0.2.7"}})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows, q := records, r.URL.Query()
		if r.URL.Path == "/integration/reservations" && q.Get("start") != "" && q.Get("end") != "" {
			rows = bookings
		} else if !strings.HasPrefix(r.URL.Path, "/integration/record/20") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(rows); err != nil {
			panic(err)
		}
	})
}

// parents are those of contacts in turn: an account, another contact, and none, of which Dataverse says no kind.
var parents = [...]struct {
	id   any
	kind string
}{{"3f2504e0-4f89-41d3-9a0c-0000000000a1", "account"}, {"3f2504e0-4f89-41d3-9a0c-000000000001", "contact"}, {nil, ""}}

// crmSets are the tables of a CRM and its marketing, every property of which stands in each row.
func crmSets(n int) map[string][]resttest.Row {
	sets := map[string][]resttest.Row{}
	for i := range n {
		id, mail, when := fmt.Sprintf("3f2504e0-4f89-41d3-9a0c-%012d", i), fmt.Sprintf("eino%d@posti.example", i), "2026-11-02T08:15:30Z"
		for set, row := range map[string]resttest.Row{
			"contacts": {"contactid": id, "merged": false, "_masterid_value": nil, "firstname": "Eino", "lastname": "Varhainen", "salutation": nil, "governmentid": nil, "emailaddress1": mail, "emailaddress2": nil,
				"mobilephone": nil, "telephone1": nil, "address1_line1": nil, "address1_city": nil, "address1_postalcode": nil, "address1_country": nil, "jobtitle": nil,
				"_parentcustomerid_value": parents[i%3].id, "donotemail": false, "donotbulkemail": true, "donotphone": false, "donotpostalmail": false, "donotbulkpostalmail": false, "donotsendmm": false,
				"modifiedon": when, "_modifiedby_value": id, "seamk_role": "alumni", "seamk_studentnumber": fmt.Sprintf("%07d", i)},
			"accounts": {"accountid": id, "name": "Mallipaja Oy", "accountnumber": nil, "emailaddress1": nil, "telephone1": nil, "websiteurl": nil, "modifiedon": when, "_modifiedby_value": id},
			"leads":    {"leadid": id, "firstname": "Eino", "lastname": "Varhainen", "emailaddress1": mail, "statecode": 0, "modifiedon": when, "_modifiedby_value": id},
			"msdynmkt_contactpointconsent4s": {"msdynmkt_contactpointconsent4id": id, "msdynmkt_contactpointvalue": mail, "msdynmkt_contactpointtype": 534120000,
				"_msdynmkt_purposeid_value": "00000000-0000-0000-0000-0000000000a1", "msdynmkt_value": 534120001, "msdynmkt_source": 534120005, "modifiedon": when},
			"msevtmgt_eventregistrations": {"msevtmgt_eventregistrationid": id, "_msevtmgt_contactid_value": id, "_msevtmgt_eventid_value": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"},
			"emails":                      {"activityid": id, "_regardingobjectid_value": id, "regardingobjectid_contact_email/contactid": id, "createdon": when, "directioncode": i%2 == 0},
			"seamk_websitevisits":         {"seamk_websitevisitid": id, "_seamk_contactid_value": id, "createdon": when},
		} {
			sets[set] = append(sets[set], row)
		}
		if i%3 == 0 { // about an account, by whose key nobody must be known
			sets["emails"] = append(sets["emails"], resttest.Row{"activityid": fmt.Sprintf("4f2504e0-4f89-41d3-9a0c-%012d", i), "_regardingobjectid_value": parents[0].id, "createdon": when, "directioncode": true})
		}
		if kind := parents[i%3].kind; kind != "" {
			sets["contacts"][i][parentKind] = kind
		}
	}
	return sets
}

// studyRights gives rights to study, as FS has them.
func studyRights(n int) (rows []resttest.Row) {
	for i := range n {
		rows = append(rows, resttest.Row{"id": fmt.Sprintf("R%d", i), "status": "AKTIV", "startdato": "2024-08-15",
			"personProfil": resttest.Row{"personlopenummer": strconv.Itoa(1_000_000 + i), "fodselsnummer": nil, "fodselsdato": "1985-03-14", "kjonn": "K", "maalform": "BOKMAL",
				"navn": resttest.Row{"fornavn": "Kari", "etternavn": "Prøve"}, "feideBruker": nil, "mobilTelefon": "+4740000005", "privatTelefon": nil,
				"privatEpost": fmt.Sprintf("kari.prove%d@post.example", i), "institusjonsepost": nil},
			"studieprogram": resttest.Row{"kode": "M-ECOL", "navnAlleSprak": resttest.Row{"nb": "Økologi, master"}}})
	}
	return rows
}

// constituents gives people and, every tenth, an organisation, as SKY API has them.
func constituents(n int) (rows []resttest.Row) {
	for i := range n {
		row := resttest.Row{"id": strconv.Itoa(i), "lookup_id": strconv.Itoa(1_044_000 + i), "type": "Individual", "name": "Sam O'Specimen", "title": "Mr", "first": "Sam", "middle": nil,
			"last": "O'Specimen", "former_name": nil, "preferred_name": "Sammy", "suffix": nil, "gender": "Male", "birthdate": resttest.Row{"d": 30, "m": 11, "y": 1978}, "age": 48,
			"deceased": i%7 == 0, "deceased_date": resttest.Row{"y": 2026}, "inactive": i%5 == 0, "marital_status": "Single", "gives_anonymously": false, "is_memorial": false,
			"no_valid_address": i%4 == 0,
			"email":            resttest.Row{"address": fmt.Sprintf("sam%d@mail.example", i), "do_not_email": i%3 == 0, "inactive": i%6 == 0, "primary": true, "type": "Email"},
			"phone":            resttest.Row{"number": "+447700900123", "do_not_call": false, "inactive": false, "primary": true, "type": "Home"},
			"address": resttest.Row{"address_lines": "1 Sample Street", "city": "Liverpool", "county": "Merseyside", "state": nil, "suburb": nil, "postal_code": "L3 5UX",
				"country": "United Kingdom", "do_not_mail": false, "preferred": true, "type": "Home", "start": nil, "end": nil},
			"online_presence": resttest.Row{"address": "https://linkedin.example/in/x"}, "spouse": resttest.Row{"first": "nobody"}, "date_added": "2001-10-01T12:00:00+01:00",
			"date_modified": "2026-10-01T12:00:00+01:00"}
		if i%10 == 9 {
			row = resttest.Row{"id": strconv.Itoa(i), "lookup_id": strconv.Itoa(1_044_000 + i), "type": "Organization", "name": "Mallipaja Ltd", "date_modified": "2026-10-01T12:00:00+01:00"}
		}
		rows = append(rows, row)
	}
	return rows
}

// portalProfiles gives members with what they keep in lists and, every tenth, a profile that its person deleted.
func portalProfiles(n int) (rows []resttest.Row) {
	for i := range n {
		id, when := fmt.Sprintf("11111111-2222-3333-4444-%012d", i), "2026-10-30T18:20:11+02:00"
		if i%10 == 9 {
			rows = append(rows, resttest.Row{"profileId": id, "deleted": true, "updatedAt": when})
			continue
		}
		consent := func(purpose, state string) resttest.Row {
			return resttest.Row{"purpose": purpose, "channel": "email", "state": state, "time": "2025-03-04T10:00:00+02:00", "textVersion": "2024-1"}
		}
		row := resttest.Row{"profileId": id, "status": "active", "joinedAt": "2020-02-03T09:00:00+02:00", "leftAt": nil, "joinedBy": "self", "familyName": "Testaaja", "formerFamilyName": nil,
			"givenNames": "Veikko", "callName": "Veikko", "birthDate": "1985-03-14", "emails": []resttest.Row{{"address": fmt.Sprintf("veikko%d@posti.example", i), "type": "personal", "verified": true}},
			"phones": nil, "homeAddress": resttest.Row{"line1": "Koetie 1", "postcode": "50100", "city": "Mikkeli", "country": "FI"}, "employer": "Mallipaja Oy", "jobTitle": "Toimitusjohtaja", "sector": "C",
			"degrees":   []resttest.Row{{"institution": "02506", "title": "Insinööri (AMK)", "startYear": 2008, "graduationDate": "2012-05-31", "place": "Mikkeli"}},
			"interests": []string{"mentorointi"}, "consents": []resttest.Row{consent("newsletter", "given"), consent("surveys", "withdrawn")}, "language": "fi", "surveyContactAllowed": true, "updatedAt": when}
		switch i % 10 { // of ten one has another address, and five have a phone
		case 0:
			row["emails"] = append(row["emails"].([]resttest.Row), resttest.Row{"address": fmt.Sprintf("veikko%d@muu.example", i), "type": "personal", "verified": false})
			fallthrough
		case 1, 2, 3, 4:
			row["phones"] = []resttest.Row{{"number": "+358400000002", "type": "mobile"}}
		}
		rows = append(rows, row)
	}
	return rows
}

// submissions gives orders of the newsletter.
func submissions(n int) (rows []resttest.Row) {
	for i := range n {
		rows = append(rows, resttest.Row{"submission_id": fmt.Sprintf("01JC%022d", i), "institution": "xamk.example", "submitted_at": "2026-11-02T08:15:30Z", "form_version": "2026-03", "locale": "fi",
			"first_name": "Eino", "last_name": "Varhainen", "email": fmt.Sprintf("eino%d@posti.example", i), "email_verified_at": "2026-11-02T08:20:00Z", "phone": nil,
			"consents": resttest.Row{"newsletter": i%2 == 0, "similar_events": false}, "event_code": nil, "event_name": nil, "event_date": nil,
			"client_ip": "192.0.2.1", "message": "not read"})
	}
	return rows
}
