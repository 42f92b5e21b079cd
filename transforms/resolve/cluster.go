package resolve

// view is a night's records with what is needed to compare them.
type view struct {
	records []record
	names   *onomasticon
	clean   map[string]bool
	apart   map[[2]int32]bool // records that a person has parted, smaller number first
}

// clusters is a union of records with a veto: two clusters become one only when no record of one contradicts any of the
// other. The records of a cluster are a ring.
type clusters struct {
	*view
	parent []int32
	next   []int32
	size   []int32 // at the root
	judged []edge  // pairs that an identifier or a rule brought together, joined or not
}

func newClusters(v *view) *clusters {
	n := len(v.records)
	c := &clusters{view: v, parent: make([]int32, n), next: make([]int32, n), size: make([]int32, n)}
	for i := range c.parent {
		c.parent[i], c.next[i], c.size[i] = int32(i), int32(i), 1
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

// join makes one cluster of two roots. The smaller one stays, so that the order of joins leaves no trace.
func (c *clusters) join(a, b int32) {
	if a > b {
		a, b = b, a
	}
	c.parent[b] = a
	c.size[a] += c.size[b]
	c.next[a], c.next[b] = c.next[b], c.next[a]
}

// pairs calls f with every record of one root's cluster and every record of the other's until f answers false.
func (c *clusters) pairs(a, b int32, f func(i, j int32) bool) {
	for i := a; ; {
		for j := b; ; {
			if !f(i, j) {
				return
			}
			if j = c.next[j]; j == b {
				break
			}
		}
		if i = c.next[i]; i == a {
			return
		}
	}
}

// maxCluster is how many records of one person there can be: more is a sign of a shared identifier, not of a person.
const maxCluster = 40

// veto says why two clusters may not become one, or "".
type veto string

const (
	vetoNone       veto = ""
	vetoIdentifier veto = "identifier"   // another strong identifier contradicts
	vetoBirth      veto = "birth-date"   // birth dates contradict
	vetoName       veto = "name"         // given names contradict
	vetoSize       veto = "size"         // the cluster would hold more records than a person has
	vetoClean      veto = "clean-system" // two records of a system that has no duplicates
	vetoApart      veto = "apart"        // a person has parted two of the records
)

// every gives the first veto of a check of all records of one cluster with all of the other.
func (c *clusters) every(a, b int32, check func(x, y *record) veto) veto {
	if c.size[a]+c.size[b] > maxCluster {
		return vetoSize
	}
	out := vetoNone
	c.pairs(a, b, func(i, j int32) bool {
		if c.apart != nil && c.apart[[2]int32{min(i, j), max(i, j)}] {
			out = vetoApart
		} else {
			out = check(&c.records[i], &c.records[j])
		}
		return out == vetoNone
	})
	return out
}

// byIdentifier checks two clusters that share a strong identifier. Birth dates must not contradict, nor other
// identifiers; where the national identity code agrees, learner numbers may differ, as one person can have several.
//
// Given names that contradict are overruled only by further evidence: whoever types a wrong number hits a stranger, not
// somebody with the same second identifier, or of the same family at the same address or telephone.
func (c *clusters) byIdentifier(a, b int32) veto {
	names, proof := contradict, false
	v := c.every(a, b, func(x, y *record) veto {
		code := relate(x, y, hetuOf)
		switch {
		case code == disagree:
			return vetoIdentifier
		case births(x, y) == disagree:
			return vetoBirth
		case code != agree && relate(x, y, oppijaOf) == disagree:
			return vetoIdentifier
		}
		n := c.names.compare(x, y)
		names = max(names, n.given)
		proof = proof || sharedIdentifiers(x, y) > 1 || n.family >= alike && (share(x, y, emailsOf) || share(x, y, phonesOf))
		return vetoNone
	})
	if v == vetoNone && names == contradict && !proof {
		return vetoName
	}
	return v
}

func sharedIdentifiers(x, y *record) int {
	n := 0
	for i := range identifiers {
		if relate(x, y, identifiers[i].of) == agree {
			n++
		}
	}
	return n
}

// byRule checks two clusters that rules on names and contacts want to join: nothing at all may contradict.
func (c *clusters) byRule(a, b int32) veto {
	return c.every(a, b, func(x, y *record) veto {
		switch {
		case relate(x, y, hetuOf) == disagree, relate(x, y, oppijaOf) == disagree, relate(x, y, employeeOf) == disagree:
			return vetoIdentifier
		case x.System == y.System && c.clean[x.System]:
			return vetoClean
		case births(x, y) == disagree:
			return vetoBirth
		case c.names.compare(x, y).given == contradict:
			return vetoName
		}
		return vetoNone
	})
}
