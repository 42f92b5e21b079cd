package resolve

import (
	"iter"
	"math"
	"strings"
)

// agreement of names, from contradiction to equality.
type agreement uint8

const (
	contradict agreement = iota
	unclear              // unknown, or neither the one nor the other
	alike                // a typing error, an everyday form, another of the person's names
	equal
)

// compared is how far names agree.
type compared struct{ given, family agreement }

// primary gives the name that a person is called by: the call name, or else the first given name.
func (m *Member) primary() string {
	if m.Call != "" {
		return m.Call
	}
	return m.first()
}

// first gives the first of the given names.
func (m *Member) first() string {
	word, _, _ := strings.Cut(m.Given, " ")
	return word
}

// Similarity from which two spellings may be one name. Siblings' and twins' names are often alike, so a given name needs
// more than a family name: of the pairs Anna/Anni (0.88), Mika/Mikko (0.85) and Katariina/Katarina (0.98) only the last
// is one name.
const (
	familyAlike = 0.90
	givenAlike  = 0.93
)

// onomasticon counts by record how often names occur. Two spellings that are both in use are two names, however alike they
// are (Anna and Sanna); a typing error is rare beside what was meant. And the rarer a name, the more it tells.
type onomasticon struct {
	given, family map[string]int32
	records       int
}

// A spelling is in use from minUse records on, if it is not rarer than one in typoShare of the other spelling.
const (
	minUse    = 4
	typoShare = 50
)

func newOnomasticon(records []record) *onomasticon {
	o := &onomasticon{given: map[string]int32{}, family: map[string]int32{}, records: len(records)}
	for i := range records {
		m := records[i].rows[0]
		o.family[m.Family]++
		for w := range words(m.Given) {
			o.given[w]++
		}
		if m.Call != "" && !within(m.Call, m.Given) {
			o.given[m.Call]++
		}
	}
	return o
}

// namesakes gives how many records of strangers are to be expected that bear the full name which two rows have in common:
// the number of records times the share of the family name times that of each given name. Names are not drawn
// independently (a Swedish family name goes with Swedish given names), so that this is a lower bound: who asks leaves a
// margin. The rows' own names are counted in, so that little data makes no name rare. Without two given names and the
// family name in common the answer is infinity.
func (o *onomasticon) namesakes(x, y *Member) float64 {
	family := x.Family
	if family != y.Family && family != y.Former {
		family = x.Former
	}
	if family == "" || family != y.Family && family != y.Former || !sameList(x, y) {
		return math.Inf(1)
	}
	out := float64(o.family[family])
	for w := range words(x.Given) {
		out *= float64(o.given[w]) / float64(o.records)
	}
	return out
}

// sameList tells whether two rows have all given names in common, two or more.
func sameList(x, y *Member) bool { return x.Given == y.Given && strings.Contains(x.Given, " ") }

// fewest gives the fewest namesakes over all rows of two records.
func (o *onomasticon) fewest(a, b *record) float64 {
	out := math.Inf(1)
	for _, x := range a.rows {
		for _, y := range b.rows {
			out = min(out, o.namesakes(x, y))
		}
	}
	return out
}

// two tells whether two spellings are two names.
func two(use map[string]int32, a, b string) bool {
	few, many := use[a], use[b]
	if few > many {
		few, many = many, few
	}
	return few >= minUse && few >= many/typoShare
}

// compare gives the best agreement over all spellings of two records.
func (o *onomasticon) compare(a, b *record) compared {
	best := compared{}
	for _, x := range a.rows {
		for _, y := range b.rows {
			c := o.names(x, y)
			if int(c.given)+int(c.family) > int(best.given)+int(best.family) {
				best = c
			}
			if best == (compared{equal, equal}) {
				return best
			}
		}
	}
	return best
}

func (o *onomasticon) names(x, y *Member) compared {
	c := compared{o.givenNames(x, y), o.familyNames(x, y)}
	if c.given == contradict && c.family == contradict {
		return o.swapped(x, y)
	}
	return c
}

// swapped compares names of which one row's stand in each other's place.
func (o *onomasticon) swapped(x, y *Member) compared {
	if x.Family == "" || y.Family == "" {
		return compared{}
	}
	if c := o.swappedIn(x, y); c != (compared{}) {
		return c
	}
	return o.swappedIn(y, x)
}

// swappedIn compares names of which x's stand in each other's place.
func (o *onomasticon) swappedIn(x, y *Member) compared {
	c := compared{o.given1(x.Family, y.primary()), o.family1(x.primary(), y.Family)}
	if within(x.Family, y.Given) {
		c.given = equal
	}
	if c.given == contradict || c.family == contradict {
		return compared{}
	}
	return c
}

