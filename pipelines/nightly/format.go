package nightly

import (
	"io"
	"regexp"

	"uoma/connectors/csvfile"
	"uoma/connectors/fixedfile"
	"uoma/connectors/jsonfile"
	"uoma/connectors/ldiffile"
	"uoma/connectors/parquetfile"
	"uoma/connectors/record"
	"uoma/connectors/tabular"
	"uoma/connectors/xlsx"
	"uoma/connectors/xmlfile"
	"uoma/internal/canon"
	"uoma/transforms/layout"
)

// jumping gives the reader of a format that reads here and there.
func jumping(r io.ReaderAt, size int64, f *layout.Feed, o tabular.Options) tabular.Reader {
	if f.Format.Type == "parquet" {
		return parquetfile.New(r, size, parquetfile.Options{Options: o, Each: f.Format.Each})
	}
	return xlsx.New(r, size, xlsx.Options{Options: o, Sheet: f.Format.Sheet})
}

// streaming gives the reader of a format that reads from start to end.
func streaming(r io.Reader, f *layout.Feed, o tabular.Options) tabular.Reader {
	switch f.Format.Type {
	case "json", "ndjson":
		return jsonfile.New(r, jsonfile.Options{Options: recordOptions(f, o), Lines: f.Format.Type == "ndjson"})
	case "xml":
		return xmlfile.New(r, recordOptions(f, o))
	case "ldif":
		return ldiffile.New(r, o)
	case "fixed":
		fixed := fixedfile.Options{Options: o, Encoding: f.Format.Encoding, Length: f.Format.Length, HeaderLines: f.Format.HeaderLines}
		for i := range f.Columns {
			from, to, _ := f.Columns[i].Characters() // the layout was checked
			fixed.Ranges = append(fixed.Ranges, fixedfile.Range{From: from, To: to})
		}
		return fixedfile.New(r, fixed)
	}
	csv := csvfile.Options{Options: o, Encoding: f.Format.Encoding}
	if f.Format.Delimiter != "" {
		csv.Delimiter = f.Format.Delimiter[0]
	}
	return csvfile.New(r, csv)
}

func recordOptions(f *layout.Feed, o tabular.Options) record.Options {
	out := record.Options{Options: o, Rows: f.Format.Rows, Each: f.Format.Each, Count: f.Format.Count, Namespaces: f.Format.Namespaces}
	for _, other := range f.Others() {
		out.Others = append(out.Others, record.Options{Rows: other.Format.Rows, Namespaces: other.Format.Namespaces})
	}
	return out
}

// tabularOptions puts a layout's format into the reader's terms.
func tabularOptions(f *layout.Feed, name string, reject func(canon.Rejection)) (tabular.Options, error) {
	o := tabular.Options{
		Feed: f.FullName(), File: name, Header: f.Format.Header, FieldCounts: f.Format.FieldCounts,
		TrailerRequired: f.Format.TrailerRequired, SkipWhenEmpty: f.Format.SkipWhenEmpty, SkipWhenFilled: f.Format.SkipWhenFilled, Reject: reject,
	}
	if f.Format.Type == "xlsx" {
		o.Titles, o.HeaderRows = maxTitles, f.Format.HeaderLines
	}
	for i, c := range f.Columns {
		position := c.Position
		if position == 0 {
			position = i + 1
		}
		o.Columns = append(o.Columns, tabular.Column{Name: c.Name, Aliases: c.Aliases, Position: position, Required: c.Required && c.Sidecar == "",
			Path: c.Path, List: c.List})
	}
	if f.Format.Trailer != "" {
		re, err := regexp.Compile(f.Format.Trailer)
		if err != nil {
			return o, err
		}
		o.Trailer = re
	}
	return o, nil
}

// maxTitles is how many rows of report name, parameters and run time may stand above a sheet's header.
const maxTitles = 20
