package authoring_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/directory"
	"uoma/connectors/tabular"
	"uoma/internal/slapdtest"
	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// entryOfTheSchema is how the federation's schema shows an entry: a name in base64, two affiliations, a code with its registry.
const entryOfTheSchema = `dn: uid=s0012345,ou=people,dc=metropolia,dc=example
uid: s0012345
sn: Koe
givenName: Olli
cn:: T2xsaSBLb2U=
eduPersonPrincipalName: s0012345@metropolia.example
eduPersonAffiliation: student
eduPersonAffiliation: member
schacPersonalUniqueCode: urn:schac:personalUniqueCode:int:studentID:metropolia.example:2200002
modifyTimestamp: 20261101021500Z
`

// classes are what a server wants of an entry. The schema's text leaves its institution out as well, without which it is taken for
// one of a service.
const classes = "objectClass: top\nobjectClass: person\nobjectClass: organizationalPerson\nobjectClass: inetOrgPerson\nobjectClass: funetEduPerson\n"

// TestTheSchemasOwnEntryIsFound puts the entry into slapd, and asks for what the shipped layout asks for, and its cn.
func TestTheSchemasOwnEntryIsFound(t *testing.T) {
	t.Parallel()
	src, err := layout.ShippedSource("haka.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse("haka.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	f := &l.Feeds[0]
	columns := options(f)
	columns.Columns = append(columns.Columns, tabular.Column{Name: "cn"})
	for text, want := range map[string][]string{
		entryOfTheSchema + classes: nil,
		entryOfTheSchema + classes + "schacHomeOrganization: metropolia.example\n": {
			"uid=s0012345 eduPersonPrincipalName=s0012345@metropolia.example sn=Koe givenName=Olli eduPersonAffiliation=member;student " +
				"schacPersonalUniqueCode=urn:schac:personalUniqueCode:int:studentID:metropolia.example:2200002 cn=Olli Koe"},
	} {
		server := slapdtest.Start(t)
		load(t, server, []byte(text))
		source, err := directory.Open(directory.Settings{Address: server.Addr, Base: "ou=people," + slapdtest.Suffix, Bind: slapdtest.Reader,
			Password: slapdtest.ReaderPassword, CA: server.CA, Page: 10})
		if err != nil {
			t.Fatal(err)
		}
		r, err := source.Rows(directory.Search{Filter: f.Search.Filter}, columns)
		if err != nil {
			t.Fatal(err)
		}
		if got := rowsOf(t, r); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestTheSchemasOwnEntryIsRead reads the entry as a dump, by the layout of dumps.
func TestTheSchemasOwnEntryIsRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "haka_20261121.ldif")
	if err := os.WriteFile(file, []byte(entryOfTheSchema+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	trial, err := authoring.Try(t.Context(), file, fromDump(t), authoring.TryOptions{Rows: 1, Values: true, Settings: conform.Settings{RunDate: today()}})
	if err != nil {
		t.Fatal(err)
	}
	if trial.Read != 1 || trial.Conformed != 1 || len(trial.Listed) != 0 {
		t.Fatalf("%d read, %d conformed, %+v", trial.Read, trial.Conformed, trial.Listed)
	}
	var got []string
	for _, x := range trial.Rows[0].Fields {
		got = append(got, x.Target+"="+x.Value)
	}
	slices.Sort(got)
	want := []string{"person.call_name=Olli", "person.eppn=s0012345@metropolia.example", "person.family_name=Koe", "person.institution_code=10065",
		"person.modified_at=2026-11-01T02:15:00Z", "person.source_key=s0012345", "person.student_number=2200002", "role.kind=student"}
	if !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
}
