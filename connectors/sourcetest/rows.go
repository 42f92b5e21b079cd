package sourcetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
)

// canary stands in every row, and must stand in no error.
const canary = "Kanarialintu"

// note is long enough that a few thousand rows fill many pieces of 64 KiB.
var note = strings.Repeat(canary+" ", 10)

// some gives rows that differ in all that a protocol may trip over.
func some(n int) []Row {
	odd := []string{"Ääkkönen, Öhman", "'; DROP TABLE x; --", `a"b\c`, "(uid=*)", "%s%n${x}", "two\nlines", "NULL", "0", "*", "<b>&amp;", "日本語", " inside  it "}
	rows := make([]Row, n)
	for i := range rows {
		rows[i] = Row{ID: fmt.Sprintf("%08d", i*7), Name: canary + " " + odd[i%len(odd)] + ".", Note: note}
		if i%5 == 0 {
			rows[i].Note = ""
		}
	}
	return rows
}

// options are what every reader of a set is asked for.
func options() tabular.Options {
	return tabular.Options{Feed: "test/rows", File: "test/rows",
		Columns: []tabular.Column{{Name: "id", Required: true}, {Name: "name", Required: true}, {Name: "note"}}}
}

// reader makes a reader of a set that rejects no row.
func reader(t testing.TB, s Set) tabular.Reader {
	t.Helper()
	o := options()
	o.Reject = func(r canon.Rejection) { t.Errorf("row %d was rejected: %s", r.Line, r.Code) }
	r, err := s.Rows(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// read gives all that a set gives, in the order of ids, and what ended it.
func read(t testing.TB, ctx context.Context, s Set) ([]Row, error) {
	t.Helper()
	r := reader(t, s)
	var rows []Row
	for b, err := range r.Batches(ctx) {
		if err != nil {
			return sorted(rows), err
		}
		rows = appendRows(rows, b)
	}
	if n := r.Summary().Rows; n != int64(len(rows)) {
		t.Errorf("%d rows and a summary of %d", len(rows), n)
	}
	return sorted(rows), nil
}

func appendRows(rows []Row, b *canon.Batch) []Row {
	id, name, note := b.Named("id"), b.Named("name"), b.Named("note")
	for i := range b.Len() {
		r := Row{ID: strings.Clone(id.Text(i)), Name: strings.Clone(name.Text(i))}
		if !note.Null(i) {
			r.Note = strings.Clone(note.Text(i))
		}
		rows = append(rows, r)
	}
	return rows
}

func sorted(rows []Row) []Row {
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}

// differ says where two lists of rows part, without their values.
func differ(got, want []Row) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("row %d of %d and %d differs", i, len(got), len(want))
		}
	}
	return fmt.Sprintf("%d rows instead of %d", len(got), len(want))
}
