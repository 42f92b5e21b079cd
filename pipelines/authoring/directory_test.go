package authoring_test

import (
	"cmp"
	"encoding/base64"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"uoma/connectors/directory"
	"uoma/connectors/ldiffile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/slapdtest"
	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

const hakaDump = "../../fixtures/systems/haka/haka_20261121.ldif"

// fromDump gives the layout of the directory's dump.
func fromDump(t *testing.T) *layout.Layout {
	t.Helper()
	src, err := layout.TemplateSource("haka.yaml")
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.Parse("haka.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestTheDirectorysDumpIsReadByItsLayout reads the dump of the generator's directory.
func TestTheDirectorysDumpIsReadByItsLayout(t *testing.T) {
	l := fromDump(t)
	trial, err := authoring.Try(t.Context(), hakaDump, l, authoring.TryOptions{Rows: 1 << 20,
		Settings: conform.Settings{RunDate: today(), AllowTemporary: true}})
	if err != nil {
		t.Fatal(err)
	}
	if trial.Refused != 0 || trial.Read < 20 {
		t.Errorf("%d read, %d refused, %+v", trial.Read, trial.Refused, trial.Listed)
	}
	filled := map[string]bool{}
	for _, r := range trial.Rows {
		for _, x := range r.Fields {
			filled[bare(x.Target)] = true
		}
	}
	for _, c := range l.Feeds[0].Columns {
		for _, to := range c.To {
			if !filled[bare(to)] {
				t.Errorf("no entry fills %s", to)
			}
		}
	}
}

// TestADirectoryAndItsDumpSayTheSame puts the generator's dump into slapd and asks for what the shipped layout asks for: every
// entry that the dump has of somebody, with the same values, and none of a service.
func TestADirectoryAndItsDumpSayTheSame(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile(filepath.FromSlash(hakaDump))
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := layout.ShippedSource("haka.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asked, err := layout.Parse("haka.yaml", shipped)
	if err != nil {
		t.Fatal(err)
	}
	server := slapdtest.Start(t)
	entries := load(t, server, src)

	o, skipping := options(&asked.Feeds[0]), options(&asked.Feeds[0])
	skipping.SkipWhenEmpty = fromDump(t).Feeds[0].Format.SkipWhenEmpty
	dumped := rowsOf(t, ldiffile.New(strings.NewReader(string(src)), skipping))
	source, err := directory.Open(directory.Settings{Address: server.Addr, Base: "ou=people," + slapdtest.Suffix, Bind: slapdtest.Reader,
		Password: slapdtest.ReaderPassword, CA: server.CA, Page: 10})
	if err != nil {
		t.Fatal(err)
	}
	r, err := source.Rows(directory.Search{Filter: asked.Feeds[0].Search.Filter}, o)
	if err != nil {
		t.Fatal(err)
	}
	found := rowsOf(t, r)
	if !slices.Equal(dumped, found) {
		t.Errorf("the dump says\n%s\nthe directory\n%s", strings.Join(dumped, "\n"), strings.Join(found, "\n"))
	}
	if len(found) < 20 || len(found) >= entries {
		t.Errorf("%d entries of %d: those of services must stay out", len(found), entries)
	}
}

// operational are attributes that a server keeps itself.
var operational = []string{"modifyTimestamp"}

// load adds the entries of a dump below the server's people, and gives how many there are.
func load(t *testing.T, server *slapdtest.Server, dump []byte) (n int) {
	t.Helper()
	lines := strings.ReplaceAll(string(dump), "\n ", "")
	server.Do(func(c *ldap.Conn) {
		for text := range strings.SplitSeq(strings.TrimSpace(lines), "\n\n") {
			attributes := attributesOf(t, text)
			uid := attributes["uid"][0]
			maps.DeleteFunc(attributes, func(name string, _ []string) bool { return name == "dn" || slices.Contains(operational, name) })
			server.Add(c, "uid="+uid+",ou=people,"+slapdtest.Suffix, attributes)
			n++
		}
	})
	return n
}

// attributesOf reads the unfolded lines of one entry.
func attributesOf(t *testing.T, text string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value, encoded := strings.CutPrefix(value, ":")
		value = strings.TrimPrefix(value, " ")
		if encoded {
			b, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			value = string(b)
		}
		out[name] = append(out[name], value)
	}
	return out
}

// options asks for the feed's columns.
func options(f *layout.Feed) tabular.Options {
	o := tabular.Options{Feed: f.FullName()}
	for _, c := range f.Columns {
		o.Columns = append(o.Columns, tabular.Column{Name: c.Name, Required: c.Required, List: cmp.Or(c.List, ";")})
	}
	return o
}

// rowsOf gives the rows as text, sorted, without what a server says of its own; several values of an attribute have no order.
func rowsOf(t *testing.T, r tabular.Reader) (out []string) {
	t.Helper()
	for b, err := range r.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			var cells []string
			for _, c := range b.Table.Columns[canon.RawFirst:] {
				col := b.Col(b.Table.Index(c.Name))
				if col.Null(i) || slices.Contains(operational, c.Name) {
					continue
				}
				values := strings.Split(col.Text(i), ";")
				slices.Sort(values)
				cells = append(cells, c.Name+"="+strings.Join(values, ";"))
			}
			out = append(out, strings.Join(cells, " "))
		}
	}
	slices.Sort(out)
	return out
}
