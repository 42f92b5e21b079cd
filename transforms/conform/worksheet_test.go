package conform_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// worksheetBans are the headings of a worksheet's bans, in the order of their logical names, with the label that is no ban and the one
// that is.
var worksheetBans = []struct{ logical, heading, open, banned string }{
	{"donotemail", "Do not allow Emails", "Allow", "Do Not Allow"},
	{"donotbulkemail", "Do not allow Bulk Emails", "Allow", "Do Not Allow"},
	{"donotphone", "Do not allow Phone Calls", "Allow", "Do Not Allow"},
	{"donotpostalmail", "Do not allow Mails", "Allow", "Do Not Allow"},
	{"donotbulkpostalmail", "Do not allow Bulk Mails", "No", "Yes"},
	{"donotsendmm", "Send Marketing Materials", "Send", "Do Not Send"},
}

// contactForms gives one contact as the Web API has it and as a worksheet does; bit i of bans is the i-th ban.
func contactForms(bans int, merged bool) (api, sheet cells) {
	api = cells{"contactid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "firstname": "Eino", "lastname": "Varhainen", "salutation": "Dr.", "birthdate": "1992-12-31",
		"gendercode": "1", "employeeid": "004711", "externaluseridentifier": "evarhain@xamk.example", "emailaddress1": "eino.varhainen@posti.example",
		"emailaddress2": "eino@mallipaja.example", "mobilephone": "+358400000006", "telephone1": "040 000 0007", "address1_line1": "Mallikatu 6", "address1_city": "Seinäjoki",
		"address1_postalcode": "60320", "address1_country": "Suomi", "jobtitle": "Asiantuntija", "department": "Kirjasto", "modifiedon": "2026-11-02T08:15:30Z",
		"seamk_role": "alumni", "seamk_studentnumber": "2000076", "merged": "false"}
	sheet = cells{"(Do Not Modify) Contact": api["contactid"], "First Name": "Eino", "Last Name": "Varhainen", "Salutation": "Dr.", "Birthday": "d|1992-12-31",
		"Gender": "Male", "Employee": "004711", "External User Identifier": api["externaluseridentifier"], "Email": api["emailaddress1"],
		"Email Address 2": api["emailaddress2"], "Mobile Phone": api["mobilephone"], "Business Phone": api["telephone1"], "Address 1: Street 1": "Mallikatu 6",
		"Address 1: City": "Seinäjoki", "Address 1: ZIP/Postal Code": "60320", "Address 1: Country/Region": "Suomi", "Job Title": "Asiantuntija",
		"Department": "Kirjasto", "(Do Not Modify) Modified On": "d|2026-11-02T10:15:30", "Contact Role": "alumni", "Student Number": "2000076", "Merged": "No"}
	for i, b := range worksheetBans {
		api[b.logical], sheet[b.heading] = "false", b.open
		if bans>>i&1 == 1 {
			api[b.logical], sheet[b.heading] = "true", b.banned
		}
	}
	if merged {
		api["merged"], sheet["Merged"] = "true", "Yes"
	}
	return api, sheet
}

// TestAWorksheetSaysWhatTheWebAPISays: a contact gives the same canonical rows whichever way it comes, with every set of bans, alive and
// merged.
func TestAWorksheetSaysWhatTheWebAPISays(t *testing.T) {
	worksheet, f := template(t, "dynamics365-worksheet", "contacts")
	for _, open := range []func(*testing.T, string, string) (*conform.Conformer, *layout.Feed){ofShipped, template} {
		c, g := open(t, "dynamics365", "contacts")
		for bans := range 1 << len(worksheetBans) {
			for _, merged := range []bool{false, true} {
				api, sheet := contactForms(bans, merged)
				want, got := run(t, c, raw(t, g, 2, api)), run(t, worksheet, raw(t, f, 2, sheet))
				if !slices.Equal(got.rows, want.rows) || len(got.rejected) > 0 || len(want.table("person")) != 1 {
					t.Fatalf("bans %b, merged %v:\n%s\nwant\n%s", bans, merged, got.text(), want.text())
				}
				if n := len(want.table("objection")); (bans == 0) != (n == 0) {
					t.Errorf("bans %b: %d objections", bans, n)
				}
			}
		}
	}
}

