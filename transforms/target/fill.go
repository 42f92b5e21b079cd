package target

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"uoma/internal/canon"
)

// Cell is one value of a row, and which source row says it.
type Cell struct {
	Text string
	Key  string // "" where the target itself fills it, or nothing stands there
	From string // the canonical field that it was taken from
}

// Value is what is known of a field: text in canonical form.
type Value struct{ Text, Key string }

// Lookup gives what may be sent of a field: of some systems alone when any are named.
type Lookup func(f Field, of []string) Value

// Row makes the cells of a row. know gives the fields of the person, own those of the row's own table, copied what stands in a
// column of the recipient's list, and words what {return_by} and {pseudonym} stand for. lacks names the first column or element without
// which there is no row; "" when the row is whole.
func (b *Block) Row(know, own Lookup, copied func(column string) string, words *strings.Replacer) (cells []Cell, lacks string) {
	cells = make([]Cell, len(b.Columns))
	find := func(f Field, of []string) Value {
		if f.Table == b.Each && f.Table != Person {
			return own(f, of)
		}
		return know(f, of)
	}
	for i := range b.Columns {
		c := &b.Columns[i]
		if slices.ContainsFunc(c.when, func(k condition) bool { return own(k.Field, nil).Text != k.want }) {
			continue
		}
		switch {
		case c.Copy:
			cells[i].Text = copied(c.Name)
		case c.Value != "":
			cells[i].Text = words.Replace(c.Value)
		}
		for _, f := range c.from {
			v := find(f, c.Of)
			if text := c.convert(v.Text, f.Type); text != "" {
				cells[i] = Cell{text, v.Key, f.Name}
				break
			}
		}
		if cells[i].Text == "" {
			cells[i].Text = c.Default
		}
		if c.Required && cells[i].Text == "" {
			lacks = cmp.Or(lacks, c.Name)
		}
	}
	for i := range b.Columns {
		if c := &b.Columns[i]; c.beside >= 0 && cells[c.beside].Text == "" {
			cells[i] = Cell{}
		}
	}
	return cells, cmp.Or(lacks, b.lacking(cells))
}

// lacking names the first of the needed columns and elements of which nothing stands in a row.
func (b *Block) lacking(cells []Cell) string {
	for _, need := range b.Needs {
		filled := false
		for i := range b.Columns {
			filled = filled || cells[i].Text != "" && b.Columns[i].in(need)
		}
		if !filled {
			return need
		}
	}
	return ""
}

// in tells whether the column is the named one, or stands in the named element.
func (c *Column) in(element string) bool {
	return c.Name == element || strings.HasPrefix(c.Name, element+"/")
}

// convert makes the recipient's text of a canonical one.
func (c *Column) convert(text string, as canon.Type) string {
	if text == "" {
		return ""
	}
	if c.Codes != nil {
		text = c.Codes[text]
	}
	switch as {
	case canon.Day:
		if d, err := canon.ParseDate(text); err == nil && c.Format != "" {
			text = formatDate(d, c.Format)
		}
	case canon.Decimal:
		if c.Decimal != "" {
			text = strings.Replace(text, ".", c.Decimal, 1)
		}
	}
	return cut(clean(text), c.Max)
}

// clean takes out what no file can hold in a cell: a control character becomes a space.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || r == '\uFFFE' || r == '\uFFFF' {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

func cut(s string, limit int) string {
	if limit == 0 || utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:limit]))
}

// formatDate writes a date by a format of yyyy, MM, M, dd and d.
func formatDate(d canon.Date, format string) string {
	iso := d.String() // yyyy-MM-dd
	month, _ := strconv.Atoi(iso[5:7])
	day, _ := strconv.Atoi(iso[8:])
	return strings.NewReplacer("yyyy", iso[:4], "MM", iso[5:7], "dd", iso[8:], "M", strconv.Itoa(month), "d", strconv.Itoa(day)).Replace(format)
}
