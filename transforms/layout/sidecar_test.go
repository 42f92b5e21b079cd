package layout_test

import (
	"strings"
	"testing"

	"uoma/transforms/layout"
)

const besideLayout = `system: demo
title: Demo
controller: "10118"
feeds:
- name: people
  file: "people_{yyyyMMdd}.csv"
  format: {type: csv}
  sidecar:
    file: "{file}.json"
    keys:
    - {name: provider, required: true}
    - {name: until, as: date}
  key: [mail]
  person: [mail]
  columns:
  - {name: mail, as: email, to: email.work}
  - {name: who, sidecar: provider, to: attribution.provider}
  - {name: until, sidecar: until, as: date, formats: [yyyy-MM-dd], to: attribution.licence_until}
`

// TestFindingsOfASidecar replaces one text of a layout; the finding must name the very place.
func TestFindingsOfASidecar(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"sound":                {"", "", ""},
		"no such key":          {"sidecar: provider", "sidecar: provder", "UOMA-LAY-SIDECAR demo.yaml:17:26"},
		"no mark of the file":  {"{file}.json", "list.json", "UOMA-LAY-SIDECAR demo.yaml:9:11"},
		"the file itself":      {"{file}.json", "{file}", "UOMA-LAY-SIDECAR demo.yaml:9:11"},
		"another folder":       {"{file}.json", "../{file}.json", "UOMA-LAY-SIDECAR demo.yaml:9:11"},
		"a key twice":          {"name: until, as: date}\n  key", "name: provider}\n  key", "UOMA-LAY-TWICE demo.yaml:12:14"},
		"a date from a text":   {"name: until, as: date}\n  key", "name: until}\n  key", "UOMA-LAY-SIDECAR demo.yaml:18:28"},
		"a date it is not":     {"formats: [yyyy-MM-dd]", "formats: [d.M.yyyy]", "UOMA-LAY-SIDECAR demo.yaml:18:28"},
		"a key for nothing":    {"required: true}", "required: true}\n    - {name: note}", "UOMA-LAY-SIDECAR demo.yaml:12:14"},
		"a key to be there":    {"required: true}", "required: true}\n    - {name: note, required: true}", ""},
		"a key to say a thing": {"required: true}", "required: true}\n    - {name: note, only: [x]}", ""},
		"people to be told":    {"required: true}", "required: true}\n    - {name: art14_notice, required: true, only: [sent, due]}\n    - {name: obtained_at, required: true, as: date}", ""},
		"nobody to be told":    {"required: true}", "required: true}\n    - {name: art14_notice, required: true, only: [sent, exempt]}", ""},
		"told since no day":    {"required: true}", "required: true}\n    - {name: art14_notice, required: true, only: [sent, due]}", "UOMA-LAY-SIDECAR demo.yaml:11:5"},
		"told since a text":    {"required: true}", "required: true}\n    - {name: art14_notice, required: true, only: [due]}\n    - {name: obtained_at, required: true}", "UOMA-LAY-SIDECAR demo.yaml:11:5"},
		"told perhaps":         {"required: true}", "required: true}\n    - {name: art14_notice, only: [sent]}", "UOMA-LAY-SIDECAR demo.yaml:11:5"},
		"told anything":        {"required: true}", "required: true}\n    - {name: art14_notice, required: true}", "UOMA-LAY-SIDECAR demo.yaml:11:5"},
		"told otherwise":       {"required: true}", "required: true}\n    - {name: art14_notice, required: true, only: [sent, soon]}", "UOMA-LAY-SIDECAR demo.yaml:11:5"},
		"an end of codes":      {"as: date, formats", "as: date, codes: {q3: 2026-09-30}, formats", "UOMA-LAY-SIDECAR demo.yaml:18:28"},
		"an end of parts":      {"as: date, formats", "as: date, join: [who], formats", "UOMA-LAY-SIDECAR demo.yaml:18:28"},
		"an end of a pattern":  {"as: date, formats", "as: date, pattern: '^20', formats", "UOMA-LAY-SIDECAR demo.yaml:18:28"},
		"another of codes":     {"sidecar: provider", "sidecar: provider, codes: {m: Mallitieto}", ""},
		"a column of no car":   {"sidecar:\n    file: \"{file}.json\"\n    keys:\n    - {name: provider, required: true}\n    - {name: until, as: date}\n", "occasional: true\n", "UOMA-LAY-SIDECAR"},
		"without a header":     {"{type: csv}", "{type: csv, header: none}", "UOMA-LAY-SIDECAR"},
		"a key of the schema":  {"required: true}", "require: true}", "UOMA-CFG-SCHEMA demo.yaml:11:"},
		"of rows of a query":   {"file: \"people_{yyyyMMdd}.csv\"\n  format: {type: csv}", "search: {filter: \"(a=b)\"}", "UOMA-CFG-SCHEMA"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(besideLayout, tt.old) {
				t.Fatalf("no %s", tt.old)
			}
			_, err := layout.Parse("demo.yaml", []byte(strings.Replace(besideLayout, tt.old, tt.new, 1)))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			code, place, _ := strings.Cut(tt.want, " ")
			if err == nil || !strings.Contains(err.Error(), code) || !strings.Contains(err.Error(), place) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
