package vault

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestFactsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Fact {
			return Fact{Table: rapid.StringN(1, 4, -1).Draw(t, "table"), Seq: rapid.IntRange(0, 1<<31).Draw(t, "seq"),
				Column: rapid.String().Draw(t, "column"), Value: rapid.String().Draw(t, "value")}
		})).Draw(t, "facts")
		got, err := parseFacts(appendFacts(nil, facts))
		if err != nil || len(got) != len(facts) || len(got) > 0 && !reflect.DeepEqual(got, facts) {
			t.Fatalf("%d facts became %d: %v", len(facts), len(got), err)
		}
	})
}

func FuzzParseFacts(f *testing.F) {
	f.Add(appendFacts(nil, []Fact{{"person", 0, "family_name", "Esimerkki"}, {"person", 1, "call_name", ""}}))
	f.Add([]byte{factsVersion, 0xff, 0xff, 0xff, 0xff, 0x07})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, err := parseFacts(b)
		if err != nil {
			return
		}
		again, err := parseFacts(appendFacts(nil, facts))
		if err != nil || !reflect.DeepEqual(facts, again) {
			t.Errorf("facts changed on their second way: %v", err)
		}
	})
}
