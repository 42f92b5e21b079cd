package nightly_test

import (
	"context"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/vault"
	"uoma/internal/canon"
	"uoma/pipelines/workspace"
)

// TestThreat_T25_WhoTurnsOutToBeErasedLeaves puts a mark of somebody who is loaded on the suppression list, as when a new
// identifier tells that this is a person who was erased under another record: what is stored goes, though no row changed.
func TestThreat_T25_WhoTurnsOutToBeErasedLeaves(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.night(t, firstNight+1)
		v := s.victim(t)
		s.at(t, func(ws *workspace.Workspace) {
			token := workspace.SuppressionToken(ws.Suppression(), "source_key|"+v.system+"|"+v.key)
			mark := vault.Suppression{Token: token, Kind: "source_key", Since: "erase-2026-11-20", Clause: erasureClause}
			if err := ws.Vault.Suppress(context.Background(), []vault.Suppression{mark}); err != nil {
				t.Fatal(err)
			}
		})
		for n := canon.Date(2); n < 4; n++ {
			date := firstNight + n
			s.night(t, date)
			s.gone(t, v, date.String())
			s.at(t, func(ws *workspace.Workspace) { balanced(t, ws, "nightly-"+date.String()) })
		}
		if s.withheld(t, firstNight+3) == 0 {
			t.Error("the person's rows are not decided anew")
		}
	})
}
