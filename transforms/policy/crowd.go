package policy

import (
	"iter"

	"uoma/internal/canon"
)

// Crowd is what decisions on one date need of many persons, as columns: each person's class, and each class once. People
// of one class are alike in everything that a decision looks at, so that a million silent graduates are decided once. It
// belongs to the pack that made it.
type Crowd struct {
	pack    *Pack
	at      canon.Date
	class   []uint32 // by person
	classes []Compact
	index   map[Compact]uint32
}

// Crowd makes an empty crowd of a date, with room for n persons.
func (p *Pack) Crowd(at canon.Date, n int) *Crowd {
	return &Crowd{pack: p, at: at, class: make([]uint32, 0, n), index: map[Compact]uint32{}}
}

// Add adds a person; f is not kept.
func (c *Crowd) Add(f *Facts) {
	k := c.pack.Compact(f, c.at)
	i, known := c.index[k]
	if !known {
		i = uint32(len(c.classes))
		c.index[k] = i
		c.classes = append(c.classes, k)
	}
	c.class = append(c.class, i)
}

// Len gives the number of persons.
func (c *Crowd) Len() int { return len(c.class) }

// Answers are the answers to one query for a crowd, dictionary-coded: an Arrow column of the persons, whose dictionary has an
// answer for each class.
type Answers struct {
	class canon.Codes
	of    []Decision // by class
}

// DecideAll answers for a crowd.
func (c *Case) DecideAll(crowd *Crowd) Answers {
	a := Answers{canon.CodesOf(crowd.class), make([]Decision, len(crowd.classes))}
	for i := range crowd.classes {
		a.of[i] = c.Decide(&crowd.classes[i])
	}
	return a
}

// At gives the answer for the crowd's i-th person.
func (a Answers) At(i int) Decision { return a.of[a.class.At(i)] }

// All gives the answers in the crowd's order.
func (a Answers) All() iter.Seq2[int, Decision] {
	return func(yield func(int, Decision) bool) {
		for i, k := range a.class.All() {
			if !yield(i, a.of[k]) {
				return
			}
		}
	}
}

// Allowed counts the persons for whom the answer is yes.
func (a Answers) Allowed() (n int) {
	yes := make([]int, len(a.of))
	for k, d := range a.of {
		if d.Allow {
			yes[k] = 1
		}
	}
	for _, k := range a.class.All() {
		n += yes[k]
	}
	return n
}
