package linkage

import (
	"errors"
	"math"
)

// Drift is how far two models are apart: what one of them takes for strong evidence and the other does not. A source that
// has begun to write dates in another form, or to fill a column with one value, shows here before it shows in clusters.
type Drift struct {
	// Bits is the mean absolute change of a level's weight, weighted by how often the level occurs among one person's
	// records, over the features that both models have.
	Bits     float64        `json:"bits"`
	Prior    float64        `json:"prior"`           // change of the log odds of any two records, in bits; no part of Bits
	Pairs    int            `json:"pairs,omitempty"` // that were looked at, where linked pairs are compared with a model
	Features []FeatureDrift `json:"features"`
	Gone     []string       `json:"gone"` // features of the old model only
	Come     []string       `json:"come"` // of the new one only
}

// FeatureDrift is how far one feature's weights are apart.
type FeatureDrift struct {
	Feature string       `json:"feature"`
	Bits    float64      `json:"bits"` // as [Drift].Bits
	Levels  []LevelDrift `json:"levels"`
}

// LevelDrift is a level's weight in both models, in bits, before rarity.
type LevelDrift struct {
	Level string  `json:"level"`
	Share float64 `json:"share"` // among one person's records, mean of both models
	Old   float64 `json:"old"`
	New   float64 `json:"new"`
}

var (
	errVersions = errors.New("a model was made by another version")
	errUnlike   = errors.New("the models have no feature in common")
)

// DriftOf compares two models. A feature is the same one when it has the name, kind and levels that it had.
func DriftOf(old, current *Model) (*Drift, error) {
	if old.Version != modelVersion || current.Version != modelVersion {
		return nil, errVersions
	}
	d := &Drift{Prior: math.Log2(current.Prior / old.Prior), Gone: unmatched(old, current), Come: unmatched(current, old)}
	for i := range old.Features {
		if x := current.like(&old.Features[i]); x != nil {
			f := featureDrift(&old.Features[i], x)
			d.Features = append(d.Features, f)
			d.Bits += f.Bits
		}
	}
	if len(d.Features) == 0 {
		return nil, errUnlike
	}
	d.Bits /= float64(len(d.Features))
	return d, nil
}

// featureDrift compares the levels of a feature.
func featureDrift(old, current *FeatureModel) FeatureDrift {
	out := FeatureDrift{Feature: old.Name}
	shares := 0.0
	for l, o := range old.Levels {
		n := current.Levels[l]
		x := LevelDrift{o.Name, (o.M + n.M) / 2, o.bits(), n.bits()}
		out.Levels = append(out.Levels, x)
		out.Bits += x.Share * math.Abs(x.New-x.Old)
		shares += x.Share
	}
	if shares > 0 {
		out.Bits /= shares
	}
	return out
}

// like gives the feature that is the same one, nil for none.
func (m *Model) like(f *FeatureModel) *FeatureModel {
	for i := range m.Features {
		x := &m.Features[i]
		if x.Name != f.Name || x.Kind != f.Kind || len(x.Levels) != len(f.Levels) {
			continue
		}
		same := true
		for l := range x.Levels {
			same = same && x.Levels[l].Name == f.Levels[l].Name
		}
		if same {
			return x
		}
	}
	return nil
}

// unmatched lists the features of one model that the other does not have.
func unmatched(of, in *Model) []string {
	out := []string{}
	for i := range of.Features {
		if in.like(&of.Features[i]) == nil {
			out = append(out, of.Features[i].Name)
		}
	}
	return out
}

// driftOf says how far the pairs that were found and linked are from what the model expects of records of their sources:
// of each level the expected share of one person's pairs, and the one that was seen. It leans on what is expected where
// little is seen. The figures say something from some hundred pairs on.
func (s *Standing) driftOf(found []Pair) *Drift {
	t, d := s.table, &Drift{Gone: []string{}, Come: []string{}}
	expected, seen := make([][]float64, len(t.features)), make([][]float64, len(t.features))
	for f := range t.features {
		n := len(t.features[f].levels)
		expected[f], seen[f] = make([]float64, n), make([]float64, n)
	}
	c := t.comparers.take()
	defer t.comparers.give(c)
	var v vector
	for _, p := range found {
		if s.cluster[p.A] != s.cluster[p.B] {
			continue
		}
		d.Pairs++
		c.compare(p.A, p.B, &v)
		for f := range t.features {
			l := v.level[f]
			if l == absent {
				continue
			}
			x := &t.features[f]
			from, to := 0, len(x.levels)
			if x.named { // the third of levels that have as many names in common
				from = int(l) / x.plain * x.plain
				to = from + x.plain
			}
			seen[f][l]++
			for k := from; k < to; k++ {
				expected[f][k] += s.model.share(v.between, f, k)
			}
		}
	}
	for f := range t.features {
		if t.features[f].there {
			x := s.model.driftOf(f, expected[f], seen[f])
			d.Features = append(d.Features, x)
			d.Bits += x.Bits / float64(len(t.features))
		}
	}
	return d
}

// share gives how often a level is seen among one person's records of two sources.
func (m *Model) share(between uint8, f, level int) float64 {
	if len(m.Between) == 0 {
		return m.Features[f].Levels[level].M
	}
	return m.Between[between].M[f][level]
}

// leanDrift is how many pairs as expected stand beside those that were seen.
const leanDrift = 100

func (m *Model) driftOf(f int, expected, seen []float64) FeatureDrift {
	out := FeatureDrift{Feature: m.Features[f].Name}
	all, total := sum(expected), sum(seen)
	if total == 0 {
		return out
	}
	for l, x := range m.Features[f].Levels {
		was := max(expected[l]/all, 1e-9)
		is := (seen[l] + leanDrift*was) / (total + leanDrift)
		y := LevelDrift{x.Name, (was + is) / 2, math.Log2(was / x.U), math.Log2(is / x.U)}
		out.Levels = append(out.Levels, y)
		out.Bits += y.Share * math.Abs(y.New-y.Old)
	}
	return out
}

// Worst gives the feature that drifted most.
func (d *Drift) Worst() FeatureDrift {
	var out FeatureDrift
	for _, x := range d.Features {
		if x.Bits > out.Bits {
			out = x
		}
	}
	return out
}
