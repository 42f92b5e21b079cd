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
	Prior    float64        `json:"prior"` // change of the log odds of any two records, in bits; no part of Bits
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
