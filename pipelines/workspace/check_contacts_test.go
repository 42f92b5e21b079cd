package workspace_test

import (
	"path/filepath"
	"strings"
	"testing"

	"uoma/pipelines/workspace"
)

const mailsLayout = `system: dynamics365
title: Addresses alone
controller: "10118"
feeds:
- name: mails
  file: "mails_{yyyyMMdd}.csv"
  format: {type: csv}
  key: [id]
  person: [id]
  columns:
  - {name: id, required: true}
  - {name: mail, as: email, to: email.work}
`

// TestCheckMissesWhatWouldEndContactData reads addresses with and without a row of their person: without one nothing would ever be due.
func TestCheckMissesWhatWouldEndContactData(t *testing.T) {
	for more, want := range map[string]int{"": 1, "to: person.source_key": 0} {
		dir := filepath.Join(t.TempDir(), "ws")
		must(t, workspace.Init(dir, nil))
		write(t, dir+"/uoma.yaml", "institution: \"10118\"\npolicy: xamk\nsender: {id: tiny}\nsystems: [dynamics365]\n")
		layout := mailsLayout
		if more != "" {
			layout = strings.Replace(layout, "{name: id, required: true}", "{name: id, required: true, "+more+"}", 1)
		}
		write(t, dir+"/layouts/dynamics365.yaml", layout)
		found := 0
		for _, f := range check(t, dir, workspace.CheckOptions{}) {
			if f.Code == "UOMA-CHK-UNENDED" && f.Severity == workspace.Error && f.Place.File == "dynamics365/mails" {
				found++
			}
		}
		if found != want {
			t.Errorf("with %q: %d findings, not %d", more, found, want)
		}
	}
}
