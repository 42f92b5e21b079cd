package linkage

import (
	"math/bits"
	"slices"

	"uoma/transforms/likeness"
)

// maxFeatures is how many things two records can be compared in.
const maxFeatures = 24

// absent is the level of a feature of which one of the records says nothing.
const absent = uint8(0xFF)

// vector is what comparing two records gives: of each feature the level, and of an agreement how many records have the
// rarer of the two values, 0 where rarity does not matter.
type vector struct {
	level   [maxFeatures]uint8
	rare    [maxFeatures]int32
	between uint8 // which two sources the records come from
}

// comparer compares records of a table. Each worker has its own.
type comparer struct {
	t      *Table
	cache  [caches]cache
	looked int32 // at, so that it is fetched
	trials []trial
	begun  int      // trials that hold rows
	open   []*trial // of these, those that are left
}

// cache remembers the levels of pairs of values: both numbers, and the level in the lowest bits. It is direct-mapped: a pair
// may push out another.
type cache []uint64

const (
	cacheBits    = 12
	cachedBits   = 28
	cachedLevel  = 8       // bits of a level
	cachedValues = 1 << 17 // of more values no pair comes again soon, but for words of names
)

func newComparer(t *Table) *comparer { return &comparer{t: t} }

// level compares two different values of a feature.
func (c *comparer) level(f int, v *values, compare func(a, b string) likeness.Level, a, b int32) likeness.Level {
	if v.most != nil && v.most(a, b) == likeness.Different {
		return likeness.Different
	}
	if n := v.dict.len(); n > cachedValues && (v != c.t.words || n > 1<<cachedBits) {
		return compare(v.text(a), v.text(b))
	}
	k := c.cache[f]
	if k == nil {
		k = make(cache, 1<<min(cacheBits, bits.Len(uint(v.dict.len()))+3)) // few values make few pairs
		c.cache[f] = k
	}
	if a > b {
		a, b = b, a
	}
	key := uint64(a)<<cachedBits | uint64(b) // never 0: b is greater than a
	at := &k[key*0x9E3779B97F4A7C15>>32&uint64(len(k)-1)]
	if *at>>cachedLevel == key {
		return likeness.Level(*at)
	}
	l := compare(v.text(a), v.text(b))
	*at = key<<cachedLevel | uint64(l)
	return l
}

// givenWords compares two different given names.
func (c *comparer) givenWords(x, y int32) likeness.Level {
	if c.t.signs[x].GivenApart(&c.t.signs[y]) {
		return likeness.Different
	}
	return c.level(featureGiven, c.t.words, likeness.Given, x, y)
}

// familyWords compares two different family names of one word.
func (c *comparer) familyWords(x, y int32) likeness.Level {
	if c.t.signs[x].FamilyApart(&c.t.signs[y]) {
		return likeness.Different
	}
	return c.level(featureFamily, c.t.words, likeness.Family, x, y)
}

// best compares the values that two records have of one feature and gives the pair that agrees most, of several the rarest:
// so it does not matter which record comes first.
func (c *comparer) best(f int, v *values, compare func(a, b string) likeness.Level, top uint8, a, b int32) (level uint8, x, y int32) {
	level, x, y = absent, none, none
	if v.width == 1 {
		x, y = v.first(a), v.first(b)
		switch {
		case x == none || y == none:
			return absent, x, y
		case x == y:
			return top, x, y
		}
		return uint8(c.level(f, v, compare, x, y)), x, y
	}
	as, bs := v.of(a), v.of(b)
	for _, i := range as {
		if i == none {
			break
		}
		for _, j := range bs {
			if j == none {
				break
			}
			if i == j && (level == absent || v.uses[i] < v.uses[x]) {
				level, x, y = top, i, j
			}
		}
	}
	if level == top {
		return level, x, y
	}
	for _, i := range as {
		if i == none {
			break
		}
		for _, j := range bs {
			if j == none {
				break
			}
			l := uint8(c.level(f, v, compare, i, j))
			if level == absent || l > level || l == level && v.rarer(i, j) < v.rarer(x, y) {
				level, x, y = l, i, j
			}
		}
	}
	return level, x, y
}

