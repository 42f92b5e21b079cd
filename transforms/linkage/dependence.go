package linkage

import (
	"cmp"
	"math"
	"slices"
)

// What features say adds up as if they had nothing to do with each other, once it is known whether two records are one
// person's: the assumption of Fellegi and Sunter (1969) that registers of people are the first to break. Training measures of
// each two features how far it holds: the lift P(both agree) / (P(one agrees) P(the other agrees)) among pairs of two people.
// Its logarithm is what adding up counts twice. It is the interaction of two fields that log-linear models have a term for
// (Daggy et al. 2013, BMC Medical Informatics and Decision Making 13:97); here it is told, and changes no weight.
//
// Passes bring pairs together that agree. But each sampled pair stands for the inverse of the chance that it was drawn by
// any pass or by none, so that the sums are those of all pairs, whatever the passes are made of.

// Dependence says how much oftener two features agree together than if they had nothing to do with each other.
type Dependence struct {
	A     string  `json:"a"`
	B     string  `json:"b"`
	Lift  float64 `json:"lift"`       // among pairs of two people that tell both
	Error float64 `json:"error_bits"` // standard error of log2 of it
	Pairs int     `json:"pairs"`      // that agree in both, as far as each of them counts for one
	// OnePerson is the lift among pairs of one person, 0 where too few tell it.
	OnePerson float64 `json:"one_person_lift,omitempty"`
	// Once tells that the two are one piece of evidence: pairs that agree in them are weighed against people who have both in
	// common by nature, or the one is told by whether the other agrees. Otherwise what they say adds up.
	Once bool `json:"once"`
}

// Bits gives what adding up counts twice when both agree.
func (d *Dependence) Bits() float64 { return math.Log2(d.Lift) }

// Strong tells whether the two agree together twice as often at least, two standard errors below what was seen.
func (d *Dependence) Strong() bool { return d.Bits()-2*d.Error >= 1 }

// What a lift must rest on to be told.
const (
	fewestPairs = 20  // that agree in both
	mostError   = 0.5 // bits
)

// tally sums pairs up that stand for different numbers of pairs.
type tally struct{ sum, squares float64 }

func (t *tally) pair(weight float64) { t.add(tally{weight, weight * weight}) }
func (t *tally) add(o tally)         { t.sum, t.squares = t.sum+o.sum, t.squares+o.squares }

// pairs gives how many pairs of equal weight say as much (Kish 1965), and no more than there are: a pair may be drawn by
// several passes.
func (t *tally) pairs() float64 {
	if t.squares == 0 {
		return 0
	}
	return min(t.sum*t.sum/t.squares, t.sum)
}

// meeting is what is seen of two features in pairs that tell both.
type meeting struct{ all, a, b, both tally }

func (m *meeting) add(a, b bool, n tally) {
	m.all.add(n)
	if a {
		m.a.add(n)
	}
	if b {
		m.b.add(n)
	}
	if a && b {
		m.both.add(n)
	}
}

// lift gives the lift and its standard error in bits, rather too much of it, as who agrees in both is in each; ok is false
// where too few pairs tell it.
func (m *meeting) lift() (lift, err float64, ok bool) {
	both := m.both.pairs()
	if both < fewestPairs {
		return 0, 0, false
	}
	err = math.Sqrt(1/both+1/m.a.pairs()+1/m.b.pairs()) / math.Ln2
	return m.both.sum * m.all.sum / (m.a.sum * m.b.sum), err, err <= mostError
}

// dependence measures each two features of a sample, of which pairs are one person's by the given chances. The strongest
// comes first.
func (t *Table) dependence(m *Model, patterns []pattern, sample []sampled, of []int32, posts []float64) []Dependence {
	two, one := make([]tally, len(patterns)), make([]tally, len(patterns))
	for i, p := range of {
		if posts[i] > 0.5 {
			one[p].pair(sample[i].weight * posts[i])
		} else {
			two[p].pair(sample[i].weight * (1 - posts[i]))
		}
	}
	apart, same := t.meetings(patterns, two), t.meetings(patterns, one)
	s := newPlainScorer(m)
	var out []Dependence
	for a := range t.features {
		for b := a + 1; b < len(t.features); b++ {
			k := a*len(t.features) + b
			d := Dependence{A: t.features[a].name, B: t.features[b].name, Pairs: int(apart[k].both.pairs()), Once: t.once(s, a, b)}
			var ok bool
			if d.Lift, d.Error, ok = apart[k].lift(); !ok {
				continue
			}
			if lift, _, ok := same[k].lift(); ok {
				d.OnePerson = lift
			}
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(x, y Dependence) int { return cmp.Compare(y.Lift, x.Lift) })
	return out
}

// meetings sums up for each two features, by their numbers, patterns that stand for so many pairs.
func (t *Table) meetings(patterns []pattern, counts []tally) []meeting {
	n := len(t.features)
	out := make([]meeting, n*n)
	for i := range patterns {
		told, agree := t.agreement(&patterns[i])
		for a := range n {
			if told>>a&1 == 0 {
				continue
			}
			for b := a + 1; b < n; b++ {
				if told>>b&1 != 0 {
					out[a*n+b].add(agree>>a&1 != 0, agree>>b&1 != 0, counts[i])
				}
			}
		}
	}
	return out
}

// agreement gives the features that a pattern tells and those of them that agree, a bit for each.
func (t *Table) agreement(p *pattern) (told, agree uint32) {
	for f := range t.features {
		x := &t.features[f]
		if l := p.level[f]; l != absent {
			told |= 1 << f
			if int(x.base(l)) >= x.reach {
				agree |= 1 << f
			}
		}
	}
	return told, agree
}

// once tells whether two features, the first before the second, are one piece of evidence.
func (t *Table) once(s *scorer, a, b int) bool {
	for c := range kindred {
		if s.share[a][c] > 0 && s.share[b][c] > 0 {
			return true
		}
	}
	return a <= featureFamily && t.features[b].named
}
