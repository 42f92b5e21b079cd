package linker

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"uoma/connectors/rowfile"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
)

// source is a file that the layout describes.
func (l *Layout) source(path string) (*source, error) {
	f, fitting := l.feed(filepath.Base(path))
	if f == nil {
		err := errLayout.At(fault.Place{File: path, Field: l.System})
		if len(fitting) > 0 {
			err = err.Because(errors.New("it has the rows of " + strings.Join(fitting, ", ")))
		}
		return nil, err
	}
	if !f.InFile() {
		return nil, errFormat.At(fault.Place{File: path, Field: f.FullName()})
	}
	s := &source{key: f.Key, described: true, retry: func() bool { return false }}
	s.report.Format, s.report.Delimiter, s.report.Encoding = f.Format.Type, f.Format.Delimiter, f.Format.Encoding
	s.open = func(ctx context.Context, columns []string, reject func(canon.Rejection)) (rowfile.Reader, error) {
		return openFeed(ctx, path, f, columns, reject)
	}
	for i := range f.Columns {
		s.columns = append(s.columns, meant(l.System, &f.Columns[i]))
	}
	return s, nil
}

// feed finds the feed by name, by the file's name, or because there is one only. It is nil where none is found, and where a file has
// the rows of several, whose names are then given: which of them is meant is nothing to guess.
func (l *Layout) feed(file string) (f *layout.Feed, fitting []string) {
	if l.Feed != "" {
		return l.Layout.Feed(l.Feed), nil
	}
	for i := range l.Feeds {
		if _, ok := l.Feeds[i].Match(file); ok {
			f, fitting = &l.Feeds[i], append(fitting, l.Feeds[i].Name)
		}
	}
	switch {
	case len(fitting) > 1:
		return nil, fitting
	case len(l.Feeds) == 1:
		return &l.Feeds[0], nil
	}
	return f, nil
}

// meant gives what a layout's column means, by the first of its targets that says something of a person.
func meant(system string, c *layout.Column) Column {
	out := Column{Name: c.Name, Confidence: 1, Why: "the layout fills nothing that is compared"}
	for _, to := range c.To {
		if kind, thing, unique := targetKind(system, to); kind != linkage.Ignored {
			out.kind, out.thing, out.unique, out.Why = kind, thing, unique, "the layout fills "+to
			if c.Split != "" {
				out.kind, out.thing = linkage.FullName, ""
			}
			return out
		}
	}
	return out
}

// targetKind gives the kind of a canonical target, and what thing an identifier is.
func targetKind(system, target string) (k linkage.Kind, thing string, unique bool) {
	table, rest, _ := strings.Cut(target, ".")
	column := rest[strings.LastIndexByte(rest, '.')+1:]
	switch table {
	case "person":
		switch column {
		case "hetu", "fnr":
			return linkage.Identifier, column, true
		case "oppijanumero", "orcid", "student_number", "employee_number", "eppn":
			return linkage.Identifier, column, false
		case "source_key":
			return linkage.Identifier, system, false
		case "given_names", "call_name", "family_name", "former_family_name", "birth_date", "sex":
			k, _ = linkage.KindOf(column)
			return k, "", false
		}
	case "email":
		return linkage.Email, "", false
	case "phone":
		return linkage.Phone, "", false
	case "address":
		switch column {
		case "line1":
			return linkage.Street, "", false
		case "line2", "line3":
			return linkage.AddressLine, "", false
		case "postcode", "city", "region", "country":
			k, _ = linkage.KindOf(column)
			return k, "", false
		}
	}
	return linkage.Ignored, "", false
}

// openFeed reads some of a feed's columns as a night reads them.
func openFeed(ctx context.Context, path string, f *layout.Feed, columns []string, reject func(canon.Rejection)) (rowfile.Reader, error) {
	some := *f
	some.Columns = nil
	// Which rows are passed over is told by columns that may say nothing here.
	for _, name := range slices.Concat(columns, f.Format.SkipWhenEmpty, f.Format.SkipWhenFilled) {
		c := f.Columns[f.Index(name)]
		if !slices.ContainsFunc(some.Columns, func(x layout.Column) bool { return x.Name == c.Name }) {
			some.Columns = append(some.Columns, c)
		}
	}
	e, err := nightly.OpenFile(ctx, path, &some, reject)
	switch {
	case err == nil:
		return verified{e}, nil
	case fault.Code(err) == "":
		err = errLayout.At(fault.Place{File: path}).Wrap(err)
	}
	return nil, err
}

// verified is an export that is verified behind its last row.
type verified struct{ nightly.Export }

func (v verified) Batches(ctx context.Context) canon.Batches {
	return func(yield func(*canon.Batch, error) bool) {
		for b, err := range v.Export.Batches(ctx) {
			if !yield(b, err) || err != nil {
				return
			}
		}
		if err := v.Verify(); err != nil {
			yield(nil, err)
		}
	}
}
