package authoring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

var (
	errFeed = fault.New("UOMA-AUT-FEED", "the layout has several feeds, and the file's name does not tell which",
		"name the feed with --feed, or the file as the layout has it")
	errKind = fault.New("UOMA-AUT-KIND", "an export of this kind cannot be tried from a file", "uoma run nightly --dry-run reads it from its source")
	errOpen = fault.New("UOMA-AUT-OPEN", "the export cannot be opened", "name a file that you may read")
)

// maxProblems is how many problems are listed one by one: nobody reads more, and the counts are whole.
const maxProblems = 200

// TryOptions say how to try a layout.
type TryOptions struct {
	Feed     string // "" finds it by the file's name
	Rows     int    // how many rows to show
	Values   bool   // show what the fields hold
	Settings conform.Settings
}

// Trial is what came of an export. Problems counts all of them; Listed has the first.
type Trial struct {
	Columns
	Encoding  string    `json:"encoding,omitempty"`
	Read      int64     `json:"read"`
	Conformed int64     `json:"conformed"`
	Refused   int64     `json:"refused"`
	Mojibake  int64     `json:"mojibake,omitempty"` // cells that look decoded twice, or by another encoding than theirs
	Rows      []Row     `json:"rows"`
	Problems  int64     `json:"problems"`
	Listed    []Problem `json:"listed"`
}

// Row is one row of the export as canonical fields.
type Row struct {
	Line   int64   `json:"line"`
	Fields []Field `json:"fields"`
}

// Field is one canonical field that the row fills.
type Field struct {
	Target string `json:"target"` // table.column, with the number of the row where the table has more than one
	Type   string `json:"type"`
	Value  string `json:"value,omitempty"`
}

// Problem is what was found at a cell or a row.
type Problem struct {
	Place   fault.Place `json:"place"`
	Code    string      `json:"code"`
	Outcome string      `json:"outcome"` // of the outcomes below
}

// Outcomes of a problem.
const (
	RowRefused   = "row goes to quarantine"
	RowUnread    = "row of the list is not read"
	ValueRefused = "value is left out"
	Doubted      = "value is kept and counted"
)

// Try reads a whole export by a layout. The error is what would stop the source.
func Try(ctx context.Context, file string, l *layout.Layout, o TryOptions) (*Trial, error) {
	f, err := feedOf(l, o.Feed, file)
	if err != nil {
		return nil, err
	}
	list := slices.ContainsFunc(l.Holders, func(h layout.Feed) bool { return h.Name == f.Name })
	t := &trying{Trial: Trial{Rows: []Row{}, Listed: []Problem{}}, feed: f, list: list, o: o}
	return t.run(ctx, file, l)
}

// feedOf finds the feed by name, by the file's name, or because there is one only.
func feedOf(l *layout.Layout, name, file string) (*layout.Feed, error) {
	all := every(l)
	if name != "" {
		for _, f := range all {
			if f.Name == name {
				return f, nil
			}
		}
		return nil, errFeed.At(fault.Place{Field: name})
	}
	if len(all) == 1 {
		return all[0], nil
	}
	var found []*layout.Feed
	var names []string
	for _, f := range all {
		if _, ok := f.Match(filepath.Base(file)); ok {
			found = append(found, f)
		}
		names = append(names, f.Name)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, errFeed.At(fault.Place{File: file, Field: l.System}).Because(errors.New("there are " + strings.Join(names, ", ")))
}

// every gives the feeds of a layout, and the lists of holders that a case reads.
func every(l *layout.Layout) (out []*layout.Feed) {
	for i := range l.Feeds {
		out = append(out, &l.Feeds[i])
	}
	for i := range l.Holders {
		out = append(out, &l.Holders[i])
	}
	return out
}

// trying is a trial at work.
type trying struct {
	Trial
	feed    *layout.Feed
	list    bool // of holders
	o       TryOptions
	file    string
	src     nightly.Export
	refused map[int64]canon.Rejection // rows of the batch in hand, by line
}

func (t *trying) run(ctx context.Context, file string, l *layout.Layout) (*Trial, error) {
	t.file = file
	src, err := open(ctx, file, t.feed, func(r canon.Rejection) {
		t.problem(r.Line, -1, r.Code, t.refusal())
	})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	t.src = src
	c, err := conform.New(l, t.feed, t.o.Settings)
	if err != nil {
		return nil, err
	}
	tally := c.NewTally()
	sink := c.NewSinkOn(tally, t.show, func(r canon.Rejection) error { t.refused[r.Line] = r; return nil })
	var lines rowCount
	for b, err := range src.Batches(ctx) {
		if err != nil {
			return nil, err
		}
		if t.list {
			t.lines(b, c, &lines)
			continue
		}
		if err := t.batch(b, c, tally, sink); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(sink.Flush(), src.Verify()); err != nil {
		return nil, err
	}
	sum := src.Summary()
	t.Columns = columnsOf(t.feed, sum)
	t.Encoding, t.Mojibake, t.Read, t.Conformed = sum.Encoding, sum.Mojibake, sum.Read(), sink.Rows().Conformed+lines.good
	t.Refused = sum.Rejected + sink.Rows().Rejected + lines.bad
	slices.SortStableFunc(t.Rows, func(a, b Row) int { return cmp.Compare(a.Line, b.Line) })
	slices.SortStableFunc(t.Listed, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Column, b.Place.Column))
	})
	return &t.Trial, nil
}

