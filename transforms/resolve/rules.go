package resolve

import (
	"slices"
	"strconv"
)

// Limits of a block: more records with one value are no evidence of one person.
const (
	maxIdentifierBlock = 64  // a default value typed into an identifier field
	maxRuleBlock       = 200 // a switchboard number, a shared mailbox
)

// identifiers are the strong identifiers, the most trusted first.
var identifiers = []struct {
	rule     string
	national bool
	values   func(*record) []string
}{
	{"hetu", true, func(r *record) []string { return r.hetus }},
	{"oppijanumero", true, func(r *record) []string { return r.oppijas }},
	{"student-number", false, func(r *record) []string { return r.students }},
	{"employee-number", false, func(r *record) []string { return r.employees }},
	{"eppn", false, func(r *record) []string { return r.eppns }},
}

// linkIdentifiers joins records that share a strong identifier, and counts what contradicts.
func (c *clusters) linkIdentifiers(s *Stats) {
	for _, id := range identifiers {
		for _, block := range c.blocks(id.values, maxIdentifierBlock, s, id.rule) {
			c.linkBlock(block, s, id.rule, func(a, b int32) veto { return c.byIdentifier(a, b, id.national) })
		}
	}
}

// linkBlock joins each record of a block to the first cluster before it that nothing vetoes.
func (c *clusters) linkBlock(block []int32, s *Stats, rule string, check func(a, b int32) veto) {
	var tried []int32
	for i, r := range block {
		tried = tried[:0]
		for _, o := range block[:i] {
			a, b := c.root(o), c.root(r)
			if a == b {
				break
			}
			if slices.Contains(tried, a) {
				continue
			}
			tried = append(tried, a)
			v := check(a, b)
			if v == vetoNone {
				c.join(a, b)
				s.Links[rule]++
				break
			}
			s.Conflicts[rule+":"+string(v)]++
		}
	}
}

// blocks groups records by value, in a fixed order. A record with several values is in several blocks.
func (c *clusters) blocks(values func(*record) []string, limit int, s *Stats, rule string) [][]int32 {
	byValue := map[string][]int32{}
	for i, r := range c.records {
		for _, v := range values(r) {
			byValue[v] = append(byValue[v], int32(i))
		}
	}
	out := make([][]int32, 0, len(byValue)/2)
	for _, b := range byValue {
		switch {
		case len(b) > limit:
			s.Oversized[rule]++
		case len(b) > 1:
			out = append(out, b)
		}
	}
	slices.SortFunc(out, func(a, b []int32) int { return slices.Compare(a, b) })
	return out
}

// rules join what identifiers left apart. Each asks for a given name and at least two further agreements that a household
// or a namesake would not have together. Earlier rules are the surer ones.
var rules = []struct {
	name   string
	values func(*record) []string
	agree  func(a, b *record, n compared) bool
}{
	{"name-birth", nameBirth, func(a, b *record, n compared) bool {
		return n.given == equal && n.family == equal && birthsAgree(a, b)
	}},
	{"email-name", func(r *record) []string { return r.emails }, func(a, b *record, n compared) bool {
		return n.given >= alike && (n.family >= alike || birthsAgree(a, b))
	}},
	{"phone-name", func(r *record) []string { return r.phones }, func(a, b *record, n compared) bool {
		return n.given >= alike && (n.family >= alike || birthsAgree(a, b))
	}},
	{"birth-place", birthPlace, func(a, b *record, n compared) bool {
		return n.given >= alike && birthsAgree(a, b)
	}},
	{"birth-alike", birthGiven, func(a, b *record, n compared) bool {
		return n.given == equal && n.family == alike && birthsAgree(a, b)
	}},
	{"birth-alike-given", birthFamily, func(a, b *record, n compared) bool {
		return n.given == alike && n.family == equal && birthsAgree(a, b)
	}},
	{"name-place", namePlace, func(a, b *record, n compared) bool {
		return n.given == equal && n.family == equal
	}},
}

