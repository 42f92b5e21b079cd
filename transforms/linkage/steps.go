package linkage

import (
	"math"

	"uoma/transforms/likeness"
)

// Comparing goes in steps, those first that tell most for their time.

// step is one piece of comparing.
type step struct {
	feature int // the first, of names also the second
	at      int // place in the row of the only value that is compared; -1 where it takes more
	do      func(c *comparer, a, b int32, v *vector)
}

func (t *Table) listSteps() {
	t.steps = []step{{featureGiven, -1, (*comparer).names}}
	add := func(f, at int, do func(c *comparer, a, b int32, v *vector)) {
		if t.features[f].there {
			t.steps = append(t.steps, step{f, at, do})
		}
	}
	single := func(v *values) int {
		if v != nil && v.width == 1 {
			return v.at
		}
		return -1
	}
	add(featureBirth, rowBirth, (*comparer).birth)
	add(featureSex, rowSex, (*comparer).sex)
	for i, o := range t.others {
		if o.field.Kind == Identifier {
			add(featureOther+i, single(o.values), func(c *comparer, a, b int32, v *vector) { c.identifier(featureOther+i, o, a, b, v) })
		}
	}
	add(featurePhone, single(t.phone), func(c *comparer, a, b int32, v *vector) {
		c.simple(featurePhone, t.phone, likeness.Phone, uint8(likeness.PhoneSame), a, b, v)
	})
	add(featurePlace, -1, (*comparer).place)
	add(featureEmail, single(t.email), func(c *comparer, a, b int32, v *vector) {
		c.simple(featureEmail, t.email, likeness.Email, uint8(likeness.EmailSame), a, b, v)
		if v.level[featureEmail] != absent {
			v.level[featureEmail] += t.agreeing(v) * uint8(t.features[featureEmail].plain)
		}
	})
	for i, o := range t.others {
		switch o.field.Kind {
		case Identifier:
		case Number:
			add(featureOther+i, single(o.values), func(c *comparer, a, b int32, v *vector) {
				c.simple(featureOther+i, o.values, likeness.Number, uint8(likeness.NumberSame), a, b, v)
			})
		default:
			add(featureOther+i, single(o.values), func(c *comparer, a, b int32, v *vector) {
				c.simple(featureOther+i, o.values, likeness.Text, uint8(likeness.TextSame), a, b, v)
			})
		}
	}
	for f := range t.nothing.level {
		t.nothing.level[f] = absent
	}
}

// compare compares two records in everything that both tell.
func (c *comparer) compare(a, b int32, v *vector) {
	t := c.t
	*v = t.nothing
	v.between = t.between(a, b)
	told := t.told(a) & t.told(b)
	for i := range t.steps {
		if x := &t.steps[i]; i == 0 || told>>x.feature&1 != 0 {
			x.do(c, a, b, v)
		}
	}
}

// weight compares two records and gives the log odds, in bits, that they are one person's. It stops and gives the least
// when what is left to compare cannot bring them above it: how much that can be depends on which things both records
// tell, and whether they say the same, which is known before values are looked at.
func (c *comparer) weight(a, b int32, s *scorer, least float64, v *vector) float64 {
	t := c.t
	*v = t.nothing
	v.between = t.between(a, b)
	t.steps[0].do(c, a, b, v)
	at := s.prior[v.between] + s.feature(featureGiven, v) + s.feature(featureFamily, v)
	one, two := t.row(a), t.row(b)
	told := one[rowTold] & two[rowTold]
	most := &s.most[v.between][t.agreeing(v)]
	var left [maxFeatures]float64
	for i := 1; i < len(t.steps); i++ {
		if x := &t.steps[i]; told>>x.feature&1 != 0 {
			left[i] = most.any[x.feature]
			if x.at >= 0 && one[x.at] != two[x.at] {
				left[i] = most.unequal[x.feature]
			}
			at += left[i]
		}
	}
	for i := 1; i < len(t.steps) && at > least; i++ {
		if x := &t.steps[i]; told>>x.feature&1 != 0 {
			x.do(c, a, b, v)
			at += s.feature(x.feature, v) - left[i]
		}
	}
	if at <= least {
		return least
	}
	return s.weight(v)
}

// bounds are what each feature can say at most, in bits.
type bounds struct {
	any     [maxFeatures]float64
	unequal [maxFeatures]float64 // of values that are not the same
}

// bound finds what features can say at most, by the two sources and by how many names agree.
func (s *scorer) bound(t *Table) {
	s.most = make([][3]bounds, len(s.level))
	for between := range s.most {
		for f := range t.features {
			x := &t.features[f]
			for l := range s.rarity[f] {
				bits := s.highest(between, f, l)
				for names := range s.most[between] {
					if x.named && l/x.plain != names {
						continue
					}
					most := &s.most[between][names]
					most.any[f] = max(most.any[f], bits)
					if int(x.base(uint8(l))) != x.top() {
						most.unequal[f] = max(most.unequal[f], bits)
					}
				}
			}
		}
	}
}

// highest gives what a level says at most.
func (s *scorer) highest(between, f, l int) float64 {
	w := s.level[between][f][l]
	if !math.IsInf(s.rarity[f][l], 1) {
		w += min(max(s.total[f]-s.rarity[f][l], 0), maxRarity)
	}
	return w
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