// TestAWorksheetOfConsentsSaysWhatTheWebAPISays, of every channel, purpose, status and source.
func TestAWorksheetOfConsentsSaysWhatTheWebAPISays(t *testing.T) {
	worksheet, f := template(t, "dynamics365-worksheet", "consents")
	c, g := template(t, "dynamics365", "consents")
	number := func(n int) string { return "53412000" + string(rune('0'+n)) }
	compare := func(channel, purpose, status, source int) {
		t.Helper()
		point := []string{"eino.varhainen@posti.example", "+358400000006", "", "+358400000006"}[channel]
		api := cells{"msdynmkt_contactpointconsent4id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "msdynmkt_contactpointvalue": point,
			"msdynmkt_contactpointtype": number(channel), "_msdynmkt_purposeid_value": "00000000-0000-0000-0000-0000000000a" + string(rune('1'+purpose)),
			"_msdynmkt_topicid_value": "00000000-0000-0000-0000-0000000000b1", "msdynmkt_value": number(status), "msdynmkt_source": number(source), "modifiedon": "2026-07-02T08:15:30Z"}
		sheet := cells{"(Do Not Modify) Contact Point Consent": api["msdynmkt_contactpointconsent4id"], "Contact point": point,
			"Channel": []string{"Email", "Text Message", "Custom", "Voice"}[channel], "Purpose": []string{"Newsletter", "Events", "Training offers", "Surveys"}[purpose],
			"Consent type": "Topic", "Topic": "Alumni news", "Consent status": []string{"Not Set", "Opted In", "Opted Out"}[status], "(Do Not Modify) Modified On": "d|2026-07-02T11:15:30",
			"Source": []string{"Internal", "Preference page", "Text message", "Loaded", "Preference Center", "Realtime Marketing Form", "Subscription Center",
				"Email - list-unsubscribe"}[source]}
		want, got := run(t, c, raw(t, g, 2, api)), run(t, worksheet, raw(t, f, 2, sheet))
		if !slices.Equal(got.rows, want.rows) || len(got.rejected) > 0 || len(want.table("consent")) != 1 {
			t.Errorf("%v:\n%s\nwant\n%s", sheet, got.text(), want.text())
		}
	}
	for _, channel := range []int{0, 1, 3} {
		for purpose := range 4 {
			for status := range 3 {
				compare(channel, purpose, status, 5)
			}
		}
	}
	for source := range 8 {
		compare(0, 0, 1, source)
	}
}

// TestALabelThatNobodyListedIsNoPermission: the row goes to quarantine, whatever the word, number or box would mean elsewhere.
func TestALabelThatNobodyListedIsNoPermission(t *testing.T) {
	worksheet, f := template(t, "dynamics365-worksheet", "contacts")
	_, good := contactForms(0, false)
	odd := []string{"", "Yes", "No", "true", "false", "1", "0", "K", "E", "nej", "Allowed", "Tillåt", "Send", "Allow", "b|false", "b|true", "n|0", "n|1", "e|#N/A"}
	for _, b := range worksheetBans {
		column := f.Columns[f.Index(b.heading)]
		for _, label := range odd {
			if _, listed := column.Codes[label]; listed {
				continue
			}
			if o := run(t, worksheet, raw(t, f, 2, good.with(cells{b.heading: label}))); len(o.rejected) != 1 || o.rejected[0].Field != b.heading || len(o.rows) > 0 {
				t.Errorf("%s = %q:\n%s", b.heading, label, o.text())
			}
		}
		if want := 4; len(column.Codes) != want || !column.Required {
			t.Errorf("%s has %d labels", b.heading, len(column.Codes))
		}
	}
	for _, label := range []string{"true", "1", "Merged", "b|true", "n|1"} {
		if o := run(t, worksheet, raw(t, f, 2, good.with(cells{"Merged": label}))); len(o.rejected) != 1 || o.rejected[0].Field != "Merged" {
			t.Errorf("Merged = %q:\n%s", label, o.text())
		}
	}
	consents, g := template(t, "dynamics365-worksheet", "consents")
	yes := cells{"(Do Not Modify) Contact Point Consent": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "Contact point": "eino.varhainen@posti.example", "Channel": "Email",
		"Consent type": "Purpose", "Purpose": "Newsletter", "Consent status": "Opted In"}
	if o := run(t, consents, raw(t, g, 2, yes)); !slices.Equal(o.states(), []string{"granted"}) {
		t.Fatal(o.text())
	}
	refusing := map[string]string{"Consent status": "Consent status", "Channel": "Contact point", "Purpose": "Purpose", "Consent type": ""} // a point of no known kind is none
	for heading, labels := range map[string][]string{"Consent status": {"", "Yes", "true", "Opted-in", "534120001", "n|534120001", "b|true", "Hyväksytty"},
		"Channel": {"", "Custom", "E-mail", "Post"}, "Purpose": {"", "Commercial"}, "Consent type": {"", "Topic", "Tarkoitus", "n|1"}} {
		for _, label := range labels {
			if o := run(t, consents, raw(t, g, 2, yes.with(cells{heading: label}))); len(o.rejected) != 1 || o.rejected[0].Field != refusing[heading] {
				t.Errorf("%s = %q:\n%s", heading, label, o.text())
			}
		}
	}
}

