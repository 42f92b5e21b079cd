package linkage

import (
	"math"
	"slices"

	"uoma/transforms/likeness"
)

// Pairs are weighed side by side. What comparing asks of records and values lies all over memory, so that each stage first
// looks at what it needs of all pairs, and the processor waits for all of them at once. A pair is dropped as soon as what is
// left to compare cannot bring it above the least weight that is asked for: how much that can be depends on which things
// both records tell, and on how alike their values may be.

// trial is a pair that is being weighed.
type trial struct {
	a, b     int32
	one, two []int32 // their rows
	told     int32   // what both tell
	at       float64 // what it weighs at most, by what is known so far; in the end what it weighs
	// What given and family names say, or may say at most; how many of them agree for sure, and how many may besides.
	given, family float64
	sure, open    int
	// Whether they may share a family name, and whether a given name of one may be a family name of the other.
	shared, crossed bool
	// How the family names agree in their own place, and by which values.
	familyLevel          uint8
	familyOne, familyTwo int32
	most                 [maxFeatures]uint8   // the highest level that they may have, step by step
	left                 [maxFeatures]float64 // what each step may say at most
	v                    vector
}

// slack is more than what summing up in another order may change.
const slack = 1e-9

// weight gives the log odds, in bits, that two records are one person's, or the least where they are not above it.
func (c *comparer) weight(a, b int32, s *scorer, least float64) float64 {
	for _, x := range c.try([][2]int32{{a, b}}, s, least) {
		return x.at
	}
	return least
}

// try gives those of at most so many pairs as are looked up abreast that have a weight above the least. They hold until the
// next call.
func (c *comparer) try(pairs [][2]int32, s *scorer, least float64) []*trial {
	t, floor := c.t, least-slack
	all := c.begin(pairs)
	c.fetchNames(all)
	for _, x := range all {
		c.bound(x, s)
	}
	for i := range t.steps {
		c.limit(all, i, s)
	}
	all = above(all, floor, func(x *trial) { c.some(x, t.inRows, t.nameless, s, floor) })
	all = above(all, floor, func(x *trial) { c.familyNames(x, s) })
	all = above(all, floor, func(x *trial) { c.givenNames(x, s) })
	all = above(all, floor, func(x *trial) { c.some(x, t.nameless, len(t.steps), s, floor) })
	return above(all, least, func(x *trial) { x.at = s.weight(&x.v) })
}

// above takes pairs one step further and gives those that are above the floor.
func above(all []*trial, floor float64, further func(x *trial)) []*trial {
	out := all[:0]
	for _, x := range all {
		if further(x); x.at > floor {
			out = append(out, x)
		}
	}
	return out
}

// begin looks the rows of pairs up.
func (c *comparer) begin(pairs [][2]int32) []*trial {
	if c.trials == nil {
		c.trials = make([]trial, abreast)
	}
	c.open, c.begun = c.open[:0], max(c.begun, len(pairs))
	for i, p := range pairs {
		x := &c.trials[i]
		x.a, x.b, x.one, x.two = p[0], p[1], c.t.row(p[0]), c.t.row(p[1])
		c.looked += x.one[0] + x.one[len(x.one)-1] + x.two[0] + x.two[len(x.two)-1]
		c.open = append(c.open, x)
	}
	return c.open
}

// fetchNames looks at the first names of all pairs.
func (c *comparer) fetchNames(all []*trial) {
	names := c.t.names
	for _, at := range [...]int{c.t.given.at, c.t.family.at} {
		for _, x := range all {
			if one, two := x.one[at], x.two[at]; one != none && two != none {
				c.looked += names[one].words[0] + names[two].words[0]
			}
		}
	}
}

// bound begins with what any two records weigh, and what names may say.
func (c *comparer) bound(x *trial, s *scorer) {
	t := c.t
	x.v = t.nothing
	x.v.between = pairOf(uint8(x.one[rowTold]>>maxFeatures), uint8(x.two[rowTold]>>maxFeatures))
	x.told = x.one[rowTold] & x.two[rowTold]
	x.shared, x.crossed = t.commonNames(x.one, x.two)
	x.mostOfNames(t, s)
	x.at = s.prior[x.v.between] + x.given + x.family
}