func (v *values) rarer(x, y int32) int32 { return min(v.uses[x], v.uses[y]) }

// agreement is how strongly names agree, for finding those that stand in each other's place: 0 not, 1 similar, 2 nearly,
// 3 the same.
func agreement(level uint8, levels int) int {
	switch {
	case level == absent || level == 0:
		return 0
	case level == 1:
		return 1
	case int(level) == levels-1:
		return 3
	}
	return 2
}

const (
	givenSwapped  = uint8(len(likeness.GivenLevels))
	familySwapped = uint8(len(likeness.FamilyLevels))
)

// names compares given and family names, in their own places or in each other's.
func (c *comparer) names(a, b int32, v *vector) {
	fl, fx, fy := c.family(a, b, true)
	c.namesBeside(fl, fx, fy, a, b, v)
}

// namesBeside compares names when it is known how the family names agree in their own place, and by which values.
func (c *comparer) namesBeside(fl uint8, fx, fy, a, b int32, v *vector) {
	t := c.t
	gl, gx, gy := c.given(a, b)
	v.level[featureGiven], v.level[featureFamily] = gl, fl
	direct := agreement(gl, len(likeness.GivenLevels)) + agreement(fl, len(likeness.FamilyLevels))
	if direct <= 2 && c.swapped(a, b, direct, v) {
		return
	}
	if gl != absent && gl > 0 {
		v.rare[featureGiven] = t.rareGiven(gl, gx, gy)
	}
	if fl != absent && fl > 0 {
		v.rare[featureFamily] = t.family.rarer(fx, fy)
	}
}

// given compares given names. Where both records list several, the lists decide; else any name that the people go by.
func (c *comparer) given(a, b int32) (level uint8, x, y int32) {
	v := c.t.given
	x, y = v.first(a), v.first(b)
	switch {
	case x == none || y == none:
		return absent, x, y
	case x == y:
		return uint8(likeness.GivenSame), x, y
	case c.t.names[x].several() && c.t.names[y].several():
		return uint8(c.lists(x, y)), x, y
	}
	level = absent
	for _, i := range v.has(a) {
		for _, j := range v.has(b) {
			l := uint8(likeness.GivenSame)
			if i != j {
				l = uint8(c.lists(i, j))
			}
			if level == absent || l > level || l == level && c.t.rareGiven(l, i, j) < c.t.rareGiven(level, x, y) {
				level, x, y = l, i, j
			}
		}
	}
	return level, x, y
}

// lists compares two different lists of given names as [likeness.Given] does, by the numbers of their words.
func (c *comparer) lists(x, y int32) likeness.Level {
	a, b := &c.t.names[x], &c.t.names[y]
	if a.count > b.count {
		a, b = b, a
	}
	if b.count > maxWords {
		return likeness.Given(c.t.given.text(x), c.t.given.text(y))
	}
	if b.count == 1 {
		return c.givenWords(a.words[0], b.words[0])
	}
	worst, common := c.worst(a, b)
	if a.count == b.count { // either may have a name twice
		w, n := c.worst(b, a)
		worst, common = min(worst, w), max(common, n)
	}
	switch {
	case common == int(a.count):
		return likeness.GivenPart
	case worst > likeness.Different:
		return min(worst, likeness.GivenClose)
	case common > 0:
		return likeness.GivenShared
	case a.words[0] == b.words[0] || a.count == b.count:
		return likeness.Different
	}
	// One may have a name typed with a space in it.
	if a.start != b.start || max(a.size, b.size)-min(a.size, b.size) > 2 {
		return likeness.Different
	}
	return likeness.Given(c.t.given.text(x), c.t.given.text(y))
}

