package workspace_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

// TestCheckMissesALicence reads a provider's copy of the layout of bought lists: one that says nowhere under which licence is
// found, one that says it once for all rows is not.
func TestCheckMissesALicence(t *testing.T) {
	src, err := layout.ShippedSource("external-lists.yaml")
	must(t, err)
	pack, ok := policy.Shipped("seamk")
	if !ok {
		t.Fatal("no pack")
	}
	columns := "  - {name: provider, required: true, to: attribution.provider}\n  - {name: licence, required: true, to: attribution.licence}\n"
	for _, tt := range []struct {
		name, in, out string
		found         bool
	}{
		{"as shipped", "", "", false},
		{"no licence", "  - {name: licence, required: true, to: attribution.licence}\n", "", true},
		{"once for all", "  columns:\n  - {name: email", "  rows: {attribution: {set: {provider: Mallitieto, licence: MT-2026}}}\n  columns:\n  - {name: email", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ws")
			must(t, workspace.Init(dir, nil))
			write(t, dir+"/uoma.yaml", "institution: \"02472\"\npolicy: seamk\nsender: {id: tiny}\nsystems: [external-lists]\n")
			write(t, dir+"/policies/seamk.yaml", strings.ReplaceAll(string(pack), "undecided: true", "anchor: source_removed, period: P2Y, action: delete"))
			text := string(src)
			if tt.out != "" {
				text = strings.ReplaceAll(text, columns, "")
			}
			write(t, dir+"/layouts/external-lists.yaml", strings.ReplaceAll(text, tt.in, tt.out))
			if found := problems(check(t, dir, workspace.CheckOptions{})); slices.Contains(found, "warning UOMA-CHK-UNATTRIBUTED") != tt.found {
				t.Errorf("%q", found)
			}
		})
	}
}
