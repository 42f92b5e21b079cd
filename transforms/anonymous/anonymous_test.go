package anonymous_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"uoma/internal/canon"
	"uoma/transforms/anonymous"
)

// events makes a batch of events, as the register has them.
func events(rows [][3]any) *canon.Batch {
	t := &canon.Table{Name: "event", Columns: []canon.Column{{Name: "date", Type: canon.Day}, {Name: "name", Type: canon.Text},
		{Name: "invited", Type: canon.Bool}, {Name: "responded", Type: canon.Bool}, {Name: "attended", Type: canon.Bool}}}
	b := canon.NewBuilder(t, "mira/events")
	for _, r := range rows {
		b.Day(0, r[0].(canon.Date))
		b.Text(1, r[1].(string))
		b.Bool(2, true)
		b.Null(3)
		b.Bool(4, r[2].(bool))
		b.EndRow()
	}
	return b.Flush()
}

// TestCountsLeadBackToNobody gives random guests of random events: no count is of few people, nor leaves few others, and
// whoever swaps two guests of a group finds the same counts.
func TestCountsLeadBackToNobody(t *testing.T) {
	day, _ := canon.NewDate(2025, 3, 1)
	count := func(rows [][3]any, people []string) string {
		var tally anonymous.Tally
		b := events(rows)
		for i := range rows {
			tally.Add("mira/events", "event", "event", people[i], b, []int{0, 1, 2, 3, 4}, i)
		}
		sizes := map[string]int64{}
		out := ""
		for _, c := range tally.Counts() {
			if c.People < anonymous.K {
				t.Fatalf("a count of %d", c.People)
			}
			group := fmt.Sprint(c.Name, c.Year)
			if c.What == anonymous.People {
				sizes[group] = c.People
			}
			out += fmt.Sprintln(c)
		}
		for _, c := range tally.Counts() {
			if others := sizes[fmt.Sprint(c.Name, c.Year)] - c.People; c.What != anonymous.People && others > 0 && others < anonymous.K {
				t.Fatalf("%d did not, which is few", others)
			}
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 80).Draw(t, "guests")
		var rows [][3]any
		var people []string
		for i := range n {
			at := rapid.IntRange(0, 3).Draw(t, "event")
			rows = append(rows, [3]any{day + canon.Date(at*300), fmt.Sprint("Event ", at), rapid.Bool().Draw(t, "came")})
			people = append(people, fmt.Sprint("p", i))
		}
		before := count(rows, people)
		a, b := rapid.IntRange(0, n-1).Draw(t, "a"), rapid.IntRange(0, n-1).Draw(t, "b")
		if rows[a][1] == rows[b][1] {
			people[a], people[b] = people[b], people[a]
			if after := count(rows, people); after != before {
				t.Fatalf("two guests of one event can be told apart:\n%s\n%s", before, after)
			}
		}
	})
}
