package nightly_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestASourceThatIsReadNoMoreIsTold: its rows stay, so report and check say so until it is read again.
func TestASourceThatIsReadNoMoreIsTold(t *testing.T) {
	t.Parallel()
	s := newTiny(t, databasetest.OnSQLite, "ljmu", map[string]string{"graduway": feedLayout("graduway", "users: user user | "+whoIs),
		"raisers-edge": feedLayout("raisers-edge", "constituents: user user | "+whoIs)})
	s.feeds["graduway/users_%s.csv"], s.feeds["raisers-edge/constituents_%s.csv"] = "user;family;given", "user;family;given"
	file := filepath.Join(s.dir, workspace.FileName)
	both, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for d, tt := range []struct {
		systems string
		told    bool
	}{{"[graduway, raisers-edge]", false}, {"[raisers-edge]", true}, {"[graduway, raisers-edge]", false}} {
		date := firstNight + canon.Date(d)
		if err := os.WriteFile(file, []byte(strings.Replace(string(both), "[graduway, raisers-edge]", tt.systems, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		s.put(t, "graduway/users_%s.csv", date, "u1;Alpha;Anna")
		s.put(t, "raisers-edge/constituents_%s.csv", date, "u2;Beta;Bo")
		s.finish(t, date, pipelines.Finished)
		report, err := os.ReadFile(filepath.Join(s.dir, "reports", "nightly-"+date.String(), "quality.json"))
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(string(report), `"graduway/users.sourceUnread"`); told != tt.told {
			t.Errorf("%s: the report tells it: %v", tt.systems, told)
		}
		found, err := workspace.Check(context.Background(), s.dir, workspace.CheckOptions{Now: date.Time()})
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(found, func(f workspace.Finding) bool {
			return f.Code == "UOMA-CHK-UNREAD" && f.Place.Field == "graduway/users"
		})
		if told != tt.told {
			t.Errorf("%s: the check tells it: %v", tt.systems, told)
		}
	}
}
