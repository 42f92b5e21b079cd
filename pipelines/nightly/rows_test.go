package nightly_test

import (
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/csvfile"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/faultproxy"
	"uoma/internal/mariadbtest"
	"uoma/internal/slapdtest"
	"uoma/internal/tlstest"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/transforms/layout"
)

// tables is a site whose pegasos is a MariaDB, and which has a directory as well, each behind a line that can go bad.
type tables struct {
	network
	db       *sql.DB
	slapd    *slapdtest.Server
	sql, dir *faultproxy.Proxy
	entries  int
}

// inTables moves the export of pegasos into a database, and makes entries of a directory of its people.
func inTables(t *testing.T, s site) tables {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	certificate, key := authority.Files(t, t.TempDir())
	server := mariadbtest.Listen(t, certificate, key)
	db, err := sql.Open("mysql", server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n := tables{network{site: s}, db, slapdtest.Start(t), faultproxy.New(t, server.Addr), nil, 0}
	n.dir = faultproxy.New(t, n.slapd.Addr)
	people := n.fill(t)
	n.enter(people)
	mariadbtest.Exec(t, server.DSN, "CREATE USER reader@'%' IDENTIFIED BY 'secret' REQUIRE SSL", "GRANT SELECT ON source.* TO reader@'%'")
	text, err := layout.ShippedSource("pegasos.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var own []string // the shipped layout, with a query in place of its file
	for line := range strings.Lines(string(text)) {
		switch trimmed := strings.TrimSpace(line); {
		case strings.HasPrefix(trimmed, "file:"):
			line = "  query: henkilot.sql\n"
		case strings.HasPrefix(trimmed, "format:"):
			line = ""
		}
		own = append(own, line)
	}
	for name, b := range map[string]string{
		"layouts/pegasos.yaml": strings.Join(own, ""), "layouts/henkilot.sql": "SELECT * FROM henkilot;\n",
		"keys/db.crt": string(authority.PEM), "keys/ldap.crt": string(n.slapd.CA), "keys/db": "secret\n", "keys/ldap": slapdtest.ReaderPassword + "\n",
	} {
		if err := os.MkdirAll(filepath.Join(s.dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.dir, name), []byte(b))
	}
	s.settings(t, fmt.Sprintf(`inboxes:
  pegasos: {url: "mysql://reader@%s/source", password: file:keys/db, ca: keys/db.crt}
  haka: {url: "ldaps://%s/ou=people,%s", bind: "%s", password: file:keys/ldap, ca: keys/ldap.crt}
`, n.sql.Addr(), n.dir.Addr(), slapdtest.Suffix, slapdtest.Reader))
	return n
}

// fill puts the rows of pegasos' first export into a table of text, and gives them.
func (n tables) fill(t *testing.T) (rows []map[string]string) {
	t.Helper()
	all, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var f *layout.Feed
	for _, l := range all {
		if l.System == "pegasos" {
			f = l.Feed("henkilot")
		}
	}
	name := filepath.Join(n.campus, "inbox", "pegasos", f.FileName(firstNight))
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	o := tabular.Options{Feed: f.FullName(), Header: f.Format.Header, FieldCounts: f.Format.FieldCounts}
	var names []string
	for _, c := range f.Columns {
		o.Columns = append(o.Columns, tabular.Column{Name: c.Name, Position: c.Position, Required: c.Required})
		names = append(names, c.Name)
	}
	r := csvfile.New(file, csvfile.Options{Options: o, Encoding: f.Format.Encoding, Delimiter: ';'})
	_, err = n.db.Exec("CREATE TABLE henkilot (" + strings.Join(names, " VARCHAR(200), ") + " VARCHAR(200), PRIMARY KEY (" +
		"HENKILONUMERO, PALVELUSSUHDE_ALKU, YKSIKKOKOODI))")
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			row, args := map[string]string{}, make([]any, len(names))
			for c, name := range names {
				col := b.Col(canon.RawFirst + c)
				if !col.Null(i) {
					row[name] = strings.Clone(col.Text(i))
					args[c] = row[name]
				}
			}
			if row["HENKILONUMERO"] == "" || row["PALVELUSSUHDE_ALKU"] == "" || row["YKSIKKOKOODI"] == "" || strings.HasPrefix(row["HENKILONUMERO"], "***") {
				continue
			}
			if _, err := n.db.Exec("INSERT IGNORE INTO henkilot VALUES (?"+strings.Repeat(", ?", len(names)-1)+")", args...); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// enter makes an entry of each of the people.
func (n *tables) enter(people []map[string]string) {
	n.slapd.Do(func(c *ldap.Conn) {
		seen := map[string]bool{}
		for _, p := range people {
			uid := "e" + p["HENKILONUMERO"]
			if seen[uid] || p["SUKUNIMI"] == "" || p["ETUNIMET"] == "" {
				continue
			}
			seen[uid] = true
			n.entries++
			a := map[string][]string{"objectClass": {"inetOrgPerson", "funetEduPerson"}, "uid": {uid}, "cn": {p["ETUNIMET"]}, "sn": {p["SUKUNIMI"]},
				"eduPersonPrincipalName": {uid + "@example.fi"}, "schacHomeOrganization": {"example.fi"}, "employeeNumber": {p["HENKILONUMERO"]},
				"eduPersonAffiliation": {"member", "employee"}, "funetEduPersonGivenNames": {p["ETUNIMET"]}}
			if p["HETU"] != "" {
				a["schacPersonalUniqueID"] = []string{"urn:schac:personalUniqueID:fi:hetu:" + p["HETU"]}
			}
			n.slapd.Add(c, "uid="+uid+",ou=people,"+slapdtest.Suffix, a)
		}
	})
}

// landedRows gives how many rows of each feed landed.
func landedRows(t *testing.T, out pipelines.Outcome) map[string]int64 {
	t.Helper()
	var landed nightly.LandFacts
	facts(t, out, "land", &landed)
	rows := map[string]int64{}
	for _, f := range landed.Feeds {
		rows[f.Feed] = f.Rows
	}
	return rows
}

// TestRowsOfADatabaseAndADirectory runs nights over both: rows land, those that change are noticed, a source that is lost stops
// alone and removes nobody, what is committed late is not missed, what is deleted goes, and a source that shrank is held by the
// same guard as a file.
func TestRowsOfADatabaseAndADirectory(t *testing.T) {
	n := inTables(t, newSite(t, databasetest.OnSQLite))
	late, err := n.db.Begin() // which writes before the first night, and commits behind it
	if err != nil {
		t.Fatal(err)
	}
	defer late.Rollback() // after the commit it does nothing
	if _, err := late.Exec("UPDATE henkilot SET YKSIKKOKOODI = CONCAT(YKSIKKOKOODI, '9') ORDER BY HENKILONUMERO LIMIT 1"); err != nil {
		t.Fatal(err)
	}
	night := func(date canon.Date) (pipelines.Outcome, map[string]string) {
		t.Helper()
		out, err := n.run(t, t.Context(), date)
		if err != nil {
			t.Fatal(err)
		}
		return out, codes(t, out)
	}
	first, failed := night(firstNight)
	if first.State != pipelines.Finished {
		t.Fatalf("ended %q: %v", first.State, failed)
	}
	if got := landedRows(t, first); got["pegasos/henkilot"] == 0 || got["haka/henkilot"] != int64(n.entries) || n.entries == 0 {
		t.Fatalf("%d entries, landed %v", n.entries, got)
	}
	pegasos := n.rowsOf(t, "pegasos/henkilot") // of the directory the shipped policy stores nothing
	if len(pegasos) == 0 {
		t.Fatal("no row of pegasos")
	}
	for name, lost := range map[string]struct {
		line *faultproxy.Proxy
		feed string
	}{"pegasos": {n.sql, "pegasos/henkilot"}, "haka": {n.dir, "haka/henkilot"}} {
		lost.line.Set(faultproxy.Faults{Refuse: true})
		before := n.rowsOf(t, lost.feed)
		out, got := night(firstNight + 1)
		lost.line.Set(faultproxy.Faults{})
		if out.State != pipelines.Part || len(got) != 1 || got[name] != "UOMA-SRC-UNREACHABLE" || !maps.Equal(before, n.rowsOf(t, lost.feed)) {
			t.Errorf("%s is lost: ended %q: %v", name, out.State, got)
		}
	}
	if err := late.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := n.db.Exec("DELETE FROM henkilot ORDER BY HENKILONUMERO DESC LIMIT 1"); err != nil {
		t.Fatal(err)
	}
	out, why := night(firstNight + 1)
	now := n.rowsOf(t, "pegasos/henkilot")
	gone, came := maps.Clone(pegasos), maps.Clone(now)
	maps.DeleteFunc(gone, func(key string, _ bool) bool { return now[key] })
	maps.DeleteFunc(came, func(key string, _ bool) bool { return pegasos[key] })
	if out.State != pipelines.Finished || len(gone) != 2 || len(came) != 1 {
		t.Errorf("a row was deleted, and one got another key by what was committed late: %d are gone and %d came; ended %q: %v", len(gone), len(came), out.State, why)
	}
	if _, err := n.db.Exec("DELETE FROM henkilot WHERE HENKILONUMERO > (SELECT * FROM (SELECT MIN(HENKILONUMERO) FROM henkilot) AS x)"); err != nil {
		t.Fatal(err)
	}
	if out, got := night(firstNight + 2); out.State != pipelines.Part || got["pegasos"] != "UOMA-LND-SHRUNK" || !maps.Equal(now, n.rowsOf(t, "pegasos/henkilot")) {
		t.Errorf("a table that lost its rows: ended %q: %v", out.State, got)
	}
}
