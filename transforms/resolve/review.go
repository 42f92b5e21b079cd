package resolve

import "slices"

// Candidate is a pair of records that a person may want to look at: its weight lies between the two thresholds, or above
// the upper one though the records ended in two clusters, or it holds a weak cluster together.
type Candidate struct {
	A, B   Key     // A before B
	Weight float64 // log odds in bits that the two are one person
	Linked bool    // the two ended in one cluster
}

// sureBits is the weight from which nobody needs to look at a link.
const sureBits = 6

// Decide says what people have found of records, in place of what [Settings] said of it. It is for who names records only
// when the engine knows them.
func (e *Engine) Decide(apart, together []Pair) { e.s.Apart, e.s.Together = apart, together }

// Remembered gives the rows of some records out of the engine's memory, by record; see [Engine.Members].
func Remembered(members []Member, of ...Key) map[Key][]Member {
	out := make(map[Key][]Member, len(of))
	for i := range members {
		if k := members[i].record(); slices.Contains(of, k) {
			out[k] = append(out[k], members[i])
		}
	}
	return out
}

// RecordOf names the record that a row belongs to.
func (m *Member) RecordOf() Key { return m.record() }
