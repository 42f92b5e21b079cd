package docs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"uoma/transforms/layout"
)

// transports say over what rows come, by [layout.Feed.Kind]: "file" stands for all formats of files.
var transports = map[string]string{
	"file":   "files in the folder `%s` of the inbox, or over SFTP, S3 or HTTPS",
	"query":  "SQL queries of MariaDB, MySQL, PostgreSQL or SQL Server, over TLS",
	"search": "searches of an LDAP directory, over LDAPS or StartTLS",
	"rest":   "requests to a REST service, over HTTPS",
	"odata":  "requests to an OData v4 service, over HTTPS",
}

// transport says over what the rows of a layout come, and how often.
func transport(t *testing.T, l *layout.Layout) string {
	t.Helper()
	var kinds []string
	for i := range l.Feeds {
		kind := l.Feeds[i].Kind()
		if l.Feeds[i].InFile() {
			kind = "file"
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	var over []string
	for _, kind := range kinds {
		text, ok := transports[kind]
		if !ok {
			t.Errorf("%s: nothing is said of how %s comes", l.Name(), kind)
		}
		over = append(over, strings.Replace(text, "%s", l.System, 1))
	}
	often := "Every night"
	if l.Occasional {
		often = "Now and then"
	}
	return often + ": " + strings.Join(over, "; ")
}

// origin says where the rows of one feed stand or what is asked for them.
func origin(f *layout.Feed) string {
	where := ""
	switch {
	case f.InFile():
		where = fmt.Sprintf("`%s`%s, %s", f.File, inside(f), f.Format.Type)
	case f.Query != "":
		where = "the statement `" + f.Query + "`"
	case f.Search != nil:
		where = "entries that `" + f.Search.Filter + "` finds"
	case f.OData != nil:
		where = "the entity set `" + f.OData.Set + "`"
	case f.Rest != nil:
		where = asked(f.Rest)
	}
	if f.Occasional {
		where += ", now and then"
	}
	return where
}

// asked says what is asked of a REST service.
func asked(r *layout.Rest) string {
	verb, form, pages := "GET", "JSON", ""
	if r.Body != nil {
		verb = "POST"
	}
	if r.Answer == "xml" {
		form = "XML"
	}
	if r.Paging.Kind == "none" {
		pages = " in one answer"
	} else {
		pages = " in pages (" + r.Paging.Kind + ")"
	}
	return fmt.Sprintf("`%s %s`, %s%s", verb, r.Path, form, pages)
}

// dropped lists what a feed knows and never reads.
func dropped(f *layout.Feed) (out []string) {
	for _, name := range f.Drop {
		out = append(out, "`"+name+"`")
	}
	return out
}

// unasked says of feeds whose request names each column that no other ever comes.
func unasked(f *layout.Feed) string {
	switch {
	case f.OData != nil, f.Search != nil:
		return "nothing else is asked for"
	case f.Query != "":
		return "the statement names what comes"
	}
	return ""
}

// TestTransportsAreSaid holds what is said of every kind of feed to a layout of that kind.
func TestTransportsAreSaid(t *testing.T) {
	const frame = "system: library\ntitle: Library\ncontroller: \"10118\"\nfeeds:\n- name: a\n  ORIGIN\n  key: [id]\n  person: [id]\n  drop: [note]\n  columns:\n  - {name: id, required: true, to: person.source_key}\n"
	beside := func(string) ([]byte, error) { return []byte("SELECT id FROM a"), nil }
	for text, want := range map[string][3]string{
		"file: \"a_{yyyyMMdd}.csv\"\n  format: {type: csv, delimiter: \";\"}": {"Every night: files in the folder `library` of the inbox, or over SFTP, S3 or HTTPS", "`a_{yyyyMMdd}.csv`, csv", ""},
		"query: a.sql":                               {"Every night: SQL queries of MariaDB, MySQL, PostgreSQL or SQL Server, over TLS", "the statement `a.sql`", "the statement names what comes"},
		"search: {filter: (uid=*)}":                  {"Every night: searches of an LDAP directory, over LDAPS or StartTLS", "entries that `(uid=*)` finds", "nothing else is asked for"},
		"rest: {path: a/list, paging: {kind: link}}": {"Every night: requests to a REST service, over HTTPS", "`GET a/list`, JSON in pages (link)", ""},
		"rest: {path: a/list, answer: xml, rows: l/a, paging: {kind: none}}": {"Every night: requests to a REST service, over HTTPS", "`GET a/list`, XML in one answer", ""},
		"rest: {path: graphql/, body: {query: q}, paging: {kind: none}}":     {"Every night: requests to a REST service, over HTTPS", "`POST graphql/`, JSON in one answer", ""},
		"odata: {set: as}": {"Every night: requests to an OData v4 service, over HTTPS", "the entity set `as`", "nothing else is asked for"},
	} {
		l, err := layout.ParseWith("library.yaml", []byte(strings.Replace(frame, "ORIGIN", text, 1)), beside)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		f := &l.Feeds[0]
		if got := [3]string{transport(t, l), origin(f), unasked(f)}; got != want {
			t.Errorf("%s: %q", text, got)
		}
		if got := dropped(f); !slices.Equal(got, []string{"`note`"}) {
			t.Errorf("%s: dropped %q", text, got)
		}
	}
}
