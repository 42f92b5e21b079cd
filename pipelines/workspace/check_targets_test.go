package workspace_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/connectors/resttest"
	"uoma/connectors/s3/s3test"
	"uoma/connectors/sftp/sftptest"
	"uoma/internal/tlstest"
	"uoma/pipelines/workspace"
)

// targetFindings gives what a check says of targets, and every error: severity, code and field.
func targetFindings(t *testing.T, targets string, connect bool, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ws")
	must(t, workspace.Init(dir, []byte(settings+"systems: []\ntargets:\n"+targets)))
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	var out []string
	for _, f := range check(t, dir, workspace.CheckOptions{Now: now, Connect: connect}) {
		if strings.Contains(f.Code, "TARGET") || f.Severity == workspace.Error {
			out = append(out, string(f.Severity)+" "+f.Code+" "+f.Place.Field)
		}
	}
	return strings.Join(out, ", ")
}

// TestTargetSettings finds faults of where a target goes without a network.
func TestTargetSettings(t *testing.T) {
	_, host := sftptest.NewKey(t)
	t.Setenv("UOMA_TEST_PASSWORD", "secret")
	shut := t.TempDir()
	for name, tt := range map[string]struct{ targets, want string }{
		"a folder":              {"  virta: {folder: " + shut + "}", "note UOMA-CHK-TARGET-READY virta"},
		"no such folder":        {"  virta: {folder: " + shut + "/none}", "error UOMA-DRP-FOLDER "},
		"its own folder":        {"  virta: {transport: encrypted}", ""},
		"sftp":                  {"  virta: {url: sftp://uoma@sftp.example/in, password: env:UOMA_TEST_PASSWORD, host_keys: [" + host + "]}", "note UOMA-CHK-TARGET-UNASKED virta"},
		"s3":                    {"  virta: {url: s3://exports/virta, region: eu-north-1, kms_key: alias/exports}", "note UOMA-CHK-TARGET-UNASKED virta"},
		"no host key":           {"  virta: {url: sftp://uoma@sftp.example/in, password: env:UOMA_TEST_PASSWORD}", "error UOMA-CFG-SCHEMA targets.virta"},
		"no region":             {"  virta: {url: s3://exports/virta}", "error UOMA-CFG-SCHEMA targets.virta"},
		"two places":            {"  virta: {url: s3://exports/virta, region: eu-north-1, folder: /srv}", "error UOMA-CFG-SCHEMA targets.virta"},
		"no way in":             {"  virta: {url: sftp://uoma@sftp.example/in, host_keys: [" + host + "]}", "error UOMA-SRC-SETTINGS targets.virta.key"},
		"a key of s3 for sftp":  {"  virta: {url: sftp://uoma@sftp.example/in, password: env:UOMA_TEST_PASSWORD, kms_key: x, host_keys: [" + host + "]}", "error UOMA-SRC-SETTINGS targets.virta.kms_key"},
		"a password in the URL": {"  virta: {url: 'sftp://uoma:secret@sftp.example/in', host_keys: [" + host + "]}", "error UOMA-SRC-SETTINGS targets.virta.url"},
		"a web server":          {"  virta: {url: https://files.example/in}", "error UOMA-SRC-SETTINGS targets.virta.url"},
		"no such target":        {"  letters: {folder: " + shut + "}", "error UOMA-CHK-TARGET-STRANGE targets.letters"},
		"a table without login": {"  seamk-crm: {url: https://org.example/api/data/v9.2}", "error UOMA-WSP-SERVICE targets.seamk-crm.url"},
		"a table at sftp":       {"  seamk-crm: {url: sftp://uoma@sftp.example/in, host_keys: [" + host + "], oauth: {token_url: https://id.example, id: a, secret: env:UOMA_TEST_PASSWORD}}", "error UOMA-SRC-SETTINGS targets.seamk-crm.oauth"},
	} {
		if got := targetFindings(t, tt.targets+"\n", false, nil); got != tt.want {
			t.Errorf("%s: found %q, want %q", name, got, tt.want)
		}
	}
}

