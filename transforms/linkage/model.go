package linkage

import "math"

// Model is what training found: how much each level of each feature says for or against one person.
type Model struct {
	Version  int            `json:"version"`
	Records  int            `json:"records"` // that it was trained on
	Prior    float64        `json:"prior"`   // share of pairs that are one person's
	Features []FeatureModel `json:"features"`
	// Alike are shares of pairs that are two people who have something in common by nature: a household, twins, namesakes.
	Household float64  `json:"household"`
	Twins     float64  `json:"twins"`
	Namesakes float64  `json:"namesakes"`
	Passes    []string `json:"passes"`
	Found     float64  `json:"found"` // share of one person's pairs that the passes find
	// Sources are the systems that records come from, and Between what differs from one pair of them to the next: a personnel
	// system never has the private telephone, and a register seldom has one person twice.
	Sources []string       `json:"sources,omitempty"`
	Between []BetweenModel `json:"between,omitempty"`
	// Dependence is how far features depend on each other, of those that enough pairs tell it of. No weight is made of it.
	Dependence []Dependence `json:"dependence,omitempty"`
}

// BetweenModel is what is known of pairs with one record of each of two sources.
type BetweenModel struct {
	A     string      `json:"a"`
	B     string      `json:"b"`
	Prior float64     `json:"prior"`
	M     [][]float64 `json:"m"` // of each feature and level
}

// modelVersion changes with the meaning of a model.
const modelVersion = 1

// FeatureModel is one feature's part of a [Model].
type FeatureModel struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Household is in what share of cases people of a household have this in common as one person's records do.
	Household float64      `json:"household,omitempty"`
	Told      int          `json:"told"` // records that told it when the model was trained
	Levels    []LevelModel `json:"levels"`
}

// LevelModel says how often a level occurs.
type LevelModel struct {
	Name string  `json:"name"`
	M    float64 `json:"m"` // among pairs of one person of which both records tell the feature
	U    float64 `json:"u"` // among pairs of two people
	// Rarity is the mean of 1/f over pairs of two people that are at this level, f being the share of records that have the
	// rarer value. A pair whose value is rarer than that says more, and one with a common value less. 0 where it plays no part.
	Rarity float64 `json:"rarity,omitempty"`
}

// bits is a level's weight of evidence, before rarity.
func (l LevelModel) bits() float64 { return math.Log2(l.M / l.U) }

// householdShare gives what a household's members have in common before training has seen any. Twins have the birth date,
// too; namesakes only the names.
func householdShare(k Kind) float64 {
	switch k {
	case FamilyName:
		return 0.7
	case Street, AddressLine, Country:
		return 1
	case Phone:
		return 0.3
	case Email:
		return 0.05
	}
	return 0
}

func namesakeShare(k Kind) float64 {
	if k == GivenNames || k == FamilyName {
		return 0.9
	}
	return 0
}

// scorer turns vectors into weights. It is a model laid out for speed.
type scorer struct {
	n      int
	prior  []float64              // log2, by pair of sources
	level  [][maxFeatures][]power // what each level says, by pair of sources
	rarity [maxFeatures][]power   // what a value of one record says beyond its level; odds of 0 where rarity plays no part
	alike  [kindred]float64       // log2 of the shares of household, twins, namesakes, and a household's namesakes
	common [kindred]float64       // the shares themselves
	share  [maxFeatures][kindred]float64
	kin    [maxFeatures]bool // whether people who are alike by nature have the feature in common
	bounds                   // what features can say at most
}

// power is how much something says: in bits, of which a sum is made, and the same as odds, of which a product is.
type power struct{ bits, odds float64 }

func powerOf(bits float64) power { return power{bits, math.Exp2(bits)} }

const (
	maxRarity = 8 // bits
	kindred   = 4 // kinds of people who are alike by nature
	// heirs is the share of a household's pairs that have one given name: father and son, mother and daughter. They are too
	// few to learn it from, and their names too rare for namesakes by chance.
	heirs = 0.01
)

func newScorer(m *Model, t *Table) *scorer {
	s := newPlainScorer(m)
	ratio := 1.0
	if t.steady {
		ratio = float64(t.among) / float64(max(m.Records, 1))
	}
	for f := range m.Features {
		// A small table is taken for a part of what the model was trained on: a name that two of ten have is not common. In a
		// standing table nothing depends on how many records there are tonight.
		told := float64(m.Features[f].Told)
		switch f {
		case featureGiven, featureFamily, featurePlace: // names are borne by a share of people, numbers by somebody
			told *= ratio
		}
		if !t.steady {
			told = max(told, float64(t.telling(f)))
		}
		s.scale(f, max(told, 1))
	}
	if len(m.Between) > 0 {
		s.prior, s.level = nil, nil
		for _, b := range m.Between {
			s.prior = append(s.prior, math.Log2(b.Prior))
			var levels [maxFeatures][]power
			for f := range m.Features {
				for l, x := range m.Features[f].Levels {
					levels[f] = append(levels[f], powerOf(math.Log2(b.M[f][l]/x.U)))
				}
			}
			s.level = append(s.level, levels)
		}
	}
	for i := range s.prior { // the more records, the more of their pairs are two people's
		s.prior[i] -= math.Log2(ratio)
	}
	for i := range s.alike {
		s.alike[i] -= math.Log2(ratio)
	}
	for k := len(t.sourceNames); len(s.level) < k*(k+1)/2; { // of sources that the model does not tell apart
		s.prior, s.level = append(s.prior, s.prior[0]), append(s.level, s.level[0])
	}
	s.bound(t)
	return s
}

