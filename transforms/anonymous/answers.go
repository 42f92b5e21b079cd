package anonymous

import (
	"cmp"
	"maps"
	"slices"
)

// Answers compiles answers to a question about several things into totals. The zero value is ready. One row is one answer:
// who gave it is not known here.
type Answers struct {
	about map[string]map[string]int64
}

// Total is how often each answer was given about one thing. Rest counts answers of which too few were given to be named;
// they are none, or [K] and more together.
type Total struct {
	About   string        `json:"about"` // "" of things with few answers, together
	Answers int64         `json:"answers"`
	Given   []AnswerCount `json:"given"`
	Rest    int64         `json:"rest"`
}

// AnswerCount is how often an answer was given.
type AnswerCount struct {
	Answer string `json:"answer"`
	Times  int64  `json:"times"`
}

// Add notes an answer.
func (a *Answers) Add(about, answer string) {
	if a.about == nil {
		a.about = map[string]map[string]int64{}
	}
	if a.about[about] == nil {
		a.about[about] = map[string]int64{}
	}
	a.about[about][answer]++
}

// Totals gives what may leave, in a fixed order. Things with fewer than [K] answers come together, and are left out where
// that is still too few.
func (a *Answers) Totals() []Total {
	small := map[string]int64{}
	out := []Total{}
	for _, about := range slices.Sorted(maps.Keys(a.about)) {
		given := a.about[about]
		if about != "" && sum(given) >= K {
			out = append(out, total(about, given))
			continue
		}
		for answer, n := range given {
			small[answer] += n
		}
	}
	if sum(small) >= K {
		out = append(out, total("", small))
	}
	return out
}

// total names the answers that enough people gave. What is left is never so little that a sum tells of it: the rarest named
// answer goes with it.
func total(about string, given map[string]int64) Total {
	t := Total{About: about, Answers: sum(given), Given: []AnswerCount{}}
	for answer, n := range given {
		if n < K {
			t.Rest += n
			continue
		}
		t.Given = append(t.Given, AnswerCount{answer, n})
	}
	slices.SortFunc(t.Given, func(a, b AnswerCount) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Answer, b.Answer))
	})
	if last := len(t.Given) - 1; t.Rest > 0 && t.Rest < K && last >= 0 {
		t.Rest += t.Given[last].Times
		t.Given = t.Given[:last]
	}
	return t
}

func sum(given map[string]int64) (n int64) {
	for _, times := range given {
		n += times
	}
	return n
}