// open opens an export; a file that is not there is the author's mistake, not a source's.
func open(ctx context.Context, file string, f *layout.Feed, reject func(canon.Rejection)) (nightly.Export, error) {
	if !f.InFile() {
		return nil, errKind.At(fault.Place{File: file, Field: f.FullName()})
	}
	src, err := nightly.OpenFile(ctx, file, f, reject)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, errOpen.At(fault.Place{File: file}).Wrap(err)
	}
	return src, err
}

// batch conforms a batch and tells of each of its rows.
func (t *trying) batch(b *canon.Batch, c *conform.Conformer, tally *conform.Tally, sink *conform.Sink) error {
	t.refused = map[int64]canon.Rejection{}
	lines := b.Col(canon.RawLine)
	for i := range b.Len() {
		if len(t.Rows) < t.o.Rows {
			t.Rows = append(t.Rows, Row{Line: lines.Int(i), Fields: []Field{}})
		}
	}
	if err := c.Batch(b, sink); err != nil {
		return err
	}
	for i, o := range sink.Outcomes() {
		line := lines.Int(i)
		r, bad := t.refused[line]
		if bad {
			t.problem(line, t.feed.Index(r.Field), r.Code, RowRefused)
		}
		tally.Faults(o, func(column int, code string, refused bool) {
			switch {
			case bad && t.feed.Columns[column].Name == r.Field && code == r.Code:
			case refused:
				t.problem(line, column, code, ValueRefused)
			default:
				t.problem(line, column, code, Doubted)
			}
		})
	}
	return nil
}

// refusal is what becomes of a row that cannot be read at all.
func (t *trying) refusal() string {
	if t.list {
		return RowUnread
	}
	return RowRefused
}

type rowCount struct{ good, bad int64 }

// lines reads a batch of a list of holders, as a case would.
func (t *trying) lines(b *canon.Batch, c *conform.Conformer, n *rowCount) {
	texts := make([]string, len(t.feed.Columns))
	for i := range b.Len() {
		line := b.Col(canon.RawLine).Int(i)
		if field, code := c.Texts(b, i, texts); code != "" {
			n.bad++
			t.problem(line, t.feed.Index(field), code, t.refusal())
			continue
		}
		if n.good++; len(t.Rows) == t.o.Rows {
			continue
		}
		row := Row{Line: line, Fields: []Field{}}
		for j := range t.feed.Columns {
			col := &t.feed.Columns[j]
			if len(col.To) == 0 || texts[j] == "" {
				continue
			}
			typ, _ := layout.RuleType(col.As)
			f := Field{Target: col.To[0], Type: typeNames[typ]}
			if t.o.Values {
				f.Value = strings.Clone(texts[j])
			}
			row.Fields = append(row.Fields, f)
		}
		t.Rows = append(t.Rows, row)
	}
}

// problem notes a problem at a column of the feed, -1 for the row as a whole.
func (t *trying) problem(line int64, column int, code, outcome string) {
	if t.Problems++; len(t.Listed) == maxProblems {
		return
	}
	place := fault.Place{File: t.file, Line: int(line)}
	if column >= 0 {
		place.Field = t.feed.Columns[column].Name
		if places := t.src.Summary().Places; column < len(places) {
			place.Column = places[column]
		}
	}
	t.Listed = append(t.Listed, Problem{place, code, outcome})
}

// show takes the canonical rows of the rows to show.
func (t *trying) show(b *canon.Batch) error {
	lines, seq := b.Col(canon.Line), b.Col(canon.Seq)
	for i := range b.Len() {
		at := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Line == lines.Int(i) })
		if at < 0 {
			continue
		}
		for j := len(canon.Provenance()); j < len(b.Table.Columns); j++ {
			if b.Col(j).Null(i) {
				continue
			}
			f := Field{Target: target(b.Table, j, seq.Int(i)), Type: typeNames[b.Table.Columns[j].Type]}
			if t.o.Values {
				f.Value = string(b.Col(j).AppendTo(nil, i))
			}
			t.Rows[at].Fields = append(t.Rows[at].Fields, f)
		}
	}
	return nil
}

func target(table *canon.Table, column int, seq int64) string {
	if seq == 0 {
		return table.Name + "." + table.Columns[column].Name
	}
	return fmt.Sprintf("%s.%d.%s", table.Name, seq+1, table.Columns[column].Name)
}

var typeNames = map[canon.Type]string{canon.Text: "text", canon.Int: "number", canon.Decimal: "decimal", canon.Day: "date",
	canon.Instant: "instant", canon.Bool: "boolean"}

// columnsOf tells how the columns of an export that was read differ from its feed's.
func columnsOf(f *layout.Feed, sum tabular.Summary) Columns {
	known := map[string]bool{}
	for _, name := range f.Drop {
		known[tabular.Fold([]byte(name))] = true
	}
	c := Columns{Feed: f.FullName(), Reordered: sum.Reordered, Drift: f.Drift, Missing: []string{}, New: []string{}}
	for _, name := range sum.Unknown {
		if !known[tabular.Fold([]byte(name))] {
			c.New = append(c.New, name)
		}
	}
	for _, name := range sum.Missing {
		if f.Misses(name) {
			c.Missing = append(c.Missing, name)
		}
	}
	c.Renamed, c.Required = renamed(f, c.Missing, c.New), required(f, c.Missing)
	return c
}
