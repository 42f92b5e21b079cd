package layout

import (
	"slices"
	"strconv"
	"strings"
)

// formats are the values of [Format.Type], with the keys beside type that each takes.
var formats = map[string][]string{
	"csv":     {"delimiter", "encoding", "header", "field-counts", "trailer", "trailer-required"},
	"xlsx":    {"sheet", "header-lines", "trailer", "trailer-required"},
	"json":    {"rows", "each", "count"},
	"ndjson":  {"each", "trailer", "trailer-required"},
	"xml":     {"rows", "each", "count", "namespaces"},
	"parquet": {"each"},
	"fixed":   {"encoding", "length", "header-lines", "trailer", "trailer-required"},
	"ldif":    {"trailer", "trailer-required"},
}

// Paths tells whether the format's columns stand at paths.
func (f *Format) Paths() bool {
	return slices.Contains([]string{"json", "ndjson", "xml", "parquet", "ldif"}, f.Type)
}

// Jumps tells whether the format is read here and there.
func (f *Format) Jumps() bool { return f.Type == "xlsx" || f.Type == "parquet" }

// given lists the keys that say something else than their default, in the order of the schema.
func (f *Format) given() (keys []string) {
	for _, k := range []struct {
		name string
		set  bool
	}{
		{"delimiter", f.Delimiter != ""}, {"encoding", f.Encoding != "utf-8"}, {"header", f.Header != "required"},
		{"field-counts", len(f.FieldCounts) > 0}, {"sheet", f.Sheet != ""}, {"trailer", f.Trailer != ""},
		{"trailer-required", f.TrailerRequired}, {"rows", f.Rows != ""}, {"each", f.Each != ""}, {"count", f.Count != ""},
		{"namespaces", len(f.Namespaces) > 0}, {"length", f.Length > 0}, {"header-lines", f.HeaderLines > 0},
	} {
		if k.set {
			keys = append(keys, k.name)
		}
	}
	return keys
}

// format finds keys that do not belong to the format, and those that it cannot do without.
func (c *checker) format(f *Feed, under func(...string) []string) {
	takes := formats[f.Format.Type]
	for _, key := range f.Format.given() {
		if !slices.Contains(takes, key) {
			c.find(errKey, key, under("format", key)...)
		}
	}
	if f.Format.Type == "xml" && f.Format.Rows == "" {
		c.find(errRows, "", under("format")...)
	}
	if f.Format.Type == "xlsx" && f.Format.HeaderLines > 2 {
		c.find(errLines, strconv.Itoa(f.Format.HeaderLines), under("format", "header-lines")...)
	}
	for i := range f.Columns {
		c.place(f, &f.Columns[i], under("columns", strconv.Itoa(i)))
	}
}

// place checks where a column stands in formats without a header.
func (c *checker) place(f *Feed, col *Column, at []string) {
	under := func(key string) []string { return append(slices.Clone(at), key) }
	if col.Path != "" && !f.Format.Paths() && f.Rest == nil && f.OData == nil {
		c.find(errKey, "path", under("path")...)
	}
	if ups := strings.Count(col.Path+"/", "../"); ups > steps(f.each()) {
		c.find(errPath, col.Path, under("path")...)
	}
	switch from, to, ok := col.Characters(); {
	case f.Format.Type == "fixed" && !ok:
		c.find(errAt, col.At, at...)
	case f.Format.Type != "fixed" && col.At != "":
		c.find(errKey, "at", under("at")...)
	case f.Format.Length > 0 && to > f.Format.Length, ok && from > to:
		c.find(errAt, col.At, under("at")...)
	}
}

func steps(path string) int {
	if path == "" {
		return 0
	}
	return strings.Count(path, "/") + 1
}

// Characters gives the first and the last character of a column of fixed width, counted from 1.
func (c *Column) Characters() (from, to int, ok bool) {
	first, last, several := strings.Cut(c.At, "-")
	if !several {
		last = first
	}
	from, err := strconv.Atoi(first)
	if err != nil || from < 1 {
		return 0, 0, false
	}
	to, err = strconv.Atoi(last)
	return from, to, err == nil && to >= from
}