// limit sees what a step may say at most. One that needs nothing but the rows is taken at once.
func (c *comparer) limit(all []*trial, i int, s *scorer) {
	do := &c.t.steps[i]
	for _, x := range all {
		if x.told>>do.feature&1 == 0 {
			continue
		}
		if i < c.t.inRows {
			do.do(c, x.a, x.b, &x.v)
			x.at += s.feature(do.feature, &x.v)
			continue
		}
		x.most[i] = do.most(x.one, x.two)
		x.left[i] = s.atMost(x.v.between, do.feature, x.most[i], x.sure, x.sure+x.open)
		x.at += x.left[i]
	}
}

// some takes steps while the pair may be above the floor.
func (c *comparer) some(x *trial, from, to int, s *scorer, floor float64) {
	for i := from; i < to && x.at > floor; i++ {
		do := &c.t.steps[i]
		if x.told>>do.feature&1 == 0 {
			continue
		}
		if x.most[i] == uint8(likeness.Different) { // which is proved
			x.v.level[do.feature] = c.t.amongNames(do.feature, uint8(likeness.Different), &x.v)
		} else {
			do.do(c, x.a, x.b, &x.v)
		}
		x.at += s.feature(do.feature, &x.v) - x.left[i]
	}
}

// familyNames compares family names in their own place.
func (c *comparer) familyNames(x *trial, s *scorer) {
	x.familyLevel, x.familyOne, x.familyTwo = c.family(x.a, x.b, x.shared)
	if x.crossed && c.t.crossing(x.a, x.b) {
		return // the family name may be found in the given name's place
	}
	bits := 0.0
	if l := x.familyLevel; l != absent {
		rare := int32(0)
		if l > 0 {
			rare = c.t.family.rarer(x.familyOne, x.familyTwo)
		}
		bits = s.bits(featureFamily, x.v.between, l, rare)
	}
	x.at += bits - x.family
	x.family = bits
}

// givenNames compares given names, and with them names in each other's place.
func (c *comparer) givenNames(x *trial, s *scorer) {
	t, v := c.t, &x.v
	c.namesBeside(x.familyLevel, x.familyOne, x.familyTwo, x.a, x.b, v)
	x.at += s.feature(featureGiven, v) + s.feature(featureFamily, v) - x.given - x.family
	if x.open == 0 {
		return
	}
	names := int(t.agreeing(v)) // which is known now
	for i := t.nameless; i < len(t.steps); i++ {
		if f := t.steps[i].feature; t.features[f].named && x.told>>f&1 != 0 {
			w := s.atMost(v.between, f, x.most[i], names, names)
			x.at += w - x.left[i]
			x.left[i] = w
		}
	}
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

// mostOfNames sees what given and family names can say at most, as far as equal numbers of names tell.
func (x *trial) mostOfNames(t *Table, s *scorer) {
	between := x.v.between
	x.sure, x.open = 0, 0
	if g := x.one[t.given.at]; g != none && g == x.two[t.given.at] {
		x.sure++
		x.given = s.bits(featureGiven, between, uint8(likeness.GivenSame), t.rareGiven(uint8(likeness.GivenSame), g, g))
	} else {
		x.open++
		x.given = s.atMost(between, featureGiven, givenSwapped, 0, 0)
	}
	rare := int32(math.MaxInt32)
	if x.shared {
		at, width := t.family.at, t.family.width
		for _, f := range x.one[at : at+width] {
			if f != none && slices.Contains(x.two[at:at+width], f) {
				rare = min(rare, t.family.uses[f])
			}
		}
	}
	if rare < math.MaxInt32 {
		x.sure++
		x.family = s.bits(featureFamily, between, uint8(likeness.FamilySame), rare)
	} else {
		x.open++
		x.family = s.atMost(between, featureFamily, familySwapped, 0, 0)
	}
}
