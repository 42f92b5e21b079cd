package resolve_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"uoma/transforms/linkage"
	"uoma/transforms/resolve"
)

var update = flag.Bool("update", false, "train the shipped model anew")

// trained gives a model of a campus' rows.
func trained(t testing.TB, people int) *linkage.Model {
	t.Helper()
	e := resolve.New(settings())
	exports(t, e, campusDir(t, people, 1), night)
	rows := resolve.Rows(e.Members())
	tb := linkage.NewTable(resolve.Fields())
	tb.Append(rows)
	tb.Finish()
	res, err := tb.Link(linkage.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return res.Model
}

// The shipped model is what training on a campus gives: no level says something else.
func TestShippedModel(t *testing.T) {
	if *update {
		text, err := json.MarshalIndent(trained(t, 100_000), "", " ")
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
	now := trained(t, 20_000)
	if len(shipped.Features) != len(now.Features) {
		t.Fatalf("the shipped model has %d features, the rows have %d", len(shipped.Features), len(now.Features))
	}
	for f, x := range shipped.Features {
		for l, level := range x.Levels {
			if a, b := level.M, now.Features[f].Levels[l].M; a > 0.1 && (b < a/2 || b > a*2) {
				t.Errorf("%s, %s: m is %.3f in the shipped model and %.3f in one of today", x.Name, level.Name, a, b)
			}
		}
	}
}

// A pair that agrees in much weighs more than one that agrees in little, and what is told adds up.
func TestWeigh(t *testing.T) {
	a := person(peppi, "a", "hetu", "010190-900P", "birth_date", "1990-01-01", "family_name", "Esimerkki", "given_names", "Aino Maria", "email", "aino@mail.example")
	b := person(crm, "b", "birth_date", "1990-01-01", "family_name", "Esimerkki", "call_name", "Aino", "email", "aino@mail.example")
	c := person(crm, "c", "family_name", "Esimerkki", "call_name", "Aino")
	d := person(crm, "d", "birth_date", "1961-05-03", "family_name", "Koe", "call_name", "Reijo")
	e := engine(a, b, c, d)
	common := func(string) int32 { return 200 }
	w, err := resolve.NewWeigher(e.Members(), 100_000, common, common)
	if err != nil {
		t.Fatal(err)
	}
	weight := func(x, y row) float64 {
		got, ok := w.Weigh(x.record(), y.record())
		if !ok {
			t.Fatal("a record has no rows")
		}
		sum := got.Prior + got.Alike
		for _, ev := range got.Evidence {
			sum += ev.Bits
		}
		if diff := sum - got.Weight; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("the parts differ from the weight by %g bits", diff)
		}
		return got.Weight
	}
	sure, unsure, not := weight(a, b), weight(a, c), weight(a, d)
	if sure < 6 || unsure > 2 || unsure < -12 || not > -15 {
		t.Errorf("got %.1f bits for the same person, %.1f for a name alone, %.1f for somebody else", sure, unsure, not)
	}
	if _, ok := w.Weigh(a.record(), resolve.Key{System: "peppi", PersonKey: "nobody"}); ok {
		t.Error("a record that is not there was weighed")
	}
}