// givenNames compares what two people are called, and all their given names where both are known: sisters may share a
// first name or a middle name, and hardly ever all of them.
func (o *onomasticon) givenNames(x, y *Member) agreement {
	a, b := x.primary(), y.primary()
	switch {
	case a == "" || b == "":
		return unclear
	case strings.Contains(x.Given, " ") && strings.Contains(y.Given, " "):
		return o.allGiven(x.Given, y.Given)
	case a == b, squeezed(x.Given, y.Given):
		return equal
	case within(a, b) || within(b, a):
		return alike // Anna and Anna-Maria
	}
	direct := o.given1(a, b)
	if direct == contradict && (within(a, y.Given) || within(b, x.Given)) {
		if x.Call != "" && y.Call != "" {
			return unclear // they go by different names, though one bears the other's
		}
		return equal
	}
	return direct
}

// allGiven compares two lists of given names. The shorter one must be within the longer one; beside others that agree
// any single slip passes.
func (o *onomasticon) allGiven(a, b string) agreement {
	if a == b {
		return equal
	}
	if strings.Count(a, " ") > strings.Count(b, " ") {
		a, b = b, a
	}
	worst := equal
	for v := range words(a) {
		best := contradict
		for w := range words(b) {
			best = max(best, o.given1(v, w))
			if best < unclear && oneEdit(v, w) {
				best = unclear
			}
		}
		worst = min(worst, best)
	}
	return worst
}

// given1 compares two given names.
func (o *onomasticon) given1(a, b string) agreement {
	switch {
	case a == b:
		return equal
	case a == "" || b == "" || initial(a, b):
		return unclear
	case everyday(a, b):
		return alike
	case jaroWinkler(a, b) >= givenAlike, slip(a, b):
		if two(o.given, a, b) {
			return unclear
		}
		return alike
	}
	return contradict
}

// slip tells whether two names with the same first and last letter are one edit apart. Of names shorter than six letters
// a changed letter makes another name more often than a mistake (Anna and Anja, Mika and Mira).
func slip(a, b string) bool {
	if min(len(a), len(b)) < 3 || a[0] != b[0] || a[len(a)-1] != b[len(b)-1] || !oneEdit(a, b) {
		return false
	}
	return len(a) != len(b) || len(a) >= 6 || sameLetters(a, b)
}

// sameLetters tells of two names of one length that are one edit apart whether they have the same letters.
func sameLetters(a, b string) bool {
	sum := 0
	for i := range len(a) {
		sum += int(a[i]) - int(b[i])
	}
	return sum == 0
}

// initial tells whether one of two names is only the other's first letter.
func initial(a, b string) bool {
	return (len(a) == 1 || len(b) == 1) && a[0] == b[0]
}

// familyNames compares family names, former ones among them.
func (o *onomasticon) familyNames(x, y *Member) agreement {
	a, b := x.Family, y.Family
	switch {
	case a == "" || b == "":
		return unclear
	case a == y.Former, b == x.Former:
		return equal
	}
	return o.family1(a, b)
}

// family1 compares two family names.
func (o *onomasticon) family1(a, b string) agreement {
	switch {
	case a == b, squeezed(a, b):
		return equal
	case shareWord(a, b):
		return alike
	case len(a) < 4 || len(b) < 4 || two(o.family, a, b): // every letter of a short name counts
		return contradict
	case jaroWinkler(a, b) >= familyAlike, oneEdit(a, b):
		return alike
	}
	return contradict
}

// shareWord tells whether one of two double names holds the other's name (Näyte-Öhman, Öhman).
func shareWord(a, b string) bool {
	if !strings.Contains(a, " ") && !strings.Contains(b, " ") {
		return false
	}
	for v := range words(a) {
		if len(v) > 3 && within(v, b) {
			return true
		}
	}
	return false
}

// squeezed tells whether two names differ in nothing but where words end (Anna-Maria, Annamaria).
func squeezed(a, b string) bool {
	if a == "" || strings.Contains(a, " ") == strings.Contains(b, " ") {
		return false
	}
	j := 0
	for i := range len(a) {
		if a[i] == ' ' {
			continue
		}
		for j < len(b) && b[j] == ' ' {
			j++
		}
		if j == len(b) || a[i] != b[j] {
			return false
		}
		j++
	}
	return j == len(b)
}

// within tells whether every word of a is one of b's.
func within(a, b string) bool {
	for v := range words(a) {
		found := false
		for w := range words(b) {
			found = found || v == w
		}
		if !found {
			return false
		}
	}
	return b != ""
}

func words(s string) iter.Seq[string] { return strings.FieldsSeq(s) }