// newPlainScorer makes a scorer that knows neither how rare values are nor where records come from.
func newPlainScorer(m *Model) *scorer {
	s := &scorer{n: len(m.Features), prior: []float64{math.Log2(m.Prior)}, level: make([][maxFeatures][]power, 1)}
	s.alike = [kindred]float64{math.Log2(m.Household), math.Log2(m.Twins), math.Log2(m.Namesakes), math.Log2(m.Household * heirs)}
	for f, x := range m.Features {
		for _, l := range x.Levels {
			s.level[0][f] = append(s.level[0][f], powerOf(l.bits()))
			r := power{}
			if l.Rarity > 0 {
				r = powerOf(-math.Log2(l.Rarity))
			}
			s.rarity[f] = append(s.rarity[f], r)
		}
		k, _ := KindOf(x.Kind)
		s.share[f] = [kindred]float64{x.Household, x.Household, namesakeShare(k), x.Household}
		switch k {
		case BirthDate:
			s.share[f][1] = 1
		case GivenNames:
			s.share[f][3] = 1
		}
		s.kin[f] = s.share[f] != [kindred]float64{}
	}
	for c, bits := range s.alike {
		s.common[c] = math.Exp2(bits)
	}
	return s
}

// scale says how many records tell a feature.
func (s *scorer) scale(f int, told float64) {
	for l, x := range s.rarity[f] {
		if x.odds > 0 {
			s.rarity[f][l] = powerOf(x.bits + math.Log2(told))
		}
	}
}

// feature gives what one feature says, in bits.
func (s *scorer) feature(f int, v *vector) float64 {
	level := v.level[f]
	if level == absent {
		return 0
	}
	return s.bits(f, v.between, level, v.rare[f])
}

// bits gives what a level says between two sources, of a value that so many records have.
func (s *scorer) bits(f int, between, level uint8, rare int32) float64 {
	w := s.level[between][f][level].bits
	if x := &s.rarity[f][level]; rare > 0 && x.odds > 0 {
		w += min(x.bits-logOf(rare), maxRarity)
	}
	return w
}

// odds gives the same as odds.
func (s *scorer) odds(f int, between, level uint8, rare int32) float64 {
	w := s.level[between][f][level].odds
	if x := &s.rarity[f][level]; rare > 0 && x.odds > 0 {
		w *= min(x.odds/float64(rare), 1<<maxRarity)
	}
	return w
}

// weight gives the log odds, in bits, that two records are one person's.
func (s *scorer) weight(v *vector) float64 {
	sum, each := s.prior[v.between], s.common
	for f := range s.n {
		level, rare := v.level[f], v.rare[f]
		if level == absent {
			continue
		}
		sum += s.bits(f, v.between, level, rare)
		if s.kin[f] {
			s.addAlike(&each, f, s.odds(f, v.between, level, rare))
		}
	}
	return against(sum, &each)
}

// combine gives the log odds of what each feature says, in bits.
func (s *scorer) combine(prior float64, r *[maxFeatures]float64) float64 {
	sum, each := prior, s.common
	for f := range s.n {
		sum += r[f]
		if s.kin[f] {
			s.addAlike(&each, f, math.Exp2(r[f]))
		}
	}
	return against(sum, &each)
}

// addAlike adds how much more often than strangers people who are alike by nature agree so in a feature.
func (s *scorer) addAlike(each *[kindred]float64, f int, odds float64) {
	for c, share := range &s.share[f] {
		each[c] *= share*odds + 1 - share
	}
}

// against weighs one person against all who are different, strangers and those who are alike by nature.
func against(sum float64, each *[kindred]float64) float64 {
	if sum < -8 { // what alike people have in common only lowers it
		return sum
	}
	two := 1.0
	for _, x := range each {
		two += x
	}
	return sum - math.Log2(two)
}

// terms gives what each level adds to each kind of people who are alike by nature, before rarity.
func (s *scorer) terms() (out [kindred][maxFeatures][]power) {
	for c := range out {
		for f := range s.n {
			for _, r := range s.level[0][f] {
				out[c][f] = append(out[c][f], powerOf(shared(s.share[f][c], r.bits)))
			}
		}
	}
	return out
}

// shared gives the bits of a feature that people have in common in a share of cases as one person's records do.
func shared(share, bits float64) float64 {
	switch share {
	case 0:
		return 0
	case 1:
		return bits
	}
	return math.Log2(share*math.Exp2(bits) + 1 - share)
}

var logs = func() (out [4096]float64) {
	for i := range out {
		out[i] = math.Log2(float64(i))
	}
	return out
}()

func logOf(n int32) float64 {
	if int(n) < len(logs) {
		return logs[n]
	}
	return math.Log2(float64(n))
}

// telling gives how many records tell a feature.
func (t *Table) telling(f int) int {
	count := func(v *values) int {
		if v == nil {
			return 0
		}
		return v.told
	}
	switch f {
	case featureGiven:
		return count(t.given)
	case featureFamily:
		return count(t.family)
	case featureBirth, featureSex:
		return t.n
	case featurePlace:
		return max(count(t.post), count(t.city), count(t.street))
	case featurePhone:
		return count(t.phone)
	case featureEmail:
		return count(t.email)
	}
	return count(t.others[f-featureOther].values)
}
