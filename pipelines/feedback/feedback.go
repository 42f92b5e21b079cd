// Package feedback compiles a file of answers into totals, which are all that leaves it: rows are read one by one, counted
// by package anonymous, and neither kept nor shown.
package feedback

import (
	"context"
	"slices"

	"uoma/connectors/rowfile"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/anonymous"
)

var errColumn = fault.New("UOMA-FBK-COLUMN", "the file has no such column", "name columns as the file's first row does")

// Compiled is what is known of a file of answers.
type Compiled struct {
	Rows   int64             `json:"rows"`   // with an answer
	Empty  int64             `json:"empty"`  // without one
	Bad    int64             `json:"bad"`    // that cannot be read
	Totals []anonymous.Total `json:"totals"` // see anonymous.Answers
}

// Compile counts the answers in a CSV or Parquet file: what stands in the column answer, by what stands in the column about.
func Compile(ctx context.Context, file, about, answer string) (out Compiled, err error) {
	f, err := rowfile.Open(file)
	if err != nil {
		return out, err
	}
	columns := []string{about, answer}
	for _, c := range columns {
		if c == "" || !slices.Contains(f.Columns, c) {
			return out, errColumn.At(fault.Place{File: file, Field: c})
		}
	}
	in, err := f.Reader(columns, func(canon.Rejection) { out.Bad++ })
	if err != nil {
		return out, err
	}
	defer in.Close()
	var a anonymous.Answers
	for b, err := range in.Batches(ctx) {
		if err != nil {
			return out, err
		}
		things, answers := b.Col(canon.RawFirst), b.Col(canon.RawFirst+1)
		for i := range b.Len() {
			if answers.Null(i) || answers.Text(i) == "" {
				out.Empty++
				continue
			}
			out.Rows++
			thing := ""
			if !things.Null(i) {
				thing = string(things.Bytes(i))
			}
			a.Add(thing, string(answers.Bytes(i)))
		}
	}
	out.Totals = a.Totals()
	return out, nil
}
