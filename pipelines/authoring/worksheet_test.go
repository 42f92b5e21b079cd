package authoring_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"uoma/fixtures/campus"
	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
	"uoma/transforms/layout"
)

const worksheetTemplate = "dynamics365-worksheet"

// worksheetLayout gives the layout for copying of the worksheets of Dynamics 365, and the shipped one of the same rows under logical names.
func worksheetLayout(t *testing.T) (worksheet, logical *layout.Layout) {
	t.Helper()
	src, err := layout.TemplateSource(worksheetTemplate + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	if worksheet, err = layout.Parse(worksheetTemplate+".yaml", src); err != nil {
		t.Fatal(err)
	}
	all := shipped(t)
	return worksheet, all[slices.IndexFunc(all, func(l *layout.Layout) bool { return l.Name() == "dynamics365" })]
}

// readWhole reads all rows of an export.
func readWhole(t *testing.T, file string, l *layout.Layout, feed string) *authoring.Trial {
	t.Helper()
	trial, err := authoring.Try(t.Context(), file, l, authoring.TryOptions{Feed: feed, Rows: 1 << 20, Values: true,
		Settings: conform.Settings{RunDate: today(), AllowTemporary: true}})
	if err != nil {
		t.Fatal(err)
	}
	if !trial.Same() || trial.Read != trial.Conformed+trial.Refused {
		t.Errorf("%s: %d read, %d conformed, %d refused, columns %+v", file, trial.Read, trial.Conformed, trial.Refused, trial.Columns)
	}
	return trial
}

// TestAWorksheetHoldsTheSamePeopleAsTheFiles reads the same made-up contacts and consents both ways, those of the fixture and a larger
// campus: every canonical value is the same but the organisation and the contact that stays of merged ones, which a worksheet has by name, and
// the seconds of a time that stands there as text. What the worksheet refuses beside what the files refuse are labels that nobody listed.
func TestAWorksheetHoldsTheSamePeopleAsTheFiles(t *testing.T) {
	worksheet, logical := worksheetLayout(t)
	for people, seed := range map[int]uint64{64: 1323, 3000: 7} {
		files := t.TempDir()
		root, err := os.OpenRoot(files)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		o := campus.Options{People: people, Seed: seed, Date: today() - 1, Out: root}
		if _, err := campus.Generate(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		sheets := "../../fixtures/systems"
		if people != 64 {
			sheets = files
			if _, err := campus.Others(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		for _, feed := range []string{"contacts", "consents"} {
			want := readWhole(t, filepath.Join(files, "inbox/dynamics365", logical.Feed(feed).FileName(today()-1)), logical, feed)
			got := readWhole(t, filepath.Join(sheets, worksheetTemplate, worksheet.Feed(feed).FileName(today()-1)), worksheet, feed)
			t.Run(fmt.Sprintf("%s of %d", feed, people), func(t *testing.T) {
				sameRows(t, got, want)
				if people > 64 {
					everyTarget(t, worksheet.Feed(feed), got, unfilled["dynamics365/"+feed])
				}
			})
		}
	}
}

// sameRows compares the rows of a worksheet with those of a file, line by line.
func sameRows(t *testing.T, got, want *authoring.Trial) {
	t.Helper()
	if got.Read != want.Read || got.Read == 0 || len(got.Rows) != len(want.Rows) {
		t.Fatalf("%d rows of %d", len(got.Rows), len(want.Rows))
	}
	refused, refusedInFile := refusals(got), refusals(want)
	exact, rounded, odd := 0, 0, 0
	for i, row := range got.Rows {
		why, other := refused[row.Line], refusedInFile[want.Rows[i].Line]
		fields := slices.DeleteFunc(slices.Clone(want.Rows[i].Fields), func(f authoring.Field) bool {
			return strings.HasPrefix(f.Target, "org.") || f.Target == "person.merged_into"
		})
		switch {
		case other != "":
			if why == "" {
				t.Errorf("line %d is refused in the file for %s, and read here", row.Line, other)
			}
		case slices.Contains([]string{"Do not allow Bulk Emails unknown-code", "Send Marketing Materials unknown-code", "Consent status unknown-code"}, why):
			odd++
		case why != "":
			t.Errorf("line %d is refused for %s", row.Line, why)
		case slices.Equal(row.Fields, fields) && row.Line == want.Rows[i].Line:
			exact++
		case minutes(row.Fields) == minutes(fields):
			rounded++
		default:
			t.Errorf("line %d:\n%v\nwant\n%v", row.Line, row.Fields, fields)
		}
	}
	if odd == 0 || 5*odd > len(got.Rows) || exact < 2*rounded || len(got.Rows) > 100 && rounded == 0 {
		t.Errorf("%d rows are the same, %d but for their seconds, %d have labels that nobody listed", exact, rounded, odd)
	}
}

// everyTarget finds targets that no row fills.
func everyTarget(t *testing.T, f *layout.Feed, trial *authoring.Trial, unfilled []string) {
	t.Helper()
	filled := map[string]bool{}
	for _, row := range trial.Rows {
		for _, x := range row.Fields {
			filled[bare(x.Target)] = true
		}
	}
	for _, c := range f.Columns {
		for _, to := range c.To {
			if !filled[bare(to)] && !slices.Contains(unfilled, bare(to)) {
				t.Errorf("no row fills %s", to)
			}
		}
	}
}

// refusals gives the column and code for which each row goes to quarantine, by line.
func refusals(trial *authoring.Trial) map[int64]string {
	out := map[int64]string{}
	for _, p := range trial.Listed {
		if p.Outcome == authoring.RowRefused {
			out[int64(p.Place.Line)] = p.Place.Field + " " + p.Code
		}
	}
	return out
}

// minutes gives fields as text, instants without their seconds.
func minutes(fields []authoring.Field) string {
	var b strings.Builder
	for _, f := range fields {
		if f.Type == "instant" && len(f.Value) > len("2026-11-02T08:15") {
			f.Value = f.Value[:len("2026-11-02T08:15")]
		}
		fmt.Fprintf(&b, "%s=%s\n", f.Target, f.Value)
	}
	return b.String()
}

// TestAWorksheetInFinnishIsReadAlike puts the other heading of each column of contacts, and the other labels, into the fixture's sheet.
func TestAWorksheetInFinnishIsReadAlike(t *testing.T) {
	worksheet, _ := worksheetLayout(t)
	f := worksheet.Feed("contacts")
	file := filepath.Join("../../fixtures/systems", worksheetTemplate, f.FileName(today()-1))
	want := readWhole(t, file, worksheet, f.Name)
	book, err := excelize.OpenFile(file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	finnish := map[string]string{"Allow": "Salli", "Do Not Allow": "Älä salli", "Send": "Lähetä", "Do Not Send": "Älä lähetä", "Yes": "Kyllä", "No": "Ei", "Male": "Mies", "Female": "Nainen"}
	sheet := book.GetSheetList()[0]
	rows, err := book.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	translated := 0
	for x, name := range rows[0] {
		i := f.Index(name)
		if i < 0 || len(f.Columns[i].Aliases) == 0 {
			continue
		}
		for y := range rows {
			text := ""
			if x < len(rows[y]) {
				text = rows[y][x]
			}
			if y == 0 {
				text = f.Columns[i].Aliases[0]
			} else if other, known := finnish[text]; known {
				text = other
			} else {
				continue
			}
			cell, err := excelize.CoordinatesToCellName(x+1, y+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := book.SetCellStr(sheet, cell, text); err != nil {
				t.Fatal(err)
			}
			translated++
		}
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := book.SaveAs(copied); err != nil {
		t.Fatal(err)
	}
	got := readWhole(t, copied, worksheet, f.Name)
	if translated < 100 || got.Refused != want.Refused || !slices.EqualFunc(got.Rows, want.Rows, func(a, b authoring.Row) bool { return slices.Equal(a.Fields, b.Fields) }) {
		t.Errorf("%d cells in Finnish: %d refused, want %d", translated, got.Refused, want.Refused)
	}
	for _, c := range f.Columns {
		if len(c.Aliases) == 0 && c.Name != "Contact Role" {
			t.Errorf("%s has no heading in Finnish", c.Name)
		}
	}
}
