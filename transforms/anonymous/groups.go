package anonymous

import (
	"maps"
	"slices"
	"strings"
)

// members are the people of a group, by what is counted of them: [People], and what is said of some of those.
type members map[string]map[string]bool

func (m members) note(what, person string) {
	if m[what] == nil {
		m[what] = map[string]bool{}
	}
	m[what][person] = true
}

// told gives the groups of k people and more. The others come together in the group that coarser gives of them, which is told
// where it has k by then and had none of its own, which a few others must not change.
func told[G comparable](all map[G]members, k int, coarser func(G) G) map[G]members {
	out, small := map[G]members{}, map[G]members{}
	for g, of := range all {
		if len(of[People]) >= k {
			out[g] = of
			continue
		}
		c := coarser(g)
		if small[c] == nil {
			small[c] = members{}
		}
		for what, people := range of {
			for p := range people {
				small[c].note(what, p)
			}
		}
	}
	for g, of := range small {
		if out[g] == nil && len(of[People]) >= k {
			out[g] = of
		}
	}
	return out
}

// Groups counts the people of whom the same is said, for numbers that leave. The zero value is ready.
//
// Whoever gets numbers of two moments, or of two divisions, can take one from the other. So a number is the nearest multiple of
// k: what is left is nothing, or k and more, whoever came between.
type Groups struct{ of map[string]members }

// Group is a number of people of whom Cells are said; in the group of those who are few everywhere all cells are empty.
type Group struct {
	Cells  []string
	People int64
}

// Add notes that something is said of somebody. Cells hold no NUL.
func (g *Groups) Add(cells []string, person string) {
	if g.of == nil {
		g.of = map[string]members{}
	}
	key := strings.Join(cells, "\x00")
	if g.of[key] == nil {
		g.of[key] = members{}
	}
	g.of[key].note(People, person)
}

// Told gives the numbers, in the order of cells, of groups of k people and more, or of [K] where that is more; and how many
// people are in none of them.
func (g *Groups) Told(k int) (out []Group, left int64) {
	k = max(k, K)
	groups := told(g.of, k, func(cells string) string { return strings.Repeat("\x00", strings.Count(cells, "\x00")) })
	in, all := map[string]bool{}, map[string]bool{}
	for _, of := range g.of {
		maps.Copy(all, of[People])
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		people := groups[key][People]
		maps.Copy(in, people)
		out = append(out, Group{strings.Split(key, "\x00"), int64((len(people) + k/2) / k * k)})
	}
	return out, int64(len(all) - len(in))
}
