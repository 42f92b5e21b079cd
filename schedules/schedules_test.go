package schedules_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"uoma/internal/fault"
	"uoma/schedules"
)

const head = "schedule: x\ntitle: t\npipeline: nightly\n"

func TestParseNamesThePlaceOfEveryFinding(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"unknown key", head + "cron: 15 2 * * *\ncatchup: all\n", "UOMA-CFG-SCHEMA x.yaml:1:1"},
		{"six fields", head + "cron: 0 15 2 * * *\n", "UOMA-CFG-SCHEMA x.yaml:4:7 (cron)"},
		{"a descriptor", head + "cron: '@daily'\n", "UOMA-CFG-SCHEMA x.yaml:4:7 (cron)"},
		{"a zone in the expression", head + "cron: CRON_TZ=UTC 1 2 * * *\n", "UOMA-CFG-SCHEMA x.yaml:4:7 (cron)"},
		{"an empty list item", head + "cron: 1,,2 2 * * *\n", "UOMA-CFG-SCHEMA x.yaml:4:7 (cron)"},
		{"minute 60", head + "cron: 60 2 * * *\n", "UOMA-CFG-CRON x.yaml:4:7 (cron)"},
		{"30 February", head + "cron: 0 2 30 2 *\n", "UOMA-CFG-CRON-NEVER x.yaml:4:7 (cron)"},
		{"unknown zone", head + "cron: 15 2 * * *\nzone: Europe/Seinajoki\n", "UOMA-CFG-ZONE x.yaml:5:7 (zone)"},
		{"the machine's zone", head + "cron: 15 2 * * *\nzone: Local\n", "UOMA-CFG-SCHEMA x.yaml:5:7 (zone)"},
		{"unknown rule", head + "cron: 15 2 * * *\noverlap: kill\n", "UOMA-CFG-SCHEMA x.yaml:5:10 (overlap)"},
		{"no limit", head + "cron: 15 2 * * *\ncatch_up_days: 0\n", "UOMA-CFG-SCHEMA x.yaml:5:16 (catch_up_days)"},
		{"two lines", "schedule: x\ntitle: \"a\\nb\"\npipeline: nightly\ncron: 15 2 * * *\n", "UOMA-CFG-SCHEMA x.yaml:2:8 (title)"},
		{"another name", "schedule: y\ntitle: t\npipeline: nightly\ncron: 15 2 * * *\n", "UOMA-CFG-SCHEDULE x.yaml:1:11 (schedule)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := schedules.Parse("x.yaml", []byte(c.src))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %s", err, c.want)
			}
		})
	}
	_, err := schedules.Parse("x.yaml", []byte("schedule: y\ntitle: t\npipeline: nightly\ncron: 60 2 * * *\nzone: No/Where\n"))
	var list fault.List
	if !errors.As(err, &list) || len(list) != 3 {
		t.Fatalf("got %v", err)
	}
}

func TestShipped(t *testing.T) {
	all, err := schedules.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		got = append(got, fmt.Sprint(s.Name, " ", s.Enabled))
	}
	want := []string{"axis-deletions false", "career-survey false", "nightly true", "seamk-crm-internships false", "seamk-crm-projects false", "seamk-crm-staff false", "seamk-crm false", "seamk-marketing false", "virta false", "withdrawals true"}
	if !slices.Equal(got, want) {
		t.Fatalf("got %q", got)
	}
	if got := all[2].Next(utc(t, "2026-11-21 12:00")).Format(time.RFC3339); got != "2026-11-22T02:15:00+02:00" {
		t.Fatalf("the nightly runs at %s", got)
	}
}

func TestLoadPrefersTheWorkspace(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	all, err := schedules.Load(fstest.MapFS{
		"schedules/nightly.yaml": file("schedule: nightly\ntitle: Ours\npipeline: nightly\ncron: 0 4 * * *\n"),
		"schedules/weekly.yaml":  file("schedule: weekly\ntitle: More\npipeline: own\ncron: 0 5 * * MON\n"),
		"schedules/notes.txt":    file("not a schedule"),
		"pipelines/own.yaml":     file("pipeline: own\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, s := range all {
		names += s.Name + " " + s.File + "\n"
	}
	if want := "axis-deletions shipped/axis-deletions.yaml\ncareer-survey shipped/career-survey.yaml\nnightly schedules/nightly.yaml\nseamk-crm shipped/seamk-crm.yaml\nseamk-crm-internships shipped/seamk-crm-internships.yaml\n" +
		"seamk-crm-projects shipped/seamk-crm-projects.yaml\nseamk-crm-staff shipped/seamk-crm-staff.yaml\nseamk-marketing shipped/seamk-marketing.yaml\nvirta shipped/virta.yaml\nweekly schedules/weekly.yaml\nwithdrawals shipped/withdrawals.yaml\n"; names != want {
		t.Fatalf("got %s", names)
	}
	if s, err := schedules.Find(all, "nightly"); err != nil || s.Title != "Ours" {
		t.Fatalf("got %v, %v", s, err)
	}
	if _, err := schedules.Find(all, "monthly"); fault.Code(err) != "UOMA-CFG-SCHEDULE" {
		t.Fatalf("got %v", err)
	}
}

func TestLoadReportsEveryFile(t *testing.T) {
	_, err := schedules.Load(fstest.MapFS{
		"schedules/a.yml":  {Data: []byte("schedule: a\n")},
		"schedules/b.yaml": {Data: []byte("schedule: b\ntitle: t\npipeline: nihgtly\ncron: 0 4 * * *\n")},
		"schedules/c.yaml": {Data: []byte("schedule: [\n")},
	})
	for _, want := range []string{"schedules/a.yml", "schedules/b.yaml:3:11 (pipeline)", "UOMA-CFG-SYNTAX schedules/c.yaml"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("got %v, want %s", err, want)
		}
	}
	all, err := schedules.Load(fstest.MapFS{})
	if err != nil || len(all) != 10 {
		t.Fatalf("an empty workspace has %v, %v", all, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, cron := range []string{"15 2 * * *", "*/5 0-23/2 1,15 JAN-MAR MON", "59 23 29 2 7", "0 0 31 4 *", "1-2-3 * * * *", "*/0 * * * *", "22-2 5-1 9 9 9"} {
		f.Add(cron, "Europe/Helsinki")
	}
	f.Add("* * * * *", "../../etc/passwd")
	f.Fuzz(func(t *testing.T, cron, zone string) {
		s, err := schedules.Parse("x.yaml", []byte(head+"cron: "+cron+"\nzone: "+zone+"\n"))
		if err != nil {
			return
		}
		at := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
		next := s.Next(at)
		if !next.After(at) || !s.Next(next).After(next) {
			t.Fatalf("next of %s is %s", at, next)
		}
		if _, err := s.Systemd(options); err != nil {
			t.Fatal(err)
		}
	})
}
