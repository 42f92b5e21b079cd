package linkage

import (
	"math"
	"slices"

	"uoma/transforms/likeness"
)

// Training finds, without labels, how often each level occurs among pairs of one person (m) and of two (u): expectation
// and maximisation (Dempster, Laird and Rubin 1977; Winkler 1988 for records) over a sample that stands for all pairs.
//
// Left alone, it finds the largest group of pairs that are alike, which in a register of people is the household. So it
// starts from pairs that agree in several things at once and disagree in one at most, and beside one person and two
// strangers it has two people of a household, twins, and namesakes, whose agreements are tied to those of one person.

// pattern is a combination of levels with how many pairs of the table show it.
type pattern struct {
	level  [maxFeatures]uint8
	weight float64
	post   float64 // share of them that are one person's
	sure   [maxFeatures]float64
	two    float64 // share of the rest that are strangers
	// home has a bit for each feature without which the pairs are almost surely of one household.
	home uint32
	// far says that no pass finds such pairs. They tell of strangers alone: each stands for so many pairs that the doubt
	// about one would outweigh all pairs of one person.
	far bool
}

const (
	rounds  = 40
	settled = 0.00005 // share of pairs that move between rounds when training ends
	// seedAgree features must agree, and seedOppose at most may be different, for a pair to count as one person's at first.
	seedAgree  = 3
	seedOppose = 1
	maxSeeds   = 50 // for each record, so many at most
)

// train finds a model from sampled pairs.
func (t *Table) train(sample []sampled) (*Model, []float64) {
	patterns, of := patternsOf(sample, len(t.features))
	m := &Model{Version: modelVersion, Records: t.n}
	for i, f := range t.features {
		m.Features = append(m.Features, FeatureModel{Name: f.name, Kind: f.kind.String(), Household: householdShare(f.kind), Told: t.telling(i)})
	}
	t.seed(patterns)
	known := t.censuses()
	missed := t.missed(known, patterns)
	n := float64(min(t.n, sampleRecords))
	pairs := max(n*(n-1)/2, 1)
	all := float64(max(t.n, 1))
	m.Household, m.Twins, m.Namesakes = 1/all, 0.01/all, 0.5/all
	for round := range rounds {
		t.maximise(m, patterns, missed, pairs, round)
		if t.scant() {
			t.takeSeeds(m, patterns)
			break
		}
		moved := t.expect(m, patterns)
		t.households(m, patterns)
		if moved < settled {
			break
		}
	}
	posts := make([]float64, len(sample))
	for i, p := range of {
		posts[i] = patterns[p].post
	}
	t.rarities(m, sample, posts, known)
	t.trainBetween(m, sample, posts)
	m.Dependence = t.dependence(m, patterns, sample, of, posts)
	return m, posts
}

// patternsOf counts equal vectors, in a fixed order.
func patternsOf(sample []sampled, n int) (patterns []pattern, of []int32) {
	index := map[[maxFeatures + 1]uint8]int32{}
	of = make([]int32, len(sample))
	for i := range sample {
		var key [maxFeatures + 1]uint8
		copy(key[:n], sample[i].v.level[:n])
		far := sample[i].passes.empty()
		if far {
			key[maxFeatures] = 1
		}
		k, ok := index[key]
		if !ok {
			k = int32(len(patterns))
			index[key] = k
			patterns = append(patterns, pattern{level: [maxFeatures]uint8(key[:maxFeatures]), far: far})
		}
		patterns[k].weight += sample[i].weight
		of[i] = k
	}
	return patterns, of
}

