package linkage

// A table may tell one thing of people: their names, or a number. Then nothing confirms what a pair teaches, and training would
// doubt pair after pair until no person is left. So it stops where it began: the seeds are one person's, two in a hundred of them
// not, and how rare a value is decides.

// likely is how many people of a household, twins and namesakes each record of such a table is held to have, beyond what
// rarity says: next to none, as nothing tells them from one person.
const likely = 0.01

// scant tells whether a table tells names, or one thing that a person has alone, and nothing that could confirm it. A birth
// date or an address alone is no such thing: many share it.
func (t *Table) scant() bool {
	own := false
	for f, x := range t.features {
		switch x.kind {
		case Identifier, Phone, Email:
			own = own || t.shows(f)
		}
	}
	n, names := t.evidence(), t.shows(featureGiven) && t.shows(featureFamily)
	if names {
		n--
	}
	return n == 1 && (own || names)
}

// evidence counts the features of which agreement can be seen.
func (t *Table) evidence() (n int) {
	for f := range t.features {
		if t.shows(f) {
			n++
		}
	}
	return n
}

// shows tells whether two records can agree in a feature so far that it counts: a town alone is no address.
func (t *Table) shows(f int) bool {
	x := &t.features[f]
	return x.there && int(x.seed) <= t.reach(f) && t.telling(f) > 0
}

// takeSeeds leaves a model as the seeds taught it.
func (t *Table) takeSeeds(m *Model, patterns []pattern) {
	all := float64(max(t.n, 1))
	t.expect(m, patterns)
	m.Household, m.Twins, m.Namesakes = likely/all, maxTwins*likely/all, likely/all
}
