package authoring

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"uoma/connectors/record"
	"uoma/connectors/rowfile"
	"uoma/connectors/tabular"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/transforms/identifier"
	"uoma/transforms/layout"
	"uoma/transforms/meaning"
)

var errDraft = fault.New("UOMA-AUT-DRAFT", "the export's columns make no layout", "give each column of the export a name of its own, and export at least one that is known")

// defaultRegion is the region of a layout that names none.
const defaultRegion = "FI"

// sampleRows is how many rows a suggestion looks at.
const sampleRows = 4000

// Suggestion is a first layout of an export: its tables, and the file's text.
type Suggestion struct {
	System string           `json:"system"`
	Feeds  []Draft          `json:"feeds"`
	Passed []rowfile.Passed `json:"passed_over,omitempty"` // members of the archive
	Layout string           `json:"layout"`                // YAML
}

// Draft is a first feed: each column of a table with what it seems to be.
type Draft struct {
	Feed    string  `json:"feed"`
	Columns []Guess `json:"columns"`

	form rowfile.Form
	key  rowKey
	rows []string // rules of its canonical rows, as they are written
	drop []string // what else the table has
	odd  bool     // lines of it are no rows like the others

	unnamed bool // its first row seems to be data
}

// Guess is what a column seems to be. One without targets is dropped in the draft: what nobody claimed is not read.
type Guess struct {
	Name       string   `json:"name"`
	Rule       string   `json:"rule,omitempty"`
	To         []string `json:"to,omitempty"`
	Confidence float64  `json:"confidence"`
	Why        string   `json:"why"`

	column  layout.Column          // what the draft says of it
	rules   map[string][]*rowsRule // by target: what its rows may need besides
	decides bool                   // whether a source row has some canonical row
}

// SuggestOptions say what the export itself does not.
type SuggestOptions struct {
	System     string // "" takes it from the file's name
	Controller string
	Region     string // country of local phone numbers and postcodes, that of a layout without one when ""
	RunDate    canon.Date
}

// Suggest looks at an export and drafts its layout, with a feed for each table in it of which something is known. Known are
// the columns of the layouts given, by their names; of the others the header and the values tell what they are.
func Suggest(ctx context.Context, file string, known []*layout.Layout, o SuggestOptions) (*Suggestion, error) {
	forms, passed, err := rowfile.Inspect(file)
	if err != nil {
		return nil, err
	}
	s := &Suggestion{Passed: passed}
	var feed string
	s.System, feed = slug(o.System, file)
	o.System = s.System
	names := synonyms(known, o)
	for _, form := range forms {
		sample, numbers, odd, err := sampleOf(ctx, file, &form)
		unnamed := err == nil && !form.Headless && headless(&form, sample, names)
		switch {
		case unnamed && form.Type == "csv":
			form = form.WithoutHeader()
			sample, numbers, odd, err = sampleOf(ctx, file, &form)
		case unnamed: // columns of a sheet are found by their names, and those that it has are somebody's
			s.Passed = append(s.Passed, rowfile.Passed{Ending: ".xlsx", Code: errDraft.Code, Members: 1})
			continue
		}
		if err != nil {
			return nil, err
		}
		d := &drafting{form: form, sample: sample, numbers: numbers, synonyms: names, rules: identifier.Rules(), taken: map[string]bool{}, found: map[int]Guess{},
			params: identifier.Params{RunDate: o.RunDate, Region: cmp.Or(o.Region, defaultRegion), AllowTemporary: true, AllowSynthetic: true, EmptyMarkers: identifier.DefaultEmptyMarkers()}}
		draft := d.draft()
		draft.odd, draft.unnamed = odd, unnamed
		if draft.Feed = feed; len(forms) > 1 {
			draft.Feed = cut(feedName(&form), "")
		}
		for n := 2; slices.ContainsFunc(s.Feeds, func(x Draft) bool { return x.Feed == draft.Feed }); n++ {
			draft.Feed = cut(feedName(&form), "-"+strconv.Itoa(n))
		}
		if len(draft.key.row) > 0 {
			s.Feeds = append(s.Feeds, draft)
		}
	}
	if len(s.Feeds) == 0 {
		return nil, errDraft.At(fault.Place{File: file})
	}
	return s, s.settle(ctx, file, o)
}

