package linkage

// How counts of pairs at each level become shares.

// smooth turns counts into shares. What was not seen is rare, not impossible; and of the pairs that agree some two in a
// hundred are taken for two people's as long as nothing says that there are more. Where levels stand by how many names
// agree, each third has shares of its own, which lean on those of all where there is little to see.
func (f *feature) smooth(ms, us []float64) {
	n := len(ms)
	if f.named {
		n = f.plain
	}
	total := sum(us) + sum(ms)
	for l := range ms {
		us[l] += 0.02*ms[l] + total*1e-12
	}
	strangers := sum(ms) // as many at least, whoever the records are
	if !f.named {
		us[0] += strangers
	}
	allM, allU := make([]float64, n), make([]float64, n)
	for l := range ms {
		allM[l%n] += ms[l]
		allU[l%n] += us[l]
	}
	if f.named {
		allU[0] += strangers
	}
	f.expected(allM)
	level(allM, rareM)
	level(allU, 0)
	for from := 0; from < len(ms); from += n {
		m, u := ms[from:from+n], us[from:from+n]
		sumM, sumU := sum(m), sum(u)
		for l := range n {
			m[l] = (m[l] + lean*allM[l]) / (sumM + lean)
			u[l] = (u[l] + lean*allU[l]) / (sumU + lean)
		}
		level(m, rareM)
		level(u, 0)
		f.bound(m, u)
	}
}

// reach gives the level of equal values as far as the columns can show it: a town alone is no address.
func (t *Table) reach(f int) int {
	switch {
	case f != featurePlace || t.street != nil:
	case t.post != nil && t.city != nil:
		return placePostcode
	case t.post != nil || t.city != nil:
		return placeCity
	default:
		return placeRegion
	}
	return t.features[f].top()
}

// expected adds what is known before anything is seen: most of what one person's records tell is the same, some of it
// differs, and each kind of mistake happens. It counts as few pairs, and decides only where hardly any others are sure.
func (f *feature) expected(ms []float64) {
	if !f.there {
		return
	}
	for l := range ms {
		share := expectedSlips / float64(max(1, len(ms)-2))
		switch l {
		case 0:
			share = expectedOther
		case f.reach:
			share = 1 - expectedOther - expectedSlips
		}
		ms[l] += expectedPairsM * share
	}
}

// What is expected of one person's records, and how many pairs that counts as.
const (
	expectedOther  = 0.1
	expectedSlips  = 0.1
	expectedPairsM = 10
)

// bound lets no level say more than that of equal values: what was hardly ever seen between two people is not better proof
// for that. Names in each other's place say as much as in their own: two people show it as often as they share the
// names and one of them is written so.
func (f *feature) bound(m, u []float64) {
	top := f.top()
	for l := range m {
		if least := min(m[l]*u[top]/m[top], 1); u[l] < least {
			u[l] = least
		}
	}
}

// rareM is the least share of a level among one person's pairs: there is no mistake that nobody makes.
const rareM = 0.002

// level makes counts into shares that are not below the least.
func level(list []float64, least float64) {
	total := sum(list)
	if total == 0 { // nothing is known
		for l := range list {
			list[l] = 1
		}
		total = float64(len(list))
	}
	for l := range list {
		list[l] = (list[l]/total + least) / (1 + least*float64(len(list)))
	}
}

// lean is how many pairs the shares of all weigh beside those of one third.
const lean = 50