// TestAWithdrawalOfATopicThatNobodyListedCounts: it takes back the whole of the purpose by its channel, with its time, while a consent
// to such a topic waits. So it is where nobody knows whether a consent is one to a topic.
func TestAWithdrawalOfATopicThatNobodyListedCounts(t *testing.T) {
	consents, f := template(t, "dynamics365-worksheet", "consents")
	row := cells{"(Do Not Modify) Contact Point Consent": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "Contact point": "eino.varhainen@posti.example", "Channel": "Email",
		"Purpose": "Events", "Source": "Preference page", "(Do Not Modify) Modified On": "d|2026-07-02T11:15:30"}
	const (
		stem  = "consent[0] row_key=3f2504e0-4f89-41d3-9a0c-0305e82c3301 person_key=@email:eino.varhainen@posti.example line=2 purpose=events "
		about = " time=2026-07-02T08:15:30Z source=preference_page "
		point = "contact_point=eino.varhainen@posti.example"
		topic = "topic=00000000-0000-0000-0000-0000000000b1 "
	)
	for _, tt := range []struct {
		kind, topic string
		counts      bool   // whatever its status
		about       string // the listed topic
	}{
		{"Purpose", "", true, ""},
		{"Topic", "Alumni news", true, topic},
		{"", "Alumni news", true, topic},
		{"Topic", "Alumni", false, ""}, {"Topic", "unlisted", false, ""}, {"Topic", "n|1", false, ""}, {"Topic", "b|true", false, ""}, {"Topic", "e|#N/A", false, ""}, {"Topic", "", false, ""},
		{"", "Alumni", false, ""}, {"", "", false, ""}, {"Tarkoitus", "", false, ""}, {"e|#N/A", "", false, ""},
	} {
		for status, state := range map[string]string{"Not Set": "unknown", "Opted In": "granted", "Opted Out": "withdrawn"} {
			var want []string
			if tt.counts || state == "withdrawn" {
				want = []string{stem + tt.about + "channel=email state=" + state + about + point}
			}
			got := run(t, consents, raw(t, f, 2, row.with(cells{"Consent type": tt.kind, "Topic": tt.topic, "Consent status": status})))
			if !slices.Equal(got.rows, want) || len(got.rejected)+len(want) != 1 {
				t.Errorf("%s of %q %q:\n%s\nwant %v", status, tt.kind, tt.topic, got.text(), want)
			}
		}
	}
}

// TestTimesOfAWorksheetAreOfTheZoneThatTheLayoutNames, as cells and as the texts that are no two days; of the hour that clocks repeat the
// first is taken, and a birthday is the same day everywhere.
func TestTimesOfAWorksheetAreOfTheZoneThatTheLayoutNames(t *testing.T) {
	src, err := layout.TemplateSource("dynamics365-worksheet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, contact := contactForms(0, false)
	for zone, times := range map[string]map[string]string{
		"Europe/Helsinki": {"d|2026-11-02T10:15:30": "2026-11-02T08:15:30Z", "d|2026-07-02T10:15:30": "2026-07-02T07:15:30Z", "2.11.2026 10.15": "2026-11-02T08:15:00Z",
			"02.11.2026 10:15": "2026-11-02T08:15:00Z", "d|2026-10-25T03:30:00": "2026-10-25T00:30:00Z", "11/2/2026 10:15 AM": "", "2/11/2026 10:15": "", "n|46328.4": ""},
		"Europe/London": {"d|2026-11-02T10:15:30": "2026-11-02T10:15:30Z", "d|2026-07-02T10:15:30": "2026-07-02T09:15:30Z"},
	} {
		copied := strings.Replace(string(src), "\nzone: Europe/Helsinki\n", "\nzone: "+zone+"\n", 1)
		l, err := layout.Parse("dynamics365-worksheet.yaml", []byte(copied))
		if err != nil || strings.Count(copied, "zone: "+zone) != 1 {
			t.Fatal(zone, err)
		}
		c, err := conform.New(l, l.Feed("contacts"), settings())
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range slices.Sorted(maps.Keys(times)) {
			o := run(t, c, raw(t, l.Feed("contacts"), 2, contact.with(cells{"(Do Not Modify) Modified On": cell})))
			row := strings.Join(o.table("person"), "\n") + " "
			_, at, _ := strings.Cut(row, " modified_at=")
			if at, _, _ = strings.Cut(at, " "); at != times[cell] || !strings.Contains(row, " birth_date=1992-12-31 ") {
				t.Errorf("%s: %s is %q\n%s", zone, cell, at, o.text())
			}
		}
	}
}
