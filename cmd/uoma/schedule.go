package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
	"uoma/schedules"
)

func (a *app) scheduleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "schedule",
		Short: "See when pipelines run, run what is due, or let systemd do so",
		Long: `See when pipelines run, run what is due, or let systemd do so.

A schedule is a file in the workspace's folder schedules; it replaces the shipped one of the same name.`,
		Example: `  uoma schedule list
  uoma schedule next nightly --count 10
  uoma schedule serve                              # wait, and run each pipeline when it is due
  uoma schedule export systemd --output units      # or let systemd wait`,
	}
	export := &cobra.Command{
		Use:     "export",
		Short:   "Write schedules for another scheduler",
		Example: "  uoma schedule export systemd nightly",
	}
	export.AddCommand(a.scheduleExportSystemdCommand())
	c.AddCommand(a.scheduleListCommand(), a.scheduleNextCommand(), a.scheduleRunCommand(), a.scheduleServeCommand(), export)
	return c
}

// schedules gives those of the workspace that are named, or all of them. It opens no store.
func (a *app) schedules(names []string) ([]*schedules.Schedule, error) {
	if _, err := os.Stat(filepath.Join(a.workspace, workspace.FileName)); err != nil {
		return nil, usageError{fmt.Errorf("there is no %s in %s: name the workspace with --workspace", workspace.FileName, a.workspace)}
	}
	all, err := schedules.Load(os.DirFS(a.workspace))
	if err != nil || len(names) == 0 {
		return all, err
	}
	var out []*schedules.Schedule
	for _, n := range names {
		s, err := schedules.Find(all, n)
		if err != nil {
			return nil, usageError{err}
		}
		out = append(out, s)
	}
	return out, nil
}

func (a *app) scheduleListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the schedules and their next fire times",
		Example: "  uoma schedule list --json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			all, err := a.schedules(nil)
			if err != nil {
				return err
			}
			type row struct {
				*schedules.Schedule
				Next time.Time `json:"next"`
			}
			var result []row
			var rows [][]string
			for _, s := range all {
				next, enabled := s.Next(a.now()), "no"
				if s.Enabled {
					enabled = "yes"
				}
				result = append(result, row{s, next})
				rows = append(rows, []string{s.Name, s.Pipeline, s.Cron, s.Zone, enabled, next.Format(time.RFC3339), string(s.CatchUp), string(s.Overlap), s.File})
			}
			if a.json {
				return a.printJSON("schedule list", true, result)
			}
			return a.table([]string{"SCHEDULE", "PIPELINE", "CRON", "ZONE", "ENABLED", "NEXT", "CATCH-UP", "OVERLAP", "FILE"}, rows)
		},
	}
}

const maxFires = 10_000 // more than a year of hours; a list for people or a calendar, not an export

func (a *app) scheduleNextCommand() *cobra.Command {
	var count int
	var from string
	c := &cobra.Command{
		Use:   "next [SCHEDULE...]",
		Short: "Show the next fire times and their logical dates",
		Example: `  uoma schedule next
  uoma schedule next nightly --count 3 --from 2027-03-27     # the night when the clocks change`,
		RunE: func(_ *cobra.Command, names []string) error {
			if count < 1 || count > maxFires {
				return usageError{fmt.Errorf("--count is from 1 to %d", maxFires)}
			}
			all, err := a.schedules(names)
			if err != nil {
				return err
			}
			result := map[string][]schedules.Fire{}
			var rows [][]string
			for _, s := range all {
				after, err := a.startOf(s, from)
				if err != nil {
					return err
				}
				fires := nextFires(s, after, count)
				result[s.Name] = fires
				for _, f := range fires {
					rows = append(rows, []string{s.Name, f.At.Format(time.RFC3339), f.At.UTC().Format(time.RFC3339), f.Logical.String()})
				}
			}
			if a.json {
				return a.printJSON("schedule next", true, result)
			}
			return a.table([]string{"SCHEDULE", "FIRES", "UTC", "LOGICAL DATE"}, rows)
		},
	}
	c.Flags().IntVar(&count, "count", 5, "how many fire times of each schedule")
	c.Flags().StringVar(&from, "from", "", "first day YYYY-MM-DD to look at, in the schedule's zone; now when missing")
	return c
}

