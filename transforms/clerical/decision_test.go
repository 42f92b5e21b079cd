package clerical_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"uoma/transforms/clerical"
)

func made(number int64, a, b string, v clerical.Verdict) clerical.Decision {
	return clerical.Decision{Number: number, Pair: clerical.NewPair(a, b), Verdict: v}
}

func TestContradictionsNameTheEarlierDecisions(t *testing.T) {
	for _, c := range []struct {
		name  string
		given []clerical.Decision
		next  clerical.Decision
		want  []int64
	}{
		{"nothing before", nil, made(9, "a", "b", clerical.Different), nil},
		{"one person by two others", []clerical.Decision{made(1, "a", "b", clerical.Same), made(2, "c", "b", clerical.Same)},
			made(9, "c", "a", clerical.Different), []int64{1, 2}},
		{"two people by another", []clerical.Decision{made(1, "a", "c", clerical.Different), made(2, "a", "b", clerical.Same)},
			made(9, "b", "c", clerical.Same), []int64{1, 2}},
		{"on both sides", []clerical.Decision{made(1, "b", "a", clerical.Same), made(2, "d", "c", clerical.Same), made(3, "d", "a", clerical.Different)},
			made(9, "b", "c", clerical.Same), []int64{1, 2, 3}},
		{"the pair itself gives way", []clerical.Decision{made(1, "a", "b", clerical.Same)}, made(9, "a", "b", clerical.Different), nil},
		{"and the other way", []clerical.Decision{made(1, "a", "b", clerical.Different)}, made(9, "b", "a", clerical.Same), nil},
		{"what was taken back does not count", []clerical.Decision{made(1, "a", "b", clerical.Same), made(2, "c", "b", clerical.Same),
			made(3, "a", "b", clerical.Unsure)}, made(9, "c", "a", clerical.Different), nil},
		{"unsure contradicts nothing", []clerical.Decision{made(1, "a", "b", clerical.Same), made(2, "c", "b", clerical.Same)},
			made(9, "c", "a", clerical.Unsure), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int64
			for _, d := range clerical.NewBook(c.given).Contradicts(c.next) {
				got = append(got, d.Number)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestWhatIsTakenNeverContradicts makes decisions of few records, refuses what contradicts, and looks whether the rest can
// be true together: with those joined that are the same, nobody is parted from himself.
func TestWhatIsTakenNeverContradicts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		book, refused := clerical.NewBook(nil), 0
		for n := range int64(rapid.IntRange(1, 30).Draw(t, "decisions")) {
			a, b := rapid.IntRange(0, 5).Draw(t, "a"), rapid.IntRange(0, 5).Draw(t, "b")
			if a == b {
				continue
			}
			d := made(n, fmt.Sprint(a), fmt.Sprint(b), rapid.SampledFrom([]clerical.Verdict{clerical.Same, clerical.Different, clerical.Unsure}).Draw(t, "verdict"))
			if len(book.Contradicts(d)) > 0 {
				refused++
				if consistent(append(book.Standing(), d)) {
					t.Fatal("refused without need")
				}
				continue
			}
			book.Add(d)
			if !consistent(book.Standing()) {
				t.Fatalf("taken: %v", book.Standing())
			}
		}
	})
}

// consistent joins by brute force. Of two decisions of one pair the later stands.
func consistent(all []clerical.Decision) bool {
	last := map[clerical.Pair]clerical.Verdict{}
	for _, d := range all {
		last[d.Pair] = d.Verdict
	}
	of := map[string]string{}
	root := func(r string) string {
		if of[r] == "" {
			return r
		}
		return of[r]
	}
	for p, v := range last {
		if a, b := root(p.A), root(p.B); v == clerical.Same && a != b {
			of[b] = a
			for r, x := range of {
				if x == b {
					of[r] = a
				}
			}
		}
	}
	for p, v := range last {
		if v == clerical.Different && root(p.A) == root(p.B) {
			return false
		}
	}
	return true
}
