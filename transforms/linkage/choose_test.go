package linkage

import (
	"math"
	"testing"
)

// TestPassesAreExpected sums by hand what leaving a pass out loses.
func TestPassesAreExpected(t *testing.T) {
	candidates := []candidate{{pass: pass{name: "a"}, pairs: 10.4}, {pass: pass{name: "b"}, pairs: 20}, {pass: pass{name: "c"}, pairs: 30}}
	found := []finding{{passes: passSet{0b001}, pairs: 5}, {passes: passSet{0b011}, pairs: 60}, {passes: passSet{0b010}, pairs: 15}, {passes: passSet{0b110}, pairs: 10}, {passes: passSet{0}, pairs: 10}}
	for _, c := range []struct {
		used passSet
		want map[string]forecast
	}{
		{passSet{0b011}, map[string]forecast{"a": {10, 0.05}, "b": {20, 0.25}}},
		{passSet{0b111}, map[string]forecast{"a": {10, 0.05}, "b": {20, 0.15}, "c": {30, 0}}},
		{passSet{0b100}, map[string]forecast{"c": {30, 0.10}}},
		{passSet{0}, map[string]forecast{}},
	} {
		got := forecastOf(candidates, found, c.used)
		if len(got) != len(c.want) {
			t.Errorf("%03b: %v, want %v", c.used, got, c.want)
		}
		for name, want := range c.want {
			if x := got[name]; x.pairs != want.pairs || math.Abs(x.alone-want.alone) > 1e-12 {
				t.Errorf("%03b: %s is expected to be %v, want %v", c.used, name, x, want)
			}
		}
	}
}

// TestWhatIsExpectedOfPassesComesTrue links a campus: blocks that are not split hold the pairs that were expected, and what every
// pass finds alone is less than what all find.
func TestWhatIsExpectedOfPassesComesTrue(t *testing.T) {
	p := campusRecords(t, campusOf{4_000, 7, 0.7})
	res := link(t, tableOf(campusFields(), p.rows, 4096), Defaults())
	alone := 0.0
	for _, r := range res.Passes {
		if !r.Estimated || r.Alone < 0 || r.Alone > 1 {
			t.Fatalf("of %s nothing is expected: %+v", r.Name, r)
		}
		if r.Split == 0 && r.Windows == 0 && math.Abs(float64(r.Expected-r.Pairs)) > 0.01*float64(r.Pairs)+2 {
			t.Errorf("of %s %d pairs were expected, and there are %d", r.Name, r.Expected, r.Pairs)
		}
		alone += r.Alone
	}
	if alone <= 0 || alone > res.Quality.Found {
		t.Errorf("passes find %.4f alone and %.4f in all", alone, res.Quality.Found)
	}
	o := Defaults()
	o.Model = res.Model
	for _, r := range link(t, tableOf(campusFields(), p.rows, 4096), o).Passes {
		if r.Estimated || r.Expected != 0 || r.Alone != 0 {
			t.Errorf("a given model expects something of %s: %+v", r.Name, r)
		}
	}
}
