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
	prior  []float64                // log2, by pair of sources
	level  [][maxFeatures][]float64 // bits of each level, by pair of sources
	rarity [maxFeatures][]float64   // log2 of LevelModel.Rarity, or +Inf where rarity plays no part
	total  [maxFeatures]float64     // log2 of how many records tell the feature
	alike  [kindred]float64         // log2 of the shares of household, twins, namesakes, and a household's namesakes
	common [kindred]float64         // the shares themselves
	share  [kindred][maxFeatures]float64
	kin    [maxFeatures]bool // whether people who are alike by nature have the feature in common
	bounds                   // what features can say at most
}

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
		s.total[f] = math.Log2(max(told, 1))
	}
	if len(m.Between) > 0 {
		s.prior, s.level = nil, nil
		for _, b := range m.Between {
			s.prior = append(s.prior, math.Log2(b.Prior))
			var levels [maxFeatures][]float64
			for f := range m.Features {
				for l, x := range m.Features[f].Levels {
					levels[f] = append(levels[f], math.Log2(b.M[f][l]/x.U))
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
	s := &scorer{n: len(m.Features), prior: []float64{math.Log2(m.Prior)}, level: make([][maxFeatures][]float64, 1)}
	s.alike = [kindred]float64{math.Log2(m.Household), math.Log2(m.Twins), math.Log2(m.Namesakes), math.Log2(m.Household * heirs)}
	for f, x := range m.Features {
		for _, l := range x.Levels {
			s.level[0][f] = append(s.level[0][f], l.bits())
			r := math.Inf(1)
			if l.Rarity > 0 {
				r = math.Log2(l.Rarity)
			}
			s.rarity[f] = append(s.rarity[f], r)
		}
		k, _ := KindOf(x.Kind)
		s.share[0][f], s.share[1][f], s.share[2][f] = x.Household, x.Household, namesakeShare(k)
		s.share[3][f] = x.Household
		switch k {
		case BirthDate:
			s.share[1][f] = 1
		case GivenNames:
			s.share[3][f] = 1
		}
		for c := range s.share {
			s.kin[f] = s.kin[f] || s.share[c][f] != 0
		}
	}
	for c, bits := range s.alike {
		s.common[c] = math.Exp2(bits)
	}
	return s
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
	w := s.level[between][f][level]
	if r := s.rarity[f][level]; rare > 0 && !math.IsInf(r, 1) {
		w += min(s.total[f]-logOf(rare)-r, maxRarity)
	}
	return w
}

// weight gives the log odds, in bits, that two records are one person's.
func (s *scorer) weight(v *vector) float64 {
	var r [maxFeatures]float64
	for f := range s.n {
		r[f] = s.feature(f, v)
	}
	return s.combine(s.prior[v.between], &r)
}

// combine weighs one person against strangers, and against people who are alike by nature.
func (s *scorer) combine(prior float64, r *[maxFeatures]float64) float64 {
	sum := prior
	for f := range s.n {
		sum += r[f]
	}
	if sum < -8 { // what alike people have in common only lowers it
		return sum
	}
	return sum - math.Log2(s.others(r))
}

// others gives how much more often than strangers all different people agree so, strangers and those alike by nature.
func (s *scorer) others(r *[maxFeatures]float64) float64 {
	each := s.common
	for f := range s.n {
		if r[f] == 0 || !s.kin[f] {
			continue
		}
		odds := math.Exp2(r[f])
		for c := range each {
			each[c] *= s.share[c][f]*odds + 1 - s.share[c][f]
		}
	}
	two := 1.0
	for _, x := range each {
		two += x
	}
	return two
}

// terms gives what each level adds to each kind of people who are alike by nature, before rarity.
func (s *scorer) terms() (out [kindred][maxFeatures][]float64) {
	for c := range out {
		for f := range s.n {
			for _, r := range s.level[0][f] {
				out[c][f] = append(out[c][f], shared(s.share[c][f], r))
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
