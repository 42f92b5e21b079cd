package clerical_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"uoma/transforms/clerical"
)

// TestWilson has the worked examples of R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statist.
// Med. 17 (1998) 857-872, table I, method 3.
func TestWilson(t *testing.T) {
	for _, c := range []struct{ right, n, low, high float64 }{
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {0, 0, 0, 1},
	} {
		low, high := clerical.Wilson(c.right, c.n)
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("%v of %v: %.4f to %.4f, want %.4f to %.4f", c.right, c.n, low, high, c.low, c.high)
		}
	}
}

func TestOverallWeighsStrataByTheirLinks(t *testing.T) {
	all, covered := clerical.Overall([]clerical.Estimate{
		{Stratum: "sure", Links: 900, Sampled: 10, Same: 10}, {Stratum: "weak", Links: 100, Sampled: 10, Same: 5, Different: 4, Unsure: 1},
		{Stratum: "nobody looked", Links: 1000, Sampled: 3},
	})
	want := 0.9*1 + 0.1*5/9
	if math.Abs(all.Precision-want) > 1e-12 || covered != 0.5 || all.Links != 2000 || all.Sampled != 23 || all.Same != 15 {
		t.Errorf("%+v, covered %v", all, covered)
	}
	n := 1 / (0.9*0.9/10 + 0.1*0.1/9)
	if low, high := clerical.Wilson(want*n, n); all.Low != low || all.High != high {
		t.Errorf("%v to %v, want %v to %v", all.Low, all.High, low, high)
	}
	if none, covered := clerical.Overall(nil); none.Low != 0 || none.High != 1 || covered != 0 {
		t.Errorf("of nothing: %+v", none)
	}
}

// TestAStratumOfItsOwnIsTheWhole is what both formulas have in common.
func TestAStratumOfItsOwnIsTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := clerical.Estimate{Links: 1000, Same: int64(rapid.IntRange(0, 50).Draw(t, "same")), Different: int64(rapid.IntRange(1, 50).Draw(t, "different"))}
		all, _ := clerical.Overall([]clerical.Estimate{e})
		low, high := clerical.Wilson(float64(e.Same), float64(e.Same+e.Different))
		if math.Abs(all.Low-low) > 1e-9 || math.Abs(all.High-high) > 1e-9 || all.Precision < low-1e-9 || all.Precision > high+1e-9 {
			t.Fatalf("%+v, want %v to %v", all, low, high)
		}
	})
}

func TestAllotmentIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 12).Draw(t, "sizes")
		n := rapid.IntRange(1, 300).Draw(t, "n")
		total, filled, got := 0, 0, 0
		for _, s := range sizes {
			total += s
			filled += min(s, 1)
		}
		for i, k := range clerical.Allot(sizes, n) {
			if k > sizes[i] || sizes[i] > 0 && k == 0 {
				t.Fatalf("stratum %d of %d gets %d", i, sizes[i], k)
			}
			got += k
		}
		if want := min(max(n, filled), total); got != want {
			t.Fatalf("%d drawn, want %d", got, want)
		}
	})
}

func TestTheSameSeedDrawsTheSame(t *testing.T) {
	strata := []clerical.Stratum[int]{{Name: "a", Links: []int{1, 2, 3, 4, 5, 6, 7, 8}}, {Name: "b", Links: []int{10, 11, 12}}}
	draw := func(seed uint64) [][]int { return clerical.Draw(strata, 5, rand.New(rand.NewPCG(seed, 0)).Perm) }
	if !reflect.DeepEqual(draw(1), draw(1)) {
		t.Error("one seed drew two samples")
	}
	times := map[int]int{}
	for seed := range uint64(4000) {
		for _, s := range draw(seed) {
			for _, l := range s {
				times[l]++
			}
		}
	}
	for l, n := range times {
		want := 4000 * 4 / 8.0
		if l >= 10 {
			want = 4000 * 1 / 3.0
		}
		if math.Abs(float64(n)-want) > 0.1*want {
			t.Errorf("link %d was drawn %d times, want about %.0f", l, n, want)
		}
	}
}

func TestWorthIsExpectedMistakes(t *testing.T) {
	for _, c := range []struct {
		weight float64
		linked bool
		a, b   int
		want   float64
	}{
		{0, false, 1, 1, 0.5}, {0, false, 2, 3, 3}, {0, true, 2, 2, 0.5}, {0, true, 5, 5, 2}, {2, true, 2, 2, 0.2}, {2, false, 1, 1, 0.8},
		{-2, false, 1, 1, 0.2},
	} {
		if got := clerical.Worth(c.weight, c.linked, c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
