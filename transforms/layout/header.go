package layout

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"uoma/internal/fault"
)

var (
	errHeaderMissing = fault.New("UOMA-LAY-HEADER-MISSING", "the export lacks a required column",
		"ask the source system's owner, or name the new header as an alias in the layout").For(fault.Source)
	errHeaderTwice = fault.New("UOMA-LAY-HEADER-TWICE", "the export names a column twice",
		"ask the source system's owner which of the two is meant").For(fault.Source)
	errFieldCount = fault.New("UOMA-LAY-FIELD-COUNT", "the export has a number of columns that the layout does not know",
		"compare the export with the layout's field-counts").For(fault.Source)
)

// Binding is where a feed's columns stand in one export.
type Binding struct {
	Index   []int    // for each of the feed's columns, its field in the export from 0, or -1
	Missing []string // optional columns of the layout that the export lacks
	Unknown []string // columns of the export that the layout does not name; they are never read
}

// IsHeader tells whether the fields are a header line: they name every required column.
func (f *Feed) IsHeader(fields []string) bool {
	names := foldAll(fields)
	for i := range f.Columns {
		if f.Columns[i].Required && f.Columns[i].find(names) < 0 {
			return false
		}
	}
	return true
}

// Bind finds the feed's columns by the names of a header line. Names are compared in NFC, trimmed, in any case. The
// error is a [fault.List] that names columns of the layout only: a file without its header has data in the first line.
func (f *Feed) Bind(header []string) (Binding, error) {
	names := foldAll(header)
	b := Binding{Index: make([]int, len(f.Columns))}
	var findings fault.List
	known := make([]bool, len(names))
	for i := range f.Columns {
		c := &f.Columns[i]
		at := c.find(names)
		b.Index[i] = at
		switch {
		case at >= 0:
			known[at] = true
			if c.find(names[at+1:]) >= 0 {
				findings = append(findings, errHeaderTwice.At(fault.Place{File: f.FullName(), Field: c.Name}))
			}
		case c.Required:
			findings = append(findings, errHeaderMissing.At(fault.Place{File: f.FullName(), Field: c.Name}))
		default:
			b.Missing = append(b.Missing, c.Name)
		}
	}
	if len(findings) > 0 {
		return Binding{}, findings
	}
	drop := foldAll(f.Drop)
	for i, name := range names {
		if !known[i] && name != "" && !slices.Contains(drop, name) {
			b.Unknown = append(b.Unknown, strings.TrimSpace(header[i]))
		}
	}
	return b, nil
}

// BindPositions places the feed's columns in an export without a header whose rows have count fields.
func (f *Feed) BindPositions(count int) (Binding, error) {
	if len(f.Format.FieldCounts) > 0 && !slices.Contains(f.Format.FieldCounts, count) {
		return Binding{}, fault.List{errFieldCount.At(fault.Place{File: f.FullName()}).Because(fmt.Errorf("%d columns", count))}
	}
	b := Binding{Index: make([]int, len(f.Columns))}
	for i := range f.Columns {
		b.Index[i] = f.Columns[i].Position - 1
		if b.Index[i] < count {
			continue
		}
		b.Index[i] = -1
		if f.Columns[i].Required {
			return Binding{}, fault.List{errHeaderMissing.At(fault.Place{File: f.FullName(), Field: f.Columns[i].Name})}
		}
		b.Missing = append(b.Missing, f.Columns[i].Name)
	}
	return b, nil
}

// find gives the place of the column among folded names, or -1.
func (c *Column) find(names []string) int {
	for i, name := range names {
		if name == fold(c.Name) || slices.ContainsFunc(c.Aliases, func(a string) bool { return fold(a) == name }) {
			return i
		}
	}
	return -1
}

func foldAll(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fold(n)
	}
	return out
}

func fold(name string) string {
	return strings.ToLower(norm.NFC.String(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))))
}
