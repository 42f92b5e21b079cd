package resolve_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"uoma/transforms/linkage"
	"uoma/transforms/resolve"
)

var update = flag.Bool("update", false, "learn the shipped model anew")

// learned gives a model of a campus' records that tells no systems apart.
func learned(t testing.TB, people int) *linkage.Model {
	t.Helper()
	e := resolve.New(settings())
	exports(t, e, campusDir(t, people, 1), night)
	fields := resolve.Fields()
	for i := range fields {
		if fields[i].Kind == linkage.Source {
			fields[i].Kind = linkage.Ignored
		}
	}
	tb := linkage.NewTable(fields)
	tb.Append(e.Rows())
	tb.Finish()
	s, err := linkage.NewStanding(tb, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Link(linkage.Defaults()); err != nil {
		t.Fatal(err)
	}
	return s.Model()
}

// The shipped model is what learning from a campus gives: no level says something else.
func TestShippedModel(t *testing.T) {
	if *update {
		text, err := json.MarshalIndent(learned(t, 100_000), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("model.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	shipped, err := resolve.Model()
	if err != nil {
		t.Fatal(err)
	}
	now := learned(t, 20_000)
	if len(shipped.Features) != len(now.Features) {
		t.Fatalf("the shipped model has %d features, the records have %d", len(shipped.Features), len(now.Features))
	}
	for f, x := range shipped.Features {
		for l, level := range x.Levels {
			if a, b := level.M, now.Features[f].Levels[l].M; a > 0.1 && (b < a/2 || b > a*2) {
				t.Errorf("%s, %s: m is %.3f in the shipped model and %.3f in one of today", x.Name, level.Name, a, b)
			}
		}
	}
}