// startOf gives the instant after which fire times are wanted.
func (a *app) startOf(s *schedules.Schedule, from string) (time.Time, error) {
	if from == "" {
		return a.now(), nil
	}
	d, err := canon.ParseDate(from)
	if err != nil {
		return time.Time{}, usageError{fmt.Errorf("--from is %w", err)}
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.Time{}, err
	}
	year, month, day := d.Time().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, zone).Add(-time.Nanosecond), nil
}

func nextFires(s *schedules.Schedule, after time.Time, count int) []schedules.Fire {
	fires := make([]schedules.Fire, 0, count)
	for len(fires) < count {
		next := s.Next(after)
		if next.IsZero() {
			break
		}
		fires, after = append(fires, s.Between(after, next)...), next
	}
	return fires
}

func (a *app) scheduleExportSystemdCommand() *cobra.Command {
	var program, user, output string
	c := &cobra.Command{
		Use:   "systemd [SCHEDULE...]",
		Short: "Write a hardened service and a timer for each schedule",
		Long: `Write a hardened service and a timer for each schedule: to standard output, or as files with --output. They stand in
for uoma schedule serve: use one or the other. A schedule that is not enabled is exported when it is named.`,
		Example: `  uoma schedule export systemd nightly -w /var/lib/uoma
  uoma schedule export systemd -w /var/lib/uoma --output units
  install -m 0644 units/* /etc/systemd/system/
  systemctl daemon-reload && systemctl enable --now uoma-nightly.timer`,
		RunE: func(_ *cobra.Command, names []string) error {
			all, err := a.schedules(names)
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(a.workspace)
			if err != nil {
				return err
			}
			folders, err := workspace.FoldersOutside(a.workspace)
			if err != nil {
				return err
			}
			files := map[string]string{}
			for _, s := range all {
				if !s.Enabled && len(names) == 0 {
					continue
				}
				units, err := s.Systemd(schedules.SystemdOptions{Program: program, Workspace: dir, User: user, Folders: folders, From: a.now()})
				if err != nil {
					return err
				}
				for name, content := range units {
					files[name] = string(content)
				}
			}
			return a.writeUnits(output, files)
		},
	}
	c.Flags().StringVar(&program, "program", "/usr/bin/uoma", "where uoma is on the machine that runs the units")
	c.Flags().StringVar(&user, "user", "uoma", "user and group that own the workspace")
	c.Flags().StringVarP(&output, "output", "o", "", "folder to write the files to; standard output when missing")
	return c
}

func (a *app) writeUnits(dir string, files map[string]string) error {
	names := slices.Sorted(maps.Keys(files))
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		for _, n := range names {
			if err := os.WriteFile(filepath.Join(dir, n), []byte(files[n]), 0o600); err != nil {
				return err
			}
		}
	}
	if a.json {
		return a.printJSON("schedule export systemd", true, files)
	}
	for _, n := range names {
		text := fmt.Sprintf("#### %s\n%s\n", n, files[n])
		if dir != "" {
			text = filepath.Join(dir, n) + "\n"
		}
		if _, err := fmt.Fprint(a.out, text); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) scheduleRunCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run SCHEDULE",
		Short: "Run the dates of a schedule that are due now, and end",
		Long: `Run the dates of a schedule that are due now, by its catch-up rule, in order, and end. This is what the units of
uoma schedule export systemd start. A date that fails does not keep the next one from running.

Exit codes: 0 all finished or nothing due, 3 a source failed, 1 a run stopped, 6 another process runs the pipeline.`,
		Example: "  uoma schedule run nightly",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			all, err := a.schedules(args)
			if err != nil {
				return err
			}
			s := all[0]
			due, err := s.Due(c.Context(), ledgerHistory{a}, a.now())
			if err != nil {
				return err
			}
			outcomes, err := a.runDates(c.Context(), s.Pipeline, due)
			partial := slices.ContainsFunc(outcomes, func(o pipelines.Outcome) bool { return o.State == pipelines.Part })
			if printed := a.printOutcomes(outcomes, err == nil); err != nil || printed != nil {
				return errors.Join(err, printed)
			}
			if partial {
				return statusError(exitPartial)
			}
			return nil
		},
	}
}