// TestTargetsOfEvents finds a target whose runs would be refused, before there is one: it names an event, and its purpose has none.
// Of another pack's target it says nothing.
func TestTargetsOfEvents(t *testing.T) {
	for policy, want := range map[string]string{"xamk": "error UOMA-OUT-EVENT letter", "nmbu": ""} {
		text := `target: letter
title: Letter
policy: ` + policy + `
system: house
purpose: newsletter
channel: email
event: {system: mira, key: spring}
file: "letter_{yyyyMMdd}.csv"
form: {type: csv}
each: person
columns:
- {name: mail, from: email.personal, required: true}
`
		if got := targetFindings(t, "  virta: {transport: encrypted}\n", false, map[string]string{"targets/letter.yaml": text}); got != want {
			t.Errorf("%s: found %q, want %q", policy, got, want)
		}
	}
}

// TestCheckAsksTargets asks real servers whether they would take files, and a service whether it would take rows; nothing is
// written.
func TestCheckAsksTargets(t *testing.T) {
	sshd, bucket, authority := sftptest.Start(t), s3test.Start(t), tlstest.NewAuthority(t)
	_, stranger := sftptest.NewKey(t)
	bucket.MakeBucket(t, "exports")
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	columns := map[string]string{"firstname": "text:50", "lastname": "text:50", "emailaddress1": "text:100", "mobilephone": "text:50", "address1_line1": "text:250",
		"address1_postalcode": "text:20", "address1_city": "text:80", "address1_country": "text:80",
		"seamk_role": "text:50", "seamk_unit": "text:100", "seamk_field": "text:100", "seamk_programme": "text:100", "seamk_group": "text:100"}
	tables := &resttest.DataverseTables{Tables: map[string]*resttest.DataverseTable{"contacts": {Key: "contactid", Alternate: []string{"seamk_studentnumber"}, Columns: columns}}}
	crm := authority.Serve(t, tables)
	good := strings.NewReplacer("%HOST%", sshd.HostKey, "%FOLDER%", "", "%BUCKET%", "exports", "%ID%", resttest.ID, "%NETWORK%", "127.0.0.0/8")
	ask := func(change ...string) string {
		text := strings.NewReplacer(change...).Replace(`  virta: {url: "sftp://` + sshd.User + "@" + sshd.Addr + `%FOLDER%", host_keys: ["%HOST%"], key: file:keys/drop}
  mailing-house: {url: "s3://%BUCKET%/in", endpoint: "https://` + bucket.Addr + `", region: ` + s3test.Region + `, path_style: true, ca: keys/s3.crt}
  seamk-crm: {url: "https://` + crm + `/api/data/v9.2", ca: keys/crm.crt, networks: [%NETWORK%], oauth: {token_url: "https://` + crm + `/token", id: "%ID%", secret: file:keys/crm}}
`)
		return targetFindings(t, good.Replace(text), true, map[string]string{"keys/drop": string(sshd.Key), "keys/s3.crt": string(bucket.CA), "keys/crm.crt": string(authority.PEM), "keys/crm": resttest.Secret})
	}
	const s3, crmReady, sftp = "note UOMA-CHK-TARGET-READY mailing-house", "note UOMA-CHK-TARGET-READY seamk-crm", "note UOMA-CHK-TARGET-READY virta"
	for name, tt := range map[string]struct{ old, new, want string }{
		"good":                  {"", "", s3 + ", " + crmReady + ", " + sftp},
		"wrong host key":        {"%HOST%", stranger, s3 + ", " + crmReady + ", error UOMA-SRC-HOST-KEY virta"},
		"no such folder":        {"%FOLDER%", "/none", s3 + ", " + crmReady + ", error UOMA-DRP-FOLDER virta"},
		"no such bucket":        {"%BUCKET%", "nobodys", "error UOMA-SRC-BUCKET mailing-house, " + crmReady + ", " + sftp},
		"wrong credentials":     {"%ID%", "another", s3 + ", error UOMA-SRC-LOGIN seamk-crm, " + sftp},
		"a network that is not": {"%NETWORK%", "10.0.0.0/8", s3 + ", error UOMA-SRC-ADDRESS seamk-crm, " + sftp},
	} {
		if got := ask(tt.old, tt.new); got != tt.want {
			t.Errorf("%s: found %s\nwant %s", name, got, tt.want)
		}
	}
	delete(columns, "mobilephone")
	if got := ask("", ""); got != s3+", error UOMA-CRM-TABLE contacts.mobilephone, "+sftp {
		t.Errorf("a column that is not there: %s", got)
	}
	entries, err := os.ReadDir(sshd.Dir)
	rows, writes := tables.Count("contacts")
	if err != nil || len(entries) != 0 || rows != 0 || writes != 0 {
		t.Errorf("%d files, %d rows, %d writes, %v", len(entries), rows, writes, err)
	}
}