// worst gives the level at which the worst word of a finds its like in b, and how many words of a stand in b.
func (c *comparer) worst(a, b *nameKeys) (worst likeness.Level, common int) {
	worst = likeness.GivenSame
	for _, v := range a.words[:a.count] {
		best := likeness.Different
		for _, w := range b.words[:b.count] {
			if v == w {
				best = likeness.GivenSame
				common++
				break
			}
			best = max(best, c.givenWords(v, w))
		}
		worst = min(worst, best)
	}
	return worst, common
}

// families compares two different family names.
func (c *comparer) families(x, y int32) likeness.Level {
	a, b := &c.t.names[x], &c.t.names[y]
	if a.count == 1 && b.count == 1 {
		return c.familyWords(a.words[0], b.words[0])
	}
	return likeness.Family(c.t.given.text(x), c.t.given.text(y))
}

// family compares family names, which are all different unless some may be shared.
func (c *comparer) family(a, b int32, shared bool) (level uint8, x, y int32) {
	level, x, y = absent, none, none
	as, bs, uses := c.t.family.has(a), c.t.family.has(b), c.t.family.uses
	if shared {
		for _, i := range as {
			for _, j := range bs {
				if i == j && (level == absent || uses[i] < uses[x]) {
					level, x, y = uint8(likeness.FamilySame), i, j
				}
			}
		}
		if level != absent {
			return level, x, y
		}
	}
	for _, i := range as {
		for _, j := range bs {
			l := uint8(c.families(i, j))
			if level == absent || l > level || l == level && min(uses[i], uses[j]) < min(uses[x], uses[y]) {
				level, x, y = l, i, j
			}
		}
	}
	return level, x, y
}

// swapped compares names in each other's place, and takes that if they agree better there.
func (c *comparer) swapped(a, b int32, direct int, v *vector) bool {
	t := c.t
	if !t.crossing(a, b) {
		return false
	}
	one, x1, y1 := c.crossed(a, b)
	two, x2, y2 := c.crossed(b, a)
	s1, s2 := agreement(one, len(likeness.FamilyLevels)), agreement(two, len(likeness.FamilyLevels))
	if s1+s2 <= direct || one != absent && s1 < 2 || two != absent && s2 < 2 || max(s1, s2) < 3 {
		return false
	}
	v.level[featureGiven], v.level[featureFamily] = givenSwapped, familySwapped
	switch {
	case one == absent:
		v.level[featureFamily] = absent
		v.rare[featureGiven] = min(t.nameUses[x2], t.nameUses[y2])
	case two == absent:
		v.level[featureFamily] = absent
		v.rare[featureGiven] = min(t.nameUses[x1], t.nameUses[y1])
	default: // which one is the family name nobody knows: family names are rarer
		n, m := min(t.nameUses[x1], t.nameUses[y1]), min(t.nameUses[x2], t.nameUses[y2])
		v.rare[featureGiven], v.rare[featureFamily] = max(n, m), min(n, m)
	}
	return true
}

// crossing tells whether a given name of one of two records is a family name of the other: without that no names are in
// each other's place.
func (t *Table) crossing(a, b int32) bool {
	for _, x := range t.given.of(a) {
		if x != none && slices.Contains(t.family.of(b), x) {
			return true
		}
	}
	for _, x := range t.given.of(b) {
		if x != none && slices.Contains(t.family.of(a), x) {
			return true
		}
	}
	return false
}

// crossed compares the given names of one record with the family names of another.
func (c *comparer) crossed(a, b int32) (level uint8, x, y int32) {
	level = absent
	for _, i := range c.t.given.has(a) {
		for _, j := range c.t.family.has(b) {
			l := uint8(likeness.FamilySame)
			if g, f := &c.t.names[i], &c.t.names[j]; i != j {
				if g.words[0] != f.words[0] { // of several given names the first
					l = uint8(c.familyWords(g.words[0], f.words[0]))
				} else {
					l = uint8(likeness.FamilyPart)
				}
			}
			uses := c.t.nameUses
			if level == absent || l > level || l == level && min(uses[i], uses[j]) < min(uses[x], uses[y]) {
				level, x, y = l, i, j
			}
		}
	}
	return level, x, y
}

