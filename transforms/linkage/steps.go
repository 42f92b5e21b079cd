package linkage

import (
	"math"
	"slices"

	"uoma/transforms/likeness"
)

// Comparing goes in steps, those first that tell most for their time.

// step is one piece of comparing.
type step struct {
	feature int // the first, of names also the second
	at      int // place in the row of the only value that is compared; -1 where it takes more
	do      func(c *comparer, a, b int32, v *vector)
	// apart proves of two values that are not the same that they are different; nil where nothing does.
	apart func(x, y int32) bool
}

func (t *Table) listSteps() {
	t.steps = []step{{feature: featureGiven, at: -1, do: (*comparer).names}}
	add := func(f, at int, do func(c *comparer, a, b int32, v *vector)) {
		if t.features[f].there {
			t.steps = append(t.steps, step{feature: f, at: at, do: do, apart: t.apart(f, at)})
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

// apart gives what proves that two values of a feature at a place in the row are different, nil where nothing does.
func (t *Table) apart(f, at int) func(x, y int32) bool {
	switch {
	case at < 0:
	case f == featurePhone:
		return t.phone.differ
	case f >= featureOther:
		if o := t.others[f-featureOther]; o.right != nil {
			return func(x, y int32) bool { return o.right[x] && o.right[y] }
		} else if o.field.Kind == Identifier {
			return o.differ
		}
	}
	return nil
}

// differ tells whether the sketches of two values prove that they are different.
func (v *values) differ(x, y int32) bool {
	return v.sketches != nil && v.apart(v.sketches[x], v.sketches[y])
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
// tell, and whether they say the same, which their rows show before any value is looked at.
func (c *comparer) weight(a, b int32, s *scorer, least float64, v *vector) float64 {
	t := c.t
	one, two := t.row(a), t.row(b)
	told := one[rowTold] & two[rowTold]
	between := pairOf(uint8(one[rowTold]>>maxFeatures), uint8(two[rowTold]>>maxFeatures))
	given, family, sure, open := c.mostOfNames(one, two, between, s)
	most := &s.most[between][sure][sure+open]
	at := s.prior[between] + given + family
	var left [maxFeatures]float64
	*v = t.nothing
	v.between = between
	for i := 1; i < len(t.steps); i++ {
		x := &t.steps[i]
		if told>>x.feature&1 == 0 {
			continue
		}
		w := most.any[x.feature]
		if x.at >= 0 && one[x.at] != two[x.at] {
			w = most.unequal[x.feature]
			if x.apart != nil && x.apart(one[x.at], two[x.at]) {
				v.level[x.feature] = uint8(likeness.Different)
				w = s.feature(x.feature, v)
				told &^= 1 << x.feature // no more of it
			}
		}
		left[i] = w
		at += w
	}
	if at <= least {
		return least
	}
	next := 1
	if t.hasBirth { // dates are numbers, and cost less than names
		if told>>featureBirth&1 != 0 {
			c.birth(a, b, v)
			at += s.feature(featureBirth, v) - left[1]
		}
		next++
	}
	if at <= least {
		return least
	}
	fl, fx, fy := c.family(a, b)
	if !t.crossing(a, b) { // else the family name may be found in the given name's place
		rare := int32(0)
		if fl != absent && fl > 0 {
			rare = t.family.rarer(fx, fy)
		}
		bits := 0.0
		if fl != absent {
			bits = s.bits(featureFamily, between, fl, rare)
		}
		at += bits - family
		if family = bits; at <= least {
			return least
		}
	}
	c.namesBeside(fl, fx, fy, a, b, v)
	at += s.feature(featureGiven, v) + s.feature(featureFamily, v) - given - family
	if open > 0 {
		at += t.narrow(v, &left, told, one, two, &s.most[between])
	}
	for i := next; i < len(t.steps) && at > least; i++ {
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

// mostOfNames gives what given and family names can say at most, as far as equal numbers of names tell, how many of them
// agree for sure, and how many may agree besides.
func (c *comparer) mostOfNames(one, two []int32, between uint8, s *scorer) (given, family float64, sure, open int) {
	t := c.t
	most := &s.most[between][0][0] // of names the same whichever agree
	if x := one[t.given.at]; x != none && x == two[t.given.at] {
		sure++
		given = s.bits(featureGiven, between, uint8(likeness.GivenSame), t.rareGiven(uint8(likeness.GivenSame), x, x))
	} else {
		open++
		given = most.any[featureGiven]
	}
	rare := int32(math.MaxInt32)
	width := t.family.width
	for _, x := range one[t.family.at : t.family.at+width] {
		if x != none && slices.Contains(two[t.family.at:t.family.at+width], x) {
			rare = min(rare, t.family.uses[x])
		}
	}
	if rare < math.MaxInt32 {
		sure++
		family = s.bits(featureFamily, between, uint8(likeness.FamilySame), rare)
	} else {
		open++
		family = most.any[featureFamily]
	}
	return given, family, sure, open
}

// narrow gives how much less features can say that depend on how many names agree, when that is known.
func (t *Table) narrow(v *vector, left *[maxFeatures]float64, told int32, one, two []int32, all *[3][3]bounds) (less float64) {
	names := t.agreeing(v)
	most := &all[names][names]
	for i := 1; i < len(t.steps); i++ {
		x := &t.steps[i]
		if !t.features[x.feature].named || told>>x.feature&1 == 0 {
			continue
		}
		w := most.any[x.feature]
		if x.at >= 0 && one[x.at] != two[x.at] {
			w = most.unequal[x.feature]
		}
		less += w - left[i]
		left[i] = w
	}
	return less
}

// bounds are what each feature can say at most, in bits.
type bounds struct {
	any     [maxFeatures]float64
	unequal [maxFeatures]float64 // of values that are not the same
}

// bound finds what features can say at most, by the two sources, and by how many names agree: from so many, to so many.
func (s *scorer) bound(t *Table) {
	s.most = make([][3][3]bounds, len(s.level))
	for between := range s.most {
		for from := range 3 {
			for to := from; to < 3; to++ {
				most := &s.most[between][from][to]
				for f := range t.features {
					most.any[f], most.unequal[f] = s.atMost(&t.features[f], f, between, from, to)
				}
			}
		}
	}
}

// atMost gives what a feature can say at most when so many names agree: with any values, and with two that are not the same.
// Names and addresses may say nothing although both records tell them, as they are of several parts.
func (s *scorer) atMost(x *feature, f, between, from, to int) (any, unequal float64) {
	any, unequal = math.Inf(-1), math.Inf(-1)
	if f == featureGiven || f == featureFamily || f == featurePlace {
		any, unequal = 0, 0
	}
	for l := range s.rarity[f] {
		if names := l / max(1, x.plain); x.named && (names < from || names > to) {
			continue
		}
		bits := s.highest(between, f, l)
		any = max(any, bits)
		if int(x.base(uint8(l))) != x.top() {
			unequal = max(unequal, bits)
		}
	}
	return any, unequal
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
