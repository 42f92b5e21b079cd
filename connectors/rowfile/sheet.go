package rowfile

import (
	"slices"
	"strings"

	"uoma/connectors/tabular"
	"uoma/connectors/xlsx"
	"uoma/internal/canon"
)

// sheetForm finds the names of a sheet's columns, below titles and perhaps in two rows; ok is false of a sheet without any.
func sheetForm(p xlsx.Peeked) (f Form, ok bool) {
	rows := slices.DeleteFunc(slices.Clone(p.Rows), func(r xlsx.PeekedRow) bool { return filled(r) == 0 })
	at := namesAt(rows)
	if at < 0 {
		return f, false
	}
	f.Type = "xlsx"
	upper, lower := (*tabular.Row)(nil), row(rows[at])
	switch {
	case at > 0 && groups(rows[at-1], rows[at]):
		upper = row(rows[at-1])
	case at+1 < len(rows) && named(rows[at], rows[at+1], rows[at+2:]):
		upper, lower = lower, row(rows[at+1])
	}
	if upper != nil {
		f.HeaderLines = 2
	}
	bare := map[string]int{}
	for _, c := range lower.Cells {
		bare[tabular.Fold(c)]++
	}
	for i, whole := range tabular.GroupedNames(upper, lower) {
		name := whole
		if i < len(lower.Cells) && len(lower.Cells[i]) > 0 && bare[tabular.Fold(lower.Cells[i])] == 1 {
			name = lower.Cells[i]
		}
		if text := strings.TrimSpace(string(name)); text != "" {
			f.Columns = append(f.Columns, Column{Name: strings.Join(strings.Fields(text), " ")})
		}
	}
	return f, len(f.Columns) > 0
}

// namesAt finds the row of names: the first wide one of texts, or before it one as wide as any below it that has numbers which are
// not like those below them. A row of texts right below one as wide that names nothing is somebody's, and then there are no names.
func namesAt(rows []xlsx.PeekedRow) int {
	widest := 0
	for _, r := range rows {
		widest = max(widest, filled(r))
	}
	for at, r := range rows {
		switch {
		case 2*filled(r) < max(widest, 2):
		case names(r):
			if at > 0 && follows(r, rows[at-1]) && filled(rows[at-1]) >= filled(r) {
				return -1
			}
			return at
		case filled(r) == widest && at+1 < len(rows) && follows(rows[at+1], r):
			if !numbersInNames(r, rows[at+1:]) {
				return -1
			}
			return at
		}
	}
	return -1
}

func follows(r, above xlsx.PeekedRow) bool { return r.Line == above.Line+1 }

// numbersInNames tells of a row that names columns though some of its cells are numbers, as years are. What stands below is none like
// them: of a long number, which may be somebody's, nothing at all is.
func numbersInNames(r xlsx.PeekedRow, below []xlsx.PeekedRow) bool {
	texts := 0
	for i, c := range r.Cells {
		if c == "" {
			continue
		}
		if address.MatchString(c) || r.Kinds[i] == canon.KindError || r.Kinds[i] == canon.KindBool {
			return false
		}
		if r.Kinds[i] == canon.KindText && !number(c) {
			texts++
			continue
		}
		alike, filled := 0, 0
		for _, b := range below {
			if i >= len(b.Cells) || b.Cells[i] == "" {
				continue
			}
			filled++
			if shape(b.Cells[i]) == shape(c) && (number(c) || len(b.Cells[i]) == len(c)) {
				alike++
			}
		}
		if alike > 0 && (number(c) || 2*alike >= filled) {
			return false
		}
	}
	return texts > 0
}

func row(p xlsx.PeekedRow) *tabular.Row {
	r := &tabular.Row{Line: p.Line}
	for _, c := range p.Cells {
		r.Cells = append(r.Cells, []byte(c))
	}
	return r
}

func filled(r xlsx.PeekedRow) (n int) {
	for _, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// names tells whether a row can name columns: all its cells are texts, and none is an address or a number.
func names(r xlsx.PeekedRow) bool {
	for i, c := range r.Cells {
		if c != "" && (r.Kinds[i] != canon.KindText || address.MatchString(c) || number(c)) {
			return false
		}
	}
	return true
}

// groups tells whether the row right above the names holds groups of them, and is no title: it has several texts, or its
// only one does not stand first.
func groups(above, below xlsx.PeekedRow) bool {
	first := slices.IndexFunc(above.Cells, func(c string) bool { return c != "" })
	return follows(below, above) && names(above) && (filled(above) > 1 || first > 0)
}

// named tells whether the row below one of names holds names, too, so that the upper one holds groups: it fills gaps of the
// upper one, and what stands under its names is not all text, as it is itself.
func named(upper, lower xlsx.PeekedRow, below []xlsx.PeekedRow) bool {
	if !follows(lower, upper) || !names(lower) {
		return false
	}
	gap, other := false, false
	for i, c := range lower.Cells {
		if c == "" {
			continue
		}
		gap = gap || i >= len(upper.Cells) || upper.Cells[i] == ""
		for _, r := range below {
			other = other || i < len(r.Cells) && r.Cells[i] != "" && (r.Kinds[i] != canon.KindText || address.MatchString(r.Cells[i]) || number(r.Cells[i]))
		}
	}
	return gap && other
}
