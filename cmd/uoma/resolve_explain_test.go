package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"uoma/pipelines/linker"
)

// explained are two records with something for, something against, and something untold.
func explained() *linker.Explanation {
	return &linker.Explanation{
		A:     linker.Explained{ID: "r-17", File: "crm.csv", Line: 18, Cluster: "r-17", Records: 3},
		B:     linker.Explained{ID: "r-42", File: "hr.csv", Line: 7, Cluster: "r-17", Records: 3},
		Model: strings.Repeat("0123456789abcdef", 4), Threshold: 1, Prior: -13.4,
		Features: []linker.FeatureEvidence{
			{Feature: "given names", Level: "everyday form", Bits: 2.5, Rarity: 0.8, A: []string{"Xxxx Xxxxx"}, B: []string{"Xxx"}},
			{Feature: "family name", Level: "same", Bits: 9.2, Rarity: -1.8, A: []string{"Xxxxxxä"}, B: []string{"Xxxxxxx"}},
			{Feature: "birth date", A: []string{"0000-00-00"}, B: []string{}},
			{Feature: "phone", Level: "same", Bits: 17.2, Rarity: 0.01, A: []string{"000 0000", "000 0001"}, B: []string{"0000000"}},
			{Feature: "email", Level: "different", Bits: -1.4, A: []string{"x@x.example"}, B: []string{"xx@x.example"}},
		},
		Alike: -2.9, Weight: 11.2, Probability: 0.99957, Together: true, Compared: true,
		Weakest: &linker.Edge{A: "r-17", B: "r-42", Weight: 11.2, Probability: 0.99957},
	}
}

// TestExplanationsAreDrawn holds the drawings to testdata/explain.
func TestExplanationsAreDrawn(t *testing.T) {
	held := explained()
	held.Weight, held.Alike = 0.4, -13.7
	held.Weakest = &linker.Edge{A: "r-42", B: "r-99", Weight: 3.1, Probability: 0.8956}
	apart := explained()
	apart.Together, apart.Weakest, apart.B.Cluster, apart.B.Records = false, nil, "r-42", 1
	apart.WhyNot = &linker.WhyNot{Opposing: []string{"email"}, Constraints: []string{"they have two different values of card, of which nobody has two"},
		Between: &linker.Edge{A: "r-20", B: "r-42", Weight: -8.5}}
	unlike := explained()
	unlike.Together, unlike.B.Cluster, unlike.B.Records = false, "r-42", 1
	unlike.Weakest, unlike.Alike, unlike.Weight, unlike.Probability = nil, 0, -25, 3e-8
	unlike.Features = append(unlike.Features[2:], linker.FeatureEvidence{Feature: "card", Level: "different", Bits: -27.4})
	unlike.WhyNot = &linker.WhyNot{Opposing: []string{"card", "email"}}
	for name, e := range map[string]*linker.Explanation{"together": explained(), "held": held, "apart": apart, "unlike": unlike} {
		var b bytes.Buffer
		drawExplanation(&b, colours(false), e)
		golden := "testdata/explain/" + name + ".txt"
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || b.String() != string(want) {
			t.Errorf("%s: got\n%s", name, b.String())
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: colour without a terminal", name)
		}
		var coloured bytes.Buffer
		if drawExplanation(&coloured, colours(true), e); !strings.Contains(coloured.String(), "\x1b[31m░") {
			t.Errorf("%s: no colour", name)
		}
	}
}

// The steps of a waterfall end where the weight is.
func TestAWaterfallEndsAtTheWeight(t *testing.T) {
	steps := waterfall(explained())
	last := steps[len(steps)-1]
	if got := last.before + last.bits; got < 11.19 || got > 11.21 {
		t.Errorf("it ends at %v", got)
	}
	for i, s := range steps[1:] {
		if d := s.before - steps[i].before - steps[i].bits; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s %s begins %v bits beside the step before it", s.name, s.note, d)
		}
	}
}
