package linkage

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func driftModel(prior float64, features ...FeatureModel) *Model {
	return &Model{Version: modelVersion, Prior: prior, Features: features}
}

func driftFeature(name string, levels ...[2]float64) FeatureModel {
	f := FeatureModel{Name: name, Kind: Text.String()}
	for i, l := range levels {
		f.Levels = append(f.Levels, LevelModel{Name: string(rune('a' + i)), M: l[0], U: l[1]})
	}
	return f
}

func TestDriftIsTheMeanChangeByHowOftenALevelOccurs(t *testing.T) {
	old := driftModel(1.0/1024, driftFeature("x", [2]float64{0.25, 0.5}, [2]float64{0.75, 0.25}), driftFeature("y", [2]float64{1, 0.5}))
	// The level a of x weighs two bits less, the other one what it did before.
	current := driftModel(1.0/256, driftFeature("y", [2]float64{1, 0.5}), driftFeature("x", [2]float64{0.125, 1}, [2]float64{0.875, 0.875 / 3}))
	d, err := DriftOf(old, current)
	if err != nil {
		t.Fatal(err)
	}
	share := (0.25 + 0.125) / 2
	if x := d.Features[0]; math.Abs(x.Bits-2*share) > 1e-9 || x.Levels[0].Old != -1 || x.Levels[0].New != -3 || x.Levels[0].Share != share {
		t.Errorf("got %+v", x)
	}
	if math.Abs(d.Bits-share) > 1e-9 || math.Abs(d.Prior-2) > 1e-9 {
		t.Errorf("%v bits, prior %v", d.Bits, d.Prior)
	}
}

func TestDriftTellsFeaturesOfOneModelOnly(t *testing.T) {
	x, y, z := driftFeature("x", [2]float64{1, 0.5}), driftFeature("y", [2]float64{1, 0.5}), driftFeature("z", [2]float64{1, 0.5})
	renamed := driftFeature("y", [2]float64{1, 0.5})
	renamed.Levels[0].Name = "another"
	d, err := DriftOf(driftModel(0.1, x, y), driftModel(0.1, renamed, z, x))
	if err != nil || !slices.Equal(d.Gone, []string{"y"}) || !slices.Equal(d.Come, []string{"y", "z"}) || d.Bits != 0 || len(d.Features) != 1 {
		t.Errorf("got %+v, %v", d, err)
	}
	if _, err := DriftOf(driftModel(0.1, x), driftModel(0.1, z)); !errors.Is(err, errUnlike) {
		t.Errorf("got %v", err)
	}
	if _, err := DriftOf(&Model{}, driftModel(0.1, z)); !errors.Is(err, errVersions) {
		t.Errorf("got %v", err)
	}
}

// A model is where it was, and the way back is as long as the way there.
func TestDriftIsADistance(t *testing.T) {
	share := rapid.Float64Range(1e-6, 1)
	rapid.Check(t, func(rt *rapid.T) {
		model := func() *Model {
			var levels [][2]float64
			for range 4 {
				levels = append(levels, [2]float64{share.Draw(rt, "m"), share.Draw(rt, "u")})
			}
			return driftModel(share.Draw(rt, "prior"), driftFeature("x", levels...))
		}
		a, b := model(), model()
		there, err1 := DriftOf(a, b)
		back, err2 := DriftOf(b, a)
		same, err3 := DriftOf(a, a)
		if errors.Join(err1, err2, err3) != nil || math.Abs(there.Bits-back.Bits) > 1e-9 || same.Bits != 0 || there.Bits < 0 {
			rt.Fatalf("there %v, back %v, same %v", there.Bits, back.Bits, same.Bits)
		}
	})
}