// runDates runs every date, also after one that failed, but not after an interruption or while another process is at work.
func (a *app) runDates(ctx context.Context, pipeline string, dates []canon.Date) (outcomes []pipelines.Outcome, err error) {
	for _, date := range dates {
		out, failed := a.runPipeline(ctx, pipeline, date.String(), pipelines.Nightly, false, false)
		if failed == nil {
			outcomes = append(outcomes, out)
		}
		err = errors.Join(err, failed)
		if ctx.Err() != nil || errors.Is(failed, ledger.ErrHeld) {
			break
		}
	}
	return outcomes, err
}

func (a *app) printOutcomes(outcomes []pipelines.Outcome, ok bool) error {
	if a.json {
		return a.printJSON("schedule run", ok, outcomes)
	}
	if len(outcomes) == 0 && ok {
		_, err := fmt.Fprintln(a.out, "nothing is due")
		return err
	}
	for _, o := range outcomes {
		if _, err := fmt.Fprintf(a.out, "%s %s\n", o.Run, o.State); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) scheduleServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Stay, and run each enabled schedule when it is due",
		Long: `Stay, catch up with what was missed, and run each enabled schedule when it is due, until SIGTERM or SIGINT. A run that
fails is logged and the next one comes. Settings and schedules are read at the start; keys are in memory only during runs.`,
		Example: "  uoma schedule serve -w /var/lib/uoma",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := a.schedules(nil)
			if err != nil {
				return err
			}
			history := ledgerHistory{a}
			for _, s := range all { // a workspace that cannot be opened is told now and not at night
				if _, err := history.Finished(c.Context(), s.Pipeline); err != nil {
					return err
				}
			}
			server := schedules.Server{Schedules: all, History: history, Run: a.runScheduled, Clock: wallClock{a.now}, Log: a.logger()}
			return server.Serve(c.Context())
		},
	}
}

// runScheduled is the server's [schedules.Runner].
func (a *app) runScheduled(ctx context.Context, pipeline string, date canon.Date) error {
	out, err := a.runPipeline(ctx, pipeline, date.String(), pipelines.Nightly, false, false)
	if errors.Is(err, ledger.ErrHeld) {
		return schedules.ErrBusy.Wrap(err)
	}
	if err == nil && out.State == pipelines.Part {
		a.logger().Warn("finished in part: see the run's report", "run", out.Run)
	}
	if err != nil && fault.Code(err) == "" && ctx.Err() == nil {
		return errUncoded.Wrap(err)
	}
	return err
}

var errUncoded = fault.New("UOMA-SCH-RUN", "the run stopped", "start uoma run for the date by hand and read what it says")

// ledgerHistory asks the workspace's ledger. It opens the workspace for each question, so that a process that waits all
// day holds neither keys nor a store.
type ledgerHistory struct{ *app }

// recentRuns is how many runs are looked back at: more than the days that a catch-up may reach.
const recentRuns = 400

// Finished implements [schedules.History]. Partial success counts: the sources that failed are tried again by hand, not
// each night anew.
func (h ledgerHistory) Finished(ctx context.Context, pipeline string) (dates []canon.Date, err error) {
	ws, err := workspace.Open(ctx, h.workspace)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ws.Close()) }()
	runs, err := ledger.Runs(ctx, ws.RegisterDB, pipeline, recentRuns)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if r.State != ledger.Finished && r.State != ledger.Partial {
			continue
		}
		d, err := canon.ParseDate(r.LogicalDate)
		if err != nil {
			return nil, err
		}
		dates = append(dates, d)
	}
	return dates, nil
}

// Running implements [schedules.History].
func (h ledgerHistory) Running(ctx context.Context, pipeline string) (running bool, err error) {
	ws, err := workspace.Open(ctx, h.workspace)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, ws.Close()) }()
	lease, ok, err := ledger.FindLease(ctx, ws.RegisterDB, "run/"+pipeline)
	return ok && lease.Holder != "" && lease.ExpiresAt > h.now().UnixMicro(), err
}

// wallClock is the machine's clock.
type wallClock struct{ now func() time.Time }

func (c wallClock) Now() time.Time { return c.now() }

func (c wallClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
