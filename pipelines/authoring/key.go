package authoring

import (
	"slices"
	"strings"

	"uoma/transforms/linkage"
)

// rowKey is what names the rows of a table, and their people, each part by columns of which the first with a value counts.
type rowKey struct {
	row    [][]string
	person []string
	sure   bool // no two rows of the sample have the same
	gaps   bool // some rows have none
}

// has tells whether a column belongs to the key, and alone whether a row without it has none.
func (k *rowKey) has(column string) (yes, alone bool) {
	for _, part := range append(slices.Clone(k.row), k.person) {
		if slices.Contains(part, column) {
			yes, alone = true, alone || len(part) == 1
		}
	}
	return yes, alone
}

// written gives a part as a layout has it.
func written(part []string) string {
	if len(part) == 1 {
		return plain(part[0])
	}
	return "[" + strings.Join(each(part, plain), ", ") + "]"
}

// namers are the targets that name a person, the surest first.
var namers = []string{"person.source_key", "person.student_number", "person.employee_number", "person.eppn", "person.oppijanumero",
	"person.hetu", "person.fnr", "email.institution", "email.work", "email.personal"}

// part is one part of a key at work: columns of which the first with a value counts.
type part []int

// key finds the parts that are always filled and differ from row to row: what names the person, another column that names
// something, or both together.
func (d *drafting) key(columns []Guess, kinds []linkage.Kind) rowKey {
	who := d.who(columns)
	rank := func(i int) int {
		switch {
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
		if columns[i].Name != "" && d.filled(part{i}) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(a) - rank(b) })
	if len(who) > 0 && d.distinct(who) {
		return d.named(true, who, who)
	}
	for _, numbers := range []bool{true, false} {
		for _, i := range order {
			if (rank(i) < 3) == numbers && d.distinct(part{i}) {
				return d.named(true, who, part{i})
			}
		}
		for _, i := range order {
			if numbers && len(who) > 0 && d.distinct(who, part{i}) {
				return d.named(true, who, who, part{i})
			}
		}
	}
	if claimed := slices.IndexFunc(columns, func(g Guess) bool { return len(g.To) > 0 }); len(who) == 0 && claimed >= 0 {
		who = part{claimed}
	}
	if len(who) == 0 {
		return rowKey{}
	}
	return d.named(false, who, who)
}

// who gives what names the person: the surest column, and where it is not always filled those that stand in for it.
func (d *drafting) who(columns []Guess) (who part) {
	for _, target := range namers {
		at := slices.IndexFunc(columns, func(g Guess) bool { return slices.Contains(g.To, target) })
		switch {
		case at < 0 || slices.Contains(who, at):
		case d.filled(part{at}):
			return part{at}
		default:
			who = append(who, at)
		}
	}
	for n := 1; n < len(who); n++ {
		if d.filled(who[:n]) {
			return who[:n]
		}
	}
	return who
}

// named puts names to the parts of a key. Without a part that names the person the key's first one does.
func (d *drafting) named(sure bool, who part, row ...part) rowKey {
	if len(who) == 0 {
		who = row[0]
	}
	names := func(p part) (out []string) {
		for _, i := range p {
			out = append(out, d.form.Columns[i].Name)
		}
		return out
	}
	k := rowKey{sure: sure, person: names(who), gaps: !d.filled(who)}
	for _, p := range row {
		k.row = append(k.row, names(p))
	}
	return k
}

// value gives the part's value in a row.
func (p part) value(row []string) string {
	for _, i := range p {
		if i < len(row) && strings.TrimSpace(row[i]) != "" {
			return row[i]
		}
	}
	return ""
}

// filled tells whether every row of the sample has a value of a part.
func (d *drafting) filled(p part) bool {
	return !slices.ContainsFunc(d.sample, func(row []string) bool { return p.value(row) == "" })
}

// filledRows counts the rows of the sample that have a value in a column.
func (d *drafting) filledRows(i int) (n int) {
	for _, row := range d.sample {
		if (part{i}).value(row) != "" {
			n++
		}
	}
	return n
}

// distinct tells whether no two rows of the sample have the same parts, and none lacks one.
func (d *drafting) distinct(parts ...part) bool {
	seen := map[string]bool{}
	for _, row := range d.sample {
		var key []string
		for _, p := range parts {
			v := p.value(row)
			if v == "" {
				return false
			}
			key = append(key, v)
		}
		joined := strings.Join(key, "\x00")
		if seen[joined] {
			return false
		}
		seen[joined] = true
	}
	return len(seen) > 0
}
