package nightly_test

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/pipelines/workspace/workspacetest"
)

// driftLayout is a feed of three columns under a policy of its own.
const driftLayout = `system: kirjasto
title: Library
controller: "10118"
feeds:
- name: asiakkaat
  file: "asiakkaat_{yyyyMMdd}.csv"
  format: {type: csv}
  DRIFT
  key: [id]
  person: [id]
  drop: [loans]
  columns:
  - {name: id, required: true, to: person.student_number}
  - {name: mail, as: email, to: email.personal}
  - {name: hetu, forbid: true}
`

// TestEachDriftPolicyAnswersChangedColumns gives a feed an export with other columns, under every policy.
func TestEachDriftPolicyAnswersChangedColumns(t *testing.T) {
	const (
		whole    = "id;mail;loans\n1;a@b.example;3\n" // a forbidden column that does not come is no change
		without  = "id\n1\n"
		headless = "mail\na@b.example\n" // a required column is missing
		more     = "id;mail;shoe\n1;a@b.example;44\n"
	)
	tests := []struct {
		drift, export    string
		run, source      string // codes of what stops
		missing, unknown []string
	}{
		{"", whole, "", "", nil, nil},
		{"", without, "", "UOMA-LND-GONE", []string{"mail"}, nil},
		{"", more, "", "", nil, []string{"shoe"}},
		{"drift: quarantine", without, "", "UOMA-LND-GONE", []string{"mail"}, nil},
		{"drift: evolve", without, "", "", []string{"mail"}, nil},
		{"drift: evolve", more, "", "", nil, []string{"shoe"}},
		{"drift: ignore", without, "", "", nil, nil},
		{"drift: ignore", more, "", "", nil, nil},
		{"drift: fail", whole, "", "", nil, nil},
		{"drift: fail", without, "UOMA-LND-CONTRACT", "", nil, nil},
		{"drift: ignore", headless, "", "UOMA-LND-HEADER-MISSING", nil, nil},
		{"drift: fail", headless, "UOMA-LND-CONTRACT", "", nil, nil},
		{"drift: fail", more, "UOMA-LND-CONTRACT", "", nil, nil},
	}
	s := siteIn(t.TempDir(), databasetest.OnSQLite)
	workspacetest.Init(t, s.on, s.dir, settings+"systems: [kirjasto]\n")
	inbox := filepath.Join(s.campus, "inbox", "kirjasto")
	if err := os.MkdirAll(inbox, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, tt := range tests {
		write(t, filepath.Join(s.dir, workspace.LayoutDir, "kirjasto.yaml"), []byte(strings.Replace(driftLayout, "DRIFT", cmp.Or(tt.drift, "# by default"), 1)))
		write(t, filepath.Join(inbox, "asiakkaat_"+firstNight.Time().Format("20060102")+".csv"), []byte(tt.export))
		out, log, err := s.attempt(t, firstNight, true) // dry, so that one night can be tried again and again
		if fault.Code(err) != tt.run {
			t.Errorf("%d %q: the run ended with %v\n%s", i, tt.drift, err, log)
			continue
		}
		if err != nil {
			continue
		}
		var landed nightly.LandFacts
		facts(t, out, "land", &landed)
		f := landed.Feeds[0]
		if f.Code != tt.source || !slices.Equal(f.Missing, tt.missing) || !slices.Equal(f.Unknown, tt.unknown) {
			t.Errorf("%d %q: got %q, missing %v, new %v", i, tt.drift, f.Code, f.Missing, f.Unknown)
		}
	}
}

// TestAPropertyThatNoRecordHasAnyMoreIsTold renames an optional property of records, which each record may lack: the first night
// without it tells, a property that nobody ever had is no news, and no row stops.
func TestAPropertyThatNoRecordHasAnyMoreIsTold(t *testing.T) {
	s := siteIn(t.TempDir(), databasetest.OnSQLite)
	workspacetest.Init(t, s.on, s.dir, settings+"systems: [peppi]\n")
	write(t, filepath.Join(s.dir, workspace.LayoutDir, "peppi.yaml"), []byte(`system: peppi
title: Records
controller: "10118"
feeds:
- name: alumnit
  file: "alumnit_{yyyyMMdd}.ndjson"
  format: {type: ndjson}
  key: [id]
  person: [id]
  columns:
  - {name: id, required: true, to: person.student_number}
  - {name: name, as: name, required: true, to: person.family_name}
  - {name: mail, as: email, to: email.personal}
  - {name: nick, to: person.call_name}
`))
	inbox := filepath.Join(s.campus, "inbox", "peppi")
	if err := os.MkdirAll(inbox, 0o700); err != nil {
		t.Fatal(err)
	}
	const first, renamed = `{"id":"1","name":"Alpha","mail":"a@b.example"}`, `{"id":"1","name":"Alpha","email":"a@b.example"}`
	for night, tt := range []struct {
		record           string
		missing, unknown []string
	}{{first, nil, nil}, {first, nil, nil}, {renamed, []string{"mail"}, []string{"email"}}, {renamed, nil, []string{"email"}}, {first, nil, nil}} {
		date := firstNight + canon.Date(night)
		write(t, filepath.Join(inbox, "alumnit_"+date.Time().Format("20060102")+".ndjson"), []byte(tt.record+"\n"+`{"id":"2","name":"Beta"}`+"\n"))
		var landed nightly.LandFacts
		facts(t, s.finish(t, date, pipelines.Finished), "land", &landed)
		if f := landed.Feeds[0]; f.Code != "" || f.Rows != 2 || !slices.Equal(f.Missing, tt.missing) || !slices.Equal(f.Unknown, tt.unknown) {
			t.Errorf("night %d: %q, %d rows, missing %v, new %v", night, f.Code, f.Rows, f.Missing, f.Unknown)
		}
	}
}

// TestAnOccasionalExportIsNotMissed has a night with the export of an occasional system, and nights without it: nothing stops,
// and what was loaded stays.
func TestAnOccasionalExportIsNotMissed(t *testing.T) {
	s := siteIn(t.TempDir(), databasetest.OnSQLite)
	workspacetest.Init(t, s.on, s.dir, settings+"systems: [peppi]\n")
	peppi, err := os.ReadFile(filepath.Join("..", "..", "transforms", "layout", "shipped", "peppi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.dir, workspace.LayoutDir, "peppi.yaml"), []byte(strings.Replace(string(peppi), "\ncontroller:", "\noccasional: true\ncontroller:", 1)))
	export, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "demo", "inbox", "peppi", "peppi_alumnit_20261121.csv"))
	if err != nil {
		t.Fatal(err)
	}
	inbox := filepath.Join(s.campus, "inbox", "peppi")
	if err := os.MkdirAll(inbox, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, s.export(peppiFile, firstNight), export)
	s.finish(t, firstNight, pipelines.Finished)
	people := func() (n int) {
		s.at(t, func(ws *workspace.Workspace) {
			if err := ws.RegisterDB.QueryRow("SELECT COUNT(*) FROM `degree`").Scan(&n); err != nil {
				t.Fatal(err)
			}
		})
		return n
	}
	before := people()
	s.finish(t, firstNight+1, pipelines.Finished)
	if after := people(); before == 0 || after != before {
		t.Errorf("%d degrees before, %d after", before, after)
	}
}
