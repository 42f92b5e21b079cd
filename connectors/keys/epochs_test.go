package keys_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
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

// TestThreat_T17_ARotationThatGoesOnKeepsItsKey begins one twice, as after it was cut off: what is rewritten already stands under the
// first key.
func TestThreat_T17_ARotationThatGoesOnKeepsItsKey(t *testing.T) {
	r, _, _ := ring(t)
	var keys [2][]byte
	for i := range keys {
		if err := r.BeginTokens("index"); err != nil {
			t.Fatal(err)
		}
		var err error
		if keys[i], err = r.NextTokenKey("index"); err != nil {
			t.Fatal(err)
		}
	}
	if len(keys[0]) == 0 || !bytes.Equal(keys[0], keys[1]) {
		t.Error("the key is another")
	}
}

// TestThreat_T17_AMasterKeyThatCannotBeWrittenIsNotInUse lets another program change the keys before the next master key is taken: the
// one of before wraps on.
func TestThreat_T17_AMasterKeyThatCannotBeWrittenIsNotInUse(t *testing.T) {
	first, m, s := ring(t)
	second, err := load(m, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Offer(keys.Master{Key: bytes.Repeat([]byte{7}, keys.Size)}); err != nil {
		t.Fatal(err)
	}
	if err := first.BeginTokens("index"); err != nil {
		t.Fatal(err)
	}
	if err := second.Adopt(); fault.Code(err) != "UOMA-KEY-SINCE" || second.Epoch() != 1 || second.Pending() == "" {
		t.Fatalf("%v, epoch %d", err, second.Epoch())
	}
	wrapped, err := second.Wrap(bytes.Repeat([]byte{1}, keys.Size), []byte("place"))
	if err != nil || keys.WrappedIn(wrapped) != 1 {
		t.Fatalf("wrapped in %d: %v", keys.WrappedIn(wrapped), err)
	}
	if key, err := first.Unwrap(wrapped, []byte("place")); err != nil || !bytes.Equal(key, bytes.Repeat([]byte{1}, keys.Size)) {
		t.Errorf("what was wrapped meanwhile does not open: %v", err)
	}
}

// TestThreat_T17_WhatIsRetiredOpensNothing looks into the file when the older master key is dropped: nothing in it is wrapped by that one.
func TestThreat_T17_WhatIsRetiredOpensNothing(t *testing.T) {
	r, m, _ := ring(t)
	_, domain := r.ReplaceDomain("other")
	if err := errors.Join(domain, r.BeginTokens("index"), r.FinishTokens("index"), r.Offer(keys.Master{Key: bytes.Repeat([]byte{7}, keys.Size)}), r.Adopt()); err != nil {
		t.Fatal(err)
	}
	cells := regexp.MustCompile(`"([12])": "[A-Za-z0-9+/]{40,}`)
	count := func() map[string]int {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(filepath.Dir(m), "epochs.json"))
		if err != nil {
			t.Fatal(err)
		}
		n := map[string]int{}
		for _, c := range cells.FindAllStringSubmatch(string(text), -1) {
			n[c[1]]++
		}
		return n
	}
	if n := count(); n["1"] != 3 || n["2"] != 3 {
		t.Fatalf("while both are in use: %v", n)
	}
	if err := r.Retire(); err != nil {
		t.Fatal(err)
	}
	if n := count(); n["1"] != 0 || n["2"] != 3 {
		t.Errorf("when one is retired: %v", n)
	}
}
