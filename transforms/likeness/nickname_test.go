package likeness

import (
	"strings"
	"testing"
)

func TestEverydayForms(t *testing.T) {
	for line := range strings.Lines(everydayForms) {
		formal, forms, ok := strings.Cut(strings.TrimSpace(line), "|")
		if !ok {
			continue
		}
		for _, f := range strings.Fields(formal) {
			for _, e := range strings.Fields(forms) {
				if f != e && (!everyday(f, e) || !everyday(e, f)) {
					t.Errorf("%s is no everyday form of %s: it stands on too many lines", e, f)
				}
				if Fold(f) != f || Fold(e) != e {
					t.Errorf("%s or %s is not folded", f, e)
				}
			}
		}
	}
	for _, v := range [][2]string{{"johan", "johannes"}, {"anna", "pekka"}, {"anna", "xyz"}, {"xyz", "anna"}, {"lotta", "lotte"}} {
		if everyday(v[0], v[1]) != everyday(v[1], v[0]) || v[0] == "anna" && everyday(v[0], v[1]) {
			t.Errorf("%v are everyday forms of each other", v)
		}
	}
}
