package nightly_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
)

// untold gives what a night's report says of lists whose people are to be told.
func (s site) untold(t *testing.T, d canon.Date) (out []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "reports", "nightly-"+d.String(), "quality.json"))
	var report struct {
		Checks []struct{ Kind, Dataset, Status, Detail string }
	}
	if err != nil || json.Unmarshal(b, &report) != nil {
		t.Fatal(err)
	}
	for _, c := range report.Checks {
		if c.Kind == "listUntold" {
			out = append(out, c.Dataset+" "+c.Status+": "+c.Detail)
		}
	}
	return out
}

// TestWhoIsToBeToldOfAList follows lists through their nights: who came in with one that says due is to be told within a calendar
// month of the day on which it was obtained, until a list says that they were told or need not be, or has them no more.
func TestWhoIsToBeToldOfAList(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := withListsOn(t, on)
		people := func(from, to int) (out []string) {
			for i := from; i <= to; i++ {
				own := strings.NewReplacer("+358400000002", fmt.Sprintf("+35840000001%d", i), "Mallikatu 2;60320", fmt.Sprintf("Mallikatu %d;6032%d", 10*i, i))
				out = append(out, own.Replace(company(fmt.Sprintf("p%d@a.example", i))))
			}
			return out
		}
		first := firstNight
		by, second := first.AddMonths(1), (first + 2).AddMonths(1)
		six := "6 people to be told by " + by.String()
		one := "fewer than 5 people to be told by "
		late := by + 6
		for _, night := range []struct {
			name  string
			date  canon.Date
			rows  []string // nil: nothing comes
			says  string
			since canon.Date
			want  []string
		}{
			{"six people", first, people(1, 6), "due", first, []string{"pass: " + six}},
			{"nothing comes", first + 1, nil, "", 0, []string{"pass: " + six}},
			{"one more", first + 2, people(1, 7), "due", first + 2, []string{"pass: " + six + "; " + one + second.String()}},
			{"the last day", by, nil, "", 0, []string{"pass: " + six + "; " + one + second.String()}},
			{"a day late", by + 1, nil, "", 0, []string{"warn: " + six + ", overdue; " + one + second.String()}},
			{"both late", late - 1, nil, "", 0, []string{"warn: " + six + ", overdue; " + one + second.String() + ", overdue"}},
			{"told", late, people(1, 7), "sent", first + 2, nil},
			{"one more, of an old list", late + 1, people(1, 8), "due", first, []string{"warn: " + one + by.String() + ", overdue"}},
			{"the same list again", late + 2, people(1, 8), "due", late, []string{"warn: " + one + by.String() + ", overdue"}},
			{"they are gone", late + 3, people(1, 7), "due", late, nil},
			{"back again, and a new one", late + 4, people(1, 9), "due", late, []string{"warn: " + one + by.String() + ", overdue; " + one + late.AddMonths(1).String()}},
			{"exempt", late + 5, people(1, 9), "exempt", late, nil},
		} {
			if night.rows != nil {
				s.put(t, besideList, night.date, night.rows...)
				says := strings.Replace(bought("Mallitieto", "2027-09-30"), `"art14_notice":"due"`, fmt.Sprintf(`"art14_notice":%q`, night.says), 1)
				s.aside(t, night.date, strings.Replace(says, "2026-10-01", night.since.String(), 1))
			}
			s.finish(t, night.date, pipelines.Finished)
			for i := range night.want {
				night.want[i] = "lists/external-lists/purchased " + night.want[i]
			}
			if got := s.untold(t, night.date); !slices.Equal(got, night.want) {
				t.Errorf("%s: %q, want %q", night.name, got, night.want)
			}
		}
	})
}
