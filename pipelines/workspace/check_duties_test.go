package workspace_test

import (
	"path/filepath"
	"slices"
	"testing"

	"uoma/pipelines/workspace"
)

// TestCheckMissesWhoTellsOfDuties reads the users of EXAM with and without a directory that tells who has a duty: without one their
// rights would never end. Where no users are read nothing waits.
func TestCheckMissesWhoTellsOfDuties(t *testing.T) {
	for systems, want := range map[string][]string{"exam, haka": nil, "exam": {"user_right"}, "haka": nil} {
		t.Run(systems, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "ws")
			must(t, workspace.Init(dir, nil))
			write(t, dir+"/uoma.yaml", "institution: \"10065\"\npolicy: metropolia_exam\nsender: {id: tiny}\nsystems: ["+systems+"]\n")
			var found []string
			for _, f := range check(t, dir, workspace.CheckOptions{}) {
				if f.Code == "UOMA-CHK-UNTOLD" && f.Severity == workspace.Warning {
					found = append(found, f.Place.Field)
				}
			}
			if !slices.Equal(found, want) {
				t.Errorf("%q, not %q", found, want)
			}
		})
	}
}
