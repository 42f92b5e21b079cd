package quality

import (
	"math"
	"sort"
	"strconv"
)

// Ratio is a part of a whole. Both are sums, so ratios of parts add up by [Ratio.Plus]. A ratio without a whole is not
// measurable.
type Ratio struct {
	Num int64 `json:"numerator"`
	Den int64 `json:"denominator"`
}

// Plus adds up two parts of a split input.
func (r Ratio) Plus(o Ratio) Ratio { return Ratio{r.Num + o.Num, r.Den + o.Den} }

// Measurable tells whether there is a whole.
func (r Ratio) Measurable() bool { return r.Den > 0 }

// Percent gives the share with two decimals, "" when it is not measurable. Only the whole is "100.00" and only nothing is
// "0.00": one bad row in a million stays visible.
func (r Ratio) Percent() string {
	if r.Den <= 0 {
		return ""
	}
	h := int64(math.Round(float64(r.Num) / float64(r.Den) * 10000))
	switch {
	case h == 0 && r.Num > 0:
		h = 1
	case h == 10000 && r.Num < r.Den:
		h = 9999
	}
	return hundredths(h)
}

// over tells whether the share is greater than a limit in hundredths of a percent.
func (r Ratio) over(limit int64) bool {
	return float64(r.Num)*10000 > float64(limit)*float64(r.Den)
}

// under tells whether the share is less than a limit in hundredths of a percent.
func (r Ratio) under(limit int64) bool {
	return float64(r.Num)*10000 < float64(limit)*float64(r.Den)
}

// hundredths writes 1234 as "12.34".
func hundredths(h int64) string {
	sign := ""
	if h < 0 {
		sign, h = "-", -h
	}
	frac := strconv.FormatInt(h%100, 10)
	if len(frac) == 1 {
		frac = "0" + frac
	}
	return sign + strconv.FormatInt(h/100, 10) + "." + frac
}

// short writes a limit of 500 as "5" and 50 as "0.5".
func short(h int64) string { return strconv.FormatFloat(float64(h)/100, 'f', -1, 64) }

// robustZ gives 0.6745 (x - median) / MAD in hundredths (Iglewicz and Hoaglin 1993). ok is false when the baseline has no
// spread; then the relative change from the median is given in hundredths of a percent.
func robustZ(x int64, baseline []int64) (z, median int64, ok bool) {
	m := medianOf(baseline)
	dist := make([]float64, len(baseline))
	for i, b := range baseline {
		dist[i] = math.Abs(float64(b) - m)
	}
	mad := middle(dist)
	if mad == 0 {
		if m == 0 {
			return 0, 0, false
		}
		return int64(math.Round((float64(x) - m) / m * 10000)), int64(m), false
	}
	return int64(math.Round(0.6745 * (float64(x) - m) / mad * 100)), int64(m), true
}

func medianOf(list []int64) float64 {
	f := make([]float64, len(list))
	for i, v := range list {
		f[i] = float64(v)
	}
	return middle(f)
}

func middle(f []float64) float64 {
	if len(f) == 0 {
		return 0
	}
	sort.Float64s(f)
	if n := len(f); n%2 == 0 {
		return (f[n/2-1] + f[n/2]) / 2
	}
	return f[len(f)/2]
}

// Wilson gives the 95 % score interval of a share in hundredths of a percent (Wilson 1927); ok is false without a sample.
func Wilson(r Ratio) (low, high int64, ok bool) {
	if r.Den <= 0 {
		return 0, 0, false
	}
	const z = 1.959963984540054 // 97.5 % point of the normal distribution
	n, p := float64(r.Den), float64(r.Num)/float64(r.Den)
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return int64(math.Round(max(0, centre-half) * 10000)), int64(math.Round(min(1, centre+half) * 10000)), true
}
