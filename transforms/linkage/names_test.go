package linkage

import (
	"fmt"
	"strings"
	"testing"

	"uoma/transforms/likeness"
)

// TestColumnsCalledLikeParts: names of columns are the user's, those of passes ours.
func TestColumnsCalledLikeParts(t *testing.T) {
	fields := []Field{{"id", RecordID, false}, {"x", GivenNames, false}, {"y", FamilyName, false}, {"names", Identifier, false},
		{"given name + city", Identifier, false}, {"email", Text, false}, {"mail", Email, false}}
	var rows cells
	for i := range 400 {
		who := i / 2
		rows = append(rows, []string{fmt.Sprint(i), fmt.Sprintf("Anna%c", 'a'+who%20), fmt.Sprintf("Specimen%c", 'a'+who/20), fmt.Sprint(70_000 + 37*who), fmt.Sprint(90_000 + 91*who),
			fmt.Sprint("note ", who%7), fmt.Sprint("a", who, "@mail.example")})
	}
	table := tableOf(fields, rows, 0)
	res := link(t, table, Defaults())
	if precision, recall := accuracy(table, res, truthOf(rows)); precision < 1 || recall < 1 {
		t.Errorf("precision %v, recall %v", precision, recall)
	}
	o := Defaults()
	for _, p := range table.Parts() {
		o.Passes = append(o.Passes, []string{p})
	}
	m := link(t, table, o).Model
	o = Defaults()
	o.Model = m
	if again := link(t, table, o); len(again.Passes) != len(table.Parts()) {
		t.Errorf("%d passes of %d", len(again.Passes), len(table.Parts()))
	}
}

func truthOf(rows cells) map[string]string {
	out := map[string]string{}
	for i, r := range rows {
		out[r[0]] = fmt.Sprint(i / 2)
	}
	return out
}

// TestListsOfNames compares lists of given names by the numbers of their words, and as texts.
func TestListsOfNames(t *testing.T) {
	many := func(n int) string {
		words := make([]string, n)
		for i := range words {
			words[i] = fmt.Sprintf("%c%c", 'a'+i%26, 'a'+i/26)
		}
		return strings.Join(words, " ")
	}
	lists := []string{"zoe", "zoe zara", "aa", "aa ba", "aa ba ca da", many(5), many(6), many(255), many(256), many(257), many(512)}
	var rows cells
	for i, names := range lists {
		rows = append(rows, []string{fmt.Sprint(i), names, "Specimen", "", "", ""})
	}
	table := tableOf(few(), rows, 0)
	c := newComparer(table)
	for i := range int32(len(lists)) {
		for j := range i {
			x, y := table.given.first(i), table.given.first(j)
			a, b := table.given.text(x), table.given.text(y)
			if got, want := c.lists(x, y), likeness.Given(a, b); got != want {
				t.Errorf("%d names and %d: %s, want %s", len(strings.Fields(a)), len(strings.Fields(b)), likeness.GivenLevels[got], likeness.GivenLevels[want])
			}
		}
	}
}
