package authoring_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// TestLinesAreReadByTheirTemplates is the contract of layouts for copying whose export is JSON Lines: nothing of the generator's is
// new or missing, every row ends once, what the system is known for is found, and every target is filled.
func TestLinesAreReadByTheirTemplates(t *testing.T) {
	for name, want := range map[string]struct {
		read    int64 // of two feeds in one file each line is read once
		refused int64
		found   []string
		rows    [][]string // what some row fills
	}{
		"webforms-lines/forms": {24, 3, []string{"email pattern", "institution unknown-code!"}, [][]string{
			{"consent.text_version=2019-01", "consent.state=granted", "consent.topic=library", "email.address=hanne.pellinen179@sahko.example"}, // under an old name
			{"consent.purpose=newsletter", "consent.state=unknown"},                                                                             // nobody proved the address
			{"objection.scope=marketing"}}},
		"webforms-lines/events": {8, 2, []string{"email pattern!", "event_date date"}, [][]string{
			{"consent.purpose=similar_events", "consent.state=withdrawn", "event.key=EV26-002", "event.attended=false", "payment.amount=25"}}},
		"haka-logins/kirjautumiset": {11, 1, []string{"eppn pattern!"}, [][]string{
			{"person.eppn=s0000018@metropolia.example", "person.source_key=s0000018@metropolia.example"},
			{"person.student_number=2000102", "person.source_key=s0000020@metropolia.example", "person.modified_at=2026-10-18T08:15:30Z", "role.kind=student"}}},
	} {
		t.Run(name, func(t *testing.T) {
			unfilled := unfilled[name]
			name, feed, _ := strings.Cut(name, "/")
			src, err := layout.TemplateSource(name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			l, err := layout.Parse(name+".yaml", src)
			if err != nil {
				t.Fatal(err)
			}
			f := l.Feed(feed)
			trial, err := authoring.Try(t.Context(), filepath.Join("../../fixtures/systems", name, f.FileName(today()-1)), l, authoring.TryOptions{Feed: feed, Rows: 1 << 20, Values: true,
				Settings: conform.Settings{RunDate: today(), AllowTemporary: true}})
			if err != nil {
				t.Fatal(err)
			}
			if !trial.Same() || trial.Read != want.read || trial.Read != trial.Conformed+trial.Refused || trial.Refused != want.refused {
				t.Errorf("%d read, %d conformed, %d refused, columns %+v", trial.Read, trial.Conformed, trial.Refused, trial.Columns)
			}
			var found []string
			for _, p := range trial.Listed {
				code := p.Place.Field + " " + p.Code
				if p.Outcome == authoring.RowRefused {
					code += "!"
				}
				found = append(found, code)
			}
			slices.Sort(found)
			if found = slices.Compact(found); !slices.Equal(found, want.found) {
				t.Errorf("found %q", found)
			}
			filled, wanted := map[string]bool{}, slices.Clone(want.rows)
			for _, r := range trial.Rows {
				fields := map[string]bool{}
				for _, x := range r.Fields {
					filled[bare(x.Target)], fields[x.Target+"="+x.Value] = true, true
				}
				wanted = slices.DeleteFunc(wanted, func(row []string) bool {
					return !slices.ContainsFunc(row, func(x string) bool { return !fields[x] })
				})
			}
			if len(wanted) > 0 {
				t.Errorf("no row has %q", wanted)
			}
			for _, c := range f.Columns {
				for _, to := range c.To {
					if !filled[bare(to)] && !slices.Contains(unfilled, bare(to)) {
						t.Errorf("no row fills %s", to)
					}
				}
			}
		})
	}
}
