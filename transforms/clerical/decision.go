package clerical

import (
	"cmp"
	"maps"
	"slices"
)

// Verdict is what a person found of two records.
type Verdict string

// The verdicts. An unsure one takes an earlier verdict back and leaves the pair to the resolver.
const (
	Same      Verdict = "same"      // one person: nothing parts the two
	Different Verdict = "different" // two people: nothing joins the two
	Unsure    Verdict = "unsure"
)

// Known tells whether a verdict is one.
func (v Verdict) Known() bool { return v == Same || v == Different || v == Unsure }

// Pair is two records by their tokens, the smaller first.
type Pair struct{ A, B string }

// NewPair makes a pair of two tokens in any order.
func NewPair(a, b string) Pair { return Pair{min(a, b), max(a, b)} }

// Compare orders pairs.
func (p Pair) Compare(o Pair) int { return cmp.Or(cmp.Compare(p.A, o.A), cmp.Compare(p.B, o.B)) }

// Reasons are the codes with which a decision may be explained. There is no free text: people write names into it.
func Reasons() map[string]string {
	return map[string]string{
		"identifier": "an identifier that both have, or that differs",
		"source":     "the owner of a source system was asked",
		"person":     "the person was asked",
		"family":     "two people of a family or household",
		"namesake":   "two people of the same name",
		"wrong-data": "one record has a value of somebody else",
		"renamed":    "the person has another name now",
		"unclear":    "the records do not say enough",
	}
}

// Purposes are the codes with which a look at values must be explained.
func Purposes() map[string]string {
	return map[string]string{
		"review":   "to decide the pair",
		"request":  "the person asked for their data, its correction or erasure",
		"incident": "to find out what went wrong",
		"audit":    "to see whether others decided rightly",
	}
}

// Decision is a verdict of a pair.
type Decision struct {
	Number int64 // in the order in which they were made
	Pair
	Verdict Verdict
}

// Book holds the decisions that stand: of each pair the latest.
type Book struct {
	standing map[Pair]Decision
	same     map[string]map[string]bool // records that were found to be one, both ways
}

// NewBook makes a book of decisions in their order.
func NewBook(decisions []Decision) *Book {
	b := &Book{map[Pair]Decision{}, map[string]map[string]bool{}}
	for _, d := range decisions {
		b.Add(d)
	}
	return b
}

// Add writes a decision down, which takes the place of an earlier one of its pair.
func (b *Book) Add(d Decision) {
	b.standing[d.Pair] = d
	b.edge(d.A, d.B, d.Verdict == Same)
	b.edge(d.B, d.A, d.Verdict == Same)
}

func (b *Book) edge(from, to string, is bool) {
	switch {
	case !is:
		delete(b.same[from], to)
	case b.same[from] == nil:
		b.same[from] = map[string]bool{to: true}
	default:
		b.same[from][to] = true
	}
}

// Of gives the decision of a pair that stands.
func (b *Book) Of(p Pair) (d Decision, ok bool) {
	d, ok = b.standing[p]
	return d, ok
}

// Standing gives the decisions that stand, by pair.
func (b *Book) Standing() []Decision {
	return slices.SortedFunc(maps.Values(b.standing), func(x, y Decision) int { return x.Compare(y.Pair) })
}

// Contradicts gives the earlier decisions that a new one cannot stand beside, or none: those that make its pair one
// person when it is to be two, and those that make two people of it when it is to be one. An earlier decision of the
// same pair is not among them, as the new one takes its place.
func (b *Book) Contradicts(d Decision) []Decision {
	switch d.Verdict {
	case Different:
		return b.reach(d.A, d.Pair).way(d.B)
	case Same:
		return b.parts(d)
	}
	return nil
}

// parts finds an earlier decision that parts somebody whom the pair would join.
func (b *Book) parts(d Decision) []Decision {
	left, right := b.reach(d.A, d.Pair), b.reach(d.B, d.Pair)
	for _, x := range b.Standing() {
		if x.Verdict != Different || x.Pair == d.Pair {
			continue
		}
		for _, ends := range [][2]string{{x.A, x.B}, {x.B, x.A}} {
			if left.has(ends[0]) && right.has(ends[1]) {
				out := slices.Concat(left.way(ends[0]), []Decision{x}, right.way(ends[1]))
				slices.SortFunc(out, byNumber)
				return out
			}
		}
	}
	return nil
}

// reached are the records that decisions make one person with the first, each with the last step that leads to it.
type reached struct {
	first string
	by    map[string]step
}

// step is a decision on the way from a record to another.
type step struct {
	from string
	by   Decision
}

// reach walks from a record over what was found to be the same, but for one pair.
func (b *Book) reach(first string, without Pair) reached {
	r := reached{first, map[string]step{}}
	for next := []string{first}; len(next) > 0; next = next[1:] {
		for _, to := range slices.Sorted(maps.Keys(b.same[next[0]])) {
			if p := NewPair(next[0], to); p != without && !r.has(to) {
				r.by[to] = step{next[0], b.standing[p]}
				next = append(next, to)
			}
		}
	}
	return r
}

func (r reached) has(record string) bool {
	_, ok := r.by[record]
	return ok || record == r.first
}

// way gives the decisions between the first record and another, by number; none when it was not reached.
func (r reached) way(to string) (out []Decision) {
	for to != r.first {
		s, ok := r.by[to]
		if !ok {
			return nil
		}
		out = append(out, s.by)
		to = s.from
	}
	slices.SortFunc(out, byNumber)
	return out
}

func byNumber(x, y Decision) int { return cmp.Compare(x.Number, y.Number) }
