package quality

import "testing"

// TestListsWhosePeopleAreToBeTold warns of what is overdue, says by when the others are to be told, shows no small count, and speaks
// also of a list whose later export was refused.
func TestListsWhosePeopleAreToBeTold(t *testing.T) {
	refused := []Source{{Feed: "lists/bought", Code: "UOMA-LND-SIDECAR"}}
	for name, tt := range map[string]struct {
		in                    Input
		status, value, detail string
	}{
		"none":    {Input{}, "", "", ""},
		"in time": {Input{Untold: []Untold{{"lists/bought", 12, "2026-11-01", false}}}, statusPass, "0", "12 people to be told by 2026-11-01"},
		"late":    {Input{Sources: refused, Untold: []Untold{{"lists/bought", 12, "2026-11-01", true}}}, statusWarn, "1", "12 people to be told by 2026-11-01, overdue"},
		"several": {Input{Untold: []Untold{{"lists/bought", 3, "2026-10-01", true}, {"lists/bought", 5, "2026-10-02", true}, {"lists/bought", 6, "2026-12-01", false}}}, statusWarn, "2",
			"fewer than 5 people to be told by 2026-10-01, overdue; 5 people to be told by 2026-10-02, overdue; 6 people to be told by 2026-12-01"},
	} {
		t.Run(name, func(t *testing.T) {
			var got Check
			for _, c := range Build(tt.in).Checks {
				if c.Kind == "listUntold" {
					if got.Kind != "" || c.Dataset != "lists/lists/bought" || c.Unit != "lists" || c.Owner != dpo {
						t.Errorf("%+v", c)
					}
					got = c
				}
			}
			if got.Status != tt.status || got.Value != tt.value || got.Detail != tt.detail {
				t.Errorf("%s %s %q, want %s %s %q", got.Status, got.Value, got.Detail, tt.status, tt.value, tt.detail)
			}
		})
	}
}
