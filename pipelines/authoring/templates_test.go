package authoring_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// asked is how a layout asks a service, in place of which a test has the service's answer in a file.
var asked = regexp.MustCompile(`(?m)^  rest: .*$`)

// TestACamerasListIsReadByTheTemplate reads what a device says of its recordings: one is locked, one still runs.
func TestACamerasListIsReadByTheTemplate(t *testing.T) {
	src, err := layout.TemplateSource("axis.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse("axis.yaml", asked.ReplaceAll(src, []byte(`  file: "axis_recordings_{yyyyMMdd}.xml"
  format: {type: xml, rows: root/recordings/recording, count: "root/recordings/@totalnumberofrecordings"}`)))
	if err != nil {
		t.Fatal(err)
	}
	list := `<?xml version="1.0" encoding="UTF-8"?>
<root><recordings totalnumberofrecordings="2" numberofrecordings="2">
<recording diskid="SD_DISK" recordingid="20261012_085900_A1B2_ACCC8E000001" starttime="2026-10-12T05:59:00.000000Z" starttimelocal="2026-10-12T08:59:00.000000+03:00" stoptime="2026-10-12T06:59:00.000000Z" stoptimelocal="2026-10-12T09:59:00.000000+03:00" recordingtype="continuous" eventid="continuous" eventtrigger="" recordingstatus="completed" source="1" locked="Yes">
<video mimetype="video/x-h264" width="1920" height="1080" framerate="25:1" resolution="1920x1080"/><audio mimetype="audio/aac"/></recording>
<recording diskid="SD_DISK" recordingid="20261120_085900_A1B3_ACCC8E000001" starttime="2026-11-20T05:59:00.000000Z" starttimelocal="2026-11-20T08:59:00.000000+02:00" stoptime="" stoptimelocal="" recordingtype="continuous" eventid="continuous" eventtrigger="" recordingstatus="recording" source="1" locked="No">
<video mimetype="video/x-h264" width="1920" height="1080" framerate="25:1" resolution="1920x1080"/></recording>
</recordings></root>
`
	try := func(content string) (*authoring.Trial, error) {
		file := filepath.Join(t.TempDir(), "axis_recordings_20261121.xml")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return authoring.Try(t.Context(), file, l, authoring.TryOptions{Rows: 10, Values: true, Settings: conform.Settings{RunDate: today()}})
	}
	trial, err := try(list)
	if err != nil {
		t.Fatal(err)
	}
	if !trial.Same() || trial.Read != 2 || trial.Conformed != 2 || trial.Problems != 0 {
		t.Fatalf("%+v", trial)
	}
	for i, held := range []string{"true", "false"} {
		fields := map[string]string{}
		for _, f := range trial.Rows[i].Fields {
			fields[f.Target] = f.Value
		}
		if fields["recording.hold"] != held || fields["recording.camera"] != "1" || (fields["recording.end"] == "") != (i == 1) {
			t.Errorf("%v", fields)
		}
	}
	if _, err := try(strings.Replace(list, `totalnumberofrecordings="2"`, `totalnumberofrecordings="3"`, 1)); err == nil {
		t.Error("a page of the list passed for all of it")
	}
}

// TestADownloadThatStaysBase64 reads EXAM's records as its service gives them, by the shipped layout with compression: base64.
func TestADownloadThatStaysBase64(t *testing.T) {
	src, err := layout.ShippedSource("exam.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse("exam.yaml", []byte(strings.Replace(string(src), `{type: csv, delimiter: ","}`, `{type: csv, delimiter: ",", compression: base64}`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	plain := export(l, l.Feed("records"))
	text, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(plain))
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	o := authoring.TryOptions{Feed: "records", Settings: conform.Settings{RunDate: today(), AllowTemporary: true}}
	got, err := authoring.Try(t.Context(), file, l, o)
	if err != nil {
		t.Fatal(err)
	}
	var asShipped *layout.Layout
	for _, x := range shipped(t) {
		if x.Name() == "exam" {
			asShipped = x
		}
	}
	want, err := authoring.Try(t.Context(), plain, asShipped, o)
	if err != nil || got.Read != want.Read || got.Conformed != want.Conformed || got.Problems != want.Problems || got.Read == 0 {
		t.Errorf("%d of %d rows, %v", got.Read, want.Read, err)
	}
}

// TestAPersonOfFSAPIIsReadByTheTemplate reads one person with all that an answer of FS-API may hold.
func TestAPersonOfFSAPIIsReadByTheTemplate(t *testing.T) {
	src, err := layout.TemplateSource("fs-api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse("fs-api.yaml", regexp.MustCompile(`(?ms)^  rest:\n.*?^  key:`).ReplaceAll(src, []byte("  file: \"personer_{yyyyMMdd}.json\"\n  format: {type: json, rows: items}\n  key:")))
	if err != nil {
		t.Fatal(err)
	}
	answer := `{"items":[{"href":"https://server/personer/1234567","id":{"personlopenummer":1234567},"fodselsdato0":"148385","personnummer0":"10117","fornavn":"Kari","etternavn":"Prøve",
"eposter":[{"type":"INSTITUSJON","adresse":"kari.prove@nmbu.example"},{"type":"PRIVAT","adresse":"kari@post.example"},{"type":"ANNEN","adresse":"else@post.example"}],
"telefoner":[{"type":"ARB","landnummer":"47","nummer":"40000009","merknad":""},{"type":"MOBIL","landnummer":"44","nummer":"7700900123","merknad":""}],
"adresser":[{"type":"SEMESTER","co":"","gate":"Prøveveien 1","sted":"","postnummer":"1432","land":"NORGE"},{"type":"HJEMSTED","co":"","gate":"Bjørkeveien 2","sted":"","postnummer":"0150","land":"NORGE"}]}]}`
	file := filepath.Join(t.TempDir(), "personer_20261121.json")
	if err := os.WriteFile(file, []byte(answer), 0o600); err != nil {
		t.Fatal(err)
	}
	trial, err := authoring.Try(t.Context(), file, l, authoring.TryOptions{Rows: 1, Values: true, Settings: conform.Settings{RunDate: today(), AllowSynthetic: true}})
	if err != nil {
		t.Fatal(err)
	}
	if !trial.Same() || trial.Read != 1 || trial.Conformed != 1 || trial.Problems != 0 {
		t.Fatalf("%+v", trial)
	}
	fields := map[string]string{}
	for _, f := range trial.Rows[0].Fields {
		fields[f.Target] = f.Value
	}
	for target, want := range map[string]string{"person.source_key": "1234567", "person.fnr": "14838510117", "person.given_names": "Kari", "person.family_name": "Prøve",
		"email.kind": "institution", "email.address": "kari.prove@nmbu.example", "email.2.kind": "personal", "email.2.address": "kari@post.example",
		"phone.kind": "mobile", "phone.number": "+447700900123", "address.kind": "home", "address.line1": "Bjørkeveien 2", "address.postcode": "0150", "address.country": "NO"} {
		if fields[target] != want {
			t.Errorf("%s is %q, want %q: %v", target, fields[target], want, fields)
		}
	}
}

// TestAProfileOfThePortalIsReadByTheTemplate reads what one profile holds in lists: two degrees of one title, of which one is not
// taken yet, an address of no kind, and one that nobody proved.
func TestAProfileOfThePortalIsReadByTheTemplate(t *testing.T) {
	src, err := layout.TemplateSource("alumni-portal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	each := regexp.MustCompile(`(?m)^    each: (.*)$`)
	src = regexp.MustCompile(`(?ms)^  rest:\n.*?^  key:`).ReplaceAllFunc(src, func(asked []byte) []byte {
		format := "{type: json, rows: items}"
		if m := each.FindSubmatch(asked); m != nil {
			format = "{type: json, rows: items, each: " + string(m[1]) + "}"
		}
		return []byte("  file: \"profiles_{yyyyMMdd}.json\"\n  format: " + format + "\n  key:")
	})
	l, err := layout.Parse("alumni-portal.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "profiles_20261121.json")
	if err := os.WriteFile(file, []byte(`{"page":1,"items":[{"profileId":"11111111-2222-3333-4444-555555555555",
"emails":[{"address":"veikko@posti.example","type":null,"verified":true},{"address":"veikko@tyo.example","type":"work","verified":true},{"address":"v@posti.example","type":"personal"}],
"degrees":[{"institution":"02506","title":"Insinööri (AMK)","startYear":2008,"graduationDate":"2012-05-31","place":"Mikkeli"},{"institution":"10118","title":"Insinööri (AMK)","startYear":2020}]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for feed, want := range map[string][]map[string]string{
		"emails": {{"email.address": "veikko@posti.example", "email.kind": "other"}, {"email.address": "veikko@tyo.example", "email.kind": "work"},
			{"email.address": "v@posti.example", "email.kind": "other"}},
		"degrees": {{"study.institution_code": "02506", "study.start": "2008-01-01", "study.campus": "Mikkeli", "degree.institution_code": "02506", "degree.title": "Insinööri (AMK)", "degree.date": "2012-05-31"},
			{"study.institution_code": "10118", "study.start": "2020-01-01", "degree.title": "", "degree.date": ""}},
	} {
		trial, err := authoring.Try(t.Context(), file, l, authoring.TryOptions{Feed: feed, Rows: 9, Values: true, Settings: conform.Settings{RunDate: today()}})
		if err != nil {
			t.Fatal(err)
		}
		if len(trial.Rows) != len(want) || trial.Conformed != int64(len(want)) || trial.Problems != 0 {
			t.Fatalf("%s: %+v", feed, trial)
		}
		for i, row := range trial.Rows {
			fields := map[string]string{}
			for _, f := range row.Fields {
				fields[f.Target] = f.Value
			}
			for target, text := range want[i] {
				if fields[target] != text {
					t.Errorf("%s %d: %s is %q, want %q: %v", feed, i, target, fields[target], text, fields)
				}
			}
		}
	}
}
