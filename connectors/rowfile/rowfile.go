// Package rowfile opens a file of rows of which nobody said how it is written.
//
// [Open] finds out what the file is: Parquet by its mark, else delimited text, of which it finds the encoding (a byte
// order mark, the zeros of UTF-16, what is no UTF-8) and the delimiter (that by which most rows have as many fields as
// the first one). [File.Sample] gives rows from all over the file without reading it through, [File.Reader] streams the
// columns that are wanted; both formats come as batches of a raw table, under the contract of package tabular.
//
// [Inspect] is for whoever has to describe an export: it also knows workbooks, JSON, XML and LDIF, archives and compressed
// files, and gives each table in it as a [Form], in the terms of a layout: sheet and rows of names, path of the records, member.
// It looks at names and forms by the surveys of the formats' own packages, so that what it finds they read.
//
// Text is read by package csvfile and keeps its rules. The first row of a text names the columns, unless it looks like
// those below it.
//
// The package knows no meaning of any column.
package rowfile

import (
	"bytes"
	"io"
	"os"
	"slices"

	"uoma/connectors/archive"
	"uoma/connectors/csvfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
)

var (
	errOpen  = fault.New("UOMA-LNK-OPEN", "the file cannot be opened", "name a CSV or Parquet file that you may read")
	errEmpty = fault.New("UOMA-LNK-EMPTY", "the file is empty", "a file has at least a row with the names of its columns")
	errForm  = fault.New("UOMA-LNK-FORMAT", "the file is neither delimited text nor Parquet",
		"unpack an archive first, and save a spreadsheet as CSV")
	errParquet = fault.New("UOMA-LNK-PARQUET", "the Parquet file cannot be read",
		"have it written again, with plain columns of text, numbers or dates")
	errHeader = fault.New("UOMA-LNK-HEADER", "the first row cannot be the names of columns", "put a row with the columns' names first")
)

// File is a file whose form is known.
type File struct {
	Path      string
	Columns   []string // as the file names them; "" where it names none
	Headless  bool     // of text: its first row is data, and Columns say where each stands
	Parquet   bool
	Delimiter byte   // of text
	Encoding  string // of text, as package csvfile names it
	// Sure says that the sample proves the encoding. A text that is not sure was all ASCII wherever it was looked at.
	Sure bool

	sample [][]string
}

// Reader streams rows; see [tabular.Reader].
type Reader interface {
	tabular.Reader
	io.Closer
}

// Open finds out what a file is. It reads a few hundred kilobytes from all over it.
func Open(path string) (*File, error) {
	src, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	f := &File{Path: path}
	parts, err := windows(src, size)
	if err != nil {
		return nil, errOpen.At(fault.Place{File: path}).Wrap(err)
	}
	switch head := parts[0]; {
	case len(bytes.TrimSpace(head)) == 0:
		return nil, errEmpty.At(fault.Place{File: path})
	case bytes.HasPrefix(head, []byte("PAR1")):
		f.Parquet = true
		err = guarded(path, func() error { return f.openParquet(src, size) })
	case archive.IsZip(head), compressionOf(head) != "":
		err = errForm.At(fault.Place{File: path})
	default:
		err = f.openText(parts)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// open opens a regular file, and gives its size.
func open(path string) (*os.File, int64, error) {
	src, err := os.Open(path)
	if err != nil {
		return nil, 0, errOpen.At(fault.Place{File: path}).Wrap(err)
	}
	info, err := src.Stat()
	if err != nil || !info.Mode().IsRegular() {
		src.Close()
		return nil, 0, errOpen.At(fault.Place{File: path}).Wrap(err)
	}
	return src, info.Size(), nil
}

// Sample gives at most n rows from all over the file, with the cells of every column.
func (f *File) Sample(n int) [][]string {
	if len(f.sample) <= n {
		return f.sample
	}
	out := make([][]string, n)
	for i := range out {
		out[i] = f.sample[i*len(f.sample)/n]
	}
	return out
}

// Forget drops the sample.
func (f *File) Forget() { f.sample = nil }

// Reader streams the named columns, in that order. Rows that cannot be read go to reject.
func (f *File) Reader(columns []string, reject func(canon.Rejection)) (Reader, error) {
	src, err := os.Open(f.Path)
	if err != nil {
		return nil, errOpen.At(fault.Place{File: f.Path}).Wrap(err)
	}
	if f.Parquet {
		r, err := f.parquetReader(src, columns)
		if err != nil {
			src.Close()
			return nil, err
		}
		return r, nil
	}
	o := csvfile.Options{Delimiter: f.Delimiter, Encoding: f.Encoding}
	o.Feed, o.File, o.Reject = f.Path, f.Path, reject
	for _, c := range columns {
		col := tabular.Column{Name: c}
		if f.Headless {
			o.Header, col.Position = tabular.HeaderNone, slices.Index(f.Columns, c)+1
		}
		o.Columns = append(o.Columns, col)
	}
	return text{csvfile.New(src, o), src}, nil
}

type text struct {
	*csvfile.Reader
	io.Closer
}
