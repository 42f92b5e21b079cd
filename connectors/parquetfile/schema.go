package parquetfile

import (
	"errors"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

// place is where a path leads in a file's schema.
type place struct {
	node parquet.Node
	path []string // as the file names it, with the inner levels of lists
}

// find follows a path from a place. Inner levels of lists need not be named.
func find(from place, path string) (place, bool) {
	at := from
	for step := range strings.SplitSeq(path, "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		for {
			next, ok := child(at, step)
			if ok {
				at = next
				break
			}
			if at, ok = inner(at); !ok {
				return place{}, false
			}
		}
	}
	return at, true
}

func child(at place, name string) (place, bool) {
	if at.node.Leaf() {
		return place{}, false
	}
	for _, f := range at.node.Fields() {
		if f.Name() == name {
			return place{f, append(slices.Clone(at.path), name)}, true
		}
	}
	return place{}, false
}

// inner gives the only child of a list, or of the repeated level inside it.
func inner(at place) (place, bool) {
	if at.node.Leaf() {
		return place{}, false
	}
	fields := at.node.Fields()
	if len(fields) != 1 || !fields[0].Repeated() && !at.node.Repeated() {
		return place{}, false
	}
	return place{fields[0], append(slices.Clone(at.path), fields[0].Name())}, true
}

// leaf goes down to the value of a list of plain values.
func leaf(at place) (place, bool) {
	for !at.node.Leaf() {
		var ok bool
		if at, ok = inner(at); !ok {
			return place{}, false
		}
	}
	return at, true
}

// kindOf gives the kind of a type's cells. Only what is a date by its type has one: other values are their text.
func kindOf(t parquet.Type) byte {
	if l := t.LogicalType(); l != nil {
		switch l.Value.(type) {
		case *format.DateType, *format.TimestampType:
			return canon.KindDate
		}
	}
	if t.Kind() == parquet.Int96 {
		return canon.KindDate
	}
	return canon.KindText
}

// textual tells whether a type's bytes are text.
func textual(t parquet.Type) bool {
	if k := t.Kind(); k != parquet.ByteArray && k != parquet.FixedLenByteArray {
		return false
	}
	l := t.LogicalType()
	if l == nil {
		return true
	}
	switch l.Value.(type) {
	case *format.DecimalType, *format.UUIDType, *format.Float16Type:
		return false
	}
	return true
}

// resolve finds the columns in a file.
func (r *Reader) resolve() error {
	schema := r.file.Schema()
	root := place{node: schema}
	rows := root
	if r.each != "" {
		var ok bool
		if rows, ok = find(root, r.each); !ok {
			return errRows
		}
		for !rows.node.Repeated() {
			if rows, ok = inner(rows); !ok {
				return errRows.Because(errors.New("it is no list"))
			}
		}
		driver := rows
		for !driver.node.Leaf() {
			f := driver.node.Fields()[0]
			driver = place{f, append(slices.Clone(driver.path), f.Name())}
		}
		l, _ := schema.Lookup(driver.path...)
		r.driver = &column{index: l.ColumnIndex, own: -1}
		first, _ := schema.Lookup(driver.path...)
		r.depth = definition(schema, rows.path)
		if repetitions(schema, rows.path) != 1 || first.MaxRepetitionLevel < 1 {
			return errRows.Because(errors.New("it is a list inside another"))
		}
	}
	known := map[string]bool{}
	for i, c := range r.o.Columns {
		paths := append([]string{c.Path}, c.Aliases...)
		if c.Path == "" {
			paths[0] = c.Name
		}
		for _, path := range paths {
			from, record := rows, false
			for strings.HasPrefix(path, "../") {
				from, record, path = root, true, path[3:]
			}
			at, ok := from, path == "."
			if !ok {
				at, ok = find(from, path)
			}
			if ok {
				at, ok = leaf(at)
			}
			if !ok {
				continue
			}
			l, _ := schema.Lookup(at.path...)
			if record && l.MaxRepetitionLevel > 0 && c.List == "" {
				return errList.At(fault.Place{Field: c.Name})
			}
			t := l.Node.Type()
			known[strings.Join(at.path, "/")] = true
			r.columns = append(r.columns, &column{index: l.ColumnIndex, own: i, text: TextOf(t), kind: kindOf(t),
				textual: textual(t), inRows: r.each != "" && !record})
			r.a.Met(i)
		}
	}
	for _, path := range schema.Columns() {
		if joined := strings.Join(path, "/"); !known[joined] {
			r.a.Strange([]byte(joined))
		}
	}
	return r.required()
}

// required refuses a file without a column that must be there, even one without rows.
func (r *Reader) required() error {
	for i, c := range r.o.Columns {
		if c.Required && !slices.ContainsFunc(r.columns, func(x *column) bool { return x.own == i }) {
			return tabular.MissingColumn(r.o.File, c.Name)
		}
	}
	return nil
}

func repetitions(schema parquet.Node, path []string) (n int) {
	for _, step := range path {
		at, _ := child(place{node: schema}, step)
		if schema = at.node; schema.Repeated() {
			n++
		}
	}
	return n
}

// definition gives the level from which a value says that the node at a path is there.
func definition(schema parquet.Node, path []string) (n int) {
	for _, step := range path {
		at, _ := child(place{node: schema}, step)
		if schema = at.node; schema.Repeated() || schema.Optional() {
			n++
		}
	}
	return n
}
