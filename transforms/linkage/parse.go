package linkage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
)

var (
	errShare  = errors.New("it holds a share that is none")
	errSizes  = errors.New("its lists are not of one length")
	errSyntax = errors.New("it is no JSON of a model")
)

// ParseModel reads a model that was written as JSON. It refuses what linking could not work with: a model is written by a
// program, and a file may be damaged.
func ParseModel(src []byte) (*Model, error) {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.DisallowUnknownFields()
	m := new(Model)
	if err := dec.Decode(m); err != nil || dec.More() {
		return nil, errSyntax // the decoder's own words may quote the file
	}
	shares := []float64{m.Prior, m.Household, m.Twins, m.Namesakes}
	for _, f := range m.Features {
		if _, known := KindOf(f.Kind); !known || len(f.Levels) == 0 {
			return nil, errSizes
		}
		for _, l := range f.Levels {
			if shares = append(shares, l.M, l.U); l.Rarity < 0 {
				return nil, errShare
			}
		}
	}
	if k := len(m.Sources); len(m.Features) == 0 || len(m.Between) != k*(k+1)/2 {
		return nil, errSizes
	}
	for _, b := range m.Between {
		if shares = append(shares, b.Prior); len(b.M) != len(m.Features) {
			return nil, errSizes
		}
		for f, row := range b.M {
			if shares = append(shares, row...); len(row) != len(m.Features[f].Levels) {
				return nil, errSizes
			}
		}
	}
	for _, d := range m.Dependence {
		if !(d.Lift > 0 && d.Error >= 0 && d.OnePerson >= 0) {
			return nil, errShare
		}
	}
	for _, x := range shares {
		if !(x > 0 && x <= 1) {
			return nil, errShare
		}
	}
	return m, nil
}

// Digest names a model by what it says.
func (m *Model) Digest() string {
	src, err := json.Marshal(m)
	if err != nil {
		return "" // only for what is no number, and a model has none
	}
	sum := sha256.Sum256(src)
	return hex.EncodeToString(sum[:])
}
