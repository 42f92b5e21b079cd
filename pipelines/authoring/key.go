package authoring

import (
	"slices"
	"strings"

	"uoma/transforms/linkage"
)

// rowKey is what names the rows of a table, and their people.
type rowKey struct {
	row    []string // columns
	person string
	sure   bool // no two rows of the sample have the same
}

func (k *rowKey) has(column string) bool { return k.person == column || slices.Contains(k.row, column) }

// namers are the targets that name a person, the surest first.
var namers = []string{"person.source_key", "person.student_number", "person.employee_number", "person.eppn", "person.oppijanumero",
	"person.hetu", "person.fnr", "email.institution", "email.personal", "email.work"}

// key finds the columns that are always filled and differ from row to row: the person's own, another that names something,
// or the person's and another one together.
func (d *drafting) key(columns []Guess, kinds []linkage.Kind) rowKey {
	who := -1
	for _, target := range namers {
		at := slices.IndexFunc(columns, func(g Guess) bool { return slices.Contains(g.To, target) })
		if at >= 0 && (who < 0 || d.filled(at) && !d.filled(who)) {
			who = at
		}
	}
	rank := func(i int) int {
		switch {
		case i == who:
			return 0
		case slices.ContainsFunc(columns[i].To, func(to string) bool { return strings.HasSuffix(to, ".key") }):
			return 1
		case kinds[i] == linkage.RecordID, kinds[i] == linkage.Identifier:
			return 2
		case len(columns[i].To) > 0:
			return 3
		}
		return 4
	}
	var order []int
	for i := range columns {
		if columns[i].Name != "" && d.filled(i) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	names := func(at ...int) rowKey {
		k := rowKey{sure: true}
		for _, i := range at {
			k.row = append(k.row, columns[i].Name)
		}
		k.person = k.row[0]
		if who >= 0 {
			k.person = columns[who].Name
		}
		return k
	}
	for _, i := range order {
		if rank(i) < 3 && d.distinct(i) {
			return names(i)
		}
	}
	for _, i := range order {
		if who >= 0 && i != who && d.filled(who) && d.distinct(who, i) {
			return names(who, i)
		}
	}
	for _, i := range order {
		if d.distinct(i) {
			return names(i)
		}
	}
	best := who
	if best < 0 {
		best = slices.IndexFunc(columns, func(g Guess) bool { return len(g.To) > 0 })
	}
	if best < 0 {
		return rowKey{}
	}
	k := names(best)
	k.sure = false
	return k
}

// filled tells whether every row of the sample has a value in a column.
func (d *drafting) filled(i int) bool {
	return !slices.ContainsFunc(d.sample, func(row []string) bool { return i >= len(row) || strings.TrimSpace(row[i]) == "" })
}

// distinct tells whether no two rows of the sample have the same in the columns.
func (d *drafting) distinct(columns ...int) bool {
	seen := map[string]bool{}
	for _, row := range d.sample {
		var key []string
		for _, i := range columns {
			key = append(key, row[i])
		}
		joined := strings.Join(key, "\x00")
		if seen[joined] {
			return false
		}
		seen[joined] = true
	}
	return len(seen) > 0
}
