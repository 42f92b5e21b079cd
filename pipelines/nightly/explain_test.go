package nightly_test

import (
	"context"
	"slices"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// TestExplainLeavesNothingOut explains people of a loaded register: every source row and category that the register holds of
// them is there with its basis, its clause and an end, and what the night found due of them is due.
func TestExplainLeavesNothingOut(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.at(t, func(ws *workspace.Workspace) {
			ctx := context.Background()
			people, dues := someOfEach(t, ws)
			for _, token := range people {
				e, err := nightly.Explain(ctx, ws, token, "", firstNight)
				if err != nil {
					t.Fatal(err)
				}
				held := storedOf(t, ws, token)
				for _, h := range held {
					i := slices.IndexFunc(e.Data, func(d nightly.ExplainedDatum) bool { return d.SourceKey == h.key && d.Category == h.category })
					if i < 0 || e.Data[i].Basis != h.basis || e.Data[i].Clause == "" || len(e.Data[i].Ends) == 0 || !slices.Contains(e.Data[i].Tables, h.table) {
						t.Fatalf("%s %s of %s is not explained: %+v", h.table, h.category, h.key, e.Data)
					}
				}
				for _, d := range dues[token] {
					if !slices.ContainsFunc(e.Data, func(x nightly.ExplainedDatum) bool {
						return x.SourceKey == d.SourceKey && x.Category == d.Category && x.Due == d.Due.String() && x.Action == d.Action && x.DueClause == d.Clause
					}) {
						t.Errorf("what is due is not explained: %+v", d)
					}
				}
				if len(e.Uses) == 0 || slices.ContainsFunc(e.Uses, func(u nightly.ExplainedUse) bool { return u.Clause == "" || u.Reason == "" || u.Says == "" }) {
					t.Errorf("a use without an answer: %+v", e.Uses)
				}
				one, err := nightly.Explain(ctx, ws, token, "career_monitoring", firstNight)
				if err != nil || slices.ContainsFunc(one.Uses, func(u nightly.ExplainedUse) bool { return u.Purpose != "career_monitoring" }) {
					t.Errorf("one purpose: %v %+v", err, one.Uses)
				}
			}
			for want, ask := range map[string][2]string{"UOMA-EXP-NOBODY": {"nobody", ""}, "UOMA-EXP-PURPOSE": {people[0], "profiling"}} {
				if _, err := nightly.Explain(ctx, ws, ask[0], ask[1], firstNight); fault.Code(err) != want {
					t.Errorf("%v: %v", ask, err)
				}
			}
		})
	})
}

// someOfEach gives a few persons, some of them with dues, and the dues by person.
func someOfEach(t *testing.T, ws *workspace.Workspace) (people []string, dues map[string][]register.Due) {
	t.Helper()
	ctx := context.Background()
	dues = map[string][]register.Due{}
	err := ws.Register.See(ctx, func(v *register.View) error {
		for d, err := range v.Retention(ctx) {
			if err != nil {
				return err
			}
			if dues[d.Person] = append(dues[d.Person], d); len(dues) < 4 && d.Person != "" {
				people = append(people, d.Person)
			}
		}
		for l, err := range v.Links(ctx) {
			if err != nil {
				return err
			}
			if len(people) < 12 {
				people = append(people, l.Person)
			}
		}
		return nil
	})
	if err != nil || len(dues) == 0 {
		t.Fatalf("%d persons with dues: %v", len(dues), err)
	}
	return people, dues
}

// storedRow is one row of the register.
type storedRow struct{ table, key, category, basis string }

func storedOf(t *testing.T, ws *workspace.Workspace, token string) (out []storedRow) {
	t.Helper()
	ctx := context.Background()
	err := ws.Register.See(ctx, func(v *register.View) error {
		records := map[string]bool{}
		for l, err := range v.Links(ctx) {
			if err != nil {
				return err
			}
			if l.Person == token {
				records[l.Record] = true
			}
		}
		for _, table := range register.Tables() {
			for b, err := range v.Read(ctx, table.Name, []string{"record", "source_key", "category", "legal_basis"}, register.All) {
				if err != nil {
					return err
				}
				for i := range b.Len() {
					if records[b.Col(0).Text(i)] {
						out = append(out, storedRow{table.Name, text(b, 1, i), text(b, 2, i), text(b, 3, i)})
					}
				}
			}
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("%d rows: %v", len(out), err)
	}
	return out
}

func text(b *canon.Batch, column, i int) string { return string(b.Col(column).Bytes(i)) }
