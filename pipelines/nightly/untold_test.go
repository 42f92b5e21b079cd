package nightly_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"uoma/connectors/database/databasetest"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
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

// companies gives rows of a list, each of somebody else.
func companies(from, to int) (out []string) {
	for i := from; i <= to; i++ {
		own := strings.NewReplacer("+358400000002", fmt.Sprintf("+35840000001%d", i), "Mallikatu 2;60320", fmt.Sprintf("Mallikatu %d;6032%d", 10*i, i),
			"ä", "\xe4") // as the layout's encoding has it
		out = append(out, own.Replace(company(fmt.Sprintf("p%d@a.example", i))))
	}
	return out
}

// says lays down the side-car of a list that was obtained on a day.
func (s tiny) says(t *testing.T, d canon.Date, word string, since canon.Date) {
	t.Helper()
	text := strings.Replace(bought("Mallitieto", "2027-09-30"), `"art14_notice":"due"`, fmt.Sprintf(`"art14_notice":%q`, word), 1)
	s.aside(t, d, strings.Replace(text, "2026-10-01", since.String(), 1))
}

// TestWhoIsToBeToldOfAList follows lists through their nights: who came in with one that says due is to be told within a calendar
// month of the day on which it was obtained, until a list says that they were told or need not be, or has them no more.
func TestWhoIsToBeToldOfAList(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := withListsOn(t, on)
		people := companies
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
			{"exempt, without the last", late + 5, people(1, 8), "exempt", late, nil},
			{"who came before the list that was exempt counts as told", late + 6, people(1, 9), "due", late + 6, nil},
		} {
			if night.rows != nil {
				s.put(t, besideList, night.date, night.rows...)
				s.says(t, night.date, night.says, night.since)
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

// TestWhoIsToBeToldOutlivesARepetition repeats a night that another system kept from being whole: what it learnt the first time is
// read anew, and what the lists before said, or a list that is gone from the inbox, counts on.
func TestWhoIsToBeToldOutlivesARepetition(t *testing.T) {
	databasetest.OnBoth(t, func(t *testing.T, on databasetest.Kind) {
		s := withListsOn(t, on)
		late := feedLayout("mira", "alumni: member member | member required: true; to: person.source_key, mail as: email; to: email.personal")
		write(t, filepath.Join(s.dir, workspace.LayoutDir, "mira.yaml"), []byte(late))
		path := filepath.Join(s.dir, workspace.FileName)
		settings, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, []byte(strings.Replace(string(settings), "systems: [external-lists]", "systems: [external-lists, mira]", 1)))
		night := firstNight
		for _, word := range []string{"due", "sent", "due"} {
			night++
			s.put(t, besideList, night, companies(1, 6)...)
			if night == firstNight+3 {
				s.put(t, besideList, night, companies(1, 7)...)
			}
			s.says(t, night, word, night)
			s.finish(t, night, pipelines.Part)
		}
		want := []string{"lists/external-lists/purchased pass: fewer than 5 people to be told by " + night.AddMonths(1).String()}
		for _, attempt := range []string{"again", "and without the list"} {
			if attempt == "and without the list" {
				name := s.export(besideList, night)
				if err := errors.Join(os.Remove(name), os.Remove(name+".meta.json")); err != nil {
					t.Fatal(err)
				}
			}
			s.finish(t, night, pipelines.Part)
			if got := s.untold(t, night); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", attempt, got, want)
			}
		}
	})
}
