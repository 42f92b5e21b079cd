package linkage

// Population says that the table's records are a part of a larger number, and how common names are there: of how many
// records a word is one of the given names, and a name the family name. Names are folded.
func (t *Table) Population(records int, given, family func(name string) int32) {
	t.given.told, t.family.told = max(records, t.given.told), max(records, t.family.told)
	for i := range t.words.uses {
		t.words.uses[i] = max(1, given(t.words.text(int32(i))))
	}
	for i := range t.names {
		k, name := &t.names[i], t.given.text(int32(i))
		t.family.uses[i] = max(1, family(name))
		least := t.words.uses[k.words[0]]
		for _, w := range k.words[1:min(k.count, maxWords)] {
			least = min(least, t.words.uses[w])
		}
		t.given.uses[i] = least // more than bear all of them: on the safe side
		t.nameUses[i] = least + t.family.uses[i]
	}
}
