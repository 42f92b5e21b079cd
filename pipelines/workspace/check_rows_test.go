package workspace_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"uoma/internal/mariadbtest"
	"uoma/internal/slapdtest"
	"uoma/internal/tlstest"
)

const hr = `system: hr
title: HR
controller: "10118"
feeds:
- name: people
  query: people.sql
  key: [id]
  person: [id]
  columns:
  - {name: id, required: true, to: person.source_key}
  - {name: family, as: name, required: true, to: person.family_name}
`

// TestCheckAsksDatabasesAndDirectories asks real servers whether they would give the rows.
func TestCheckAsksDatabasesAndDirectories(t *testing.T) {
	authority := tlstest.NewAuthority(t)
	certificate, key := authority.Files(t, t.TempDir())
	db := mariadbtest.Listen(t, certificate, key)
	mariadbtest.Exec(t, db.DSN, "CREATE TABLE people (id INT PRIMARY KEY, family TEXT)", "CREATE USER reader@'%' IDENTIFIED BY 'secret' REQUIRE SSL", "GRANT SELECT ON source.* TO reader@'%'")
	slapd := slapdtest.Start(t)
	ask := func(statement, password, system string) []string {
		return inboxFindings(t, settings+`systems: [`+system+`, haka]
inboxes:
  `+system+`: {url: "mysql://reader@`+db.Addr+`/source", password: file:keys/db, ca: keys/db.crt}
  haka: {url: "ldaps://`+slapd.Addr+"/ou=people,"+slapdtest.Suffix+`", bind: "`+slapdtest.Reader+`", password: file:keys/ldap, ca: keys/ldap.crt}
`, true, func(dir string) {
			must(t, os.MkdirAll(filepath.Join(dir, "layouts"), 0o700))
			for name, text := range map[string]string{"layouts/hr.yaml": hr, "layouts/people.sql": statement, "keys/db": password, "keys/db.crt": string(authority.PEM),
				"keys/ldap": slapdtest.ReaderPassword, "keys/ldap.crt": string(slapd.CA)} {
				must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
		})
	}
	const haka = "note UOMA-CHK-INBOX-ROWS haka/henkilot"
	for name, tt := range map[string]struct{ statement, password, system, want string }{
		"good":           {"SELECT id, family FROM people", "secret", "hr", "note UOMA-CHK-INBOX-ROWS hr/people"},
		"no such column": {"SELECT id FROM people", "secret", "hr", "error UOMA-CHK-COLUMN hr/people family"},
		"no such table":  {"SELECT id, family FROM nobody", "secret", "hr", "error UOMA-SRC-STATEMENT hr/people"},
		"no statement":   {"people", "secret", "hr", "error UOMA-LAY-STATEMENT feeds.0.query"},
		"wrong password": {"SELECT id, family FROM people", "other", "hr", "error UOMA-SRC-LOGIN hr/people"},
		"files expected": {"SELECT id, family FROM people", "secret", "pegasos", "error UOMA-SRC-NO-ROWS pegasos/henkilot"},
	} {
		got := ask(tt.statement, tt.password, tt.system)
		if !slices.Contains(got, tt.want) || tt.want != "error UOMA-LAY-STATEMENT feeds.0.query" && !slices.Contains(got, haka) {
			t.Errorf("%s: found %q, want %s", name, got, tt.want)
		}
	}
}
