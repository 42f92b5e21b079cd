package keys_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"uoma/connectors/keys"
	"uoma/internal/fault"
)

// TestThreat_T18_TwoRotationsAtOnceLoseNoKey opens two rings before either writes: the one that comes second changes nothing,
// whatever it does, and once it has read what there is now it goes on.
func TestThreat_T18_TwoRotationsAtOnceLoseNoKey(t *testing.T) {
	for name, change := range map[string]func(*keys.Ring) error{
		"tokens of the same kind":  func(r *keys.Ring) error { return r.BeginTokens("index") },
		"tokens of another kind":   func(r *keys.Ring) error { return r.BeginTokens("person") },
		"a domain":                 func(r *keys.Ring) error { _, err := r.ReplaceDomain("register"); return err },
		"old master keys":          (*keys.Ring).Retire,
		"the end of the first one": func(r *keys.Ring) error { return errors.Join(r.BeginTokens("index"), r.FinishTokens("index")) },
	} {
		for _, there := range []bool{false, true} {
			first, m, s := ring(t)
			if there { // both read a file
				if _, err := first.ReplaceDomain("other"); err != nil {
					t.Fatal(err)
				}
			}
			second, err := load(m, s)
			if err != nil {
				t.Fatal(err)
			}
			if err := first.BeginTokens("index"); err != nil {
				t.Fatal(err)
			}
			want, err := first.NextTokenKey("index")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(filepath.Dir(m), "epochs.json")
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := change(second); fault.Code(err) != "UOMA-KEY-SINCE" {
				t.Errorf("%s, file %v: %v", name, there, err)
			}
			after, err := os.ReadFile(file)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("%s, file %v: the file changed (%v)", name, there, err)
			}
			again, err := load(m, s)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.NextTokenKey("index"); err != nil || !bytes.Equal(got, want) || len(want) != keys.Size {
				t.Errorf("%s, file %v: the first one's key is lost (%v)", name, there, err)
			}
			if err := first.FinishTokens("index"); err != nil {
				t.Errorf("%s, file %v: the first one does not go on: %v", name, there, err)
			}
		}
	}
}