// settle writes the layout, with what the tables have and the layout does not read.
func (s *Suggestion) settle(ctx context.Context, file string, o SuggestOptions) error {
	l, err := s.write(file, o)
	if err != nil {
		return err
	}
	for i := range s.Feeds {
		c, err := Compare(ctx, file, l, s.Feeds[i].Feed)
		if err != nil {
			return err
		}
		s.Feeds[i].drop = slices.DeleteFunc(c.New, record.Somebodys)
	}
	_, err = s.write(file, o)
	return err
}

// sampleOf reads the first rows of a table, with the cells of every column. It tells of which columns a workbook has numbers, and
// whether there are lines that are no rows like the others, as one of totals is.
func sampleOf(ctx context.Context, file string, form *rowfile.Form) (rows [][]string, numbers []bool, odd bool, err error) {
	f := layout.Feed{Name: form.Type, File: file, Member: form.Member, Format: formatOf(form)}
	for i, c := range form.Columns {
		f.Columns = append(f.Columns, columnOf(form, i, &c))
	}
	src, err := open(ctx, file, &f, func(canon.Rejection) {})
	if err != nil {
		return nil, nil, false, err
	}
	defer src.Close()
	numbers = make([]bool, len(f.Columns))
	for b, err := range src.Batches(ctx) {
		if err != nil {
			return nil, nil, false, err
		}
		for i := range min(b.Len(), sampleRows-len(rows)) {
			row := make([]string, len(f.Columns))
			kinds := b.Col(canon.RawKinds)
			for c := range row {
				numbers[c] = numbers[c] || !kinds.Null(i) && (kinds.Bytes(i)[c] == canon.KindNumber || kinds.Bytes(i)[c] == canon.KindNumber1904)
				if col := b.Col(canon.RawFirst + c); !col.Null(i) {
					row[c] = strings.Clone(col.Text(i))
				}
				if form.Columns[c].Several {
					row[c], _, _ = strings.Cut(row[c], severalSign)
				}
			}
			rows = append(rows, row)
		}
		if len(rows) == sampleRows {
			break
		}
	}
	sum := src.Summary()
	return rows, numbers, sum.Rejected+sum.Skipped[tabular.SkipSummary] > 0, nil
}

// headless tells that the first row has values where it should name columns: the draft would have them.
func headless(form *rowfile.Form, sample [][]string, names map[string]*synonym) bool {
	if form.Type != "csv" && form.Type != "xlsx" { // in all others somebody gave each value its name
		return false
	}
	first := make([]string, len(form.Columns))
	for i, c := range form.Columns {
		first[i] = c.Name
	}
	return meaning.IsData(first, sample, func(name string) bool {
		name = letters(name)
		_, known := names[name]
		return known || slices.Contains(general, name)
	})
}

// severalSign joins several values of a record.
const severalSign = ";"

// formatOf puts a form into the terms of a layout.
func formatOf(form *rowfile.Form) layout.Format {
	f := layout.Format{Type: form.Type, Compression: form.Compression, Encoding: form.Encoding, Sheet: form.Sheet, HeaderLines: form.HeaderLines,
		Rows: form.Rows, Manifest: form.Manifest}
	if form.Delimiter != 0 {
		f.Delimiter = string(form.Delimiter)
	}
	if form.Headless {
		f.Header = tabular.HeaderNone
	}
	return f
}

// columnOf is a column of a form as a layout names it.
func columnOf(form *rowfile.Form, i int, c *rowfile.Column) layout.Column {
	out := layout.Column{Name: c.Name, Path: c.Path}
	if form.Headless {
		out.Position = i + 1
	}
	if c.Several {
		out.List = severalSign
	}
	return out
}
