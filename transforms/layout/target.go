package layout

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"uoma/internal/canon"
)

// target is a parsed target: the canonical row it belongs to and the column it fills there.
type target struct {
	label  string // of the row
	table  *canon.Table
	column int               // -1 when a true value raises the row
	consts map[string]string // columns that the label itself fills
}

// target reads "table.column", "table.kind", "table.kind.column" and "table.number.column"; ok is false when the
// canonical tables know no such place.
func (c *checker) target(text string) (t target, ok bool) {
	parts := strings.Split(text, ".")
	t.table = canon.Named(parts[0])
	if t.table == nil || len(parts) < 2 || len(parts) > 3 {
		return t, false
	}
	s := shapeOf(parts[0])
	last := parts[len(parts)-1]
	if len(parts) == 2 {
		if at := column(t.table, last); at >= 0 {
			t.label, t.column = parts[0], at
			return t, true
		}
		return t.kind(s, last, s.value)
	}
	if _, err := strconv.ParseUint(parts[1], 10, 8); err == nil {
		t.label, t.column = parts[0]+"."+parts[1], column(t.table, last)
		return t, t.column >= 0
	}
	if parts[0] == "objection" && slices.Contains(channels, last) {
		t, ok = t.kind(s, parts[1], "")
		t.label += "." + last
		t.consts["channel"] = last
		return t, ok
	}
	if column(t.table, last) < 0 {
		return t, false
	}
	return t.kind(s, parts[1], last)
}

// RowOf gives the label of the canonical row that a target fills a part of, "" of what is no target.
func RowOf(text string) string {
	t, ok := new(checker).target(text)
	if !ok {
		return ""
	}
	return t.label
}

// kind completes a target whose middle part is a kind; with no column a true value raises the row.
func (t target) kind(s shape, label, col string) (target, bool) {
	t.label = t.table.Name + "." + label
	t.consts = map[string]string{s.label: label}
	t.column = -1
	if col != "" {
		t.column = column(t.table, col)
	}
	flaggable := t.table.Name == "role" || t.table.Name == "objection"
	return t, slices.Contains(s.labels, label) && (col != "" || flaggable)
}

// column gives the position of a canonical column that a layout may fill, or -1: provenance is not its business.
func column(t *canon.Table, name string) int {
	if i := t.Index(name); i >= len(canon.Provenance()) {
		return i
	}
	return -1
}

// fill makes the feed's fillings from the targets of its columns and the extra rules of its rows.
func (c *checker) fill(f *Feed, under func(...string) []string) {
	for i := range f.Columns {
		for j, text := range f.Columns[i].To {
			at := under("columns", strconv.Itoa(i), "to", strconv.Itoa(j))
			t, ok := c.target(text)
			if !ok {
				c.find(errTarget, text, at...)
				continue
			}
			c.connect(f, t, i, j, text, at)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(f.Rows)) {
		c.row(f, label, under("rows", label))
	}
	for i := range f.fillings {
		f.fillings[i].Essential = essential(&f.fillings[i])
	}
	tables := canon.Tables()
	order := func(t *canon.Table) int {
		return slices.IndexFunc(tables, func(o canon.Table) bool { return o.Name == t.Name })
	}
	slices.SortStableFunc(f.fillings, func(a, b Filling) int { return order(a.Table) - order(b.Table) })
}

// connect lets column i of the feed fill a target, its j-th.
func (c *checker) connect(f *Feed, t target, i, j int, text string, at []string) {
	fill := f.filling(t)
	col := &f.Columns[i]
	rule, known := RuleType(col.As)
	if t.column < 0 {
		if known && rule != canon.Bool {
			c.find(errType, text, at...)
		}
		fill.Flags = append(fill.Flags, i)
		return
	}
	if known && !fits(rule, t.table.Columns[t.column].Type) {
		c.find(errType, text, at...)
	}
	if slices.ContainsFunc(fill.Values, func(v Value) bool { return v.Column == t.column }) {
		c.find(errFilled, text, at...)
		return
	}
	v := Value{Column: t.column, Source: i}
	if col.Split != "" {
		v.Part = Family + Split(min(j, 1))
	}
	fill.Values = append(fill.Values, v)
}

// filling gives the feed's filling of that label, a new one when there is none.
func (f *Feed) filling(t target) *Filling {
	for i := range f.fillings {
		if f.fillings[i].Label == t.label {
			return &f.fillings[i]
		}
	}
	fill := Filling{Label: t.label, Table: t.table}
	for _, name := range slices.Sorted(maps.Keys(t.consts)) {
		fill.Values = append(fill.Values, Value{Column: t.table.Index(name), Source: -1, Const: t.consts[name]})
	}
	f.fillings = append(f.fillings, fill)
	return &f.fillings[len(f.fillings)-1]
}

// row adds the conditions and constants that the file gives to a canonical row.
func (c *checker) row(f *Feed, label string, at []string) {
	t, ok := c.rowLabel(label)
	if !ok {
		c.find(errTarget, label, at...)
		return
	}
	fill := f.filling(t)
	rule := f.Rows[label]
	for _, w := range rule.When {
		source := f.Index(w.column)
		if source < 0 {
			c.find(errUnknown, w.column, append(slices.Clone(at), "when")...)
			continue
		}
		fill.When = append(fill.When, Condition{Source: source, Not: w.not, Values: w.values})
	}
	for _, name := range slices.Sorted(maps.Keys(rule.Set)) {
		c.constant(fill, name, rule.Set[name], append(slices.Clone(at), "set", name))
	}
}

// rowLabel reads the label of a canonical row: "table", "table.kind", "table.number" or "objection.scope.channel".
func (c *checker) rowLabel(label string) (target, bool) {
	t := target{label: label, table: canon.Named(label)}
	if t.table != nil {
		return t, true
	}
	if t, ok := c.target(label); ok && t.label == label {
		return t, true
	}
	name, number, _ := strings.Cut(label, ".")
	t.table = canon.Named(name)
	if t.table == nil {
		return t, false
	}
	if _, err := strconv.ParseUint(number, 10, 8); err == nil {
		return t, true
	}
	s := shapeOf(name)
	t.consts = map[string]string{s.label: number}
	return t, slices.Contains(s.labels, number)
}

func (c *checker) constant(fill *Filling, name, text string, at []string) {
	col := column(fill.Table, name)
	switch {
	case col < 0:
		c.find(errTarget, fill.Table.Name+"."+name, at...)
	case slices.ContainsFunc(fill.Values, func(v Value) bool { return v.Column == col }):
		c.find(errFilled, fill.Table.Name+"."+name, at...)
	case !constantFits(fill.Table.Columns[col].Type, text):
		c.find(errRow, text, at...)
	default:
		fill.Values = append(fill.Values, Value{Column: col, Source: -1, Const: text})
	}
}

func constantFits(t canon.Type, text string) bool {
	switch t {
	case canon.Text:
		return text != ""
	case canon.Day:
		_, err := canon.ParseDate(text)
		return err == nil
	case canon.Bool:
		return text == "true" || text == "false"
	}
	return false
}

// essential gives the columns of which one must have a value from the export. A row that only constants fill, or that
// a flag or condition raises, needs none.
func essential(fill *Filling) []int {
	var out []int
	for _, name := range shapeOf(fill.Table.Name).essential {
		at := fill.Table.Index(name)
		i := slices.IndexFunc(fill.Values, func(v Value) bool { return v.Column == at })
		if i >= 0 && fill.Values[i].Source < 0 {
			return nil
		}
		out = append(out, at)
	}
	return out
}
