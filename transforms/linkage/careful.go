package linkage

import "uoma/transforms/likeness"

// Careful clustering is for a register of people, where two people in one cluster are worse than one person in two. A
// weight is a sum, and a sum can outvote anything: one number that was typed into a stranger's row outweighs a birth date
// that contradicts. So beyond weights these are asked of what becomes one cluster:
//
//   - No two birth dates in it contradict each other by more than a slip.
//   - No two numbers of a field of which nobody has two contradict each other, unless one that stands before it agrees: who
//     has one identity code may have two learner numbers. Nor are two records of a clean source in it that share no number.
//   - Where no given name of one agrees with any of the other, two numbers must, or one beside the family name and a contact
//     point. Whoever types a wrong number hits a stranger; and twins, couples and parents have all but the given name.
//   - Where family names contradict, a number, the birth date, or a mailbox beside the given name must agree: telephones are
//     given to others.
//   - Where nothing but names agrees, they must be rarer than else by four to one.
//   - What fits two that are not one person is nobody's, unless it fits one of them clearly better. Of a crowd this is not
//     asked.
//
// And of a crowd all records are asked, not some that speak for them.

// maxRecords is how many records of a crowd can be one person's: more are a sign of a value that stands for nobody.
const maxRecords = 40

// doubt is what the names and numbers of two clusters say of each other.
type doubt struct {
	given  bool // some two records tell given names
	agrees bool // of some two they agree
	proof  bool // some two have more in common than one number
	beyond bool // of some two more agrees than names
	family bool // some two records tell family names
	kin    bool // of some two they agree, or what does in their place
}

// doubts notes what two records say of each other, and whether they cannot be one person's.
func (k *clusterer) doubts(a, b int32, v *vector) (d doubt, cannot bool) {
	numbers, decided := 0, false
	for _, o := range k.t.others {
		x, y := o.first(a), o.first(b)
		if o.field.Kind != Identifier || x == none || y == none || o.uses[x] > standIns || o.uses[y] > standIns {
			continue
		}
		if x == y {
			numbers++
		}
		if o.field.Unique && !decided {
			// Numbers that are given in a row differ in a digit: without check digits no slip is forgiven.
			cannot = cannot || x != y && (o.right == nil || o.right[x] && o.right[y])
			decided = x == y
		}
	}
	cannot = cannot || v.level[featureBirth] == 0 || numbers == 0 && k.twice(a, b)
	agrees := func(f int) bool {
		x := &k.t.features[f]
		return v.level[f] != absent && x.base(v.level[f]) >= x.seed
	}
	same := func(f int) bool {
		x := &k.t.features[f]
		return v.level[f] != absent && int(x.base(v.level[f])) == x.top()
	}
	d.given, d.family = v.level[featureGiven] != absent, v.level[featureFamily] != absent
	d.agrees = d.given && v.level[featureGiven] >= uint8(likeness.GivenNickname)
	d.proof = numbers > 1 || numbers == 1 && agrees(featureFamily) && (same(featurePhone) || same(featureEmail))
	d.kin = numbers > 0 || agrees(featureFamily) || agrees(featureBirth) || d.agrees && same(featureEmail)
	d.beyond = numbers > 0
	for f := featureBirth; f < len(k.t.features); f++ {
		d.beyond = d.beyond || f != featureSex && agrees(f)
	}
	return d, cannot
}

// twice tells whether two records are of one clean source.
func (k *clusterer) twice(a, b int32) bool {
	if k.clean == nil {
		return false
	}
	s := k.t.sources.first(a)
	return s != none && s == k.t.sources.first(b) && k.clean[s]
}

// clearly is by how many bits what fits two people must fit one of them better to be that one's: eight to one.
const clearly = 3

// rival tells, of n clusters and the weights between any two of them, whether one, which the surest weight joins to other, fits a
// third nearly as well that is somebody else. It is nobody's then.
func rival(weight func(i, j int) float64, out []bool, one, other int, threshold float64) bool {
	w := weight(one, other)
	for o := range out {
		if out[o] || o == one || o == other {
			continue
		}
		if x := weight(one, o); x > threshold && w-x < clearly && weight(other, o) < 0 {
			return true
		}
	}
	return false
}

func (d doubt) and(o doubt) doubt {
	return doubt{d.given || o.given, d.agrees || o.agrees, d.proof || o.proof, d.beyond || o.beyond, d.family || o.family, d.kin || o.kin}
}

// namesAlone is by how many bits more names must say when nothing else agrees.
const namesAlone = 2

// forbids tells whether names contradict and nothing overrules that.
func (d doubt) forbids() bool { return d.given && !d.agrees && !d.proof || d.family && !d.kin }
