package authoring_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

const demo = "../../fixtures/demo/inbox"

func shipped(t *testing.T) []*layout.Layout {
	t.Helper()
	all, err := layout.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func today() canon.Date { d, _ := canon.NewDate(2026, 11, 22); return d }

// TestADraftReadsItsExport drafts a layout of every demo export of text, with and without the layouts that describe it, and reads the export by the draft: no row is lost, and the draft is a good layout.
func TestADraftReadsItsExport(t *testing.T) {
	files, err := filepath.Glob(demo + "/*/*_20261121.csv")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		for _, known := range [][]*layout.Layout{shipped(t), nil} {
			s, err := authoring.Suggest(t.Context(), file, known, authoring.SuggestOptions{Controller: "10118", RunDate: today()})
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			l, err := layout.Parse("draft.yaml", []byte(s.Layout))
			if err != nil {
				t.Fatalf("%s: %v\n%s", file, err, s.Layout)
			}
			trial, err := authoring.Try(context.Background(), file, l, authoring.TryOptions{Settings: conform.Settings{RunDate: today(), AllowTemporary: true}})
			if err != nil {
				t.Fatalf("%s: %v\n%s", file, err, s.Layout)
			}
			if trial.Read == 0 || known != nil && trial.Refused*20 > trial.Read {
				t.Errorf("%s: %d of %d rows refused\n%s", file, trial.Refused, trial.Read, s.Layout)
			}
		}
	}
}

// TestADraftHoldsNoValue looks for every cell of every export of text in its draft, also of one whose first row is
// data.
func TestADraftHoldsNoValue(t *testing.T) {
	files, err := filepath.Glob(demo + "/*/*_20261121.csv")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		s, err := authoring.Suggest(t.Context(), file, nil, authoring.SuggestOptions{Controller: "10118", RunDate: today()})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		if !strings.Contains(file, "PEGASOS") { // which has no header
			lines = lines[1:]
		}
		for _, line := range lines {
			for _, cell := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;\t\r", r) }) {
				if len(cell) > 8 && strings.Contains(s.Layout, cell) {
					t.Fatalf("%s: the draft holds a value", file)
				}
			}
		}
	}
}

// TestASheetWhoseFirstRowIsSomebodysGivesNoDraft: its columns have no other names than that person's.
func TestASheetWhoseFirstRowIsSomebodysGivesNoDraft(t *testing.T) {
	suggest := func(rows ...[]string) (*authoring.Suggestion, error) {
		t.Helper()
		book := excelize.NewFile()
		for i, row := range rows {
			for j, cell := range row {
				name, err := excelize.CoordinatesToCellName(j+1, i+1)
				if err != nil {
					t.Fatal(err)
				}
				if err := book.SetCellStr("Sheet1", name, cell); err != nil {
					t.Fatal(err)
				}
			}
		}
		file := filepath.Join(t.TempDir(), "people.xlsx")
		if err := book.SaveAs(file); err != nil {
			t.Fatal(err)
		}
		return authoring.Suggest(t.Context(), file, nil, authoring.SuggestOptions{Controller: "10118", RunDate: today()})
	}
	below := [][]string{{"Veikko Testaaja", "Testipolku 3"}, {"Olli Koe", "Esimerkintie 5"}}
	if s, err := suggest(append([][]string{{"Tuuletar Esimerkki", "Mallikatu 6"}}, below...)...); fault.Code(err) != "UOMA-AUT-DRAFT" {
		t.Errorf("%v: %+v", err, s)
	}
	if s, err := suggest(append([][]string{{"Nimi", "Katuosoite"}}, below...)...); err != nil || !strings.Contains(s.Layout, "Katuosoite") {
		t.Errorf("%v: %+v", err, s)
	}
}

// TestADraftWithoutAHeaderHoldsNoValue drafts a layout of lists of people that begin with a person.
func TestADraftWithoutAHeaderHoldsNoValue(t *testing.T) {
	for name, text := range map[string]string{
		"names alone":         "Aino Esimerkki\nVeikko Testaaja\nOlli Koe\n",
		"family names first":  "Esimerkki;Aino\nTestaaja;Veikko\nKoe;Olli\n",
		"a name on no list":   "Tuuletar Esimerkki;Mallikatu 6\nVeikko Testaaja;Testipolku 3\nOlli Koe;Esimerkintie 5\n",
		"nor any word":        "Esimerkki;Tuuletar;x1\nTestaaja;Veikko;y2\nKoe;Olli;z3\nMallinen;Tuulikki;x1\n",
		"addresses alone":     "Tuuletar;Esimerkintie 5\nIlmatar;Testipolku 3\nLouhi;Mallikatu 6\n",
		"names and addresses": "Esimerkki,Aino,Mallikatu 6\nTestaaja,Veikko,Testipolku 3\nKoe,Olli,Esimerkintie 5\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "people.csv")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := authoring.Suggest(t.Context(), file, nil, authoring.SuggestOptions{Controller: "10118", RunDate: today()})
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\n", r) }) {
				if len(value) > 1 && strings.Contains(s.Layout, value) {
					t.Errorf("the draft holds a value:\n%s", s.Layout)
				}
			}
		})
	}
}

// TestTryCountsEveryRow reads damaged exports: refused and conformed rows are all rows, and a problem has its column.
func TestTryCountsEveryRow(t *testing.T) {
	for _, l := range shipped(t) {
		if n := l.Name(); n != "dynamics365" && n != "reportronic" && n != "student-register" {
			continue
		}
		for i := range l.Feeds {
			f := &l.Feeds[i]
			file := filepath.Join(demo, l.System, f.FileName(today()-1))
			trial, err := authoring.Try(context.Background(), file, l, authoring.TryOptions{Feed: f.Name, Rows: 3,
				Settings: conform.Settings{RunDate: today(), AllowTemporary: true}})
			if err != nil {
				t.Fatalf("%s: %v", f.FullName(), err)
			}
			if trial.Read == 0 || trial.Read != trial.Conformed+trial.Refused || len(trial.Rows) != 3 || !trial.Same() {
				t.Errorf("%s: %+v", f.FullName(), trial.Columns)
			}
			for _, p := range trial.Listed {
				if p.Place.Line < 2 || p.Place.Field != "" && p.Place.Column == 0 {
					t.Errorf("%s: %v", f.FullName(), p.Place)
				}
				if l.System == "dynamics365" && p.Place.Field != "" && p.Place.Column != place(t, file, p.Place.Field) {
					t.Errorf("%s: %v", f.FullName(), p.Place)
				}
			}
		}
	}
}

// place finds a column in the header of a demo export of Dynamics.
func place(t *testing.T, file, name string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(strings.TrimPrefix(string(text), "\ufeff"), "\r\n")
	return slices.Index(strings.Split(header, ","), name) + 1
}
