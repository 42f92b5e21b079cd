package linkage

import "uoma/transforms/likeness"

// Careful clustering is for a register of people, where two people in one cluster are worse than one person in two. A
// weight is a sum, and a sum can outvote anything: one number that was typed into a stranger's row outweighs a birth date
// that contradicts. So beyond weights three things are asked of what becomes one cluster:
//
//   - No two birth dates in it contradict each other by more than a slip.
//   - No two numbers with check digits contradict each other, unless one that stands before them agrees: who has one
//     identity code may have two learner numbers.
//   - Where no given name of one agrees with any of the other, more is needed than one number: a second one, or the family
//     name with a contact point. Whoever types a wrong number hits a stranger, and couples and parents hit each other.
//
// And of a crowd all records are asked, not some that speak for them.

// maxRecords is how many records of a crowd can be one person's: more are a sign of a value that stands for nobody.
const maxRecords = 40

// doubt is what the names and numbers of two clusters say of each other.
type doubt struct {
	given  bool // some two records tell given names
	agrees bool // of some two they agree
	proof  bool // some two have more in common than one number
}

// doubts notes what two records say of each other, and whether they cannot be one person's.
func (k *clusterer) doubts(v *vector) (d doubt, cannot bool) {
	numbers, decided := 0, false
	for i, o := range k.t.others {
		if o.field.Kind != Identifier {
			continue
		}
		same, told := v.level[featureOther+i] == uint8(likeness.IdentifierSame), v.level[featureOther+i] != absent
		if same {
			numbers++
		}
		if o.right != nil && told && !decided {
			decided = same
			cannot = cannot || !same && v.level[featureOther+i] == 0
		}
	}
	cannot = cannot || v.level[featureBirth] == 0
	family, point := v.level[featureFamily], false
	for _, f := range [...]int{featurePhone, featureEmail} {
		x := &k.t.features[f]
		point = point || v.level[f] != absent && int(x.base(v.level[f])) == x.top()
	}
	d.given = v.level[featureGiven] != absent
	d.agrees = d.given && v.level[featureGiven] > 0
	d.proof = numbers > 1 || point && family != absent && family >= k.t.features[featureFamily].seed
	return d, cannot
}

func (d doubt) and(o doubt) doubt {
	return doubt{d.given || o.given, d.agrees || o.agrees, d.proof || o.proof}
}

// forbids tells whether given names contradict and nothing overrules that.
func (d doubt) forbids() bool { return d.given && !d.agrees && !d.proof }
