package outbox

import (
	"maps"
	"slices"
	"testing"
)

func TestSentRows(t *testing.T) {
	each(t, func(t *testing.T, o *Outbox) {
		rows := func() map[string]SentRow {
			t.Helper()
			all, err := o.SentRows(ctx, "crm")
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(o.IntendRows(ctx, "crm", "r1", []string{"a", "b", "c"}))
		must(o.IntendRows(ctx, "crm", "r1", []string{"a"})) // the same run, once more
		must(o.IntendRows(ctx, "other", "r1", []string{"a"}))
		must(o.SettleRows(ctx, "crm", []SentRow{{"a", "sent", "d1", "e1", "r1"}, {"b", "", "", "", "r1"}, {"c", "missing", "", "", "r1"}}))
		want := map[string]SentRow{"a": {"a", "sent", "d1", "e1", "r1"}, "c": {"c", "missing", "", "", "r1"}}
		if got := rows(); !maps.Equal(got, want) {
			t.Errorf("%v", got)
		}
		must(o.IntendRows(ctx, "crm", "r2", []string{"a", "e", "d"}))
		want["a"] = SentRow{"a", "sent", "", "e1", "r2"}
		if got := rows(); !maps.Equal(got, want) {
			t.Errorf("%v", got)
		}
		for target, want := range map[string][]string{"crm": {"d", "e"}, "other": {"a"}} {
			if got, err := o.IntendedRows(ctx, target); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v, %v", got, err)
			}
		}
	})
}
