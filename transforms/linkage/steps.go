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
	t.steps = []step{{feature: featureGiven, at: -1, do: (*comparer).names}}
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
	add(featurePlace, -1, (*comparer).place)
	t.early = len(t.steps)
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

// limit gives what tells the highest level that two values of a feature at a place in the row may have, nil where nothing does.
func (t *Table) limit(f, at int) func(x, y int32) likeness.Level {
	switch {
	case at < 0:
	case f == featurePhone:
		return func(x, y int32) likeness.Level { return t.phone.most(x, y) }
	case f == featureEmail:
		return func(x, y int32) likeness.Level { return t.email.most(x, y) }
	case f >= featureOther:
		if o := t.others[f-featureOther]; o.field.Kind == Identifier {
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
	}
	return nil
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

// ceilings are the highest levels that two records may have, step by step, by what their rows show and what was made of each
// value once.
type ceilings [maxFeatures]uint8

// ceil finds the ceilings of at most so many pairs as are looked up abreast. Records and what was made of values lie all over memory, so that the
// processor fetches those of all pairs at once.
func (c *comparer) ceil(pairs [][2]int32, out []ceilings) {
	t := c.t
	for _, p := range pairs {
		one, two := t.row(p[0]), t.row(p[1])
		c.looked += one[0] + one[len(one)-1] + two[0] + two[len(two)-1]
	}
	for i := 1; i < len(t.steps); i++ {
		x := &t.steps[i]
		for k, p := range pairs {
			if one, two := t.row(p[0]), t.row(p[1]); one[rowTold]&two[rowTold]>>x.feature&1 != 0 {
				out[k][i] = x.most(one, two)
			}
		}
	}
}

// weigh appends those of at most so many pairs as are looked up abreast that have a weight above the least.
func (c *comparer) weigh(pairs [][2]int32, s *scorer, least float64, out []Pair) []Pair {
	var most [abreast]ceilings
	var v vector
	c.ceil(pairs, most[:])
	for i, p := range pairs {
		if w := c.weightBelow(&most[i], p[0], p[1], s, least, &v); w > least {
			out = append(out, Pair{min(p[0], p[1]), max(p[0], p[1]), float32(w)})
		}
	}
	return out
}

// slack is more than what summing up in another order may change.
const slack = 1e-9

// weight compares two records and gives the log odds, in bits, that they are one person's. It stops and gives the least
// when what is left to compare cannot bring them above it: how much that can be depends on which things both records
// tell, and on how alike their values may be.
func (c *comparer) weight(a, b int32, s *scorer, least float64, v *vector) float64 {
	var most [1]ceilings
	c.ceil([][2]int32{{a, b}}, most[:])
	return c.weightBelow(&most[0], a, b, s, least, v)
}

func (c *comparer) weightBelow(most *ceilings, a, b int32, s *scorer, least float64, v *vector) float64 {
	t := c.t
	one, two := t.row(a), t.row(b)
	told := one[rowTold] & two[rowTold]
	between := pairOf(uint8(one[rowTold]>>maxFeatures), uint8(two[rowTold]>>maxFeatures))
	shared, crossed := t.commonNames(one, two)
	given, family, sure, open := c.mostOfNames(one, two, shared, between, s)
	floor := least - slack
	at := s.prior[between] + given + family
	var left [maxFeatures]float64
	*v = t.nothing
	v.between = between
	for i := 1; i < len(t.steps); i++ {
		if x := &t.steps[i]; told>>x.feature&1 != 0 {
			left[i] = s.atMost(between, x.feature, most[i], sure, sure+open)
			at += left[i]
		}
	}
	early := 1
	for ; early < t.early && at > floor; early++ { // what costs less than names
		if x := &t.steps[early]; told>>x.feature&1 != 0 {
			x.do(c, a, b, v)
			at += s.feature(x.feature, v) - left[early]
		}
	}
	if at <= floor {
		return least
	}
	fl, fx, fy := c.family(a, b, shared)
	if !crossed || !t.crossing(a, b) { // else the family name may be found in the given name's place
		rare := int32(0)
		if fl != absent && fl > 0 {
			rare = t.family.rarer(fx, fy)
		}
		bits := 0.0
		if fl != absent {
			bits = s.bits(featureFamily, between, fl, rare)
		}
		at += bits - family
		if family = bits; at <= floor {
			return least
		}
	}
	c.namesBeside(fl, fx, fy, a, b, v)
	at += s.feature(featureGiven, v) + s.feature(featureFamily, v) - given - family
	if open > 0 { // now it is known how many names agree
		names := int(t.agreeing(v))
		for i := early; i < len(t.steps); i++ {
			if x := &t.steps[i]; t.features[x.feature].named && told>>x.feature&1 != 0 {
				w := s.atMost(between, x.feature, most[i], names, names)
				at += w - left[i]
				left[i] = w
			}
		}
	}
	for i := early; i < len(t.steps) && at > floor; i++ {
		if x := &t.steps[i]; told>>x.feature&1 != 0 {
			x.do(c, a, b, v)
			at += s.feature(x.feature, v) - left[i]
		}
	}
	if at <= floor {
		return least
	}
	return s.weight(v)
}

// commonNames tells whether two rows may have a family name in common, and whether a given name of one may be a family name
// of the other. Most have not, which a bit for each name shows.
func (t *Table) commonNames(one, two []int32) (family, crossed bool) {
	bits := func(row []int32, v *values) (out uint64) {
		for _, x := range row[v.at : v.at+v.width] {
			if x == none {
				break
			}
			out |= 1 << (uint32(x) % 64)
		}
		return out
	}
	g, f := bits(one, t.given), bits(one, t.family)
	h, e := bits(two, t.given), bits(two, t.family)
	return f&e != 0, g&e|h&f != 0
}

// mostOfNames gives what given and family names can say at most, as far as equal numbers of names tell, how many of them
// agree for sure, and how many may agree besides.
func (c *comparer) mostOfNames(one, two []int32, shared bool, between uint8, s *scorer) (given, family float64, sure, open int) {
	t := c.t
	if x := one[t.given.at]; x != none && x == two[t.given.at] {
		sure++
		given = s.bits(featureGiven, between, uint8(likeness.GivenSame), t.rareGiven(uint8(likeness.GivenSame), x, x))
	} else {
		open++
		given = s.atMost(between, featureGiven, givenSwapped, 0, 0)
	}
	rare := int32(math.MaxInt32)
	if width := t.family.width; shared {
		for _, x := range one[t.family.at : t.family.at+width] {
			if x != none && slices.Contains(two[t.family.at:t.family.at+width], x) {
				rare = min(rare, t.family.uses[x])
			}
		}
	}
	if rare < math.MaxInt32 {
		sure++
		family = s.bits(featureFamily, between, uint8(likeness.FamilySame), rare)
	} else {
		open++
		family = s.atMost(between, featureFamily, familySwapped, 0, 0)
	}
	return given, family, sure, open
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
