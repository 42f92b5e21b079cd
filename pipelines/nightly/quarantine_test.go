package nightly_test

import (
	"bytes"
	"os"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// A row of the HR export that cannot be split into its columns may hold the union membership or the absence code, which
// must not be read: the quarantine keeps its place and nothing of its text.
func TestColumnsThatAreNotReadDoNotReachTheQuarantine(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := newSite(t, on)
		path := s.export(pegasosFile, firstNight)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(text, []byte("\r\n"))
		lines[1] = append(lines[1], []byte(";UNIONCANARY;X;Y;Z")...)
		if err := os.WriteFile(path, bytes.Join(lines, []byte("\r\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		s.finish(t, firstNight, pipelines.Finished)
		s.at(t, func(ws *workspace.Workspace) {
			rows, err := nightly.ReadRejections(ws.Quarantine, "nightly-"+firstNight.String()+"/land/pegasos.henkilot")
			if err != nil {
				t.Fatal(err)
			}
			i := indexOf(rows, 2)
			if i < 0 || rows[i].Code != "field-count" {
				t.Fatalf("the row is not in the quarantine: %d rows", len(rows))
			}
			if len(rows[i].Raw) != 0 {
				t.Error("the quarantine holds the text of a row with columns that must not be read")
			}
		})
	})
}

func indexOf(rows []canon.Rejection, line int64) int {
	for i := range rows {
		if rows[i].Line == line {
			return i
		}
	}
	return -1
}
