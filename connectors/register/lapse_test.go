package register_test

import (
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
	"uoma/internal/canon"
)

// TestLapsesFollowTheirPerson: what has lapsed of somebody goes with the erasure of the one who that person was found to be.
func TestLapsesFollowTheirPerson(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		day, _ := canon.NewDate(2026, 1, 31)
		lapse := func(row, person int) register.Lapse {
			return register.Lapse{SourceKey: token('s', row), Category: "contact", Source: "crm/rows", Person: token('p', person), Action: "delete",
				Clause: "X-1", Anchor: "deceased", Day: day, Since: "n1"}
		}
		night(t, r, func(n *register.Night) error { return n.Lapse(t.Context(), []register.Lapse{lapse(1, 1), lapse(2, 2)}) })
		night(t, r, func(n *register.Night) error { return n.Follow(t.Context(), token('p', 1), token('p', 3)) })
		persons := func() map[string]string {
			out := map[string]string{}
			for l, err := range r.Lapses(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				out[l.SourceKey] = l.Person
			}
			return out
		}
		if got := persons(); len(got) != 2 || got[token('s', 1)] != token('p', 3) || got[token('s', 2)] != token('p', 2) {
			t.Errorf("%v", got)
		}
		night(t, r, func(n *register.Night) error { return n.ErasePersons(t.Context(), []string{token('p', 3)}) })
		if got := persons(); len(got) != 1 || got[token('s', 2)] == "" {
			t.Errorf("after the erasure: %v", got)
		}
	})
}