// linkRules applies the rules. Within a block a cluster is joined only to the one cluster that it fits: fitting two, it is
// left alone, and the pairs are counted for a person to decide.
func (c *clusters) linkRules(s *Stats) {
	for _, rule := range rules {
		for _, block := range c.blocks(rule.values, maxRuleBlock, s, rule.name) {
			for {
				a, b, ambiguous := c.onlyPair(block, rule.agree)
				if ambiguous > 0 {
					s.Review[rule.name] += ambiguous
				}
				if a < 0 {
					break
				}
				c.join(a, b)
				s.Links[rule.name]++
			}
		}
	}
}

// onlyPair gives two clusters of a block that fit each other and of which neither contradicts another fit's choice, and
// how many pairs were left because a cluster fits two that do not fit each other; a is -1 when there is no pair to join.
func (c *clusters) onlyPair(block []int32, agree func(a, b *record, n compared) bool) (a, b int32, ambiguous int) {
	roots := c.roots(block)
	if len(roots) < 2 {
		return -1, -1, 0
	}
	fits := make(map[[2]int32]bool)
	degree := make(map[int32][]int32)
	for i, x := range roots {
		for _, y := range roots[:i] {
			if c.anyAgree(x, y, agree) && c.byRule(y, x) == vetoNone {
				fits[[2]int32{y, x}] = true
				degree[x] = append(degree[x], y)
				degree[y] = append(degree[y], x)
			}
		}
	}
	for i, x := range roots {
		for _, y := range roots[:i] {
			if !fits[[2]int32{y, x}] {
				continue
			}
			if c.oneGroup(append(degree[x], degree[y]...), fits) {
				return y, x, 0
			}
			ambiguous++
		}
	}
	return -1, -1, ambiguous
}

// oneGroup tells whether all of these clusters fit one another: then they are one person and the order does not matter.
func (c *clusters) oneGroup(list []int32, fits map[[2]int32]bool) bool {
	for i, x := range list {
		for _, y := range list[:i] {
			if x != y && !fits[[2]int32{min(x, y), max(x, y)}] {
				return false
			}
		}
	}
	return true
}

func (c *clusters) roots(block []int32) []int32 {
	out := make([]int32, 0, len(block))
	for _, i := range block {
		out = append(out, c.root(i))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// anyAgree tells whether some record of one cluster agrees with some record of the other.
func (c *clusters) anyAgree(a, b int32, agree func(x, y *record, n compared) bool) bool {
	for _, i := range c.lists[a] {
		for _, j := range c.lists[b] {
			x, y := c.records[i], c.records[j]
			if agree(x, y, compareNames(x, y)) {
				return true
			}
		}
	}
	return false
}

// The values below are what records of one person have in common under a rule.

func nameBirth(r *record) []string {
	var out []string
	for _, d := range r.births {
		for i := range r.names {
			n := &r.names[i]
			for _, f := range []string{n.family, n.former} {
				if f == "" || n.primary() == "" {
					continue
				}
				// in either order, so that swapped names meet
				out = note(out, birthKey(d)+min(f, n.primary())+"|"+max(f, n.primary()))
				if len(n.given) > 0 {
					out = note(out, birthKey(d)+min(f, n.given[0])+"|"+max(f, n.given[0]))
				}
			}
		}
	}
	return out
}

func birthGiven(r *record) []string {
	return withBirth(r, func(n *name) string { return n.primary() })
}

func birthFamily(r *record) []string {
	return withBirth(r, func(n *name) string { return n.family })
}

func withBirth(r *record, part func(*name) string) []string {
	var out []string
	for _, d := range r.births {
		for i := range r.names {
			if p := part(&r.names[i]); p != "" {
				out = note(out, birthKey(d)+p)
			}
		}
	}
	return out
}

func birthPlace(r *record) []string {
	var out []string
	for _, d := range r.births {
		for _, p := range r.places {
			out = note(out, birthKey(d)+p)
		}
	}
	return out
}

func namePlace(r *record) []string {
	var out []string
	for _, p := range r.places {
		for i := range r.names {
			if n := &r.names[i]; n.family != "" && n.primary() != "" {
				out = note(out, p+"|"+n.family+"|"+n.primary())
			}
		}
	}
	return out
}

func birthKey(d int32) string { return strconv.Itoa(int(d)) + "|" }
