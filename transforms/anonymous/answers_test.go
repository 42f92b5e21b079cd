package anonymous_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"uoma/transforms/anonymous"
)

func TestTotals(t *testing.T) {
	var a anonymous.Answers
	add := func(about, answer string, times int) {
		for range times {
			a.Add(about, answer)
		}
	}
	add("library", "good", 30)
	add("library", "bad", 12)
	add("library", "so-so", 3) // with bad, or 45 - 30 - 12 tells of it
	add("canteen", "good", 10)
	add("sauna", "good", 4)
	add("pool", "bad", 5)
	add("gym", "bad", 2)
	want := "[{canteen 10 [{good 10}] 0} {library 45 [{good 30}] 15} { 11 [] 11}]"
	if got := fmt.Sprint(a.Totals()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	var few anonymous.Answers
	few.Add("sauna", "good")
	if got := few.Totals(); len(got) != 0 {
		t.Errorf("few answers leave: %v", got)
	}
}

// TestNoTotalTellsOfFew holds SEAMK-07: nothing of feedback leaves but totals, and from none of them, nor from what is left when
// some are taken from others, follows what fewer than K people said.
func TestNoTotalTellsOfFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a anonymous.Answers
		for range rapid.IntRange(0, 12).Draw(t, "kinds") {
			about := rapid.SampledFrom([]string{"", "a", "b", "c", "d"}).Draw(t, "about")
			answer := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(t, "answer")
			for range rapid.IntRange(1, 25).Draw(t, "times") {
				a.Add(about, answer)
			}
		}
		for _, x := range a.Totals() {
			left := x.Answers
			for _, g := range x.Given {
				if left -= g.Times; g.Times < anonymous.K {
					t.Fatalf("%d people are told of", g.Times)
				}
			}
			if x.Answers < anonymous.K || left != x.Rest || left != 0 && left < anonymous.K {
				t.Fatalf("%+v", x)
			}
		}
	})
}