// seed takes pairs that agree strictly for one person's: as strictly as it takes for records not to have too many of them.
// Where thousands bear one name and live in one town, three things that agree are a crowd.
func (t *Table) seed(patterns []pattern) {
	told := t.evidence()
	most := maxSeeds * float64(min(t.n, sampleRecords))
	for agree, oppose := min(seedAgree, told), seedOppose; ; agree++ {
		seeds := 0.0
		for i := range patterns {
			p := &patterns[i]
			p.post = 0
			if !p.far && t.seeds(p, agree, oppose) {
				p.post = 1
				seeds += p.weight
			}
			for f := range p.sure {
				p.sure[f] = p.post
			}
		}
		if seeds <= most || agree >= told {
			return
		}
		if oppose > 0 {
			agree, oppose = agree-1, oppose-1
		}
	}
}

// seeds tells whether pairs agree in several things and hardly disagree.
func (t *Table) seeds(p *pattern, least, most int) bool {
	agree, oppose, proof := 0, 0, false
	for f := range t.features {
		x := &t.features[f]
		switch l := p.level[f]; {
		case l == absent:
		case x.base(l) == 0:
			oppose++
		case x.base(l) >= x.seed:
			agree++
			proof = proof || x.kind == Identifier && x.base(l) == uint8(likeness.IdentifierSame)
		}
	}
	return oppose <= most && (agree >= least || proof && agree > 1)
}

// base gives a level without how many names agree.
func (f *feature) base(l uint8) uint8 {
	if f.named {
		return l % uint8(f.plain)
	}
	return l
}

// maximise sets the model to what the patterns' shares say.
func (t *Table) maximise(m *Model, patterns []pattern, missed [][]float64, pairs float64, round int) {
	for f := range t.features {
		n := len(t.features[f].levels)
		ms, us := make([]float64, n), make([]float64, n)
		doubt := doubtful(patterns, f)
		for i := range patterns {
			p := &patterns[i]
			if l := p.level[f]; l != absent {
				ms[l] += p.weight * (p.sure[f] + doubt*max(0, p.post-p.sure[f]))
				us[l] += p.weight * (1 - p.post) * cond(round == 0, 1, p.two)
			}
		}
		for l, x := range missed[f] {
			us[l] = max(us[l]+x, 0)
		}
		levels := make([]LevelModel, n)
		t.features[f].smooth(ms, us)
		for l := range n {
			levels[l] = LevelModel{Name: t.features[f].levels[l], M: ms[l], U: us[l]}
		}
		m.Features[f].Levels = levels
	}
	m.Prior = min(max(matches(patterns), 0.5)/pairs, 1)
}

// matches gives how many pairs are one person's.
func matches(patterns []pattern) (n float64) {
	for i := range patterns {
		n += patterns[i].weight * patterns[i].post
	}
	return n
}

// taught is how many pairs that are sure without a feature teach it alone.
const taught = 50

// doubtful gives how far pairs that are not sure without a feature have to teach it, because hardly any are: where names and
// birth dates are all there is, no two of them leave no doubt.
func doubtful(patterns []pattern, f int) float64 {
	sure := 0.0
	for i := range patterns {
		if p := &patterns[i]; p.level[f] != absent {
			sure += p.weight * p.sure[f]
		}
	}
	return max(0, 1-sure/taught)
}

func cond(c bool, a, b float64) float64 {
	if c {
		return a
	}
	return b
}

func sum(list []float64) (s float64) {
	for _, x := range list {
		s += x
	}
	return s
}

// unnamed is what an e-mail address says when one of the names is not known: of given or family name, by whether the other
// one agrees, and of each level without how many names agree.
type unnamed [featureFamily + 1][2][]float64

// unnamed weighs the levels of addresses over whether a name that is left out agrees or not. A level that stands by both
// names would bring back what is left out.
func (t *Table) unnamed(m *Model) (out unnamed) {
	x := &t.features[featureEmail]
	levels := m.Features[featureEmail].Levels
	for f := range out {
		agreeM, agreeU := 0.0, 0.0
		for l, y := range m.Features[f].Levels {
			if uint8(l) >= t.features[f].seed {
				agreeM, agreeU = agreeM+y.M, agreeU+y.U
			}
		}
		for other := range out[f] {
			for l := range x.plain {
				no, yes := levels[other*x.plain+l], levels[(other+1)*x.plain+l]
				out[f][other] = append(out[f][other], math.Log2(((1-agreeM)*no.M+agreeM*yes.M)/((1-agreeU)*no.U+agreeU*yes.U)))
			}
		}
	}
	return out
}

