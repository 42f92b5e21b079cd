package linkage

import (
	"math"
	"slices"
)

// maxSources is how many sources are told apart. Of more there would be too few pairs of each two to learn from. Their numbers
// have room beside the bits of features in a row.
const maxSources = 12

// rankSources numbers the sources by their names.
func (t *Table) rankSources() {
	v := t.sources
	if v == nil || v.dict.len() < 2 || v.dict.len() > maxSources {
		return
	}
	for i := range v.dict.len() {
		t.sourceNames = append(t.sourceNames, string(v.dict.value(int32(i))))
	}
	slices.Sort(t.sourceNames)
	for i := range v.dict.len() {
		n, _ := slices.BinarySearch(t.sourceNames, v.text(int32(i)))
		t.sourceRank = append(t.sourceRank, uint8(n))
	}
}

// between numbers the pair of sources that two records come from. A record without a source is taken for one of the first.
func (t *Table) between(a, b int32) uint8 {
	return pairOf(t.source(a), t.source(b))
}

func (t *Table) source(rec int32) uint8 { return uint8(t.told(rec) >> maxFeatures) }

func pairOf(a, b uint8) uint8 {
	if a < b {
		a, b = b, a
	}
	return a*(a+1)/2 + b
}

// trainBetween finds what differs from one pair of sources to the next, starting from what is true of all.
func (t *Table) trainBetween(m *Model, sample []sampled, posts []float64) {
	if len(t.sourceRank) == 0 {
		return
	}
	m.Sources = t.sourceNames
	k := len(t.sourceNames)
	n := min(t.n, sampleRecords)
	counts := make([]float64, k)
	for rec := range n {
		counts[t.source(int32(rec))]++
	}
	for a := range k {
		for b := range a + 1 {
			x := BetweenModel{A: t.sourceNames[b], B: t.sourceNames[a], Prior: m.Prior}
			for f := range m.Features {
				var row []float64
				for _, l := range m.Features[f].Levels {
					row = append(row, l.M)
				}
				x.M = append(x.M, row)
			}
			m.Between = append(m.Between, x)
		}
	}
	pairs := func(x int) float64 {
		for a := range k {
			for b := range a + 1 {
				if int(pairOf(uint8(a), uint8(b))) == x {
					if a == b {
						return counts[a] * (counts[a] - 1) / 2
					}
					return counts[a] * counts[b]
				}
			}
		}
		return 0
	}
	for range betweenRounds {
		t.expectBetween(newScorer(m, t), m, sample, posts, pairs)
	}
}

const (
	betweenRounds = 4
	leanBetween   = 100 // pairs that what is true of all sources weighs beside what is seen between two
)

// expectBetween says of each sampled pair how sure it is one person's, and sets what differs between sources by that.
func (t *Table) expectBetween(s *scorer, m *Model, sample []sampled, posts []float64, pairs func(int) float64) {
	sure := make([]float64, len(m.Between))
	ms := make([][][]float64, len(m.Between))
	for x := range ms {
		for f := range m.Features {
			ms[x] = append(ms[x], make([]float64, len(m.Features[f].Levels)))
		}
	}
	var all float64
	for i := range sample {
		p := &sample[i]
		if p.passes.empty() {
			continue
		}
		w := s.weight(&p.v)
		posts[i] = 1 / (1 + math.Exp2(-w))
		sure[p.v.between] += p.weight * posts[i]
		all += p.weight * posts[i]
		for f := range s.n {
			if l := p.v.level[f]; l != absent && w-s.feature(f, &p.v) > sureBits {
				ms[p.v.between][f][l] += p.weight
			}
		}
	}
	n := float64(min(t.n, sampleRecords))
	m.Prior = min(max(all, 0.5)/max(n*(n-1)/2, 1), 1)
	for x := range m.Between {
		b := &m.Between[x]
		b.Prior = min((sure[x]+2)/(pairs(x)+2/m.Prior), 1)
		for f := range m.Features {
			f1 := &t.features[f]
			third := len(b.M[f])
			if f1.named {
				third = f1.plain
			}
			for from := 0; from < len(b.M[f]); from += third {
				total := sum(ms[x][f][from : from+third])
				for l := from; l < from+third; l++ {
					b.M[f][l] = (ms[x][f][l] + leanBetween*m.Features[f].Levels[l].M) / (total + leanBetween)
				}
			}
		}
	}
}
