package workspace_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/sftp/sftptest"
	"uoma/internal/tlstest"
	"uoma/pipelines/workspace"
)

// inboxFindings gives what a check says of inboxes: severity, code and field.
func inboxFindings(t *testing.T, settings string, connect bool, put func(dir string)) []string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ws")
	must(t, workspace.Init(dir, []byte(settings)))
	put(dir)
	var out []string
	for _, f := range check(t, dir, workspace.CheckOptions{Now: now, Connect: connect}) {
		if strings.Contains(f.Code, "INBOX") || f.Severity == workspace.Error {
			out = append(out, string(f.Severity)+" "+f.Code+" "+f.Place.Field)
		}
	}
	return out
}

func nothing(string) {}

// TestInboxSettings finds faults of a system's inbox without a network.
func TestInboxSettings(t *testing.T) {
	_, host := sftptest.NewKey(t)
	t.Setenv("UOMA_TEST_PASSWORD", "secret")
	const good = "url: sftp://uoma@sftp.example/out, password: env:UOMA_TEST_PASSWORD, host_keys: [HOST]"
	for name, tt := range map[string]struct{ inbox, want string }{
		"sftp":                      {good, "note UOMA-CHK-INBOX-UNASKED peppi"},
		"s3":                        {"url: s3://exports/peppi, region: eu-north-1", "note UOMA-CHK-INBOX-UNASKED peppi"},
		"https":                     {"url: https://files.example/out", "note UOMA-CHK-INBOX-UNASKED peppi"},
		"a database":                {"url: mysql://uoma@db.example/hr, password: env:UOMA_TEST_PASSWORD", "note UOMA-CHK-INBOX-UNASKED peppi"},
		"a directory":               {"url: 'ldaps://ldap.example/dc=example', bind: cn=uoma, password: env:UOMA_TEST_PASSWORD", "note UOMA-CHK-INBOX-UNASKED peppi"},
		"no database named":         {"url: postgres://uoma@db.example, password: env:UOMA_TEST_PASSWORD", "error UOMA-SRC-SETTINGS inboxes.peppi.url"},
		"options in the URL":        {"url: 'postgres://uoma@db.example/hr?sslmode=disable', password: env:UOMA_TEST_PASSWORD", "error UOMA-SRC-SETTINGS inboxes.peppi.url"},
		"no way into a database":    {"url: sqlserver://uoma@db.example/hr", "error UOMA-SRC-SETTINGS inboxes.peppi.password"},
		"nobody asks a directory":   {"url: 'ldap://ldap.example/dc=example'", "error UOMA-SRC-SETTINGS inboxes.peppi.bind"},
		"bind of a database":        {"url: mysql://uoma@db.example/hr, bind: cn=uoma, password: env:UOMA_TEST_PASSWORD", "error UOMA-SRC-SETTINGS inboxes.peppi.bind"},
		"a camera":                  {"url: rest://uoma@camera.example, password: env:UOMA_TEST_PASSWORD, digest: true", "note UOMA-CHK-INBOX-UNASKED peppi"},
		"digest of nobody":          {"url: rest://camera.example, digest: true", "error UOMA-SRC-SETTINGS inboxes.peppi.digest"},
		"digest of a database":      {"url: mysql://uoma@db.example/hr, password: env:UOMA_TEST_PASSWORD, digest: true", "error UOMA-SRC-SETTINGS inboxes.peppi.digest"},
		"ftp":                       {"url: ftp://files.example/out", "error UOMA-CFG-SCHEMA inboxes.peppi.url"},
		"http":                      {"url: http://files.example/out", "error UOMA-CFG-SCHEMA inboxes.peppi.url"},
		"no host key":               {"url: sftp://uoma@sftp.example/out, password: env:UOMA_TEST_PASSWORD", "error UOMA-CFG-SCHEMA inboxes.peppi"},
		"a host key that is none":   {"url: sftp://uoma@sftp.example/out, password: env:UOMA_TEST_PASSWORD, host_keys: [any]", "error UOMA-SRC-SETTINGS inboxes.peppi.host_keys.0"},
		"no way in":                 {"url: sftp://uoma@sftp.example/out, host_keys: [HOST]", "error UOMA-SRC-SETTINGS inboxes.peppi.key"},
		"a password in the URL":     {"url: 'sftp://uoma:secret@sftp.example/out', host_keys: [HOST]", "error UOMA-SRC-SETTINGS inboxes.peppi.url"},
		"a password in plain":       {"url: sftp://uoma@sftp.example/out, password: secret, host_keys: [HOST]", "error UOMA-CFG-SCHEMA inboxes.peppi.password"},
		"no such variable":          {"url: sftp://uoma@sftp.example/out, password: env:UOMA_TEST_NONE, host_keys: [HOST]", "error UOMA-WSP-REFERENCE inboxes.peppi.password"},
		"no such file":              {"url: sftp://uoma@sftp.example/out, key: file:keys/none, host_keys: [HOST]", "error UOMA-KEY-READ inboxes.peppi.key"},
		"a key of another protocol": {good + ", path_style: true", "error UOMA-SRC-SETTINGS inboxes.peppi.path_style"},
		"no authorities":            {"url: https://files.example/out, ca: keys/none.crt", "error UOMA-SRC-SETTINGS inboxes.peppi.ca"},
		"no certificate":            {"url: https://files.example/out, certificate: keys/none.crt, key: env:UOMA_TEST_PASSWORD", "error UOMA-SRC-SETTINGS inboxes.peppi.certificate"},
		"a key alone":               {"url: https://files.example/out, key: env:UOMA_TEST_PASSWORD", "error UOMA-SRC-SETTINGS inboxes.peppi.certificate"},
		"a network that is none":    {"url: https://files.example/out, networks: [intranet]", "error UOMA-SRC-SETTINGS inboxes.peppi.networks.0"},
		"tokens in the open":        {"url: https://files.example/out, oauth: {token_url: http://id.example, id: a, secret: env:UOMA_TEST_PASSWORD}", "error UOMA-CFG-SCHEMA inboxes.peppi.oauth.token_url"},
		"no region":                 {"url: s3://exports/peppi", "error UOMA-CFG-SCHEMA inboxes.peppi"},
	} {
		t.Run(name, func(t *testing.T) {
			text := settings + "systems: [peppi]\ninboxes:\n  peppi: {" + strings.ReplaceAll(tt.inbox, "HOST", host) + "}\n"
			got := inboxFindings(t, text, false, nothing)
			if !slices.Contains(got, tt.want) || strings.HasPrefix(tt.want, "note") && len(got) != 1 {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
	if got := inboxFindings(t, settings+"systems: [haka]\n", false, nothing); !slices.Contains(got, "error UOMA-SRC-NO-ROWS haka/henkilot") {
		t.Errorf("a directory that nobody named: %q", got)
	}
	got := inboxFindings(t, settings+"systems: [peppi]\ninboxes:\n  pegasos: {url: https://files.example/out}\n", false, nothing)
	if !slices.Contains(got, "error UOMA-CHK-INBOX-STRANGE inboxes.pegasos") {
		t.Errorf("a system that is not read: %q", got)
	}
}

// TestCheckAsksSources asks real servers for the exports.
func TestCheckAsksSources(t *testing.T) {
	server := sftptest.Start(t)
	_, stranger := sftptest.NewKey(t)
	authority := tlstest.NewAuthority(t)
	dir := t.TempDir()
	addr := authority.Serve(t, http.FileServer(http.Dir(dir)))
	for _, name := range []string{filepath.Join(server.Dir, "peppi_alumnit_20261121.csv"), filepath.Join(server.Dir, "other.txt"), filepath.Join(dir, "PEGASOS_HENKILOT_20261122.csv")} {
		must(t, os.WriteFile(name, []byte("x"), 0o600))
	}
	put := func(dir string) {
		must(t, os.WriteFile(filepath.Join(dir, "keys", "peppi"), []byte(server.Key), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "keys", "ca.crt"), authority.PEM, 0o600))
	}
	ask := func(hostKey, folder, network string) []string {
		return inboxFindings(t, settings+`systems: [peppi, pegasos]
inboxes:
  peppi:
    url: sftp://`+server.User+"@"+server.Addr+folder+`
    host_keys: ["`+hostKey+`"]
    key: file:keys/peppi
  pegasos:
    url: https://`+addr+`
    ca: keys/ca.crt
    networks: [`+network+`]
`, true, put)
	}
	for name, tt := range map[string]struct{ hostKey, folder, network, want string }{
		"good":            {server.HostKey, "", "127.0.0.0/8", "note UOMA-CHK-INBOX-LAST pegasos/henkilot, warning UOMA-CHK-INBOX-NAME peppi, note UOMA-CHK-INBOX-LAST peppi/alumnit"},
		"wrong host key":  {stranger, "", "127.0.0.0/8", "note UOMA-CHK-INBOX-LAST pegasos/henkilot, error UOMA-SRC-HOST-KEY peppi"},
		"no such folder":  {server.HostKey, "/none", "127.0.0.0/8", "note UOMA-CHK-INBOX-LAST pegasos/henkilot, error UOMA-CHK-INBOX-FOLDER peppi"},
		"private address": {server.HostKey, "", "10.0.0.0/8", "error UOMA-SRC-ADDRESS pegasos, warning UOMA-CHK-INBOX-NAME peppi, note UOMA-CHK-INBOX-LAST peppi/alumnit"},
	} {
		if got := strings.Join(ask(tt.hostKey, tt.folder, tt.network), ", "); got != tt.want {
			t.Errorf("%s: found %s\nwant %s", name, got, tt.want)
		}
	}
}
