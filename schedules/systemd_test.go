package schedules_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"uoma/internal/fault"
	"uoma/schedules"
)

var update = flag.Bool("update", false, "write the golden files anew")

var options = schedules.SystemdOptions{
	Program: "/usr/bin/uoma", Workspace: "/var/lib/uoma", User: "uoma", From: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
}

// exported are the schedules of the golden files: the shipped ones, and one with every other branch.
func exported(t *testing.T) []*schedules.Schedule {
	t.Helper()
	all, err := schedules.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	oslo, err := schedules.Parse("schedules/oslo.yaml", []byte("schedule: oslo\ntitle: 100 % of Oslo\npipeline: nightly\n"+
		"cron: 15,45 2 1 * SAT-SUN\nzone: Europe/Oslo\noverlap: skip\ncatch_up: none\n"))
	if err != nil {
		t.Fatal(err)
	}
	return append(all, oslo)
}

func TestSystemdGolden(t *testing.T) {
	for _, s := range exported(t) {
		files, err := s.Systemd(options)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != 2 {
			t.Fatalf("%s has %d files", s.Name, len(files))
		}
		for name, content := range files {
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != string(content) {
				t.Errorf("%s differs:\n%s", name, content)
			}
		}
	}
}

// TestSystemdLetsTargetsBeWritten names the folders of targets that lie outside of the workspace.
func TestSystemdLetsTargetsBeWritten(t *testing.T) {
	o := options
	o.Folders = []string{"/srv/letters", "/srv/virta"}
	files, err := schedule(t, "15 2 * * *", "UTC").Systemd(o)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".service") && !strings.Contains(string(text), "\nReadWritePaths=/var/lib/uoma /srv/letters /srv/virta\n") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	o.Folders = []string{"/srv/%h"}
	if _, err := schedule(t, "15 2 * * *", "UTC").Systemd(o); fault.Code(err) != "UOMA-CFG-UNIT" {
		t.Errorf("syntax in a folder: %v", err)
	}
}

func TestSystemdRefusesSyntaxInValues(t *testing.T) {
	s := schedule(t, "15 2 * * *", "UTC")
	for _, o := range []schedules.SystemdOptions{
		{Program: "uoma", Workspace: "/var/lib/uoma", User: "uoma"},
		{Program: "/usr/bin/uoma", Workspace: "/var/lib/../uoma", User: "uoma"},
		{Program: "/usr/bin/uoma", Workspace: "/var/lib/u oma", User: "uoma"},
		{Program: "/usr/bin/uoma", Workspace: "/var/lib/%h", User: "uoma"},
		{Program: "/usr/bin/uoma", Workspace: "/var/lib/uoma\nUser=root", User: "uoma"},
		{Program: "/usr/bin/uoma", Workspace: "/var/lib/uoma", User: "uoma\n"},
		{Program: "/usr/bin/uoma", Workspace: "/var/lib/uoma"},
	} {
		if _, err := s.Systemd(o); fault.Code(err) != "UOMA-CFG-UNIT" {
			t.Errorf("%q: got %v", o, err)
		}
	}
}

// systemdAnalyze gives the path of systemd's own checker, or "" on a machine without it.
func systemdAnalyze() string {
	path, _ := exec.LookPath("systemd-analyze")
	return path
}

func TestSystemdAcceptsTheUnits(t *testing.T) {
	tool := systemdAnalyze()
	if tool == "" {
		t.Log("no systemd here: the golden files stand alone")
		return
	}
	dir := t.TempDir()
	program, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", "--man=no"}
	for _, s := range exported(t) {
		o := options
		o.Program = program
		files, err := s.Systemd(o)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range files {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, path)
		}
	}
	out, err := exec.Command(tool, args...).CombinedOutput()
	if err != nil || strings.Contains(string(out), dir) {
		t.Fatalf("%v\n%s", err, out)
	}
}

var elapse = regexp.MustCompile(`(?m)(?:Next elapse|Iter\. #\d+|\(in UTC\)): (?:\w{3} )?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC`)

// The exported timer elapses exactly when the schedule fires, around each change of the clocks: systemd itself is asked.
func TestSystemdElapsesWhenTheScheduleFires(t *testing.T) {
	tool := systemdAnalyze()
	if tool == "" {
		t.Log("no systemd here: the golden files stand alone")
		return
	}
	for _, c := range []struct{ cron, zone string }{
		{"15 2 * * *", "Europe/Helsinki"}, {"30 3 * * *", "Europe/Helsinki"}, {"*/30 3,4 * * *", "Europe/Helsinki"},
		{"15 2 * * *", "Europe/Oslo"}, {"15 1 * * SUN", "Europe/London"}, {"0 3 1,29 * 1-5", "Europe/Helsinki"},
	} {
		for _, base := range []string{"2027-03-26 12:00", "2027-10-29 12:00"} {
			s := schedule(t, c.cron, c.zone)
			from := utc(t, base)
			to := from.AddDate(0, 0, 5)
			files, err := s.Systemd(options)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for line := range strings.Lines(string(files["uoma-x.timer"])) {
				event, ok := strings.CutPrefix(strings.TrimSpace(line), "OnCalendar=")
				if !ok {
					continue
				}
				for _, at := range elapses(t, tool, event, from) {
					if at.After(from) && !at.After(to) {
						got[at.Format(time.RFC3339)] = true
					}
				}
			}
			fires := s.Between(from, to)
			for _, f := range fires {
				if !got[f.At.UTC().Format(time.RFC3339)] {
					t.Errorf("%s %s: systemd misses %s", c.cron, c.zone, f.At)
				}
			}
			if len(got) != len(fires) {
				t.Errorf("%s %s from %s: systemd elapses at %v, the schedule fires at %v", c.cron, c.zone, base, got, fires)
			}
		}
	}
}

func elapses(t *testing.T, tool, event string, from time.Time) []time.Time {
	t.Helper()
	cmd := exec.Command(tool, "calendar", "--iterations=30", "--base-time="+from.Format("2006-01-02 15:04:05 UTC"), event)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w\n%s", event, err, out))
	}
	var times []time.Time
	for _, m := range elapse.FindAllStringSubmatch(string(out), -1) {
		at, err := time.Parse(time.DateTime, m[1])
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, at)
	}
	return times
}
