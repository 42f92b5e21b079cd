package linkage

import (
	"math"
	"slices"

	"uoma/transforms/likeness"
)

// Comparing goes in steps, those first that tell most for their time.

// step is one piece of comparing.
type step struct {
	feature int
	at      int // place in the row of the only value that is compared; -1 where it takes more
	do      func(c *comparer, a, b int32, v *vector)
	top     uint8 // the highest level that two records can have
	// limit gives the highest level that two values that are not the same may have; nil where it is the one below the top.
	limit func(x, y int32) likeness.Level
}

// most gives the highest level that two records may have, by what their rows show.
func (x *step) most(one, two []int32) uint8 {
	switch {
	case x.at < 0 || one[x.at] == two[x.at]:
		return x.top
	case x.limit == nil:
		return x.top - 1
	}
	return uint8(x.limit(one[x.at], two[x.at]))
}

func (t *Table) listSteps() {
	t.steps = nil
	add := func(f, at int, do func(c *comparer, a, b int32, v *vector)) {
		if t.features[f].there {
			x := &t.features[f]
			n := len(x.levels)
			if x.named {
				n = x.plain
			}
			t.steps = append(t.steps, step{feature: f, at: at, do: do, top: uint8(n - 1), limit: t.limit(f, at)})
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
	t.inRows = len(t.steps)
	add(featurePlace, -1, (*comparer).place)
	t.nameless = len(t.steps)
	for i, o := range t.others {
		if o.field.Kind == Identifier {
			add(featureOther+i, single(o.values), func(c *comparer, a, b int32, v *vector) { c.identifier(featureOther+i, o, a, b, v) })
		}
	}
	add(featurePhone, single(t.phone), func(c *comparer, a, b int32, v *vector) {
		c.simple(featurePhone, t.phone, likeness.Phone, uint8(likeness.PhoneSame), a, b, v)
	})
	add(featureEmail, single(t.email), func(c *comparer, a, b int32, v *vector) {
		c.simple(featureEmail, t.email, likeness.Email, uint8(likeness.EmailSame), a, b, v)
		v.level[featureEmail] = t.amongNames(featureEmail, v.level[featureEmail], v)
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

// limit gives what tells the highest level that two values of a feature at a place in the row may have, nil where nothing does.
func (t *Table) limit(f, at int) func(x, y int32) likeness.Level {
	switch {
	case at < 0:
	case f == featurePhone:
		return t.phone.most
	case f == featureEmail:
		return t.email.most
	case f >= featureOther:
		o := t.others[f-featureOther]
		if o.field.Kind != Identifier {
			return o.most
		}
		return func(x, y int32) likeness.Level {
			switch {
			case o.right != nil && o.right[x] && o.right[y]:
				return likeness.Different
			case o.most != nil:
				return o.most(x, y)
			}
			return likeness.IdentifierSame - 1
		}
	}
	return nil
}

// compare compares two records in everything that both tell.
func (c *comparer) compare(a, b int32, v *vector) {
	t := c.t
	*v = t.nothing
	v.between = t.between(a, b)
	c.names(a, b, v)
	told := t.told(a) & t.told(b)
	for i := range t.steps {
		if x := &t.steps[i]; told>>x.feature&1 != 0 {
			x.do(c, a, b, v)
		}
	}
}

// bounds are what features can say at most: of each pair of sources the highest weight of levels up to each one, feature by
// feature. Where levels stand by how many names agree, they do so for all numbers from so many to so many.
type bounds struct {
	most  [][]float64      // by pair of sources
	first [maxFeatures]int // where each feature begins in most
	plain [maxFeatures]int // levels for each number of names, 0 where their number does not matter
}

// atMost gives what a feature can say at most up to a level when from so many to so many names agree.
func (b *bounds) atMost(between uint8, f int, level uint8, from, to int) float64 {
	return b.most[between][b.first[f]+b.plain[f]*(3*from+to)+int(level)]
}

// bound finds what features can say at most.
func (s *scorer) bound(t *Table) {
	s.bounds = bounds{most: make([][]float64, len(s.level))}
	for f := range t.features {
		x := &t.features[f]
		s.first[f] = len(s.most[0])
		if x.named {
			s.plain[f] = x.plain
		}
		for between := range s.most {
			for from := range 3 {
				for to := range 3 {
					if x.named || from+to == 0 {
						s.most[between] = append(s.most[between], s.upTo(x, f, between, from, to)...)
					}
				}
			}
		}
	}
}

// upTo gives of each level what a feature can say at most up to it when from so many to so many names agree. Names and
// addresses may say nothing although both records tell them, as they are of several parts.
func (s *scorer) upTo(x *feature, f, between, from, to int) []float64 {
	n := len(x.levels)
	if x.named {
		n = x.plain
	}
	out := slices.Repeat([]float64{math.Inf(-1)}, n)
	if f == featureGiven || f == featureFamily || f == featurePlace {
		clear(out)
	}
	for l := range x.levels {
		if names := l / n; names >= from && names <= to || !x.named {
			out[l%n] = max(out[l%n], s.highest(between, f, l))
		}
	}
	for l := range n - 1 {
		out[l+1] = max(out[l+1], out[l])
	}
	return out
}

// highest gives what a level says at most.
func (s *scorer) highest(between, f, l int) float64 {
	w := s.level[between][f][l].bits
	if x := s.rarity[f][l]; x.odds > 0 {
		w += min(max(x.bits, 0), maxRarity)
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
