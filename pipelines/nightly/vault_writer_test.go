package nightly

import (
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// TestWhatIsLeftOpenStaysOpen follows runs that write the vault and are killed or commit: the vault is ahead until a night that wrote
// everything anew has committed, whoever else came between.
func TestWhatIsLeftOpenStaysOpen(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if err := ledger.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		n := &Night{ws: &workspace.Workspace{RegisterDB: db}}
		night := func(day canon.Date) *pipelines.Run { return &pipelines.Run{Pipeline: "nightly", Date: day} }
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		begins := func(r *pipelines.Run) { must(nightsOf().begin(t.Context(), db, r, r.ID())) }
		commits := func(r *pipelines.Run) {
			must(memory{stateVaultBegun: r.ID(), stateVaultDone: r.ID()}.commit(t.Context(), db, r))
		}
		deletes := func(run string) { must(deletionsOf().begin(t.Context(), db, night(1), run)) }
		deleted := func(run string) { must(memory{stateStripDone: run}.commit(t.Context(), db, night(1))) }
		ahead := func(r *pipelines.Run, want bool) {
			t.Helper()
			got, err := n.vaultAhead(t.Context(), r)
			must(err)
			if got != want {
				t.Errorf("%s: ahead %v", r.ID(), got)
			}
		}
		a, b, c := night(100), night(101), night(102)
		ahead(a, false)
		begins(a) // killed
		ahead(a, false)
		ahead(b, true)
		begins(b) // killed, too
		ahead(b, true)
		ahead(a, true)
		commits(b)
		ahead(b, false)
		ahead(c, false)
		deletes("x") // killed
		ahead(c, true)
		deletes("y")
		deleted("y")
		ahead(c, true)
		begins(c)
		open, err := deletionsOf().open(t.Context(), db, "nightly")
		must(err)
		commits(c)
		deleted(open) // as the night does
		ahead(night(103), false)
		deletes("z")
		deleted("z")
		ahead(night(103), false)
	})
}
