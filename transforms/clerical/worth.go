package clerical

import "math"

// Probability gives the chance that two records are one person, of the log odds in bits.
func Probability(weight float64) float64 { return 1 / (1 + math.Exp2(-weight)) }

// Worth is what deciding a pair is worth: how many pairs of records are, as far as the weight tells, wrongly joined or
// wrongly apart now for want of the decision.
//
//	two clusters of m and n records, weight w:   m · n · p
//	one cluster of n records:                    (n − 1) · (1 − p)
//	p = 1 / (1 + 2^−w)
//
// A link that is wrong parts at least one record from the n − 1 others. Where the clusters are as the weight would have
// them, the chance of a mistake is small and worth goes as p · (1 − p), the variance of what is not known; where something
// else overruled the weight it goes on growing, as these are the pairs on which the evidence contradicts itself.
func Worth(weight float64, linked bool, sizeA, sizeB int) float64 {
	p := Probability(weight)
	if linked {
		return float64(max(sizeA-1, 1)) * (1 - p)
	}
	return float64(sizeA) * float64(sizeB) * p
}

// Why says why a pair is listed: [WhyWeak], [WhyVetoed] or [WhyBetween].
func Why(weight float64, linked bool) string {
	switch {
	case linked:
		return WhyWeak
	case Probability(weight) >= likely:
		return WhyVetoed
	}
	return WhyBetween
}

// likely is the chance from which two records are apart in spite of their weight, rather than for want of it.
const likely = 0.99

// Why a pair is listed.
const (
	WhyWeak    = "weak-link"  // one cluster, of which this is among the weakest links
	WhyVetoed  = "kept-apart" // two clusters though they are almost surely one person: something contradicts
	WhyBetween = "uncertain"  // two clusters: too little speaks for one person, and too little against
)
