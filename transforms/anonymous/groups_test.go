package anonymous_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"uoma/transforms/anonymous"
)

func TestSmallGroupsComeTogether(t *testing.T) {
	var g anonymous.Groups
	add := func(year, country string, people ...int) {
		for _, p := range people {
			g.Add([]string{year, country}, fmt.Sprint("p", p))
			g.Add([]string{year, country}, fmt.Sprint("p", p)) // two rows of one person
		}
	}
	some := func(from, n int) (out []int) {
		for i := range n {
			out = append(out, from+i)
		}
		return out
	}
	add("2024", "FI", some(0, 26)...)
	add("2024", "SE", some(26, 4)...)
	add("2025", "FI", some(20, 14)...)
	add("2025", "NO", some(40, 7)...)
	add("2026", "FI", 0)
	got, left := g.Told(0)
	if want := "[{[ ] 10} {[2024 FI] 30} {[2025 FI] 10}]"; fmt.Sprint(got) != want || left != 0 {
		t.Errorf("%v, %d left, not %s", got, left, want)
	}
	got, left = g.Told(15)
	if want := "[{[ ] 15} {[2024 FI] 30}]"; fmt.Sprint(got) != want || left != 0 { // of 22 people and of 26
		t.Errorf("%v, %d left, not %s", got, left, want)
	}
	var lone anonymous.Groups
	lone.Add([]string{"2026", "FI"}, "p")
	if got, left := lone.Told(1); len(got) != 0 || left != 1 {
		t.Errorf("%v, %d left", got, left)
	}
}

// TestGroupsTellOfNobody holds XAMK-44, of random people in random groups: no number is of few, and of two files, with and without some
// people of a group, no number tells how many they were.
func TestGroupsTellOfNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 25).Draw(t, "k")
		least := int64(max(k, anonymous.K))
		n := rapid.IntRange(0, 120).Draw(t, "people")
		groups := make([]string, n)
		for i := range groups {
			groups[i] = rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "group")
		}
		told := func(but int) map[string]int64 {
			var g anonymous.Groups
			of := map[string]int64{}
			for i, group := range groups {
				if i >= but {
					g.Add([]string{group}, fmt.Sprint(i))
					of[group]++
				}
			}
			out := map[string]int64{}
			got, left := g.Told(k)
			if !slices.IsSortedFunc(got, func(a, b anonymous.Group) int { return slices.Compare(a.Cells, b.Cells) }) || left >= 4*least {
				t.Fatalf("%v, %d left", got, left)
			}
			for _, x := range got {
				name := x.Cells[0]
				if x.People < least || x.People%least != 0 || name != "" && (of[name] < least || 2*max(x.People-of[name], of[name]-x.People) > least) {
					t.Fatalf("%v of %v", x, of)
				}
				out[name] = x.People
			}
			return out
		}
		before, after := told(0), told(rapid.IntRange(0, n).Draw(t, "gone"))
		for name, people := range before {
			if by := people - after[name]; by%least != 0 {
				t.Fatalf("%d people more in %q", by, name)
			}
		}
	})
}
