package conform_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// template gives a conformer of a layout for copying.
func template(t *testing.T, name, short string) (*conform.Conformer, *layout.Feed) {
	t.Helper()
	src, err := layout.TemplateSource(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse(name+".yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	c, err := conform.New(l, l.Feed(short), settings())
	if err != nil {
		t.Fatal(err)
	}
	return c, l.Feed(short)
}

func ofShipped(t *testing.T, name, short string) (*conform.Conformer, *layout.Feed) {
	return conformer(t, name+"/"+short)
}

var stateOf = regexp.MustCompile(` state=(\w+)`)

// states gives what the consents of an outcome say.
func (o *outcome) states() (out []string) {
	for _, row := range o.table("consent") {
		out = append(out, stateOf.FindStringSubmatch(row)[1])
	}
	slices.Sort(out)
	return out
}

// own gives the institution whose forms a feed reads.
func own(f *layout.Feed) string {
	for domain := range f.Columns[f.Index("institution")].Codes {
		return domain
	}
	return ""
}

// sent gives a submission of a newsletter's order or of a sign-up, as a feed has it.
func sent(f *layout.Feed, more cells) cells {
	row := cells{"submission_id": "01JC0000000000000000000001", "submitted_at": "2026-11-02T08:15:30Z", "email": "eino.varhainen@posti.example", "form": "newsletter", "form_version": "2026-03",
		"event_code": "EV26-014", "institution": own(f), "email_verified_at": "2026-11-02T08:20:00Z"}.with(more)
	for name := range row {
		if f.Index(name) < 0 {
			delete(row, name)
		}
	}
	return row
}

// formFeeds are the feeds of forms, shipped and for copying, with a column of a consent in each.
var formFeeds = []struct {
	name, feed, column string
	open               func(t *testing.T, name, feed string) (*conform.Conformer, *layout.Feed)
}{
	{"webforms", "forms", "consent_newsletter", ofShipped},
	{"webforms", "events", "consent_similar_events", ofShipped},
	{"webforms-lines", "forms", "newsletter", template},
	{"webforms-lines", "forms", "similar_events", template},
	{"webforms-lines", "events", "newsletter", template},
	{"webforms-lines", "events", "similar_events", template},
	{"web-forms", "submissions", "newsletter", template},
	{"web-forms", "submissions", "similar_events", template},
}

// TestFormsOfAnotherInstitutionAreRefused: one server may have those of several, and nobody of another one is shown here. Where none is
// named the export has lost it, and what was loaded stands.
func TestFormsOfAnotherInstitutionAreRefused(t *testing.T) {
	for _, of := range formFeeds {
		c, f := of.open(t, of.name, of.feed)
		for institution, want := range map[string]int{own(f): 0, "muu.example": 1, "": 1} {
			if o := run(t, c, raw(t, f, 2, sent(f, cells{"institution": institution}))); len(o.rejected) != want || want == 1 && (len(o.table("person")) > 0 || o.rejected[0].Ends != (institution != "")) {
				t.Errorf("%s/%s of %q: %d refused\n%s", of.name, of.feed, institution, len(o.rejected), o.text())
			}
		}
	}
}

// TestFormsOfBotsAndTestsAreRefused: an address of a domain on the block list, or below one, is nobody's; its row is counted.
func TestFormsOfBotsAndTestsAreRefused(t *testing.T) {
	for _, of := range formFeeds {
		c, f := of.open(t, of.name, of.feed)
		for address, blocked := range map[string]bool{"a1@bots.example": true, "A2@Mail.Bots.Example": true, "a@b.test": true, "tester@example.com": true,
			"eino@robots.example": false, "eino@bots.example.posti.example": false, "bots.example@posti.example": false} {
			o := run(t, c, raw(t, f, 2, sent(f, cells{"email": address})))
			switch {
			case !blocked && (len(o.rejected) > 0 || len(o.table("email")) != 1):
				t.Errorf("%s/%s of %s is refused\n%s", of.name, of.feed, address, o.text())
			case blocked && (len(o.rows) > 0 || len(o.rejected) != 1 || o.rejected[0].Code != "blocked" || !o.rejected[0].Ends || !strings.Contains(o.rejected[0].Reason, "blocks") ||
				o.invalid("email", "blocked") != 1):
				t.Errorf("%s/%s of %s\n%s", of.name, of.feed, address, o.text())
			}
		}
	}
}

// TestAnAddressOfAnUnknownKindEndsNothing: whether it would be refused nobody knows. It is the same for who counts rows before they are
// conformed.
func TestAnAddressOfAnUnknownKindEndsNothing(t *testing.T) {
	src := `{system: demo, title: Demo, controller: "10118", feeds: [{name: people, file: "people_{yyyyMMdd}.csv", format: {type: csv}, key: [id], person: [id],
  columns: [{name: id, required: true, to: person.source_key}, {name: kind}, {name: point, as: point, by: kind, required: true, invalid: refuse, block: [bots.example], to: email.other}]}]}`
	c, f := parsed(t, src)
	for _, tt := range []struct {
		kind, point string
		rejected    int
		ends        bool
	}{
		{"email", "eino@posti.example", 0, false},
		{"email", "a@bots.example", 1, true},
		{"email", "no address", 1, true},
		{"email", "", 1, false},
		{"letter", "a@bots.example", 1, false},
		{"", "eino@posti.example", 1, false},
	} {
		r := raw(t, f, 2, cells{"id": "1", "kind": tt.kind, "point": tt.point})
		o := run(t, c, r)
		if len(o.rejected) != tt.rejected || tt.rejected > 0 && o.rejected[0].Ends != tt.ends || c.Ends(r, 0) != tt.ends || !c.MayEnd() {
			t.Errorf("%+v\n%s", tt, o.text())
		}
	}
}

// TestABanOfABoughtListEndsWhatWasLoaded: whoever must not be contacted does not come in, and goes who came in before, also by a word that
// nobody told of, and whatever else their row lacks; a row that lacks something else alone stands meanwhile.
func TestABanOfABoughtListEndsWhatWasLoaded(t *testing.T) {
	c, f := ofShipped(t, "external-lists", "purchased")
	row := cells{"email": "veikko@posti.example", "provider": "Mallitieto", "licence": "LIA-2026-04", "licence_until": "2027-09-30"}
	for _, tt := range []struct {
		row            cells
		rejected, goes bool
	}{
		{row, false, false},
		{row.with(cells{"do_not_contact": "x"}), true, true},
		{row.with(cells{"do_not_contact": "ehkä"}), true, true},
		{row.with(cells{"licence_until": "soon"}), true, false},
		{row.with(cells{"provider": ""}), true, false},
		{row.with(cells{"do_not_contact": "x", "licence_until": "soon"}), true, true},
		{row.with(cells{"do_not_contact": "x", "provider": ""}), true, true},
	} {
		o := run(t, c, raw(t, f, 2, tt.row))
		if (len(o.rejected) == 1) != tt.rejected || tt.rejected && (o.rejected[0].Ends != tt.goes || len(o.rows) > 0) {
			t.Errorf("%v\n%s", tt.row, o.text())
		}
	}
}

// TestABlockedAddressIsLeftOut: where the row is worth something without it, the address alone goes; of a list the whole cell does.
func TestABlockedAddressIsLeftOut(t *testing.T) {
	src := `{system: demo, title: Demo, controller: "10118", feeds: [{name: people, file: "people_{yyyyMMdd}.csv", format: {type: csv}, key: [id], person: [id],
  columns: [{name: id, required: true, to: person.source_key}, {name: mail, as: email, block: [Bots.Example], to: email.personal},
  {name: mails, as: email, list: ";", block: [bots.example]},
  {name: kind}, {name: point, as: point, by: kind, block: [bots.example], to: email.other}]}]}`
	c, f := parsed(t, src)
	for _, tt := range []struct {
		row    cells
		emails int
	}{
		{cells{"mail": "a@bots.example"}, 0},
		{cells{"mails": "eino@posti.example;a@bots.example"}, 0},
		{cells{"mail": "eino@posti.example"}, 1},
		{cells{"kind": "email", "point": "a@bots.example"}, 0},
		{cells{"kind": "email", "point": "eino@posti.example"}, 1},
		{cells{"kind": "phone", "point": "0400000006"}, 1},
	} {
		o := run(t, c, raw(t, f, 2, tt.row.with(cells{"id": "1"})))
		if len(o.rejected) > 0 || len(o.table("person")) != 1 || len(o.table("email")) != tt.emails ||
			o.invalid("mail", "blocked")+o.invalid("mails", "blocked")+o.invalid("point", "blocked") != int64(1-tt.emails) {
			t.Errorf("%v\n%s", tt.row, o.text())
		}
	}
}

// TestATickedBoxIsNoConsent: a version of a form that ticks for the person grants nothing; what is refused on it counts.
func TestATickedBoxIsNoConsent(t *testing.T) {
	for _, of := range formFeeds {
		c, f := of.open(t, of.name, of.feed)
		for _, tt := range []struct {
			version, says, verified string
			want                    []string
		}{
			{"2026-03", "true", "2026-11-02T08:20:00Z", []string{"granted"}},
			{"2017-01", "true", "2026-11-02T08:20:00Z", nil},
			{"2017-01", "true", "", nil},
			{"2017-01", "false", "", []string{"withdrawn"}},
		} {
			row := sent(f, cells{"form_version": tt.version, of.column: tt.says, "email_verified_at": tt.verified})
			if o := run(t, c, raw(t, f, 2, row)); !slices.Equal(o.states(), tt.want) || len(o.rejected) > 0 {
				t.Errorf("%s/%s: %s=%q of version %s: %v\n%s", of.name, of.feed, of.column, tt.says, tt.version, o.states(), o.text())
			}
		}
	}
}

// TestARefusalCountsWhoeversTheAddressIs: what a form grants waits until the address is proved, what it refuses does not, and what was
// not asked says nothing.
func TestARefusalCountsWhoeversTheAddressIs(t *testing.T) {
	const verified = "2026-11-02T08:20:00Z"
	line := cells{"submission_id": "01JC0000000000000000000001", "submitted_at": "2026-11-02T08:15:30Z", "email": "eino.varhainen@posti.example", "form": "newsletter", "form_version": "2026-03"}
	for _, of := range []struct {
		name, feed, column string
		waits              []string // what a grant of nobody's address says
		open               func(t *testing.T, name, feed string) (*conform.Conformer, *layout.Feed)
	}{
		{"webforms", "forms", "consent_newsletter", []string{"unknown"}, ofShipped},
		{"webforms", "events", "consent_similar_events", []string{"unknown"}, ofShipped},
		{"webforms-lines", "forms", "newsletter", []string{"unknown"}, template},
		{"webforms-lines", "forms", "similar_events", []string{"unknown"}, template},
		{"web-forms", "submissions", "newsletter", nil, template},
		{"web-forms", "submissions", "similar_events", nil, template},
	} {
		for _, tt := range []struct {
			says, verified string
			want           []string
		}{
			{"true", verified, []string{"granted"}},
			{"true", "", of.waits},
			{"false", verified, []string{"withdrawn"}},
			{"false", "", []string{"withdrawn"}},
			{"", verified, nil},
			{"", "", nil},
		} {
			c, f := of.open(t, of.name, of.feed)
			row := line.with(cells{of.column: tt.says, "email_verified_at": tt.verified, "institution": own(f)})
			if of.feed == "events" {
				row["event_code"] = "EV26-014"
			}
			if f.Index("form") < 0 {
				delete(row, "form")
			}
			if o := run(t, c, raw(t, f, 2, row)); !slices.Equal(o.states(), tt.want) || len(o.rejected) > 0 {
				t.Errorf("%s: %s=%q, verified %q: %v\n%s", of.name, of.column, tt.says, tt.verified, o.states(), o.text())
			}
		}
	}
}

// TestTimesOfConnectAreUTC: an hour too early, a word of the summer would count for older than one that came before it.
func TestTimesOfConnectAreUTC(t *testing.T) {
	c, f := ofShipped(t, "graduway", "users")
	o := run(t, c, raw(t, f, 2, cells{"User ID": "550001", "External ID": "1044982", "Registration Status": "Approved", "User Type": "Alumni", "First Name": "Dana", "Last Name": "Specimen", "Email": "dana@mail.example",
		"Newsletter Opt In": "TRUE", "Event Emails Opt In": "FALSE", "Contact Visibility": "Members", "Terms Accepted At": "2026-07-10 11:00:00"}))
	if rows := o.table("consent"); len(rows) != 2 || !strings.Contains(rows[0], "time=2026-07-10T11:00:00Z") {
		t.Errorf("%q\n%s", rows, o.text())
	}
}

// member is somebody on LJMU Connect.
func member(more cells) cells {
	return cells{"User ID": "550001", "External ID": "1044982", "Registration Status": "Approved", "User Type": "Alumni", "First Name": "Dana", "Last Name": "Specimen", "Email": "dana@mail.example",
		"Secondary Email": "d@mail.example", "Mobile Phone": "07700 900123", "City": "Liverpool", "Country": "UK", "Current Company": "Mallipaja Ltd",
		"Newsletter Opt In": "TRUE", "Event Emails Opt In": "FALSE", "Contact Visibility": "Hidden", "Terms Accepted At": "2026-07-10 11:00:00"}.with(more)
}

// TestAnAddressThatNobodyProvedIsAnotherOne: it may be a stranger's, so nothing that goes to a personal address goes there.
func TestAnAddressThatNobodyProvedIsAnotherOne(t *testing.T) {
	const id = "11111111-2222-3333-4444-555555555555"
	profile := cells{"profileId": id, "status": "active", "familyName": "Testaaja", "givenNames": "Veikko"}
	for verified, proved := range map[string]bool{"true": true, "false": false, "": false, "ehkä": false} {
		for kind, want := range map[string]string{"personal": "personal", "work": "work", "": "other"} {
			if !proved {
				want = "other"
			}
			want := " kind=" + want + " address=veikko@posti.example"
			for n := range 2 {
				c, f := ofShipped(t, "alumni-portal", "profiles")
				column := fmt.Sprintf("email%d", n+1)
				o := run(t, c, raw(t, f, 2, profile.with(cells{column: "veikko@posti.example", column + "Type": kind, column + "Verified": verified})))
				if rows := o.table("email"); len(rows) != 1 || !strings.HasSuffix(rows[0], want) {
					t.Errorf("%s of %q, verified %q: %q\n%s", column, kind, verified, rows, o.text())
				}
			}
			c, f := template(t, "alumni-portal", "emails")
			o := run(t, c, raw(t, f, 2, cells{"profileId": id, "address": "veikko@posti.example", "type": kind, "verified": verified}))
			if rows := o.table("email"); len(rows) != 1 || !strings.HasSuffix(rows[0], want) {
				t.Errorf("address of %q, verified %q: %q\n%s", kind, verified, rows, o.text())
			}
		}
	}
}

// TestADeletedProfileIsNone: it comes with its id alone for a while, which is neither a row nor a mistake.
func TestADeletedProfileIsNone(t *testing.T) {
	_, files := ofShipped(t, "alumni-portal", "profiles")
	_, service := template(t, "alumni-portal", "profiles")
	for _, f := range []*layout.Feed{files, service} {
		if !slices.Equal(f.Format.SkipWhenEmpty, []string{"status", "familyName", "givenNames"}) || !slices.Contains(f.Drop, "deleted") {
			t.Errorf("%s %v %v", f.Kind(), f.Format.SkipWhenEmpty, f.Drop)
		}
	}
}

// TestNobodyIsAMemberOfConnectBeforeApproval: of a registration that is not approved nobody knows whose it is: it has no role, gives
// no contact data that would be taken for the alumnus's own, and grants nothing; what it refuses counts.
func TestNobodyIsAMemberOfConnectBeforeApproval(t *testing.T) {
	for _, feed := range []string{"users", "newcomers"} {
		nobodyBeforeApproval(t, feed)
	}
}

func nobodyBeforeApproval(t *testing.T, feed string) {
	c, f := ofShipped(t, "graduway", feed)
	for _, kind := range []string{"Alumni", "Student", "Staff", "Friend"} {
		for status, approved := range map[string]bool{"Approved": true, "Pending": false, "Rejected": false, "Deactivated": false} {
			o := run(t, c, raw(t, f, 2, member(cells{"User Type": kind, "Registration Status": status})))
			want, states := map[string]int{"role": 0, "email": 0, "phone": 0, "address": 0, "employment": 0, "objection": 1}, []string{"withdrawn"}
			if approved {
				want, states = map[string]int{"role": 1, "email": 2, "phone": 1, "address": 1, "employment": 1, "objection": 1}, []string{"granted", "withdrawn"}
			}
			for table, n := range want {
				if got := o.table(table); len(got) != n {
					t.Errorf("%s, %s: %s %q", kind, status, table, got)
				}
			}
			if !slices.Equal(o.states(), states) || len(o.rejected) > 0 {
				t.Errorf("%s, %s: %q\n%s", kind, status, o.states(), o.text())
			}
		}
	}
}

// TestConnectNamesPeopleOfRaisersEdge: who has been found there is that constituent, and a row is read by one of the two feeds.
func TestConnectNamesPeopleOfRaisersEdge(t *testing.T) {
	c, f := ofShipped(t, "graduway", "users")
	_, newcomers := ofShipped(t, "graduway", "newcomers")
	o := run(t, c, raw(t, f, 2, member(nil)))
	if key, ok := c.PersonKey(raw(t, f, 2, member(nil)), 0, nil); !ok || f.Person.Of != "raisers-edge" || !strings.Contains(string(key), "1044982") || strings.Contains(string(key), "550001") {
		t.Errorf("%q of %q\n%s", key, f.Person.Of, o.text())
	}
	if !slices.Equal(f.Format.SkipWhenEmpty, newcomers.Format.SkipWhenFilled) || newcomers.Person.Of != "" {
		t.Errorf("%v and %v", f.Format.SkipWhenEmpty, newcomers.Format.SkipWhenFilled)
	}
}

// TestTimesOfConnectAfterExcel: somebody opened the export and saved it.
func TestTimesOfConnectAfterExcel(t *testing.T) {
	c, f := ofShipped(t, "graduway", "users")
	for text, want := range map[string]string{"10/01/2024 11:00": "2024-01-10T11:00:00Z", "10/01/2024 11:00:30": "2024-01-10T11:00:30Z", "10/01/2024": "2024-01-10T00:00:00Z"} {
		o := run(t, c, raw(t, f, 2, member(cells{"Terms Accepted At": text})))
		if rows := o.table("consent"); len(rows) != 2 || !strings.Contains(rows[0], "time="+want) || !strings.Contains(rows[1], "time="+want) {
			t.Errorf("%s: %q", text, rows)
		}
	}
}

// TestErasedInMiraIsARefusal: of a stub nothing is read but that whom FS has by that number is not to be invited, and a person who was
// merged into another is passed over; neither is a row of the alumni.
func TestErasedInMiraIsARefusal(t *testing.T) {
	c, f := ofShipped(t, "mira", "erased")
	if f.Person.Of != "fs" {
		t.Errorf("people of %q", f.Person.Of)
	}
	o := run(t, c, raw(t, f, 2, cells{"MiraId": "70001", "ExternalId": "1230001", "MembershipStatus": "Erased", "Updated": "2026-10-01 12:30"}))
	if rows := o.table("consent"); len(rows) != 1 || !strings.Contains(rows[0], "purpose=invitation") || !strings.Contains(rows[0], "state=refused") || !strings.Contains(o.text(), "source_key=1230001") {
		t.Errorf("%q\n%s", rows, o.text())
	}
	for _, feed := range []string{"alumni", "erased", "stakeholders"} {
		_, f := ofShipped(t, "mira", feed)
		if !slices.Contains(f.Format.SkipWhenFilled, "MergedInto") {
			t.Errorf("%s reads people who were merged into others", feed)
		}
	}
	c, f = ofShipped(t, "mira", "alumni")
	o = run(t, c, raw(t, f, 2, cells{"MiraId": "70001", "FirstName": "Kari", "LastName": "Prøve", "ProtectedIdentity": "0", "MembershipStatus": "Erased"}))
	if len(o.rejected) != 1 {
		t.Errorf("erased, and yet with a name\n%s", o.text())
	}
}

// TestEveryBanOfTheCRMIsRead: each of the six is about its channel, in files and over the Web API, and true is a ban.
func TestEveryBanOfTheCRMIsRead(t *testing.T) {
	bans := map[string]string{"donotemail": "channel=email", "donotbulkemail": "channel=email", "donotphone": "channel=phone", "donotpostalmail": "channel=post",
		"donotbulkpostalmail": "channel=post", "donotsendmm": "scope=marketing"}
	none := cells{"contactid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "lastname": "Varhainen"}
	for ban := range bans {
		none[ban] = "false"
	}
	for _, open := range []func(*testing.T, string, string) (*conform.Conformer, *layout.Feed){ofShipped, template} {
		for _, name := range []string{"dynamics365", "dynamics365-seamk"} {
			c, f := open(t, name, "contacts")
			if o := run(t, c, raw(t, f, 2, none)); len(o.table("objection")) > 0 || len(o.table("person")) != 1 {
				t.Errorf("%s without a ban\n%s", name, o.text())
			}
			for ban, want := range bans {
				if rows := run(t, c, raw(t, f, 2, none.with(cells{ban: "true"}))).table("objection"); len(rows) != 1 || !strings.Contains(rows[0], want) ||
					want == "scope=marketing" && strings.Contains(rows[0], "channel=") {
					t.Errorf("%s: %s: %q", name, ban, rows)
				}
			}
		}
	}
}

// donor is a constituent of the fundraisers of whom little is known.
var donor = cells{"CnBio_ID": "1044001", "CnBio_Last_Name": "Sample", "CnBio_Deceased": "No", "CnBio_Inactive": "No", "CnBio_No_Valid_Addresses": "No",
	"CnBio_Requests_no_e-mail": "No"}

// TestEveryCodeOfTheFundraisersIsRead: five solicit codes stand in the export, each of which forbids its channel or all of them, and five
// constituencies.
func TestEveryCodeOfTheFundraisersIsRead(t *testing.T) {
	c, f := ofShipped(t, "raisers-edge", "constituents")
	for n := 1; n <= 5; n++ {
		column := fmt.Sprintf("CnSolCd_1_%02d_Solicit_Code", n)
		for code, want := range map[string]string{"Do Not Contact/Solicit": "", "Do Not Email": " channel=email", "Do Not Phone": " channel=phone",
			"Do Not Call": " channel=phone", "Do Not Mail": " channel=post"} {
			o := run(t, c, raw(t, f, 2, donor.with(cells{column: code})))
			if rows := o.table("objection"); len(rows) != 1 || !strings.HasSuffix(rows[0], " scope=marketing"+want) {
				t.Errorf("%s of %s: %q\n%s", code, column, rows, o.text())
			}
		}
		if o := run(t, c, raw(t, f, 2, donor.with(cells{column: "Ask first"}))); len(o.rejected) != 1 {
			t.Errorf("%s may be a ban\n%s", column, o.text())
		}
		column = fmt.Sprintf("CnCnstncy_1_%02d_CodeLong", n)
		for code, want := range map[string]string{"Alumni": "alumnus", "Friend": "contact", "Staff": "staff", "Current Student": "student"} {
			o := run(t, c, raw(t, f, 2, donor.with(cells{column: code})))
			if rows := o.table("role"); len(rows) != 1 || !strings.HasSuffix(rows[0], " kind="+want) {
				t.Errorf("%s of %s: %q\n%s", code, column, rows, o.text())
			}
		}
	}
	o := run(t, c, raw(t, f, 2, donor.with(cells{"CnSolCd_1_01_Solicit_Code": "Do Not Mail", "CnSolCd_1_02_Solicit_Code": "Do Not Email",
		"CnCnstncy_1_01_CodeLong": "Staff", "CnCnstncy_1_02_CodeLong": "Alumni"})))
	if len(o.table("objection")) != 2 || len(o.table("role")) != 2 {
		t.Errorf("two of each\n%s", o.text())
	}
}

// TestErasedByTheFundraisersIsABan: of whoever was erased there the id is left, without a name, and nobody is to contact them again;
// an organisation, of which the name is another one, is passed over.
func TestErasedByTheFundraisersIsABan(t *testing.T) {
	c, f := ofShipped(t, "raisers-edge", "constituents")
	if !slices.Equal(f.Format.SkipWhenFilled, []string{"CnBio_Org_Name"}) || len(f.Format.SkipWhenEmpty) > 0 {
		t.Errorf("passes over %v and what is without %v", f.Format.SkipWhenFilled, f.Format.SkipWhenEmpty)
	}
	for _, tt := range []struct {
		row  cells
		bans int
	}{{donor, 0}, {donor.with(cells{"CnBio_Last_Name": "", "CnBio_First_Name": "Sam"}), 0}, {donor.with(cells{"CnBio_Last_Name": ""}), 1}} {
		o := run(t, c, raw(t, f, 2, tt.row))
		if rows := o.table("objection"); len(rows) != tt.bans || tt.bans > 0 && !strings.HasSuffix(rows[0], " scope=marketing") || len(o.table("person")) != 1 {
			t.Errorf("%v: %q\n%s", tt.row, rows, o.text())
		}
	}
}

// TestConstituentsOverTheAPI: people are known by the id that others name them by, and only what is in use is read of how they are
// reached.
func TestConstituentsOverTheAPI(t *testing.T) {
	c, f := template(t, "raisers-edge", "constituents")
	sam := cells{"id": "98231", "lookup_id": "1044982", "first": "Sam", "last": "O'Specimen", "inactive": "false", "no_valid_address": "false",
		"email": "sam@mail.example", "phone": "0151 496 0001", "phone_type": "Home", "line1": "1 Sample Street", "country": "United Kingdom", "postal_code": "l35ux",
		"address_type": "Business", "birth_day": "3", "birth_month": "11", "birth_year": "1978", "birth_date": "1978"}
	for _, tt := range []struct {
		name   string
		change cells
		table  string
		want   string
	}{
		{"whose", nil, "person", " row_key=98231 person_key=1044982 line=2 source_key=1044982 "},
		{"born", nil, "person", " birth_date=1978-11-03 "},
		{"born in a month", cells{"birth_day": ""}, "person", " institution_code=10003957 birth_year=1978 family_name="},
		{"in use", nil, "email", " kind=personal address=sam@mail.example"},
		{"not in use", cells{"email_inactive": "true"}, "email", ""},
		{"a phone at home", nil, "phone", " kind=home number=+441514960001"},
		{"a phone of its own kind", cells{"phone_type": "Boat"}, "phone", " kind=other number="},
		{"a phone not in use", cells{"phone_inactive": "true"}, "phone", ""},
		{"at work", nil, "address", " kind=work line1=1 Sample Street postcode=L3 5UX country=GB"},
		{"moved away", cells{"no_valid_address": "true"}, "address", ""},
		{"nothing against it", nil, "objection", ""},
		{"not contacted", cells{"inactive": "true"}, "objection", " scope=marketing"},
		{"not called", cells{"do_not_call": "true"}, "objection", " scope=marketing channel=phone"},
	} {
		o := run(t, c, raw(t, f, 2, sam.with(tt.change)))
		if rows := o.table(tt.table); (len(rows) == 1) != (tt.want != "") || tt.want != "" && !strings.Contains(rows[0]+" ", tt.want) {
			t.Errorf("%s: %q\n%s", tt.name, rows, o.text())
		}
	}
	if o := run(t, c, raw(t, f, 2, sam.with(cells{"inactive": "ehkä"}))); len(o.rejected) != 1 {
		t.Errorf("may be a ban\n%s", o.text())
	}
}

// TestEveryPhoneOfTheFundraisersIsRead: five stand in the export, and the type of each says what it is.
func TestEveryPhoneOfTheFundraisersIsRead(t *testing.T) {
	c, f := ofShipped(t, "raisers-edge", "constituents")
	row := donor
	for n := 1; n <= 5; n++ {
		column := fmt.Sprintf("CnPh_1_%02d_Phone_", n)
		for kind, want := range map[string][2]string{"Email": {"email", "kind=personal address=sam@mail.example"}, "Home": {"phone", "kind=home number=+441514960001"},
			"Business": {"phone", "kind=work number=+441514960001"}, "LinkedIn": {"phone", ""}} {
			number := map[bool]string{true: "sam@mail.example", false: "0151 496 0001"}[kind == "Email"]
			o := run(t, c, raw(t, f, 2, row.with(cells{column + "type": kind, column + "number": number})))
			if rows := slices.Concat(o.table("email"), o.table("phone")); (len(rows) > 0) != (want[1] != "") || len(rows) > 1 ||
				len(rows) == 1 && (!strings.Contains(rows[0], want[1]) || len(o.table(want[0])) != 1) {
				t.Errorf("%s of %s: %q\n%s", kind, column, rows, o.text())
			}
		}
	}
}

// TestAMergedContactIsTheOtherOnes: what was forbidden or refused there holds for the contact that it was merged into, of whom its
// addresses are known and not current; one that names no other is somebody of whom nothing is current.
func TestAMergedContactIsTheOtherOnes(t *testing.T) {
	const id, master = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "3f2504e0-4f89-41d3-9a0c-0305e82c3302"
	loser := cells{"contactid": id, "lastname": "Varhainen", "emailaddress1": "eino@posti.example", "emailaddress2": "eino@mallipaja.example",
		"mobilephone": "+358400000006", "telephone1": "+358400000007", "address1_line1": "Mallikatu 6", "address1_city": "Seinäjoki", "jobtitle": "Asiantuntija",
		"_parentcustomerid_value": master, "seamk_role": "alumni", "merged": "true", "_masterid_value": master, "donotemail": "false", "donotbulkemail": "false",
		"donotphone": "true", "donotpostalmail": "false", "donotbulkpostalmail": "false", "donotsendmm": "false"}
	current := []string{"address", "employment", "org", "role"}
	for _, open := range []func(*testing.T, string, string) (*conform.Conformer, *layout.Feed){ofShipped, template} {
		for _, name := range []string{"dynamics365", "dynamics365-seamk"} {
			c, f := open(t, name, "contacts")
			if kind := "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"; f.Index(kind) >= 0 {
				loser = loser.with(cells{kind: "account"})
			} else {
				delete(loser, kind)
			}
			for _, tt := range []struct {
				merged, master, person string
				lives                  bool
			}{
				{"true", master, master, false},
				{"true", "", id, false},
				{"false", "", id, true},
				{"", "", id, true},
			} {
				o := run(t, c, raw(t, f, 2, loser.with(cells{"merged": tt.merged, "_masterid_value": tt.master})))
				for _, table := range []string{"person", "objection", "email", "phone"} {
					rows := o.table(table)
					if want := map[string]int{"person": 1, "objection": 1, "email": 2, "phone": 2}[table]; len(rows) != want {
						t.Errorf("%s %+v: %s: %q", name, tt, table, rows)
					}
					for _, row := range rows {
						other := strings.Contains(row, "kind=other")
						if !strings.Contains(row, " person_key="+tt.person) || (table == "email" || table == "phone") && other == tt.lives {
							t.Errorf("%s %+v: %s", name, tt, row)
						}
					}
				}
				for _, table := range current {
					if rows := o.table(table); (len(rows) > 0) != tt.lives {
						t.Errorf("%s %+v: %s: %q", name, tt, table, rows)
					}
				}
			}
		}
	}
}

// TestAColumnInPlaceOfAnother: the first with a value counts, also in a key and where one is required; a value that is wrong is not
// replaced.
func TestAColumnInPlaceOfAnother(t *testing.T) {
	src := `{system: demo, title: Demo, controller: "10118", feeds: [{name: people, file: "people_{yyyyMMdd}.csv", format: {type: csv}, key: [number], person: [number],
  columns: [{name: number, as: integer, or: [first, second], required: true}, {name: first, as: integer}, {name: second, as: integer},
    {name: began, as: date, formats: [d.M.yyyy], or: began_iso, to: study.start}, {name: began_iso, as: date, formats: [yyyy-MM-dd]}, {name: code, to: study.programme_code}]}]}`
	c, f := parsed(t, src)
	for _, tt := range []struct {
		cells cells
		want  string // of the row; "" where it is refused
	}{
		{cells{"number": "1", "first": "2", "second": "3"}, "row_key=1 person_key=1"},
		{cells{"first": "2", "second": "3"}, "row_key=2 person_key=2"},
		{cells{"second": "3"}, "row_key=3 person_key=3"},
		{cells{}, ""},
		{cells{"number": "x", "first": "2"}, ""},
		{cells{"number": "1", "began": "1.8.2020", "began_iso": "2021-08-01"}, "start=2020-08-01"},
		{cells{"number": "1", "began_iso": "2021-08-01"}, "start=2021-08-01"},
	} {
		o := run(t, c, raw(t, f, 2, tt.cells.with(cells{"code": "TI20"})))
		if rows := strings.Join(o.table("study"), ""); tt.want == "" && len(o.rejected) != 1 || !strings.Contains(rows, tt.want) {
			t.Errorf("%v: %s", tt.cells, o.text())
		}
		fresh, _ := parsed(t, src)
		if key, ok := fresh.Key(raw(t, f, 2, tt.cells), 0, nil); ok != (tt.want != "") || ok && !strings.Contains(o.text(), "row_key="+string(key)+" ") {
			t.Errorf("%v: the key %q", tt.cells, key)
		}
	}
}

// TestWhatIsTakenFromAnotherColumnIsHeldToTheColumnsOwnRange: somebody is born in no year to come, and a licence that would never end
// refuses its row.
func TestWhatIsTakenFromAnotherColumnIsHeldToTheColumnsOwnRange(t *testing.T) {
	src := `{system: demo, title: Demo, controller: "10118", dates: [yyyy-MM-dd], feeds: [{name: people, file: "people_{yyyyMMdd}.csv", format: {type: csv}, key: [id], person: [id],
  columns: [{name: id, to: person.source_key}, {name: born, as: date, or: [born2, year], to: person.birth_date}, {name: born2, as: date}, {name: year, as: year},
    {name: mail, as: email, to: email.personal}, {name: provider, to: attribution.provider}, {name: until, as: date, or: [until2, until3], to: attribution.licence_until}, {name: until2, as: date}, {name: until3, as: date}]}]}`
	c, f := parsed(t, src)
	row := cells{"id": "1", "mail": "veikko@posti.example", "provider": "Mallitieto"}
	for _, tt := range []struct {
		cells cells
		want  string // of the outcome
		count string // column whose value is out of range
	}{
		{cells{"born2": "1990-01-01"}, "birth_date=1990-01-01", ""},
		{cells{"born2": "2030-01-01"}, "conformed=1", "born"},
		{cells{"year": "2030"}, "conformed=1", "born"},
		{cells{"born2": "1990-01-01", "year": "2030"}, "birth_date=1990-01-01", ""},
		{cells{"born2": "2030-01-01", "year": "1990"}, "conformed=1", "born"}, // what is wrong is not replaced
		{cells{"born2": "soon", "year": "1990"}, "birth_date=1990-01-01", ""},
		{cells{"until2": "2030-01-01"}, "licence_until=2030-01-01", ""},
		{cells{"until2": "soon"}, "field=until code=pattern", ""},
		{cells{"until3": "soon"}, "field=until code=pattern", ""},
		{cells{"until2": "soon", "until3": "2030-01-01"}, "licence_until=2030-01-01", ""},
		{cells{"until": "2029-01-01", "until2": "soon"}, "licence_until=2029-01-01", ""},
		{cells{"until2": "2080-01-01"}, "field=until code=out-of-range", "until"},
	} {
		o := run(t, c, raw(t, f, 2, row.with(tt.cells)))
		if !strings.Contains(o.text(), tt.want) {
			t.Errorf("%v: without %s:\n%s", tt.cells, tt.want, o.text())
		}
		for _, name := range []string{"born", "until"} {
			if n := o.invalid(name, "out-of-range"); (n == 1) != (name == tt.count) {
				t.Errorf("%v: %s out of range %d times", tt.cells, name, n)
			}
		}
		if strings.Contains(o.text(), "birth_date=2030") {
			t.Errorf("%v: born in a year to come", tt.cells)
		}
	}
}

// TestAStubOfAStakeholderGivesUpWhatTheyAsked: each purpose for which stakeholders are asked, and what would keep a guest's address.
func TestAStubOfAStakeholderGivesUpWhatTheyAsked(t *testing.T) {
	c, f := ofShipped(t, "mira", "erased-stakeholders")
	stub := cells{"MiraId": "80001", "MembershipStatus": "Erased", "Updated": "2026-10-01 12:30"}
	var want []string
	for i, purpose := range []string{"stakeholder_newsletter", "general_info", "stakeholder_invitation", "stakeholder_sharing", "similar_events"} {
		want = append(want, fmt.Sprintf("consent[%d] row_key=80001 person_key=80001 line=2 purpose=%s state=withdrawn time=2026-10-01T10:30:00Z source=mira", i, purpose))
	}
	if o := run(t, c, raw(t, f, 2, stub)); !slices.Equal(o.table("consent"), want) {
		t.Errorf("%q\n%s", want, o.text())
	}
	if o := run(t, c, raw(t, f, 2, stub.with(cells{"MembershipStatus": "Invited"}))); len(o.rejected) != 1 || len(o.rows) > 0 {
		t.Error(o.text())
	}
	if !slices.Equal(f.Format.SkipWhenFilled, []string{"FirstName", "LastName", "MergedInto"}) {
		t.Errorf("%+v", f.Format)
	}
}
