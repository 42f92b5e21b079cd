package layout_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"uoma/transforms/layout"
)

// TestTemplates reads every layout that is for copying.
func TestTemplates(t *testing.T) {
	names := layout.Templates()
	if len(names) < 4 {
		t.Fatalf("%v", names)
	}
	for _, name := range names {
		src, err := layout.TemplateSource(name)
		if err != nil {
			t.Fatal(err)
		}
		l, err := layout.Parse(name, src)
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.HasPrefix(name, l.System) {
			t.Errorf("%s describes %s", name, l.System)
		}
	}
}

// TestAParentIsAnOrganisationWhereItIsAnAccount of every template that reads the parents of contacts, who may be contacts, too.
func TestAParentIsAnOrganisationWhereItIsAnAccount(t *testing.T) {
	const parent = "_parentcustomerid_value"
	read := 0
	for _, name := range layout.Templates() {
		src, err := layout.TemplateSource(name)
		if err != nil {
			t.Fatal(err)
		}
		l, err := layout.Parse(name, src)
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Feeds {
			f := &l.Feeds[i]
			if f.Index(parent) < 0 {
				continue
			}
			read++
			fills := slices.DeleteFunc(f.Fillings(), func(x layout.Filling) bool {
				return !slices.ContainsFunc(x.Values, func(v layout.Value) bool { return v.Source == f.Index(parent) })
			})
			want := []layout.Condition{{Source: f.Index("merged"), Not: true, Values: []string{"true"}},
				{Source: f.Index(parent + "@Microsoft.Dynamics.CRM.lookuplogicalname"), Values: []string{"account"}}}
			if len(fills) != 1 || fills[0].Label != "org" || !reflect.DeepEqual(fills[0].When, want) {
				t.Errorf("%s: %+v", name, fills)
			}
		}
	}
	if read != 2 {
		t.Errorf("%d feeds read a parent", read)
	}
}

// TestServicesThatCannotBeAsked finds requests that make no sense.
func TestServicesThatCannotBeAsked(t *testing.T) {
	const frame = "system: x\ntitle: X\ncontroller: \"10118\"\nfeeds:\n- name: a\n  ORIGIN\n  key: [id]\n  person: [id]\n  columns:\n  - {name: id, required: true, to: person.source_key}\n"
	const inside = "\n  # the column's path begins in the record"
	for origin, good := range map[string]bool{
		"rest: {path: people, rows: items, each: a/b, paging: {kind: none}}":                                  true,
		"rest: {path: people, rows: items, each: a, paging: {kind: none}}" + inside:                           true,
		"rest: {path: people, rows: items, paging: {kind: none}}" + inside:                                    false,
		"rest: {path: people, rows: items, each: \"\", paging: {kind: none}}":                                 false,
		"rest: {path: people, paging: {kind: next, next: links/next, total: count}}":                          true,
		"rest: {path: people, paging: {kind: cursor, next: cursor, more: more, parameter: after}}":            true,
		"rest: {path: people, paging: {kind: page, parameter: page, first: 1, size: 100, size-as: per_page}}": true,
		"odata: {set: contacts, filter: statecode eq 0, count: true}":                                         true,
		"rest: {path: people}":                                                   false,
		"rest: {path: people, paging: {kind: next}}":                             false,
		"rest: {path: people, paging: {kind: cursor, next: cursor}}":             false,
		"rest: {path: people, paging: {kind: link, parameter: page}}":            false,
		"rest: {path: people, paging: {kind: page, parameter: page, size: 100}}": false,
		"rest: {path: \"people?all=1\", paging: {kind: none}}":                   false,
		"rest: {path: people, rate: 0, paging: {kind: none}}":                    false,
		"odata: {set: contacts(1)}":                                              false,
		"odata: {set: contacts}\n  rest: {path: people, paging: {kind: none}}":   false,
		"odata: {set: contacts}\n  file: a_{yyyyMMdd}.csv":                       false,
		"query: a.sql\n  odata: {set: contacts}":                                 false,
	} {
		src := strings.Replace(frame, "ORIGIN", origin, 1)
		if strings.HasSuffix(origin, inside) {
			src = strings.Replace(src, "name: id", "name: id, path: ../id", 1)
		}
		if _, err := layout.Parse("x.yaml", []byte(src)); (err == nil) != good {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
