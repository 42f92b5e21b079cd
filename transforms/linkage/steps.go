package linkage

import (
	"math"

	"uoma/transforms/likeness"
)

// Comparing goes in steps, those first that tell most for their time.

// step is one piece of comparing.
type step struct {
	feature int // the first, of names also the second
	do      func(c *comparer, a, b int32, v *vector)
}

func (t *Table) listSteps() {
	t.steps = []step{{featureGiven, (*comparer).names}}
	add := func(f int, do func(c *comparer, a, b int32, v *vector)) {
		if t.features[f].there {
			t.steps = append(t.steps, step{f, do})
		}
	}
	add(featureBirth, (*comparer).birth)
	add(featureSex, (*comparer).sex)
	for i, o := range t.others {
		if o.field.Kind == Identifier {
			add(featureOther+i, func(c *comparer, a, b int32, v *vector) { c.identifier(featureOther+i, o, a, b, v) })
		}
	}
	add(featurePhone, func(c *comparer, a, b int32, v *vector) {
		c.simple(featurePhone, t.phone, likeness.Phone, uint8(likeness.PhoneSame), a, b, v)
	})
	add(featurePlace, (*comparer).place)
	add(featureEmail, func(c *comparer, a, b int32, v *vector) {
		c.simple(featureEmail, t.email, likeness.Email, uint8(likeness.EmailSame), a, b, v)
		if v.level[featureEmail] != absent {
			v.level[featureEmail] += t.agreeing(v) * uint8(t.features[featureEmail].plain)
		}
	})
	for i, o := range t.others {
		switch o.field.Kind {
		case Identifier:
		case Number:
			add(featureOther+i, func(c *comparer, a, b int32, v *vector) {
				c.simple(featureOther+i, o.values, likeness.Number, uint8(likeness.NumberSame), a, b, v)
			})
		default:
			add(featureOther+i, func(c *comparer, a, b int32, v *vector) {
				c.simple(featureOther+i, o.values, likeness.Text, uint8(likeness.TextSame), a, b, v)
			})
		}
	}
	for f := range t.nothing.level {
		t.nothing.level[f] = absent
	}
}

// compare compares two records in everything.
func (c *comparer) compare(a, b int32, v *vector) {
	*v = c.t.nothing
	v.between = c.t.between(a, b)
	for i := range c.t.steps {
		c.t.steps[i].do(c, a, b, v)
	}
}

// weight compares two records and gives the log odds, in bits, that they are one person's. It stops and gives the least
// when what is left to compare cannot bring them above it.
func (c *comparer) weight(a, b int32, s *scorer, least float64, v *vector) float64 {
	*v = c.t.nothing
	v.between = c.t.between(a, b)
	at := s.prior[v.between] + s.most[0]
	for i := range c.t.steps {
		x := &c.t.steps[i]
		x.do(c, a, b, v)
		at += s.feature(x.feature, v) - s.most[i] + s.most[i+1]
		if i == 0 {
			at += s.feature(featureFamily, v)
		}
		if at <= least {
			return least
		}
	}
	return s.weight(v)
}

// boundSteps sets what the steps from each one on can add at most, in bits.
func (s *scorer) boundSteps(t *Table) {
	s.most = make([]float64, len(t.steps)+1)
	for i := len(t.steps) - 1; i >= 0; i-- {
		s.most[i] = s.most[i+1] + s.highest(t.steps[i].feature)
		if i == 0 {
			s.most[0] += s.highest(featureFamily)
		}
	}
}

// highest gives what a feature says at most.
func (s *scorer) highest(f int) (most float64) {
	for l := range s.rarity[f] {
		w := math.Inf(-1)
		for p := range s.level {
			w = max(w, s.level[p][f][l])
		}
		if !math.IsInf(s.rarity[f][l], 1) {
			w += min(max(s.total[f]-s.rarity[f][l], 0), maxRarity)
		}
		most = max(most, w)
	}
	return most
}

func (c *comparer) simple(f int, v *values, compare func(a, b string) likeness.Level, top uint8, a, b int32, out *vector) {
	l, x, y := c.best(f, v, compare, top, a, b)
	out.level[f] = l
	if l != absent && l > 0 {
		out.rare[f] = v.rarer(x, y)
	}
}

func (c *comparer) birth(a, b int32, v *vector) {
	if x, y := c.t.birth(a), c.t.birth(b); x != 0 && y != 0 {
		v.level[featureBirth] = uint8(likeness.Birth(x, y))
	}
}

func (c *comparer) sex(a, b int32, v *vector) {
	switch x, y := c.t.sex(a), c.t.sex(b); {
	case x == 0 || y == 0:
	case x == y:
		v.level[featureSex] = 1
	default:
		v.level[featureSex] = 0
	}
}
