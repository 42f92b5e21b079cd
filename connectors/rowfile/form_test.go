package rowfile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/xuri/excelize/v2"

	"uoma/connectors/rowfile"
	"uoma/internal/fault"
)

// TestTheNamesOfASheet finds the row of names, with numbers in it or not, and takes nobody's row for it.
func TestTheNamesOfASheet(t *testing.T) {
	for name, c := range map[string]struct {
		want string // "" of a sheet without names
		rows [][]any
	}{
		"texts":              {"id name", [][]any{{"id", "name"}, {1, "Näyte"}}},
		"years":              {"name unit 2025 2026", [][]any{{"name", "unit", 2025, 2026}, {"Näyte", "A", 12, 17}, {"Koe", "B", "x", 9}}},
		"terms":              {"name unit 2025-2026", [][]any{{"name", "unit", "2025-2026"}, {"Näyte", "A", "granted"}, {"Koe", "B", ""}}},
		"below titles":       {"name unit 2026", [][]any{{"Loans of", "all of", 2026}, {}, {"name", "unit", 2026}, {"Näyte", "A", 12}}},
		"below a parameter":  {"id name mail unit", [][]any{{"Made", "21.11.2026"}, {"id", "name", "mail", "unit"}, {1, "Näyte", "", "A"}}},
		"no names":           {"", [][]any{{200100, "Näyte", "Aino"}, {200101, "Koe", "Åsa"}, {"", "Testaaja", "Aino"}, {"x", "Testaaja", "Aino"}}},
		"no names, one text": {"", [][]any{{"Aino", "+358400000001"}, {"Åsa", "+358400000002"}, {"Eino", "none"}}},
		"an address":         {"", [][]any{{"Aino", "aino@mail.example"}, {"Åsa", "none"}}},
	} {
		forms, _, err := rowfile.Inspect(write(t, workbook(t, map[string][][]any{"Sheet1": c.rows}, nil)))
		if c.want == "" {
			if fault.Code(err) != "UOMA-LNK-TABLE" {
				t.Errorf("%s: %+v, %v", name, forms, err)
			}
			continue
		}
		if err != nil || len(forms) != 1 || columns(forms[0]) != c.want || forms[0].Sheet != "" || forms[0].HeaderLines != 0 {
			t.Errorf("%s: %+v, %v", name, forms, err)
		}
	}
}

func columns(f rowfile.Form) string {
	var out []string
	for _, c := range f.Columns {
		out = append(out, c.Name)
	}
	return strings.Join(out, " ")
}

// TestSheetsBesideOthers names the only sheet with rows that is shown where the workbook has another one before it.
func TestSheetsBesideOthers(t *testing.T) {
	rows := map[string][][]any{"Sheet1": {{"key", "value"}, {"a", "b"}}, "People": {{"id", "name"}, {1, "Näyte"}}}
	for name, prepare := range map[string]func(f *excelize.File) error{
		"hidden": func(f *excelize.File) error { return f.SetSheetVisible("Sheet1", false) },
		"a chart": func(f *excelize.File) error {
			chart := &excelize.Chart{Type: excelize.Col, Series: []excelize.ChartSeries{{Name: "n", Categories: "People!$A$2", Values: "People!$A$2"}}}
			if err := f.DeleteSheet("Sheet1"); err != nil {
				return err
			}
			err := f.AddChartSheet("Chart", chart)
			slices.Reverse(f.WorkBook.Sheets.Sheet)
			return err
		},
	} {
		forms, _, err := rowfile.Inspect(write(t, workbook(t, rows, prepare)))
		if err != nil || len(forms) != 1 || forms[0].Sheet != "People" || columns(forms[0]) != "id name" {
			t.Errorf("%s: %+v, %v", name, forms, err)
		}
	}
}

func workbook(t *testing.T, sheets map[string][][]any, prepare func(*excelize.File) error) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for sheet, rows := range sheets {
		if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(sheets) > 1 {
		at, err := f.GetSheetIndex("People")
		if err != nil {
			t.Fatal(err)
		}
		f.SetActiveSheet(at)
	}
	if prepare != nil {
		if err := prepare(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestADocumentWithoutLineEnds is found in a stream of which the beginning alone is looked at.
func TestADocumentWithoutLineEnds(t *testing.T) {
	var people, elements strings.Builder
	for i := range 10_000 {
		long := strings.Repeat(fmt.Sprintf("Näyte %x ", i*i*i), 60)
		fmt.Fprintf(&people, `{"id":%d,"name":%q},`, i, long)
		fmt.Fprintf(&elements, "<P><id>%d</id><name>%s</name></P>", i, long)
	}
	for document, want := range map[string]string{
		`{"people":[` + people.String() + `{"id":2}]}`:                           "json people id name",
		`<?xml version="1.0"?>` + "\n<People>" + elements.String() + "</People>": "xml People/P id name",
		"[\n" + people.String() + `{"id":2}]`:                                    "json  id name",
	} {
		if len(document) < 8<<20 {
			t.Fatal(len(document))
		}
		var packed strings.Builder
		w := gzip.NewWriter(&packed)
		if _, err := w.Write([]byte(document)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		forms, _, err := rowfile.Inspect(write(t, packed.String()))
		if err != nil || len(forms) != 1 || forms[0].Type+" "+forms[0].Rows+" "+columns(forms[0]) != want || forms[0].Compression != "gzip" {
			t.Errorf("%s: %v, %v", want, forms, err)
		}
	}
}
