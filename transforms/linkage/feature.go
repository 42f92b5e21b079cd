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
	named   bool
	plain   int  // levels before they are listed three times
	swapped bool // the last level is that of names in each other's place
	there   bool // some column tells it
	reach   int  // level of equal values, as far as the columns can show it
}

func (t *Table) listFeatures() {
	swapped := func(levels []string) []string { return append(append([]string(nil), levels...), "swapped") }
	t.features = []feature{
		{name: "given names", kind: GivenNames, levels: swapped(likeness.GivenLevels[:]), seed: uint8(likeness.GivenClose), there: t.hasNames, swapped: true},
		{name: "family name", kind: FamilyName, levels: swapped(likeness.FamilyLevels[:]), seed: uint8(likeness.FamilySound), there: t.hasNames, swapped: true},
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
		t.features[i].reach = t.reach(i)
	}
}

// top is the level of equal values, in the first third where levels stand three times.
func (f *feature) top() int {
	switch {
	case f.named:
		return f.plain - 1
	case f.swapped:
		return len(f.levels) - 2
	}
	return len(f.levels) - 1
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

// amongNames gives the level of a feature whose levels stand by how many names agree.
func (t *Table) amongNames(f int, level uint8, v *vector) uint8 {
	if x := &t.features[f]; x.named && level != absent {
		return level + t.agreeing(v)*uint8(x.plain)
	}
	return level
}
