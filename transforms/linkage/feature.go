package linkage

import "uoma/transforms/likeness"

// Numbers of the features that are the same in every table. Those of identifiers, numbers and texts follow.
const (
	featureGiven = iota
	featureFamily
	featureBirth
	featureSex
	featurePlace
	featurePhone
	featureEmail
	featureOther
)

// Numbers of caches that belong to no feature of their own.
const (
	featureCrossed = maxFeatures + iota
	featurePost
	featureCity
	featureRegion
	featureStreet
	featureNumber
	caches
)

// feature is a thing in which two records are compared.
type feature struct {
	name   string
	kind   Kind
	levels []string // Different first
	seed   uint8    // the lowest level that counts as agreement while nothing is known yet
	// named says that values are often made of names: an address like anna.specimen@. How alike two of them are then says
	// something else where the names agree, so that each level stands three times: where no name agrees, one, and both.
	named bool
	plain int  // levels before they are listed three times
	there bool // some column tells it
}

func (t *Table) listFeatures() {
	swapped := func(levels []string) []string { return append(append([]string(nil), levels...), "swapped") }
	t.features = []feature{
		{name: "given names", kind: GivenNames, levels: swapped(likeness.GivenLevels[:]), seed: uint8(likeness.GivenClose), there: len(t.names) > 0},
		{name: "family name", kind: FamilyName, levels: swapped(likeness.FamilyLevels[:]), seed: uint8(likeness.FamilySound), there: len(t.names) > 0},
		{name: "birth date", kind: BirthDate, levels: likeness.BirthLevels[:], seed: uint8(likeness.BirthPartial), there: t.hasBirth},
		{name: "sex", kind: Sex, levels: []string{"different", "same"}, seed: absent, there: t.hasSex},
		{name: "address", kind: Street, levels: placeNames[:], seed: placePostcode, there: t.street != nil || t.post != nil || t.city != nil || t.region != nil},
		{name: "phone", kind: Phone, levels: likeness.PhoneLevels[:], seed: uint8(likeness.PhoneNational), there: t.phone != nil},
		{name: "email", kind: Email, levels: likeness.EmailLevels[:], seed: uint8(likeness.EmailSlips), there: t.email != nil, named: true},
	}
	for _, o := range t.others {
		f := feature{name: o.field.Name, kind: o.field.Kind, there: true}
		switch o.field.Kind {
		case Identifier:
			f.levels, f.seed = likeness.IdentifierLevels[:], uint8(likeness.IdentifierSlip)
		case Number:
			f.levels, f.seed = likeness.NumberLevels[:], uint8(likeness.NumberSame)
		default:
			f.levels, f.seed = likeness.TextLevels[:], uint8(likeness.TextClose)
		}
		t.features = append(t.features, f)
	}
	for i := range t.features {
		if f := &t.features[i]; f.named {
			f.plain = len(f.levels)
			f.levels = namedLevels(f.levels)
		}
	}
}

// namedLevels gives levels three times, by how many names agree.
func namedLevels(levels []string) []string {
	out := append([]string(nil), levels...)
	for _, how := range []string{", one name agrees", ", both names agree"} {
		for _, l := range levels {
			out = append(out, l+how)
		}
	}
	return out
}

// agreeing counts the names that agree.
func (t *Table) agreeing(v *vector) (n uint8) {
	for f := featureGiven; f <= featureFamily; f++ {
		if l := v.level[f]; l != absent && l >= t.features[f].seed {
			n++
		}
	}
	return n
}

// compare compares two records in everything.
func (c *comparer) compare(a, b int32, v *vector) {
	t := c.t
	c.names(a, b, v)
	c.birth(a, b, v)
	c.sex(a, b, v)
	c.place(a, b, v)
	c.simple(featurePhone, t.phone, likeness.Phone, uint8(likeness.PhoneSame), a, b, v)
	c.simple(featureEmail, t.email, likeness.Email, uint8(likeness.EmailSame), a, b, v)
	for i := range t.others {
		o := t.others[i]
		f := featureOther + i
		switch o.field.Kind {
		case Identifier:
			c.identifier(f, o, a, b, v)
		case Number:
			c.simple(f, o.values, likeness.Number, uint8(likeness.NumberSame), a, b, v)
		default:
			c.simple(f, o.values, likeness.Text, uint8(likeness.TextSame), a, b, v)
		}
	}
	n := t.agreeing(v)
	for f := range t.features {
		if t.features[f].named && v.level[f] != absent {
			v.level[f] += n * uint8(t.features[f].plain)
		}
	}
}

func (c *comparer) simple(f int, v *values, compare func(a, b string) likeness.Level, top uint8, a, b int32, out *vector) {
	out.level[f], out.rare[f] = absent, 0
	if v == nil {
		return
	}
	l, x, y := c.best(f, v, compare, top, a, b)
	out.level[f] = l
	if l != absent && l > 0 {
		out.rare[f] = v.rarer(x, y)
	}
}

func (c *comparer) birth(a, b int32, v *vector) {
	v.level[featureBirth], v.rare[featureBirth] = absent, 0
	if !c.t.hasBirth {
		return
	}
	x, y := c.t.birth(a), c.t.birth(b)
	if x != 0 && y != 0 {
		v.level[featureBirth] = uint8(likeness.Birth(x, y))
	}
}

func (c *comparer) sex(a, b int32, v *vector) {
	v.level[featureSex] = absent
	if !c.t.hasSex {
		return
	}
	switch x, y := c.t.sex(a), c.t.sex(b); {
	case x == 0 || y == 0:
	case x == y:
		v.level[featureSex] = 1
	default:
		v.level[featureSex] = 0
	}
}
