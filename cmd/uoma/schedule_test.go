package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/schedules"
)

// scheduled runs a schedule command in a workspace at noon of 22 November 2026 in Finland.
func scheduled(t *testing.T, dir string, asJSON bool, args ...string) (string, int) {
	t.Helper()
	var out, talk bytes.Buffer
	a := &app{out: &out, err: &talk, workspace: dir, json: asJSON, quiet: true,
		now: func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }}
	c := a.scheduleCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err := c.ExecuteContext(context.Background())
	if err != nil {
		a.complain("uoma", err)
	}
	return out.String() + talk.String(), exitCode(err)
}

func emptyWorkspace(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "campus")
	if err := workspace.Init(dir, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestScheduleList(t *testing.T) {
	dir := emptyWorkspace(t)
	out, code := scheduled(t, dir, false, "list")
	if code != exitOK || !strings.Contains(out, "2026-11-23T02:15:00+02:00") || !strings.Contains(out, "career-survey") {
		t.Fatalf("%d\n%s", code, out)
	}
	out, code = scheduled(t, dir, true, "list")
	var got struct {
		Result []struct {
			Schedule string    `json:"schedule"`
			Enabled  bool      `json:"enabled"`
			Next     time.Time `json:"next"`
		} `json:"result"`
	}
	err := json.Unmarshal([]byte(out), &got)
	enabled := ""
	for _, s := range got.Result {
		if s.Enabled {
			enabled += s.Schedule + " "
		}
	}
	if err != nil || code != exitOK || len(got.Result) < 4 || enabled != "nightly withdrawals " {
		t.Fatalf("%d %v\n%s", code, err, out)
	}
}

func TestScheduleNextOverTheSpringChange(t *testing.T) {
	dir := emptyWorkspace(t)
	own := "schedule: early\ntitle: Early\npipeline: nightly\ncron: 30 3 * * *\n"
	folder := filepath.Join(dir, "schedules")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "early.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := scheduled(t, dir, false, "next", "early", "--count", "3", "--from", "2027-03-27")
	want := []string{"2027-03-27T03:30:00+02:00", "2027-03-28T04:00:00+03:00", "2027-03-29T03:30:00+03:00"}
	for _, w := range want {
		if code != exitOK || !strings.Contains(out, w) {
			t.Fatalf("%d, no %s in\n%s", code, w, out)
		}
	}
	for _, args := range [][]string{{"next", "late"}, {"next", "--count", "0"}, {"next", "--from", "27.3.2027"}, {"list", "early"}} {
		if out, code := scheduled(t, dir, false, args...); code != exitUsage {
			t.Fatalf("%v: %d\n%s", args, code, out)
		}
	}
	if out, code := scheduled(t, t.TempDir(), false, "list"); code != exitUsage {
		t.Fatalf("no workspace: %d\n%s", code, out)
	}
	if err := os.WriteFile(filepath.Join(folder, "early.yaml"), []byte(own+"overlpa: skip\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := scheduled(t, dir, false, "list"); code != exitSettings || !strings.Contains(out, "schedules/early.yaml:1:1") {
		t.Fatalf("%d\n%s", code, out)
	}
}

func TestScheduleExportSystemd(t *testing.T) {
	dir, units := emptyWorkspace(t), filepath.Join(t.TempDir(), "units")
	out, code := scheduled(t, dir, false, "export", "systemd", "--output", units)
	if code != exitOK || strings.Contains(out, "career-survey") {
		t.Fatalf("%d\n%s", code, out)
	}
	service, err := os.ReadFile(filepath.Join(units, "uoma-nightly.service"))
	if err != nil || !strings.Contains(string(service), "ExecStart=/usr/bin/uoma schedule run nightly --workspace "+dir+"\n") {
		t.Fatalf("%v\n%s", err, service)
	}
	if out, code := scheduled(t, dir, false, "export", "systemd", "career-survey"); code != exitOK || !strings.Contains(out, "#### uoma-career-survey.timer") {
		t.Fatalf("%d\n%s", code, out)
	}
}

// With an empty inbox the night ends in part, which is final as far as schedules go.
func TestScheduleRunRunsWhatIsDueOnce(t *testing.T) {
	dir := emptyWorkspace(t)
	out, code := scheduled(t, dir, false, "run", "nightly")
	if code != exitPartial || !strings.Contains(out, "nightly-2026-11-22 partial") {
		t.Fatalf("%d\n%s", code, out)
	}
	if out, code = scheduled(t, dir, false, "run", "nightly"); code != exitOK || out != "nothing is due\n" {
		t.Fatalf("%d\n%s", code, out)
	}
}

func TestScheduleServeEndsWithoutComplaint(t *testing.T) {
	dir := emptyWorkspace(t)
	ws, err := workspace.Open(context.Background(), dir) // makes the stores, which takes longer than serving does
	if err != nil {
		t.Fatal(err)
	}
	if err := ws.Close(); err != nil {
		t.Fatal(err)
	}
	a := &app{out: io.Discard, err: io.Discard, workspace: dir, quiet: true, now: time.Now}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c := a.scheduleServeCommand()
	c.SetArgs([]string{})
	if err := c.ExecuteContext(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestThreat_T31_TheLedgerTellsWhoIsAtWork(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	h := ledgerHistory{&app{workspace: emptyWorkspace(t), now: func() time.Time { return now }}}
	ws, err := workspace.Open(ctx, h.workspace)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	running := func(want bool) {
		t.Helper()
		if got, err := h.Running(ctx, "nightly"); err != nil || got != want {
			t.Fatalf("running is %v, %v", got, err)
		}
	}
	running(false)
	j := ws.NewJournal("", "", "")
	if _, err := j.Hold(ctx, &pipelines.Run{Pipeline: "nightly", Now: func() time.Time { return now }}); err != nil {
		t.Fatal(err)
	}
	running(true)
	if err := h.runScheduled(ctx, "nightly", canon.DateOf(now)); !errors.Is(err, schedules.ErrBusy) {
		t.Fatalf("got %v", err)
	}
	then := now
	now = now.Add(ledger.LeaseTime + time.Second) // as after a kill
	running(false)
	now = then
	if err := j.Free(ctx); err != nil {
		t.Fatal(err)
	}
	running(false)
}