// rareGiven gives how many records have the rarer of two given names: the whole list where all of several agree, else the
// name that comes first.
func (t *Table) rareGiven(level uint8, x, y int32) int32 {
	if level == uint8(likeness.GivenSame) && t.names[x].several() {
		return t.given.uses[x]
	}
	return min(t.words.uses[t.names[x].words[0]], t.words.uses[t.names[y].words[0]])
}

// Levels of where people live, from nothing in common to the same address. The parts of an address come and go together,
// so that they are one piece of evidence.
const (
	placeElsewhere = iota
	placeRegion    // the same region
	placeAlike     // city or postcode nearly the same
	placeCity      // the same city, or the same postcode with nothing else to go by
	placePostcode  // the same postcode and city
	placeStreetish // a street that is alike
	placeStreet    // the same street, another number
	placeFar       // the same street and number in another place
	placeNear      // street and number that are alike
	placeSame      // the same street and number, in the same place if known
	placeLevels
)

var placeNames = [placeLevels]string{"elsewhere", "same region", "place alike", "same place", "same postcode and city", "street alike", "same street",
	"same street and number elsewhere", "address alike", "same address"}

// part compares one part of an address: 0 absent, 1 different, 2 alike, 3 same.
func (c *comparer) part(f int, v *values, compare func(a, b string) likeness.Level, alike, same, top likeness.Level, a, b int32) (how int, x, y int32) {
	if v == nil {
		return 0, none, none
	}
	l, x, y := c.best(f, v, compare, uint8(top), a, b)
	switch {
	case l == absent:
		return 0, x, y
	case l >= uint8(same):
		return 3, x, y
	case l >= uint8(alike):
		return 2, x, y
	}
	return 1, x, y
}

// place compares where two people live.
func (c *comparer) place(a, b int32, v *vector) {
	t := c.t
	post, px, _ := c.part(featurePost, t.post, likeness.Postcode, likeness.PostcodeSlip, likeness.PostcodeSame, likeness.PostcodeSame, a, b)
	city, cx, cy := c.part(featureCity, t.city, likeness.City, likeness.CityPart, likeness.CitySame, likeness.CitySame, a, b)
	street, sx, sy := c.part(featureStreet, t.street, likeness.Street, likeness.StreetSimilar, likeness.StreetShort, likeness.StreetSame, a, b)
	at := max(post, city)
	if post == 1 && city == 2 || post == 2 && city == 1 {
		at = 2
	}
	level, rare := absent, int32(0)
	switch {
	case at == 3 && post == 3 && city == 3:
		level, rare = placePostcode, t.post.uses[px]
	case at == 3 && post == 3:
		level, rare = placeCity, t.post.uses[px]
	case at == 3:
		level, rare = placeCity, t.city.uses[cx]
	case at == 2:
		level = placeAlike
		if city == 2 {
			rare = t.city.rarer(cx, cy)
		}
	case at == 1:
		level = placeElsewhere
	}
	if street > 1 {
		number := 0
		if t.number != nil {
			number, _, _ = c.part(featureNumber, t.number, likeness.HouseNumber, likeness.HouseNumberSlip, likeness.HouseNumberSame, likeness.HouseNumberSame, a, b)
		}
		rare = t.street.rarer(sx, sy)
		switch {
		case street == 3 && number == 3 && at != 1:
			level = placeSame
		case street == 3 && number == 3:
			level = placeFar
		case number >= 2 && at != 1:
			level = placeNear
		case street == 3:
			level = placeStreet
		case at != 1:
			level = placeStreetish
		}
	} else if level == absent && street == 1 {
		level = placeElsewhere
	}
	if t.region != nil && (level == absent || level == placeElsewhere) {
		switch r, x, _ := c.part(featureRegion, t.region, likeness.City, likeness.CityPart, likeness.CitySame, likeness.CitySame, a, b); {
		case r == 3:
			level, rare = placeRegion, t.region.uses[x]
		case r != 0:
			level = placeElsewhere
		}
	}
	v.level[featurePlace], v.rare[featurePlace] = level, rare
}
