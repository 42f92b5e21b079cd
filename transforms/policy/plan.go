package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"uoma/internal/canon"
)

// Plan lists what is due on a date, and what would be but for a hold.
type Plan []Due

// Plan works out what is due for records on a date, held or not, in the order of items.
func (p *Pack) Plan(items []Item, date canon.Date) Plan {
	var out Plan
	for i := range items {
		if d, ok := p.DueAt(&items[i], date); ok {
			d.Item = i
			out = append(out, d)
		}
	}
	return out
}

// Digest names what a plan carries out: of whom which data goes in which way, when it became due and by which clause. What is
// held or reviewed is not carried out. The order of lines says nothing.
func (p Plan) Digest() string {
	var lines []string
	for i := range p {
		if d := &p[i]; d.Hold == "" && d.Action.Ends() {
			lines = append(lines, strings.Join([]string{d.Person, d.Feed, d.SourceKey, d.Category, string(d.Action), d.DueDate.String(), d.Clause}, "\x1f"))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// PlanFilter keeps the lines that meet every field that is given.
type PlanFilter struct {
	Person, Source, Category, Action, Clause string
	Held                                     *bool
	From                                     canon.Date // due on this day or later
}

// Keep gives the lines that a filter keeps. A source is a feed or its system.
func (p Plan) Keep(f PlanFilter) Plan {
	return slices.DeleteFunc(slices.Clone(p), func(d Due) bool {
		return f.Person != "" && d.Person != f.Person || f.Source != "" && d.Feed != f.Source && canon.SystemOf(d.Feed) != f.Source ||
			f.Category != "" && d.Category != f.Category || f.Action != "" && string(d.Action) != f.Action ||
			f.Clause != "" && d.Clause != f.Clause || f.Held != nil && (d.Hold != "") != *f.Held || d.DueDate < f.From
	})
}

// PlanOrders are the columns that a plan can be sorted by; the rest of the order is always by due day, person and record.
func PlanOrders() []string {
	return []string{"due", "person", "source", "category", "action", "clause"}
}

// Sort sorts the plan by a column of [PlanOrders].
func (p Plan) Sort(by string) {
	lines := make([]*Due, len(p)) // lines are long: pointers move faster
	for i := range p {
		lines[i] = &p[i]
	}
	slices.SortFunc(lines, func(a, b *Due) int {
		if c := strings.Compare(a.column(by), b.column(by)); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.DueDate, b.DueDate), strings.Compare(a.Person, b.Person),
			strings.Compare(a.SourceKey, b.SourceKey), strings.Compare(a.Category, b.Category))
	})
	sorted := make(Plan, len(p))
	for i, line := range lines {
		sorted[i] = *line
	}
	copy(p, sorted)
}

// column gives what a line says in a column of text that a plan can be sorted by.
func (d *Due) column(by string) string {
	switch by {
	case "person":
		return d.Person
	case "source":
		return d.Feed
	case "category":
		return d.Category
	case "action":
		return string(d.Action)
	case "clause":
		return d.Clause
	}
	return ""
}

// PlanColumns names what a line of a plan tells.
func PlanColumns() []string {
	return []string{"due", "action", "category", "clause", "hold", "anchor", "anchor_date", "person", "source", "source_key"}
}

// Cells gives a line under [PlanColumns].
func (d *Due) Cells() []string {
	return []string{d.DueDate.String(), string(d.Action), d.Category, d.Clause, d.Hold, d.Anchor.String(), d.AnchorDate.String(),
		d.Person, d.Feed, d.SourceKey}
}

// WriteCSV writes the plan with a header, for a spreadsheet. It holds tokens, names of configuration and days, and no
// value of a person; a cell that a spreadsheet would take for a formula gets an apostrophe.
func (p Plan) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(PlanColumns()); err != nil {
		return err
	}
	for i := range p {
		cells := p[i].Cells()
		for n, c := range cells {
			if c != "" && strings.ContainsRune("=+-@\t\r\x00", rune(c[0])) {
				cells[n] = "'" + c
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
