package workspace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"uoma/internal/fault"
	"uoma/transforms/policy"
)

func shippedXamk(t *testing.T, old, new string) []byte {
	t.Helper()
	src, _ := policy.Shipped("xamk")
	if !strings.Contains(string(src), old) {
		t.Fatalf("the pack does not say %s", old)
	}
	return []byte(strings.Replace(string(src), old, new, 1))
}

func codes(found []Finding) string {
	var out []string
	for _, f := range found {
		out = append(out, string(f.Severity)+" "+f.Code)
	}
	return strings.Join(out, ", ")
}

func TestCheckPack(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"as it comes", "", "", "note UOMA-POL-WAITING"},
		{"filled in", "needs_assessment: true,", "needs_assessment: true, assessment: {reference: LIA-1, made: 2023-01-15, review: 2027-12-31},", ""},
		{"another period", "period: P20Y", "period: P21Y", "warning UOMA-POL-ANSWER, note UOMA-POL-WAITING"},
		{"without effect", "form: personal", "form: personal\n  least: 12", "warning UOMA-POL-LEAST, note UOMA-POL-WAITING"},
		{"a name that leads nowhere", "purpose: newsletter,", "purpose: newsletters,", "error UOMA-POL-CONSENT, error UOMA-POL-REFERENCE"},
	}
	for _, tt := range tests {
		found := CheckPack("x.yaml", shippedXamk(t, tt.old, tt.new))
		if codes(found) != tt.want {
			t.Errorf("%s: %s", tt.name, codes(found))
		}
		for _, f := range found {
			if f.Place.Line == 0 {
				t.Errorf("%s: %s without a line", tt.name, f.Code)
			}
		}
	}
}

// TestCoverageOfTheWorkspace finds tables of the workspace's own layouts that its pack says nothing of.
func TestCoverageOfTheWorkspace(t *testing.T) {
	dir := t.TempDir()
	all, err := Coverage(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(policy.ShippedIDs()) {
		t.Errorf("%d packs", len(all))
	}
	for _, c := range all {
		if len(c.Gaps) > 0 || len(c.Rules) != len(c.Pack.Rules) {
			t.Errorf("%s: %s, %d rules", c.Pack.ID, codes(c.Gaps), len(c.Rules))
		}
	}
	library := `system: library
title: Library
controller: "10118"
feeds:
- name: loans
  file: "loans_{yyyyMMdd}.csv"
  format: {type: csv}
  key: [id]
  person: [id]
  columns:
  - {name: id, required: true, to: person.source_key}
  - {name: mail, as: email, to: email.personal}
`
	if err := os.MkdirAll(filepath.Join(dir, LayoutDir), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, LayoutDir, "library.yaml"), []byte(library), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err = Coverage(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		want := ""
		if c.Pack.ID == "xamk" { // the layout's controller
			want = "error UOMA-POL-UNCOVERED, error UOMA-POL-UNCOVERED"
		}
		if codes(c.Gaps) != want {
			t.Errorf("%s: %s", c.Pack.ID, codes(c.Gaps))
		}
	}
}

func TestDiffPacks(t *testing.T) {
	d, err := DiffPacks("a", shippedXamk(t, "", ""), "b", shippedXamk(t, "period: P20Y", "period: P10Y"))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Fields) != 1 || d.Fields[0].New != "P10Y" || len(d.Answers) != 2 {
		t.Errorf("got %+v", d)
	}
	if _, err := DiffPacks("a", shippedXamk(t, "", ""), "b", []byte("id: x\n")); fault.Code(err) != "UOMA-CFG-SCHEMA" {
		t.Errorf("a broken pack was compared: %v", err)
	}
}
