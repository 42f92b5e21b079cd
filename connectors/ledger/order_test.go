package ledger_test

import (
	"testing"

	"uoma/connectors/ledger"
)

// TestWhichOrdersWait goes over every result that an order can have: the ledger's own and the words of answers.
func TestWhichOrdersWait(t *testing.T) {
	for result, waits := range map[string]bool{
		"": true, ledger.OrderBack: true,
		ledger.OrderUnlisted: false, ledger.OrderRecalled: false,
		"gone": false, "missing": false, "locked": false, "held": false,
	} {
		for date, later := range map[string]bool{"2026-11-20": false, "2026-11-21": false, "2026-11-22": true} {
			o := ledger.DeletionOrder{OrderedOn: "2026-11-21", LastOn: "2026-11-25", Result: result}
			if got := o.Waits(date); got != (waits && later) {
				t.Errorf("%q waits on %s: %t", result, date, got)
			}
		}
	}
	orders := []ledger.DeletionOrder{{OrderedOn: "2026-11-21"}, {OrderedOn: "2026-02-20", AnsweredOn: "2026-11-20", Result: ledger.OrderBack},
		{OrderedOn: "2026-11-19", Result: "locked"}, {OrderedOn: "2026-11-22"}}
	for date, want := range map[string]struct {
		n      int
		oldest string
	}{"2026-11-19": {0, ""}, "2026-11-21": {1, "2026-11-20"}, "2026-11-22": {2, "2026-11-20"}, "2026-11-23": {3, "2026-11-20"}} {
		if n, oldest := ledger.OpenOrders(orders, date); n != want.n || oldest != want.oldest {
			t.Errorf("%s: %d, the oldest of %s", date, n, oldest)
		}
	}
}
