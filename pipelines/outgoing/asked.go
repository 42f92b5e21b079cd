package outgoing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"uoma/connectors/csvfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
)

var (
	errAsked   = fault.New("UOMA-OUT-LIST", "the recipient's list of whom it asks for cannot be read", "put it into asked/TARGET/ under the name that uoma target show gives for the date")
	errColumns = fault.New("UOMA-OUT-COLUMNS", "the recipient's list has other columns than the target", "nothing is given that was not asked for: compare the list with uoma target show, and change a copy of the target")
	errRow     = fault.New("UOMA-OUT-ROW", "a row of the recipient's list cannot be read", "download the list again; nothing may be changed in it by hand")
)

// askedRow is one row of the recipient's list.
type askedRow struct {
	line   int64
	cells  map[string]string // columns that are copied
	people map[string]bool   // who are known by its key
}

// cell gives what stands in a column; nothing where there is no list.
func (a *askedRow) cell(column string) string {
	if a == nil {
		return ""
	}
	return a.cells[column]
}

// askedList is the recipient's list of whom it asks for.
type askedList struct {
	rows  []*askedRow
	byKey map[string][]*askedRow
}

// readAsked reads the list of a date. It has the target's columns and no other.
func (f *File) readAsked(ctx context.Context, date canon.Date) (*askedList, error) {
	name := f.t.AskedName(date)
	place := fault.Place{File: filepath.Join(workspace.AskedDir, f.t.Name, name)}
	in, err := os.Open(filepath.Join(f.ws.AskedPath(f.t.Name), name))
	if err != nil {
		return nil, errAsked.At(place).Because(errors.Unwrap(err))
	}
	defer in.Close()
	o := csvfile.Options{Options: tabular.Options{Feed: f.t.Name, File: place.File}, Delimiter: f.t.Form.Delimiter[0]}
	var copied []string
	for _, c := range f.t.Columns {
		o.Columns = append(o.Columns, tabular.Column{Name: c.Name, Required: true})
		if c.Copy {
			copied = append(copied, c.Name)
		}
	}
	refused := int64(0)
	o.Reject = func(r canon.Rejection) { refused = r.Line }
	r := csvfile.New(in, o)
	out := &askedList{byKey: map[string][]*askedRow{}}
	for b, err := range r.Batches(ctx) {
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			x := &askedRow{line: b.Col(canon.RawLine).Int(i), cells: map[string]string{}, people: map[string]bool{}}
			for _, c := range copied {
				x.cells[c] = string(b.Named(c).AppendTo(nil, i))
			}
			out.rows = append(out.rows, x)
			if key := x.cells[f.t.Asked.Key]; key != "" {
				out.byKey[key] = append(out.byKey[key], x)
			}
		}
	}
	switch s := r.Summary(); {
	case refused > 0:
		place.Line = int(refused)
		return nil, errRow.At(place)
	case len(s.Unknown) > 0:
		return nil, errColumns.At(place).Because(fmt.Errorf("%d columns that the target does not have", len(s.Unknown)))
	}
	return out, nil
}

// of gives the rows that ask for somebody who is known by some keys.
func (l *askedList) of(keys []string) []*askedRow {
	var out []*askedRow
	for _, k := range keys {
		for _, x := range l.byKey[k] {
			if !slices.Contains(out, x) {
				out = append(out, x)
			}
		}
	}
	return out
}

// maxLines is how many lines are named.
const maxLines = 100

// answer takes out the rows that several people are known by, and counts those that nobody is.
func (h *chooser) answer() {
	for _, x := range h.asked.rows {
		if len(x.people) > 0 {
			continue
		}
		h.c.unknown++
		if len(h.c.lines) < maxLines {
			h.c.lines = append(h.c.lines, x.line)
		}
	}
	stay, gone := map[string]bool{}, map[string]string{} // gone: clause by person
	h.c.records = slices.DeleteFunc(h.c.records, func(r *record) bool {
		if len(r.asked.people) == 1 {
			stay[r.included.Person] = true
			return false
		}
		gone[r.included.Person] = r.included.Clause
		return true
	})
	for person, clause := range gone {
		if !stay[person] {
			h.c.people--
			h.c.withheld[Withheld{Reason: ambiguous, Clause: clause}]++
		}
	}
}
