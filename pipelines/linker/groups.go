package linker

import (
	"slices"
	"strings"

	"uoma/transforms/likeness"
	"uoma/transforms/linkage"
)

// Linking that works worse for some people than for others is a fault that no total shows: women change their names more
// often, and names from another alphabet are spelt in more ways. So the share of linked records is told by group, where
// the files say to which one a record belongs.

// Group is how records of one group fared.
type Group struct {
	Of         string  `json:"of"` // sex, language, nationality
	Group      string  `json:"group"`
	Records    int     `json:"records"`
	Linked     float64 `json:"linked"`     // share that is in a cluster with another record
	Confidence float64 `json:"confidence"` // mean
}

// smallGroup is the number of records below which a group is told with the others: fewer could be people that somebody knows.
const smallGroup = 20

const (
	otherGroup  = "other"
	silentGroup = "not told"
)

// attributes are what groups are made by. The columns of the last two are known by their names, as nothing is compared by them.
var attributes = [...]struct {
	name    string
	columns []string
}{
	{"sex", nil},
	{"language", []string{"language", "mother tongue", "native language", "kieli", "aidinkieli", "asiointikieli", "sprak", "modersmal", "morsmal"}},
	{"nationality", []string{"nationality", "citizenship", "kansalaisuus", "medborgarskap", "nationalitet", "statsborgerskap"}},
}

// groups knows of each record to which groups it belongs, and which sources there are.
type groups struct {
	names   []string // of all groups; the first is [silentGroup]
	number  [len(attributes)]map[string]uint16
	of      [len(attributes)][]uint16 // of each record in the order in which they came
	told    [len(attributes)]bool
	raw     map[string]bool // sources as they are written
	sources map[string]bool // folded
	cells   [][]byte        // of a batch
}

func newGroups() groups {
	return groups{names: []string{silentGroup}, raw: map[string]bool{}, sources: map[string]bool{}}
}

// asked gives the place of each attribute's column among those that are read, -1 for none.
func (r *rows) asked(s *source) (at [len(attributes)]int) {
	for a := range attributes {
		at[a] = notThere
		for i := range s.columns {
			c := &s.columns[i]
			if c.Name != "" && (a == 0 && c.kind == linkage.Sex || slices.Contains(attributes[a].columns, likeness.Fold(c.Name))) {
				at[a] = r.want(c.Name)
				break
			}
		}
	}
	return at
}

// add notes the groups and sources of a batch's records.
func (g *groups) add(r *rows, at [len(attributes)]int) {
	g.cells = slices.Grow(g.cells[:0], r.n)[:r.n]
	r.Cells(fieldSource, 0, g.cells)
	var last []byte
	for i, s := range g.cells {
		if i > 0 && string(s) == string(last) {
			continue
		}
		if last = s; !g.raw[string(s)] && len(g.raw) < maxGroups {
			g.raw[string(s)] = true
			g.sources[likeness.Fold(string(s))] = true
		}
	}
	for a := range attributes {
		if at[a] < 0 {
			g.of[a] = append(g.of[a], make([]uint16, r.n)...) // of the first group
			continue
		}
		r.cols[at[a]].Cells(0, g.cells)
		for _, value := range g.cells {
			g.of[a] = append(g.of[a], g.group(a, value))
		}
	}
}

// maxGroups is how many values are told apart. A column with more of them tells no group.
const maxGroups = 1000

func (g *groups) group(a int, value []byte) uint16 {
	if g.number[a] == nil {
		g.number[a] = map[string]uint16{}
	}
	if n, known := g.number[a][string(value)]; known {
		return n
	}
	name := groupName(a, string(value))
	if len(g.number[a]) >= maxGroups {
		name = otherGroup
	}
	n := slices.Index(g.names, name)
	if n < 0 {
		n = len(g.names)
		g.names = append(g.names, name)
	}
	if len(g.number[a]) < maxGroups {
		g.number[a][string(value)] = uint16(n)
	}
	g.told[a] = g.told[a] || name != silentGroup
	return uint16(n)
}

// groupName gives the group that a value tells: a code, as a text could be anything that somebody wrote.
func groupName(a int, value string) string {
	v := strings.TrimSpace(value)
	if v == "" {
		return silentGroup
	}
	if a == 0 {
		return sexName(v)
	}
	code := len(v) == 2 || len(v) == 3
	for i := range len(v) {
		code = code && ('a' <= v[i]|0x20 && v[i]|0x20 <= 'z' || '0' <= v[i] && v[i] <= '9')
	}
	if !code {
		return otherGroup
	}
	return strings.ToLower(v)
}

func sexName(v string) string {
	switch strings.ToLower(v) {
	case "1", "m", "male", "mies", "man", "mann", "p", "h":
		return "male"
	case "2", "f", "female", "nainen", "kvinna", "kvinne", "k", "n", "w", "woman":
		return "female"
	}
	return otherGroup
}

// rates gives how each group fared.
func (g *groups) rates(t *linkage.Table, res *linkage.Result) []Group {
	size := make([]int32, t.Len())
	for _, c := range res.Cluster {
		size[c]++
	}
	out := []Group{}
	for a := range attributes {
		if !g.told[a] {
			continue
		}
		all := make([]Group, len(g.names))
		for rec := range int32(t.Len()) {
			x := &all[g.of[a][t.Came(rec)]]
			x.Records++
			x.Confidence += float64(res.Confidence[rec])
			if size[res.Cluster[rec]] > 1 {
				x.Linked++
			}
		}
		out = append(out, g.merged(attributes[a].name, all)...)
	}
	return out
}

// merged puts small groups together, and gives means instead of sums.
func (g *groups) merged(of string, all []Group) []Group {
	other := Group{Of: of, Group: otherGroup}
	var out []Group
	for i, x := range all {
		x.Of, x.Group = of, g.names[i]
		if x.Records < smallGroup || x.Group == otherGroup {
			other.Records += x.Records
			other.Linked += x.Linked
			other.Confidence += x.Confidence
			continue
		}
		out = append(out, x)
	}
	if other.Records > 0 {
		out = append(out, other)
	}
	for i := range out {
		out[i].Linked /= float64(out[i].Records)
		out[i].Confidence /= float64(out[i].Records)
	}
	slices.SortFunc(out, byGroup)
	return out
}
