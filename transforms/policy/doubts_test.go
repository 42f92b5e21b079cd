package policy

import (
	"strings"
	"testing"

	"uoma/internal/fault"
)

// TestDoubts finds what is said without effect, in packs that can be used all the same. The shipped ones say nothing of the kind.
func TestDoubts(t *testing.T) {
	for _, id := range ShippedIDs() {
		p, src, _, _ := shippedPack(t, id)
		if err := p.Doubts(id+".yaml", src).Err(); err != nil {
			t.Error(err)
		}
	}
	src, _ := Shipped("xamk")
	for name, tt := range map[string]struct{ old, new, want string }{
		"least number of what is no count":    {"form: personal", "form: personal\n  least: 12", "UOMA-POL-LEAST"},
		"an end that never comes":             {"{category: education, anchor: membership_end", "{category: education, anchor: graduation", "UOMA-POL-NEVER"},
		"an end of a copy":                    {"{category: education, anchor: membership_end", "{category: education, anchor: copied", "UOMA-POL-NEVER"},
		"an end that never comes of no store": {"{category: statistics, anchor: copied", "{category: statistics, anchor: compiled", ""},
	} {
		before, _, found := strings.Cut(string(src), tt.old)
		if !found {
			t.Fatalf("the pack does not say %s", tt.old)
		}
		changed := []byte(strings.Replace(string(src), tt.old, tt.new, 1))
		p, err := Parse("x.yaml", changed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := p.Doubts("x.yaml", changed)
		if fault.Code(got.Err()) != tt.want {
			t.Errorf("%s: %v", name, got)
		}
		line := strings.Count(before, "\n") + 1
		for _, e := range got {
			if e.Place.File != "x.yaml" || e.Place.Line < line || e.Place.Line > line+1 {
				t.Errorf("%s: it is found at %v, not at line %d", name, e.Place, line)
			}
		}
	}
}
