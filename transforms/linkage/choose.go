package linkage

import (
	"math"
	"slices"
)

// Which passes are worth their pairs: the sample that a model is trained on tells of every candidate how many pairs it compares and
// which pairs of one person it finds.

// learn trains a model and chooses passes.
func (t *Table) learn(o Options, res *Result) ([]pass, error) {
	var candidates []candidate
	for _, p := range t.candidates() {
		candidates = append(candidates, candidate{pass: p})
	}
	sample := t.sample(candidates)
	m, posts := t.train(sample)
	var passes []pass
	found := findings(sample, posts)
	chosen := choose(candidates, found, t.n, m.Prior*float64(t.n)*float64(t.n-1)/2)
	for i := range candidates {
		// Who has a number in common is looked at in a standing table, however few are found by it alone.
		if t.steady && t.numbered(&candidates[i].pass) && candidates[i].pairs < float64(t.n) && !slices.Contains(chosen, i) {
			chosen = append(chosen, i)
		}
	}
	slices.Sort(chosen)
	used := newPassSet(len(candidates))
	for _, i := range chosen {
		used.add(i)
		passes = append(passes, candidates[i].pass)
	}
	if o.Passes != nil {
		var err error
		if passes, err = t.named(o.Passes); err != nil {
			return nil, err
		}
		clear(used) // what passes find that are no candidates is not known, and not claimed
		for i, c := range candidates {
			if slices.ContainsFunc(passes, func(p pass) bool { return p.name == c.name }) {
				used.add(i)
			}
		}
	}
	m.Found = estimate(found, used)
	res.forecasts = forecastOf(candidates, found, used)
	for _, p := range passes {
		m.Passes = append(m.Passes, p.name)
	}
	res.Model, res.Quality.Found = m, m.Found
	return passes, nil
}

// numbered tells whether a pass is that of an identifier.
func (t *Table) numbered(p *pass) bool {
	return len(p.parts) == 1 && slices.ContainsFunc(t.others, func(o *other) bool { return o.field.Kind == Identifier && o.part == p.parts[0] })
}

// finding is how many pairs of one person just these passes find.
type finding struct {
	passes passSet
	pairs  float64
}

// findings sums a sample up by the passes that find its pairs.
func findings(sample []sampled, posts []float64) (out []finding) {
	at := map[string]int{}
	var key []byte
	for i := range sample {
		p := sample[i].passes
		key = p.key(key[:0])
		k, ok := at[string(key)]
		if !ok {
			k = len(out)
			at[string(key)] = k
			out = append(out, finding{passes: p})
		}
		out[k].pairs += sample[i].weight * posts[i]
	}
	return out
}

// estimate says what share of one person's pairs some passes find.
func estimate(all []finding, passes passSet) float64 {
	var total, found float64
	for _, f := range all {
		total += f.pairs
		if f.passes.meets(passes) {
			found += f.pairs
		}
	}
	if total == 0 {
		return 1
	}
	return found / total
}

// forecast is what training says of a pass before records are brought together by it.
type forecast struct {
	pairs int64   // of its blocks
	alone float64 // share of one person's pairs that it finds and none of the others used does
}

// forecastOf gives what training says of the passes that are used.
func forecastOf(candidates []candidate, found []finding, used passSet) map[string]forecast {
	out, have := map[string]forecast{}, estimate(found, used)
	for i, c := range candidates {
		if used.has(i) {
			out[c.name] = forecast{int64(math.Round(c.pairs)), have - estimate(found, used.without(i))}
		}
	}
	return out
}

// choose picks passes: each time the one that finds the most further pairs of one person for its cost, until a further one
// would find next to none or there would be too many pairs.
func choose(candidates []candidate, found []finding, n int, people float64) []int {
	var chosen []int
	used := newPassSet(len(candidates))
	left, cheap := float64(n)*pairBudget+1e6, float64(n)+cheapPairs
	have := 0.0
	for {
		best, gain, value := -1, 0.0, 0.0
		for i := range candidates {
			c := &candidates[i]
			if used.has(i) || c.found == 0 || c.name == allNames || c.pairs > left {
				continue
			}
			g := estimate(found, used.and(i)) - have
			if v := g / (c.pairs + float64(n)); g > minGain && g*people > (c.pairs-cheap)*minYield && v > value {
				best, gain, value = i, g, v
			}
		}
		if best < 0 {
			break
		}
		used.add(best)
		have += gain
		left -= candidates[best].pairs
		chosen = append(chosen, best)
	}
	slices.Sort(chosen)
	return chosen
}

// allNames is a pass that only training uses: full names bring too many people together who have nothing else in common.
const allNames = "names"

const (
	pairBudget = 10.0   // pairs to be compared for each record
	minGain    = 0.0003 // share of one person's pairs that a further pass must find
	// minYield is how many of the pairs that a further pass compares must be of those, beyond one for each record and
	// cheapPairs, which cost no more than its keys do. The more records there are, the more strangers agree in the parts
	// of a pass, so that it pays less and less: another, with more parts, takes its place.
	minYield   = 0.003
	cheapPairs = 200_000
	blockCap   = 50 // records that one is compared with in a block, at most
)
