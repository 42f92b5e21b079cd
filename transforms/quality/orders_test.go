package quality

import "testing"

// TestOrdersThatStandOpen warns of orders without an answer and of refused ones, and blocks nothing.
func TestOrdersThatStandOpen(t *testing.T) {
	for name, tt := range map[string]struct {
		orders Orders
		want   map[string]string
	}{
		"all done": {Orders{Target: "axis-deletions"}, map[string]string{"ordersOpen": statusPass, "ordersRefused": statusPass}},
		"open":     {Orders{Target: "axis-deletions", Open: 2}, map[string]string{"ordersOpen": statusWarn, "ordersRefused": statusPass}},
		"refused":  {Orders{Target: "axis-deletions", Findings: 1}, map[string]string{"ordersOpen": statusPass, "ordersRefused": statusWarn}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			for _, c := range Build(Input{Orders: []Orders{tt.orders}}).Checks {
				if c.Dataset == "orders/axis-deletions" {
					got[c.Kind] = c.Status
				}
			}
			for check, status := range tt.want {
				if got[check] != status {
					t.Errorf("%s is %q, not %q", check, got[check], status)
				}
			}
		})
	}
}
