package linker

import (
	"fmt"
	"strings"
	"testing"

	"uoma/internal/fault"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
)

// file makes a source of "name=kind" columns.
func file(t *testing.T, columns ...string) *source {
	t.Helper()
	s := &source{}
	for _, c := range columns {
		name, text, _ := strings.Cut(c, "=")
		kind, thing, err := meaningOf(text)
		if err != nil {
			t.Fatal(err)
		}
		s.columns = append(s.columns, Column{Name: name, kind: kind, thing: thing})
	}
	return s
}

func TestFieldsOfSeveralFilesAreOne(t *testing.T) {
	j := &Job{sources: []*source{
		file(t, "id=record_id", "surname=family_name", "mail=email", "mail2=email", "pid=identifier:hetu", "old=identifier:hetu", "card=identifier", "x=ignored"),
		file(t, "e1=email", "e2=email", "e3=email", "sukunimi=family_name", "hetu=identifier", "CARD=identifier", "place=text"),
	}}
	if err := j.unite(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range j.fields {
		got = append(got, f.Name+" "+f.Kind.String())
	}
	want := "record_id record_id|source source|surname family_name|mail email|mail2 email|hetu identifier|hetu_2 identifier|card identifier|e3 email|place text"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	var at []int
	for _, c := range j.sources[1].columns {
		at = append(at, c.field)
	}
	if fmt.Sprint(at) != "[3 4 8 2 5 7 9]" {
		t.Errorf("the second file's columns are fields %v", at)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	tests := []struct {
		columns []string
		code    string
	}{
		{[]string{"a=record_id", "b=record_id", "c=email"}, "UOMA-LNK-IDS"},
		{[]string{"a=record_id", "b=ignored"}, "UOMA-LNK-NOTHING"},
		{[]string{"a=record_id", "b=source"}, "UOMA-LNK-NOTHING"},
	}
	for _, tt := range tests {
		j := &Job{sources: []*source{file(t, tt.columns...)}}
		if err := j.unite(); fault.Code(err) != tt.code {
			t.Errorf("%v: got %v", tt.columns, err)
		}
	}
}

func TestSettingsWin(t *testing.T) {
	j := &Job{sources: []*source{file(t, "key=record_id", "pid=text", "mail=email")}}
	j.settings.Set("MAIL", "ignored")
	j.settings.Set("mail", "text")
	j.settings.Set("pid", "record_id")
	if err := j.override(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range j.sources[0].columns {
		got = append(got, c.kind.String())
	}
	if strings.Join(got, " ") != "ignored record_id text" {
		t.Errorf("got %v", got)
	}
	j.settings.Unique = []Unique{{Of: "nowhere"}}
	if err := j.override(); fault.Code(err) != "UOMA-LNK-COLUMN" {
		t.Errorf("got %v", err)
	}
}

// Every identifying column of the shipped layouts that a person is compared by has a kind.
func TestShippedLayoutsHaveAMeaning(t *testing.T) {
	shipped, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[linkage.Kind]bool{}
	for _, l := range shipped {
		for i := range l.Feeds {
			for k := range l.Feeds[i].Columns {
				c := &l.Feeds[i].Columns[k]
				got := meant(l.System, c)
				seen[got.kind] = true
				for _, to := range c.To {
					compared := strings.HasPrefix(to, "email.") || strings.HasPrefix(to, "phone.") || strings.HasPrefix(to, "address.") || to == "person.hetu"
					if compared && got.kind == linkage.Ignored {
						t.Errorf("%s: %s fills %s and means nothing", l.Feeds[i].FullName(), c.Name, to)
					}
				}
			}
		}
	}
	for _, k := range []linkage.Kind{linkage.Identifier, linkage.GivenNames, linkage.CallName, linkage.FamilyName, linkage.FormerName, linkage.BirthDate,
		linkage.Sex, linkage.Street, linkage.Postcode, linkage.City, linkage.Country, linkage.Phone, linkage.Email} {
		if !seen[k] {
			t.Errorf("no layout has a %s", k)
		}
	}
}

func TestCellsAreWrittenByTheRules(t *testing.T) {
	for in, want := range map[string]string{"a": "a", "a,b": `"a,b"`, `a"b`: `"a""b"`, "a\nb": "\"a\nb\"", "": ""} {
		if got := string(appendCell(nil, in)); got != want {
			t.Errorf("%q: got %s", in, got)
		}
	}
}
