package resolve

// clusters is a union of records with a veto: two clusters become one only when no record of one contradicts any of the
// other.
type clusters struct {
	records []*record
	parent  []int32
	lists   [][]int32 // records of a cluster, at its root
	clean   map[string]bool
}

func newClusters(records []*record, clean map[string]bool) *clusters {
	c := &clusters{records: records, parent: make([]int32, len(records)), lists: make([][]int32, len(records)), clean: clean}
	for i := range records {
		c.parent[i] = int32(i)
		c.lists[i] = []int32{int32(i)}
	}
	return c
}

func (c *clusters) root(i int32) int32 {
	for c.parent[i] != i {
		c.parent[i] = c.parent[c.parent[i]]
		i = c.parent[i]
	}
	return i
}

// join makes one cluster of two. The smaller root stays, so that the order of joins leaves no trace.
func (c *clusters) join(a, b int32) {
	if a > b {
		a, b = b, a
	}
	c.parent[b] = a
	c.lists[a] = append(c.lists[a], c.lists[b]...)
	c.lists[b] = nil
}

// maxCluster is how many records of one person there can be: more is a sign of a shared identifier, not of a person.
const maxCluster = 40

// veto says why two clusters may not become one, or "".
type veto string

const (
	vetoIdentifier veto = "identifier"   // another strong identifier contradicts
	vetoBirth      veto = "birth-date"   // birth dates contradict
	vetoName       veto = "name"         // given names contradict
	vetoSize       veto = "size"         // the cluster would hold more records than a person has
	vetoClean      veto = "clean-system" // two records of a system that has no duplicates
	vetoNone       veto = ""
)

// byIdentifier checks two clusters that share a strong identifier. A national identity code that agrees is stronger than
// the other identifiers, which may be old or mistyped; names must not contradict wholly in any case.
func (c *clusters) byIdentifier(a, b int32, national bool) veto {
	return c.every(a, b, func(x, y *record) veto {
		if disagree(x.hetus, y.hetus) {
			return vetoIdentifier
		}
		sameCode := meet(x.hetus, y.hetus)
		if disagree(x.oppijas, y.oppijas) && !sameCode {
			return vetoIdentifier
		}
		if birthsDisagree(x, y) && !sameCode {
			return vetoBirth
		}
		n := compareNames(x, y)
		if n.given == contradict && (n.family == contradict || !national) {
			return vetoName
		}
		return vetoNone
	})
}

// byRule checks two clusters that rules on names and contacts want to join: nothing at all may contradict.
func (c *clusters) byRule(a, b int32) veto {
	return c.every(a, b, func(x, y *record) veto {
		switch {
		case disagree(x.hetus, y.hetus), disagree(x.oppijas, y.oppijas), disagree(x.employees, y.employees):
			return vetoIdentifier
		case x.system == y.system && c.clean[x.system]:
			return vetoClean
		case birthsDisagree(x, y):
			return vetoBirth
		case compareNames(x, y).given == contradict:
			return vetoName
		}
		return vetoNone
	})
}

func (c *clusters) every(a, b int32, check func(x, y *record) veto) veto {
	if len(c.lists[a])+len(c.lists[b]) > maxCluster {
		return vetoSize
	}
	for _, i := range c.lists[a] {
		for _, j := range c.lists[b] {
			if v := check(c.records[i], c.records[j]); v != vetoNone {
				return v
			}
		}
	}
	return vetoNone
}