// bits gives how much more a pattern's address says by both names than without one.
func (u *unnamed) bits(s *scorer, p *pattern, f, plain int, agrees bool) float64 {
	l := p.level[featureEmail]
	if l == absent {
		return 0
	}
	other := 0
	if agrees {
		other = 1
	}
	return s.level[0][featureEmail][l].bits - u[f][other][int(l)%plain]
}

// expect says of every pattern what share of its pairs is one person's, and how many pairs are people alike by nature. It
// gives how much the shares moved.
func (t *Table) expect(m *Model, patterns []pattern) (moved float64) {
	s := newPlainScorer(m)
	less := t.unnamed(m)
	terms := s.terms()
	var total, all float64
	var alike, unseen [kindred]float64
	for i := range patterns {
		p := &patterns[i]
		total += p.weight
		one, two, x := s.prior[0], 1.0, s.alike
		for f := range s.n {
			if l := p.level[f]; l != absent {
				one += s.level[0][f][l].bits
				for c := range x {
					x[c] += terms[c][f][l].bits
				}
			}
		}
		var each [kindred]float64
		for c := range x {
			each[c] = math.Exp2(x[c])
			two += each[c]
		}
		before := p.post
		if p.far {
			p.two = 1 / two
			for c := range unseen {
				unseen[c] += p.weight * each[c] / two
			}
			continue
		}
		odds := math.Exp2(one)
		p.post, p.two, p.home = odds/(odds+two), 1/two, 0
		for f := range s.n {
			if l := p.level[f]; l != absent {
				p.sure[f] = 0
				rest := one - s.level[0][f][l].bits
				if f <= featureFamily {
					other := featureGiven + featureFamily - f
					agrees := p.level[other] != absent && p.level[other] >= t.features[other].seed
					rest -= less.bits(s, p, f, t.features[featureEmail].plain, agrees)
				}
				if rest > sureBits {
					p.sure[f] = surely(rest, &each, &terms, f, l)
				}
				if atHome(one-s.level[0][f][l].bits, x[0]-terms[0][f][l].bits) {
					p.home |= 1 << f
				}
			}
		}
		all += p.weight * p.post
		moved += p.weight * math.Abs(p.post-before)
		for c := range alike {
			alike[c] += p.weight * (1 - p.post) * each[c] / two
		}
	}
	for c, most := 0, t.homeless(); c < kindred; c++ {
		alike[c] += min(unseen[c], most*alike[c])
	}
	records := float64(max(m.Records, 1))
	total, floor := max(total, 1), 0.001/records
	m.Household = max(alike[0]/total, floor)
	m.Twins = min(max(alike[1]/total, floor), maxTwins*m.Household)
	m.Namesakes = min(max(alike[2]/total, floor), maxNamesakes/records)
	return moved / max(all, 1)
}

// homeless gives how many pairs of people who are alike by nature no pass finds for each one that some pass finds: they are those of which
// one does not tell where he lives. Pairs that no pass finds cannot tell more: each stands for thousands, and may have nothing but a name in
// common. Taken at their word, a few of them make all who share a family name one household, and then nobody who has it a stranger. Where
// neither names nor an address are told, nothing tells strangers from people of one home, and they are taken at it.
func (t *Table) homeless() float64 {
	tell := float64(t.telling(featurePlace)) / float64(max(t.n, 1))
	switch {
	case !t.shows(featurePlace) && !t.shows(featureGiven) && !t.shows(featureFamily):
		return math.MaxFloat64
	case tell == 0:
		return 0
	}
	return 1/(tell*tell) - 1
}

