package register_test

import (
	"slices"
	"testing"

	"uoma/connectors/database"
	"uoma/connectors/database/databasetest"
	"uoma/connectors/register"
)

// TestOnePersonsRowsAreFoundWithAndWithoutIndexes reads the rows of one record and of some source rows, before the indexes
// are made, after, and after they were made twice.
func TestOnePersonsRowsAreFoundWithAndWithoutIndexes(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := open(t, db)
		consent := tableNamed(t, "consent")
		night(t, r, func(n *register.Night) error {
			if err := n.Put(t.Context(), batch(consent, ints(0, 400), "x"), "n1"); err != nil {
				return err
			}
			return n.Link(t.Context(), []register.Link{{Record: token('r', 7), Person: token('p', 1), Since: "n1"}, {Record: token('r', 3), Person: token('p', 1), Since: "n1"},
				{Record: token('r', 7), Person: token('p', 2), Since: "n1"}})
		})
		keys := tokens('s', []int{14, 15, 301})
		for range 3 {
			if got, err := r.RecordsOf(t.Context(), token('p', 1)); err != nil || !slices.Equal(got, []string{token('r', 3), token('r', 7)}) {
				t.Errorf("records: %v %v", got, err)
			}
			for _, c := range []struct {
				by   register.Condition
				want []int
			}{
				{register.Condition{Columns: []string{"record"}, Value: token('r', 7)}, []int{14, 15}},
				{register.Condition{Columns: []string{"source_key"}, Values: keys}, []int{14, 15, 301}},
			} {
				got := text(t, r.Read(t.Context(), "consent", nil, register.All, c.by))
				if want := lines(batch(consent, c.want, "x"), "n1"); !slices.Equal(got, want) {
					t.Errorf("%+v: %d rows", c.by, len(got))
				}
				if got := text(t, r.Scan(t.Context(), "consent", nil, register.Ended, c.by)); len(got) != 0 {
					t.Errorf("%+v: rows that have not ended", c.by)
				}
			}
			if err := r.Index(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
