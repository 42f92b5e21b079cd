package nightly_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"uoma/internal/canon"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

// canary is part of every planted name, address and e-mail address, in a row that is used and in rows that are refused.
const canary = "Kanarialintu"

// refused begins values that no column of dates, numbers or identifiers takes.
const refused = "<"

// plantedRows is how many rows of each export of a night get canaries.
const plantedRows = 40

// plant puts canaries into a night's exports: where a layout says that a column identifies, and in names of files. Where bad
// rows are wanted, they are in some rows also where a word is refused.
func (s site) plant(t *testing.T, date canon.Date, bad bool) {
	t.Helper()
	s.feeds(t, date, func(f *layout.Feed, export string) {
		switch f.Format.Type {
		case "csv":
			e := readExport(t, f, export)
			plantRows(f, e.rows, bad)
			e.write(t, f, export)
		case "xlsx":
			plantSheet(t, f, export)
		default:
			t.Fatalf("nobody plants in %s, which is %s", f.FullName(), f.Format.Type)
		}
	})
	for _, name := range []string{canary + ".csv", "peppi_alumnit_" + canary + ".csv", "." + canary} {
		write(t, filepath.Join(s.campus, "inbox", "peppi", name), []byte(canary))
	}
}

// feeds visits the feeds that the campus has an export of.
func (s site) feeds(t *testing.T, date canon.Date, visit func(f *layout.Feed, export string)) {
	t.Helper()
	var layouts []*layout.Layout
	s.at(t, func(ws *workspace.Workspace) { _, layouts = documents(t, ws, date) })
	for _, l := range layouts {
		for i := range l.Feeds {
			f := &l.Feeds[i]
			export := filepath.Join(s.campus, "inbox", l.System, f.FileName(date))
			if _, err := os.Stat(export); f.InFile() && err == nil {
				visit(f, export)
			}
		}
	}
}

func plantRows(f *layout.Feed, rows [][]string, bad bool) {
	places := placesOf(f, rows[0])
	typed := typedColumns(f)
	for i, n := 0, 0; i < len(rows) && n < plantedRows; i++ {
		row := rows[i]
		if len(row) <= slices.Max(places) || strings.EqualFold(row[places[0]], f.Columns[0].Name) {
			continue // the last line, or the first
		}
		for _, source := range identifyingColumns(f) {
			if at := places[source]; at >= 0 {
				row[at] = withCanary(row[at], n)
			}
		}
		if at := places[typed[n/3%len(typed)]]; bad && n%3 == 0 && at >= 0 {
			row[at] = refused + canary + "> \"" + canary // no column of these takes it
		}
		if bad && n%7 == 6 {
			rows[i] = append(row, canary)
		}
		n++
	}
	if f.FullName() == "dynamics365/contacts" { // so few people have no contact that was merged
		last := rows[len(rows)-1]
		last[places[f.Index("merged")]], last[places[f.Index("_masterid_value")]] = "true", "0f8fad5b-d9cb-469f-a165-70867728950e"
	}
}

func plantSheet(t *testing.T, f *layout.Feed, path string) {
	t.Helper()
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows(f.Format.Sheet)
	if err != nil {
		t.Fatal(err)
	}
	heading := slices.IndexFunc(rows, func(row []string) bool { return slices.Contains(row, f.Columns[0].Name) })
	places := placesOf(f, rows[heading])
	for n := range min(plantedRows, len(rows)-heading-1) {
		row := rows[heading+1+n]
		for _, source := range identifyingColumns(f) {
			at := places[source]
			if at < 0 || at >= len(row) || row[at] == "" {
				continue
			}
			cell, err := excelize.CoordinatesToCellName(at+1, heading+2+n)
			if err != nil {
				t.Fatal(err)
			}
			if planted := withCanary(row[at], n); planted != row[at] {
				if err := book.SetCellStr(f.Format.Sheet, cell, planted); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := book.Save(); err != nil {
		t.Fatal(err)
	}
}

// withCanary puts canaries in the place of the words of a value, and of the local part of an e-mail address. Numbers and
// codes stay: a canary would be refused.
func withCanary(value string, n int) string {
	if at := strings.IndexByte(value, '@'); at > 0 {
		return strings.ToLower(canary) + fmt.Sprint(n) + value[at:]
	}
	words := strings.Fields(value)
	for i, word := range words {
		if len(word) > 2 && !strings.ContainsAny(word, "0123456789") {
			words[i] = canary + string(rune('a'+n%26))
		}
	}
	return strings.Join(words, " ")
}

// placesOf gives where each of a feed's columns stands in an export with that heading, or with none.
func placesOf(f *layout.Feed, heading []string) []int {
	places := make([]int, len(f.Columns))
	for i := range places {
		places[i] = slices.IndexFunc(heading, func(name string) bool { return strings.EqualFold(name, f.Columns[i].Name) })
	}
	if !slices.ContainsFunc(places, func(at int) bool { return at >= 0 }) {
		for i := range places {
			places[i] = i
		}
	}
	return places
}

// typedColumns gives the columns of a feed that take no words: dates, numbers and identifiers.
func typedColumns(f *layout.Feed) (columns []int) {
	for _, filling := range f.Fillings() {
		for _, v := range filling.Values {
			c := filling.Table.Columns[v.Column]
			if v.Source >= 0 && (c.Type != canon.Text || c.Class == canon.Identifier) && !slices.Contains(columns, v.Source) {
				columns = append(columns, v.Source)
			}
		}
	}
	return columns
}

// export is a CSV export: its rows as they stand there, heading and last line too, and how they do.
type export struct {
	rows     [][]string
	mark     []byte
	returns  bool
	archived []file // of an archive, in their order
}

var byteOrderMark = []byte("\ufeff")

func readExport(t *testing.T, f *layout.Feed, path string) (e export) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Member != "" {
		e.archived = unzip(t, text)
		text = e.archived[slices.IndexFunc(e.archived, func(m file) bool { return m.name == f.Member })].text
	}
	if bytes.HasPrefix(text, byteOrderMark) {
		e.mark = byteOrderMark
	}
	e.returns = bytes.Contains(text, []byte("\r\n"))
	r := csv.NewReader(bytes.NewReader(text[len(e.mark):]))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(f.Format.Delimiter[0]), true, -1
	if e.rows, err = r.ReadAll(); err != nil || len(e.rows) == 0 {
		t.Fatalf("%d rows, %v", len(e.rows), err)
	}
	return e
}

func (e export) write(t *testing.T, f *layout.Feed, path string) {
	t.Helper()
	out := bytes.NewBuffer(slices.Clone(e.mark))
	w := csv.NewWriter(out)
	w.Comma, w.UseCRLF = rune(f.Format.Delimiter[0]), e.returns
	if err := w.WriteAll(e.rows); err != nil {
		t.Fatal(err)
	}
	if f.Member == "" {
		write(t, path, out.Bytes())
		return
	}
	for i, m := range e.archived {
		switch m.name {
		case f.Member:
			e.archived[i].text = out.Bytes()
		case f.Format.Manifest:
			e.archived[i].text = manifest(t, m.text, f.Member, out.Bytes())
		}
	}
	write(t, path, zipped(t, e.archived))
}
