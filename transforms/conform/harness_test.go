package conform_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"uoma/internal/canon"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

// cells is one raw row by column name. A value may begin with a cell kind and a bar, as in "n|4711"; without one it is
// text.
type cells map[string]string

// with gives a copy of the row with other cells.
func (c cells) with(change cells) cells {
	out := cells{}
	for k, v := range c {
		out[k] = v
	}
	for k, v := range change {
		out[k] = v
	}
	return out
}

var shipped = sync.OnceValues(layout.Shipped)

func feed(t testing.TB, name string) (*layout.Layout, *layout.Feed) {
	t.Helper()
	all, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	system, short, _ := strings.Cut(name, "/")
	for _, l := range all {
		if f := l.Feed(short); l.Name() == system && f != nil {
			return l, f
		}
	}
	t.Fatalf("no shipped feed %s", name)
	return nil, nil
}

func settings() conform.Settings {
	day, _ := canon.NewDate(2026, 11, 22)
	return conform.Settings{RunDate: day, AllowTemporary: true}
}

func conformer(t testing.TB, name string) (*conform.Conformer, *layout.Feed) {
	t.Helper()
	l, f := feed(t, name)
	c, err := conform.New(l, f, settings())
	if err != nil {
		t.Fatal(err)
	}
	return c, f
}

// raw makes a batch of the feed's raw table, its first row on the given line.
func raw(t testing.TB, f *layout.Feed, line int, rows ...cells) *canon.Batch {
	t.Helper()
	table := f.RawTable()
	b := canon.NewBuilder(table, f.FullName())
	for i, row := range rows {
		for name := range row {
			if f.Index(name) < 0 {
				t.Fatalf("feed %s has no column %s", f.FullName(), name)
			}
		}
		kinds := make([]byte, len(f.Columns))
		typed := false
		for j := range f.Columns {
			kinds[j] = canon.KindText
			if v := row[f.Columns[j].Name]; len(v) > 1 && v[1] == '|' {
				kinds[j], typed = v[0], true
			}
		}
		b.Int(canon.RawLine, int64(line+i))
		if typed {
			b.Bytes(canon.RawKinds, kinds)
		} else {
			b.Null(canon.RawKinds)
		}
		for j := range f.Columns {
			v := row[f.Columns[j].Name]
			if kinds[j] != canon.KindText {
				v = v[2:]
			}
			b.TextOrNull(canon.RawFirst+j, v)
		}
		b.EndRow()
	}
	return b.Flush()
}

// outcome is what came of some raw batches.
type outcome struct {
	rows     []string // canonical rows as text, in order of emission
	rejected []canon.Rejection
	sink     *conform.Sink
}

func run(t testing.TB, c *conform.Conformer, batches ...*canon.Batch) *outcome {
	t.Helper()
	o := &outcome{}
	o.sink = c.NewSink(
		func(b *canon.Batch) error { o.rows = append(o.rows, show(b)...); return nil },
		func(r canon.Rejection) error { o.rejected = append(o.rejected, r); return nil })
	for _, b := range batches {
		if err := c.Batch(b, o.sink); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.sink.Flush(); err != nil {
		t.Fatal(err)
	}
	return o
}

// show gives a batch as one line per row: table, provenance, and the columns that have a value.
func show(b *canon.Batch) []string {
	out := make([]string, b.Len())
	for i := range out {
		var s strings.Builder
		fmt.Fprintf(&s, "%s[%d]", b.Table.Name, b.Col(canon.Seq).Int(i))
		for j, col := range b.Table.Columns {
			if j == canon.Seq || b.Col(j).Null(i) {
				continue
			}
			fmt.Fprintf(&s, " %s=%s", col.Name, strings.ReplaceAll(string(b.Col(j).AppendTo(nil, i)), canon.KeySeparator, "/"))
		}
		out[i] = s.String()
	}
	return out
}

// text gives the whole outcome for a golden file.
func (o *outcome) text() string {
	var s strings.Builder
	for _, r := range o.rows {
		s.WriteString(r + "\n")
	}
	for _, r := range o.rejected {
		fmt.Fprintf(&s, "rejected line=%d field=%s code=%s\n", r.Line, r.Field, r.Code)
	}
	for _, f := range o.sink.Fields() {
		for _, n := range f.Invalid {
			fmt.Fprintf(&s, "invalid %s %s %d\n", f.Name, n.Code, n.N)
		}
		for _, n := range f.Warnings {
			fmt.Fprintf(&s, "warning %s %s %d\n", f.Name, n.Code, n.N)
		}
	}
	n := o.sink.Rows()
	fmt.Fprintf(&s, "read=%d conformed=%d rejected=%d\n", n.Read, n.Conformed, n.Rejected)
	return s.String()
}

// table gives the rows of one canonical table.
func (o *outcome) table(name string) []string {
	return slices.DeleteFunc(slices.Clone(o.rows), func(r string) bool { return !strings.HasPrefix(r, name+"[") })
}

// invalid and warned give the count of a code at a column.
func (o *outcome) invalid(column, code string) int64 { return o.count(column, code, false) }
func (o *outcome) warned(column, code string) int64  { return o.count(column, code, true) }

func (o *outcome) count(column, code string, warnings bool) int64 {
	for _, f := range o.sink.Fields() {
		counts := f.Invalid
		if warnings {
			counts = f.Warnings
		}
		for _, n := range counts {
			if f.Name == column && n.Code == code {
				return n.N
			}
		}
	}
	return 0
}
