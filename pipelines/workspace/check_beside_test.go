package workspace_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckKnowsWhatLiesBesideExports: side-cars and answers to orders are no strange files, and a list without its side-car is told of.
func TestCheckKnowsWhatLiesBesideExports(t *testing.T) {
	for name, tt := range map[string]struct {
		settings string
		files    []string
		want     string
	}{
		"a list with its side-car": {"institution: \"02472\"\npolicy: seamk\nsystems: [external-lists]\n", []string{"external-lists/companies_20261121.csv", "external-lists/companies_20261121.csv.meta.json"},
			"note UOMA-CHK-INBOX-LAST external-lists/purchased"},
		"a list without": {"institution: \"02472\"\npolicy: seamk\nsystems: [external-lists]\n", []string{"external-lists/companies_20261121.csv", "external-lists/companies_20261120.csv.meta.json"},
			"warning UOMA-CHK-INBOX-SIDECAR external-lists/purchased, note UOMA-CHK-INBOX-LAST external-lists/purchased"},
		"a side-car of nothing": {"institution: \"02472\"\npolicy: seamk\nsystems: [external-lists]\n", []string{"external-lists/companies_20261121.csv", "external-lists/companies_20261121.csv.meta.json", "external-lists/other.meta.json"},
			"warning UOMA-CHK-INBOX-NAME external-lists, note UOMA-CHK-INBOX-LAST external-lists/purchased"},
		"answers to orders": {"institution: \"10065\"\npolicy: metropolia_exam\nsystems: [axis]\n", []string{"axis/recordings_20261121.csv", "axis/deleted_20261120.jsonl", "axis/deleted_20261121.jsonl"},
			"note UOMA-CHK-INBOX-LAST axis/recordings"},
		"a list of holders": {"institution: \"10065\"\npolicy: metropolia_exam\nsystems: [access-control]\n", []string{"access-control/kulku_20261121_MYL.csv", "access-control/tilapaiskortit_20261121.csv"},
			"note UOMA-CHK-INBOX-LAST access-control/events"},
		"answers of no day": {"institution: \"10065\"\npolicy: metropolia_exam\nsystems: [axis]\n", []string{"axis/recordings_20261121.csv", "axis/deleted_20261131.jsonl"},
			"warning UOMA-CHK-INBOX-NAME axis, note UOMA-CHK-INBOX-LAST axis/recordings"},
	} {
		t.Run(name, func(t *testing.T) {
			got := inboxFindings(t, tt.settings+"sender: {id: tiny}\n", false, func(dir string) {
				for _, f := range tt.files {
					path := filepath.Join(dir, "inbox", f)
					must(t, os.MkdirAll(filepath.Dir(path), 0o700))
					must(t, os.WriteFile(path, []byte("x"), 0o600))
				}
			})
			var of []string
			for _, f := range got {
				if strings.Contains(f, "INBOX") {
					of = append(of, f)
				}
			}
			if strings.Join(of, ", ") != tt.want {
				t.Errorf("%q, want %s", of, tt.want)
			}
		})
	}
}
