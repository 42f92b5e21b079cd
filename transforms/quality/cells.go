package quality

import "sort"

// Cells is a list of counts of people or values as it may be shown.
type Cells struct {
	Shown []Cell `json:"shown"`
	// Folded tells that cells were put together under "other": at least one under the limit, and never one alone.
	Folded bool `json:"folded"`
	// Other is the sum of the folded cells, nil when it is itself under the limit.
	Other *int64 `json:"other"`
}

// Cell is one count that may be shown.
type Cell struct {
	Code string `json:"code"`
	N    int64  `json:"n"`
}

// fold hides cells of fewer than k. Zero cells are hidden along with them, so that a cell which one person enters is not
// told from its neighbours; where one cell would be hidden alone, the next smallest is too, as the total would give it
// back. Two reports that differ by one person in a cell that stays small look the same whichever small cell it was.
func fold(c Counts, k int64) Cells {
	codes := make([]string, 0, len(c))
	small := 0
	for code, n := range c {
		codes = append(codes, code)
		if n > 0 && n < k {
			small++
		}
	}
	sort.Slice(codes, func(i, j int) bool {
		if c[codes[i]] != c[codes[j]] {
			return c[codes[i]] < c[codes[j]]
		}
		return codes[i] < codes[j]
	})
	hidden := 0
	if small > 0 {
		hidden = sort.Search(len(codes), func(i int) bool { return c[codes[i]] >= k })
		hidden = min(max(hidden, 2), len(codes))
	}
	out := Cells{Shown: make([]Cell, 0, len(codes)-hidden), Folded: hidden > 0}
	sum := int64(0)
	for i, code := range codes {
		if i < hidden {
			sum += c[code]
			continue
		}
		out.Shown = append(out.Shown, Cell{code, c[code]})
	}
	if hidden > 0 && sum >= k {
		out.Other = &sum
	}
	sort.SliceStable(out.Shown, func(i, j int) bool { return out.Shown[i].N > out.Shown[j].N })
	return out
}

// Of gives a shown cell's count; ok is false when the code is folded or not listed.
func (c Cells) Of(code string) (n int64, ok bool) {
	for _, s := range c.Shown {
		if s.Code == code {
			return s.N, true
		}
	}
	return 0, false
}

// few gives a count of people that may be shown: nil for one to k-1.
func few(n, k int64) *int64 {
	if n > 0 && n < k {
		return nil
	}
	return &n
}

// round5 rounds to the nearest 5, for counts that leave the house.
func round5(n int64) int64 { return (n + 2) / 5 * 5 }
