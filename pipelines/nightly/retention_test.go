package nightly_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// TestThreat_T26_ThePlanIsTheNights plans for the date of a night: the plan is what the night found due, line by line, and
// leaves the register as it was. For a later date nothing that is due is forgotten.
func TestThreat_T26_ThePlanIsTheNights(t *testing.T) {
	onBothStores(t, func(t *testing.T, on databasetest.Kind) {
		s := loadedSite(t, on)
		s.night(t, firstNight+1)
		s.at(t, func(ws *workspace.Workspace) {
			ctx := context.Background()
			before, err := ws.Register.Digest(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var found []register.Due
			err = ws.Register.See(ctx, func(v *register.View) error {
				for d, err := range v.Retention(ctx) {
					if err != nil {
						return err
					}
					found = append(found, d)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			plan := planFor(t, ws, firstNight+1)
			if !slices.Equal(plan, found) {
				t.Errorf("the plan has %d lines, the night %d", len(plan), len(found))
			}
			if len(found) == 0 {
				t.Error("nothing is due: the test says nothing")
			}
			later := planFor(t, ws, firstNight+4000)
			for _, d := range found {
				if !slices.Contains(later, d) {
					t.Errorf("%s %s is due and forgotten later", d.Category, d.Due)
				}
			}
			if len(later) <= len(plan) {
				t.Errorf("after eleven years %d lines, now %d", len(later), len(plan))
			}
			after, err := ws.Register.Digest(ctx)
			if err != nil || after != before {
				t.Errorf("planning changed the register: %v", err)
			}
		})
	})
}

// planFor gives a plan as the register has it.
func planFor(t *testing.T, ws *workspace.Workspace, date canon.Date) []register.Due {
	t.Helper()
	plan, err := nightly.RetentionPlan(context.Background(), ws, date)
	if err != nil {
		t.Fatal(err)
	}
	var out []register.Due
	free := false
	for _, d := range plan.Keep(policy.PlanFilter{Held: &free}) {
		out = append(out, register.Due{Person: d.Person, Source: d.Feed, SourceKey: d.SourceKey, Category: d.Category, Due: d.DueDate, Action: string(d.Action), Clause: d.Clause})
	}
	slices.SortFunc(out, func(a, b register.Due) int {
		return cmp.Or(strings.Compare(a.Person, b.Person), strings.Compare(a.SourceKey, b.SourceKey), strings.Compare(a.Category, b.Category), strings.Compare(a.Action, b.Action))
	})
	return out
}
