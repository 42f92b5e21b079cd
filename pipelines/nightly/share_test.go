package nightly_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// shares declares the share of people that one person alone may let go.
func (s site) shares(t *testing.T, percent string) {
	t.Helper()
	path := filepath.Join(s.dir, workspace.FileName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, append(b, "retention: {share: "+percent+"}\n"...))
}

// TestThreat_T26_TheShareThatOnePersonMayLetGo lets data of 2 and of 3 of 200 people be due: exactly the declared share goes
// alone, and what is more needs a second person. Nobody declares more than 5 %.
func TestThreat_T26_TheShareThatOnePersonMayLetGo(t *testing.T) {
	t.Parallel()
	const people = 200
	loaded := newTiny(t, databasetest.OnSQLite, "metropolia_exam", map[string]string{"axis": axisLayout})
	rows := make([]string, people)
	for n := range rows {
		start := "2026-11-10"
		switch {
		case n < 2:
			start = "2026-08-20" // due on the first night
		case n < 3:
			start = "2026-08-23" // due a day later
		}
		rows[n] = fmt.Sprintf("r%d;u%d;Family%c%c;Given;camera;%sT09:00:00Z;false", n, n, 'a'+n%26, 'a'+n/26, start)
	}
	loaded.put(t, "axis/recordings_%s.csv", firstNight, rows...)
	loaded.finish(t, firstNight, pipelines.Finished)
	for name, tt := range map[string]struct {
		due   int
		date  canon.Date
		share string
		code  string
	}{
		"1 % of 1 %":     {2, firstNight, "", ""},
		"1.5 % of 1 %":   {3, firstNight + 1, "", "UOMA-RET-SHARE"},
		"1 % of 0.9 %":   {2, firstNight, "0.9", "UOMA-RET-SHARE"},
		"1.5 % of 1.4 %": {3, firstNight + 1, "1.4", "UOMA-RET-SHARE"},
		"1.5 % of 1.5 %": {3, firstNight + 1, "1.5", ""},
		"1.5 % of 5 %":   {3, firstNight + 1, "5", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := loaded.copy(t)
			if tt.share != "" {
				s.shares(t, tt.share)
			}
			dry, err := s.apply(t, tt.date, nightly.Order{By: "one", Dry: true})
			if err != nil || dry.Touched != tt.due || dry.People != people {
				t.Fatalf("%d of %d people, %v", dry.Touched, dry.People, err)
			}
			if _, err := s.apply(t, tt.date, nightly.Order{By: "one"}); fault.Code(err) != tt.code {
				t.Errorf("alone: %v", err)
			}
			left := people
			if tt.code == "" {
				left -= tt.due
			}
			if got := len(s.cells(t, "recording", "camera")); got != left {
				t.Errorf("%d recordings are left, not %d", got, left)
			}
		})
	}
	for _, share := range []string{"0", "5.1", "100"} {
		s := loaded.copy(t)
		s.shares(t, share)
		ws, err := workspace.Open(context.Background(), s.dir)
		if fault.Code(err) != "UOMA-CFG-SCHEMA" {
			t.Errorf("a share of %s %%: %v", share, err)
		}
		if ws != nil {
			ws.Close()
		}
	}
}
