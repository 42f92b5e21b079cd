package resolve

import (
	"cmp"
	"slices"
)

// Candidate is a pair of records that a person may want to look at: its weight lies between the two thresholds, or above
// the upper one though the records ended in two clusters, or it holds a weak cluster together.
type Candidate struct {
	A, B   Key     // A before B
	Weight float64 // log odds in bits that the two are one person
	Linked bool    // the two ended in one cluster
}

// Bits between which a person may see more than the rules: a pair that was joined on less than sureBits, or left apart
// although it weighs more than doubtBits.
const (
	sureBits  = 6
	doubtBits = -3
)

// review lists the pairs that a person may want to look at, weighed by the shipped model: those that a rule or an
// identifier would have joined and that are apart, and those that the weakest rules joined on little evidence. A rule that
// weighs next to nothing by the model (a pair of namesakes) is no question to ask anybody.
func (c *clusters) review() []Candidate {
	var pairs []edge
	for _, e := range c.judged {
		if linked := c.root(e.a) == c.root(e.b); !linked || e.rule >= byPhone {
			pairs = append(pairs, edge{a: min(e.a, e.b), b: max(e.a, e.b)})
		}
	}
	slices.SortFunc(pairs, compareEdges)
	pairs = slices.Compact(pairs)
	if len(pairs) == 0 {
		return nil
	}
	w, err := NewWeigher(c.rowsOf(pairs), c.names.records, c.names.givenUses, c.names.familyUses)
	if err != nil {
		panic(err) // the model is part of the program, and a test reads it
	}
	var out []Candidate
	for _, e := range pairs {
		x := Candidate{A: c.records[e.a].Key, B: c.records[e.b].Key, Linked: c.root(e.a) == c.root(e.b)}
		x.Weight, _ = w.Weight(x.A, x.B)
		if x.Linked && x.Weight < sureBits || !x.Linked && x.Weight > doubtBits {
			out = append(out, x)
		}
	}
	return out
}

// rowsOf gives the rows of all records of some pairs.
func (c *clusters) rowsOf(pairs []edge) []Member {
	var recs []int32
	for _, e := range pairs {
		recs = append(recs, e.a, e.b)
	}
	slices.Sort(recs)
	var rows []Member
	for _, i := range slices.Compact(recs) {
		for _, m := range c.records[i].rows {
			rows = append(rows, *m)
		}
	}
	slices.SortFunc(rows, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.RowKey, b.RowKey)) })
	return rows
}

func (o *onomasticon) givenUses(name string) int32  { return o.given[name] }
func (o *onomasticon) familyUses(name string) int32 { return o.family[name] }

// Decide says what people have found of records, in place of what [Settings] said of it. It is for who names records only
// when the engine knows them.
func (e *Engine) Decide(apart, together []Pair) { e.s.Apart, e.s.Together = apart, together }

// linkDecided joins what a person has found to be one, before anything else is compared: no evidence vetoes it. Pairs of
// which a record is not there say nothing tonight.
func (c *clusters) linkDecided(pairs []Pair, at *index, s *Stats) {
	joined := 0
	for _, p := range pairs {
		a, okA := at.find(p.A)
		b, okB := at.find(p.B)
		if !okA || !okB {
			continue
		}
		if a, b = c.root(a), c.root(b); a != b {
			c.join(a, b)
			joined++
		}
	}
	count(s.Links, "decided", joined)
}

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
