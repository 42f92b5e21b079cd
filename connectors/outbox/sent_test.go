package outbox

import (
	"maps"
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
		must(o.IntendRows(ctx, "crm", "r2", []string{"a", "d"}))
		want["a"], want["d"] = SentRow{"a", "sent", "", "e1", "r2"}, SentRow{"d", Intended, "", "", "r2"}
		if got := rows(); !maps.Equal(got, want) {
			t.Errorf("%v", got)
		}
		if other, err := o.SentRows(ctx, "other"); err != nil || len(other) != 1 {
			t.Errorf("%v, %v", other, err)
		}
	})
}