// maxTwins bounds how many of a household's pairs are twins. Where hardly anybody shares a home, records with one birth
// date and one address are one person's, whatever became of the name.
const maxTwins = 0.1

// maxNamesakes bounds how many namesakes people have on average, beyond what the names' frequencies say.
const maxNamesakes = 20

// A pair teaches how one person's records agree in a feature when its other features leave hardly a doubt: so a feature
// does not confirm itself.
const sureShare = 0.95

var sureBits = math.Log2(sureShare / (1 - sureShare))

// atHome tells whether pairs like these are almost surely of one household, without one feature.
func atHome(one, home float64) bool { return home > sureBits && home > one+sureBits }

// households learns of contact points how often a household shares them: some families have one mailbox, and elsewhere
// everybody has a telephone.
func (t *Table) households(m *Model, patterns []pattern) {
	for f, x := range t.features {
		if x.kind != Phone && x.kind != Email {
			continue
		}
		lean := 50.0
		same, told := lean*householdShare(x.kind), lean
		for i := range patterns {
			p := &patterns[i]
			if l := p.level[f]; l != absent && p.home>>f&1 != 0 {
				told += p.weight
				if int(x.base(l)) == x.top() {
					same += p.weight
				}
			}
		}
		share := 0.0 // of one person's records
		for l := range m.Features[f].Levels {
			if int(x.base(uint8(l))) == x.top() {
				share = max(share, m.Features[f].Levels[l].M)
			}
		}
		m.Features[f].Household = min(same/told/share, 1)
	}
}

// surely gives the share of one person's among pairs like these when one feature is not known, or 0 if there is doubt.
func surely(rest float64, each *[kindred]float64, terms *[kindred][maxFeatures][]power, f int, l uint8) float64 {
	two := 1.0
	for c := range each {
		two += each[c] / terms[c][f][l].odds
	}
	odds := math.Exp2(rest)
	if p := odds / (odds + two); p >= sureShare {
		return p
	}
	return 0
}

// rarities sets the mean rarity of each level among two people's pairs.
func (t *Table) rarities(m *Model, sample []sampled, posts []float64, known []census) {
	for f := range t.features {
		total := float64(max(1, t.telling(f)))
		levels := m.Features[f].Levels
		w, r, n := make([]float64, len(levels)), make([]float64, len(levels)), make([]float64, len(levels))
		for i := range sample {
			s := &sample[i]
			if l := s.v.level[f]; l != absent && s.v.rare[f] > 0 {
				x := s.weight * (1 - posts[i])
				if known[f].tells(int(l)) { // of all that are known, one person's are taken away
					x = -s.weight * posts[i]
				}
				w[l] += x
				r[l] += x * total / float64(s.v.rare[f])
				n[l] += 1 - posts[i]
			}
		}
		for l := range known[f].pairs {
			if known[f].tells(l) {
				w[l] = max(w[l]+known[f].pairs[l], leastStrangers*known[f].pairs[l])
				r[l] = max(r[l]+known[f].rare[l], leastStrangers*known[f].rare[l])
			}
		}
		for l := range levels {
			if n[l] > 20 {
				levels[l].Rarity = r[l] / w[l]
			}
		}
		if x := &t.features[f]; x.swapped {
			m.Features[f].Levels[x.top()+1].Rarity = m.Features[f].Levels[x.top()].Rarity
		}
	}
}

// leastStrangers is the least share of pairs at a level that are two people's, however many are held to be one person's.
const leastStrangers = 0.1

// missed says how many more pairs there are at each level, where that is known, than the sample stands for.
func (t *Table) missed(known []census, patterns []pattern) [][]float64 {
	out := make([][]float64, len(t.features))
	for f := range out {
		out[f] = slices.Clone(known[f].pairs)
		for i := range patterns {
			if l := patterns[i].level[f]; known[f].tells(int(l)) {
				out[f][l] -= patterns[i].weight
			}
		}
	}
	return out
}
