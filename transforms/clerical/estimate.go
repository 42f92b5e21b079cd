package clerical

import "math"

// z is the 97.5 % quantile of the standard normal distribution, for intervals of 95 %.
const z = 1.959963984540054

// Wilson gives the score interval of 95 % for a share, of which right of n trials were seen. Either may be a fraction, as
// the trials of a stratified sample count for other than one. Of no trials nothing is known: 0 to 1.
//
//	( p + z²/2n ± z √( p(1−p)/n + z²/4n² ) ) / ( 1 + z²/n ),  p = right/n
//
// E. B. Wilson, Probable inference, the law of succession, and statistical inference, J. Amer. Statist. Assoc. 22 (1927)
// 209–212; L. D. Brown, T. T. Cai, A. DasGupta, Interval estimation for a binomial proportion, Statist. Sci. 16 (2001)
// 101–133, recommend it for small n.
func Wilson(right, n float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	p := right / n
	middle := p + z*z/(2*n)
	half := z * math.Sqrt(max(p*(1-p), 0)/n+z*z/(4*n*n))
	return max((middle-half)/(1+z*z/n), 0), min((middle+half)/(1+z*z/n), 1)
}

// Estimate is the share of links that are right.
type Estimate struct {
	Stratum   string  `json:"stratum"`
	Links     int64   `json:"links"`     // that the sample was drawn from
	Sampled   int64   `json:"sampled"`   // of them
	Same      int64   `json:"same"`      // sampled and found right
	Different int64   `json:"different"` // sampled and found wrong
	Unsure    int64   `json:"unsure"`    // sampled and not to be told; in no share
	Precision float64 `json:"precision"` // Same of Same and Different
	Low       float64 `json:"low"`       // of the interval of 95 %
	High      float64 `json:"high"`
}

// decided is how many pairs say something.
func (e *Estimate) decided() float64 { return float64(e.Same + e.Different) }

// settle works out share and interval.
func (e *Estimate) settle() {
	if n := e.decided(); n > 0 {
		e.Precision = float64(e.Same) / n
	}
	e.Low, e.High = Wilson(float64(e.Same), e.decided())
}

// Overall puts strata together: their shares, weighted by how many links each has, with Wilson's interval for the
// effective number of trials 1 / Σ(W²/n) of L. Kish, Survey Sampling (1965), W being a stratum's share of all links and n
// its decided pairs. Strata of which nothing is decided are left out, and covered says of which share of all links the
// estimate speaks.
func Overall(strata []Estimate) (all Estimate, covered float64) {
	all.Stratum = "all"
	var links float64
	for i := range strata {
		s := &strata[i]
		s.settle()
		all.Links += s.Links
		all.Sampled += s.Sampled
		all.Same += s.Same
		all.Different += s.Different
		all.Unsure += s.Unsure
		if s.decided() > 0 {
			links += float64(s.Links)
		}
	}
	if links == 0 {
		all.Low, all.High = 0, 1
		return all, 0
	}
	var spread float64
	for _, s := range strata {
		if n := s.decided(); n > 0 {
			share := float64(s.Links) / links
			all.Precision += share * s.Precision
			spread += share * share / n
		}
	}
	n := 1 / spread
	all.Low, all.High = Wilson(all.Precision*n, n)
	return all, links / float64(all.Links)
}
