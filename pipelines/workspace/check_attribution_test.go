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
// found, one that says it once for all rows is not. Each thing that is missing is named once.
func TestCheckMissesALicence(t *testing.T) {
	src, err := layout.ShippedSource("external-lists.yaml")
	must(t, err)
	pack, ok := policy.Shipped("seamk")
	if !ok {
		t.Fatal("no pack")
	}
	columns := "  - {name: provider, sidecar: provider, required: true, to: attribution.provider}\n  - {name: licence, sidecar: lia_ref, required: true, to: attribution.licence}  # the assessment, where the row names no contract\n"
	for _, tt := range []struct {
		name, in, out string
		needs         string
		found         []string
	}{
		{"as shipped", "", "", "", nil},
		{"no licence", "  - {name: licence, sidecar: lia_ref, required: true, to: attribution.licence}  # the assessment, where the row names no contract\n", "", "", []string{"attribution.licence"}},
		{"no author", "", "", "  - {sources: [external-lists], tables: [email, phone, address, attribution], needs: [author], clause: [SEAMK-34]}\n",
			[]string{"attribution.author"}},
		{"once for all", "  columns:\n  - {name: email", "  rows: {attribution: {set: {provider: Mallitieto, licence: MT-2026}}}\n  columns:\n  - {name: email", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ws")
			must(t, workspace.Init(dir, nil))
			write(t, dir+"/uoma.yaml", "institution: \"02472\"\npolicy: seamk\nsender: {id: tiny}\nsystems: [external-lists]\n")
			own := strings.ReplaceAll(string(pack), "undecided: true", "anchor: source_removed, period: P2Y, action: delete")
			if tt.needs != "" {
				own = strings.Replace(own, "  - {sources: [external-lists], tables: [email, phone, address, attribution], needs: [provider, licence], clause: [SEAMK-34]}\n", tt.needs, 1)
			}
			write(t, dir+"/policies/seamk.yaml", own)
			text := string(src)
			if tt.out != "" {
				text = strings.ReplaceAll(text, columns, "")
			}
			write(t, dir+"/layouts/external-lists.yaml", strings.ReplaceAll(text, tt.in, tt.out))
			var found []string
			for _, f := range check(t, dir, workspace.CheckOptions{}) {
				switch {
				case f.Code == "UOMA-CHK-UNATTRIBUTED" && f.Severity == workspace.Warning:
					found = append(found, f.Place.Field)
				case strings.HasPrefix(f.Code, "UOMA-LAY-") || strings.HasPrefix(f.Code, "UOMA-POL-"):
					t.Errorf("%+v", f)
				}
			}
			if !slices.Equal(found, tt.found) {
				t.Errorf("%q, not %q", found, tt.found)
			}
		})
	}
}
