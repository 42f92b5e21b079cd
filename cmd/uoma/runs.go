package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"time"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

// inWorkspace opens the workspace for a query.
func (a *app) inWorkspace(ctx context.Context, f func(*workspace.Workspace) error) error {
	ws, err := a.open(ctx, false)
	if err != nil {
		return err
	}
	return errors.Join(f(ws), ws.Close())
}

// open opens the workspace, for a run that leaves nothing behind or for any other.
func (a *app) open(ctx context.Context, dry bool) (*workspace.Workspace, error) {
	if dry {
		return workspace.OpenDry(ctx, a.workspace)
	}
	ws, err := nightly.Open(ctx, a.workspace, a.now)
	if err != nil {
		return nil, err
	}
	if err := ws.NoteOperators(ctx, a.person, a.now()); err != nil {
		return nil, errors.Join(err, ws.Close())
	}
	return ws, nil
}

// runLine is one run in a list.
type runLine struct {
	Run         string    `json:"run"`
	Pipeline    string    `json:"pipeline"`
	Date        string    `json:"logical_date"`
	State       string    `json:"state"`
	Attempt     int64     `json:"attempt"`
	Mode        string    `json:"mode"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished,omitzero"`
	TookMS      int64     `json:"took_ms,omitempty"`
	People      int64     `json:"people"`
	Read        int64     `json:"read"`
	Loaded      int64     `json:"loaded"`
	Unchanged   int64     `json:"unchanged"`
	Merged      int64     `json:"merged"`
	Quarantined int64     `json:"quarantined"`
	Withheld    int64     `json:"withheld"`
	Code        string    `json:"code,omitempty"` // why it failed
	Software    string    `json:"software"`
}

// runDetail is one run with everything that the ledger knows of it.
type runDetail struct {
	runLine
	Stages   []stageLine   `json:"stages"`
	Sources  []sourceLine  `json:"sources"`
	Stopped  []stoppedFeed `json:"stopped"`
	Reports  []string      `json:"reports"`
	Policy   string        `json:"policy_digest"`
	Signer   string        `json:"policy_signer,omitempty"`
	Settings string        `json:"config_digest"`
	Audit    *signedHead   `json:"audit,omitempty"` // the audit log's head when the run ended
}

// signedHead is a head of the audit log with its signature, over the message of [ledger.Seal.Message].
type signedHead struct {
	Number    int64     `json:"number"`
	Chain     string    `json:"chain"`
	Run       string    `json:"run"` // that signed it
	Time      time.Time `json:"time"`
	KeyID     string    `json:"key_id"`
	Signature string    `json:"signature"`
}

type stageLine struct {
	Stage   string    `json:"stage"`
	State   string    `json:"state"`
	Started time.Time `json:"started"`
	TookMS  int64     `json:"took_ms"`
}

type sourceLine struct {
	Feed        string `json:"feed"`
	Read        int64  `json:"read"`
	Loaded      int64  `json:"loaded"`
	Unchanged   int64  `json:"unchanged"`
	Merged      int64  `json:"merged"`
	Quarantined int64  `json:"quarantined"`
	Withheld    int64  `json:"withheld"`
	Balanced    bool   `json:"balanced"`
}

// stoppedFeed is a feed that did not land, as the stage land leaves it in the ledger.
type stoppedFeed struct {
	Feed   string `json:"feed"`
	File   string `json:"file"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Hint   string `json:"hint"`
}

func (a *app) runsCommand() *cobra.Command {
	list := a.runsListCommand()
	c := &cobra.Command{
		Use:   "runs",
		Short: "List the runs, or show one",
		Example: `  uoma runs
  uoma runs list --pipeline nightly --limit 7
  uoma runs show nightly-2026-11-22`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.Flags().AddFlagSet(list.Flags())
	c.AddCommand(list, a.runsShowCommand())
	return c
}

func (a *app) runsListCommand() *cobra.Command {
	var pipeline string
	var limit int
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the latest runs, newest first",
		Example: "  uoma runs list --pipeline nightly --limit 7 --json",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				runs, err := ledger.Runs(c.Context(), ws.RegisterDB, pipeline, limit)
				if err != nil {
					return err
				}
				lines := make([]runLine, 0, len(runs))
				for _, r := range runs {
					d, err := describeRun(c.Context(), ws, r)
					if err != nil {
						return err
					}
					lines = append(lines, d.runLine)
				}
				return a.printRuns(lines)
			})
		},
	}
	c.Flags().StringVar(&pipeline, "pipeline", "", "only runs of this pipeline")
	c.Flags().IntVar(&limit, "limit", 20, "how many runs at most")
	_ = c.RegisterFlagCompletionFunc("pipeline", a.completePipelines) // fails only for a flag that is not there
	return c
}

func (a *app) printRuns(lines []runLine) error {
	if a.json {
		return a.printJSON("runs list", true, lines)
	}
	rows := make([][]string, 0, len(lines))
	for _, l := range lines {
		row := []string{l.Run, l.State, fmt.Sprint(l.Attempt), l.Mode, localTime(l.Started), took(l.TookMS)}
		figure := func(n int64, has bool) {
			if !has {
				row = append(row, "-")
				return
			}
			row = append(row, thousands(n))
		}
		people, read := l.People > 0, l.Read > 0 // what a run is not about it has none of
		figure(l.People, people)
		figure(l.Read, read)
		figure(l.Loaded, read)
		figure(l.Quarantined, read)
		figure(l.Withheld, people || read)
		rows = append(rows, row)
	}
	return a.table([]string{"RUN", "STATE", "ATTEMPT", "MODE", "STARTED", "TOOK", "PEOPLE", "READ", "LOADED", "QUARANTINED", "WITHHELD"}, rows)
}

func took(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

func (a *app) runsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "show RUN",
		Short:             "Show a run: stages, where the rows of every source went, what stopped a source, reports",
		Example:           "  uoma runs show nightly-2026-11-22",
		Args:              exactly(1),
		ValidArgsFunction: a.completeRuns,
		RunE: func(c *cobra.Command, args []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				r, err := findRun(c.Context(), ws, args[0])
				if err != nil {
					return err
				}
				d, err := describeRun(c.Context(), ws, r)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("runs show", true, d)
				}
				return a.printRun(d)
			})
		},
	}
}

var errNoRun = fault.New("UOMA-CLI-RUN", "the ledger knows no such run", "uoma runs list shows what there is")

func findRun(ctx context.Context, ws *workspace.Workspace, id string) (ledger.Run, error) {
	r, ok, err := ledger.FindRun(ctx, ws.RegisterDB, id)
	if err == nil && !ok {
		err = usageError{errNoRun}
	}
	return r, err
}

// describeRun gathers what the ledger says of a run.
func describeRun(ctx context.Context, ws *workspace.Workspace, r ledger.Run) (runDetail, error) {
	d := runDetail{
		runLine: runLine{Run: r.ID, Pipeline: r.Pipeline, Date: r.LogicalDate, State: r.State, Attempt: r.Attempt, Mode: r.Mode,
			Started: instant(r.StartedAt), Finished: instant(r.FinishedAt), TookMS: elapsed(r.StartedAt, r.FinishedAt), Software: r.Software},
		Stages: []stageLine{}, Sources: []sourceLine{}, Stopped: []stoppedFeed{}, Reports: reports(ws, r.ID), Policy: r.PolicyDigest, Settings: r.ConfigDigest,
	}
	var end struct {
		Code   string
		Signer string `json:"policy_signer"`
	}
	_ = json.Unmarshal([]byte(r.Facts), &end)
	d.Code, d.Signer = end.Code, end.Signer
	if s, ok, err := ledger.SealOf(ctx, ws.RegisterDB, r); err != nil {
		return d, err
	} else if ok {
		d.Audit = &signedHead{s.Number, s.Chain, s.Run, instant(s.SealedAt), s.KeyID, s.Signature}
	}
	stages, err := ledger.Stages(ctx, ws.RegisterDB, r.ID)
	if err != nil {
		return d, err
	}
	for _, s := range stages {
		d.Stages = append(d.Stages, stageLine{s.Name, s.State, instant(s.StartedAt), elapsed(s.StartedAt, s.FinishedAt)})
		d.takeFacts(s)
	}
	accounts, err := ledger.Accounts(ctx, ws.RegisterDB, r.ID)
	for _, x := range accounts {
		d.Sources = append(d.Sources, sourceLine{x.Feed, x.RowsRead, x.Loaded, x.Unchanged, x.Merged, x.Quarantined, x.Withheld, x.Balanced()})
		d.Read += x.RowsRead
		d.Loaded += x.Loaded
		d.Unchanged += x.Unchanged
		d.Merged += x.Merged
		d.Quarantined += x.Quarantined
		d.Withheld += x.Withheld
	}
	return d, err
}

// takeFacts takes what a stage left for people: the sources that stopped, how many people there are, and of a delivery how many it is
// about and how many of them are left out.
func (d *runDetail) takeFacts(s ledger.Stage) {
	var facts struct {
		Feeds    []stoppedFeed `json:"feeds"`
		Subjects int64         `json:"subjects"`
	}
	if json.Unmarshal([]byte(s.Facts), &facts) != nil {
		return // another stage's facts have other shapes
	}
	switch s.Name {
	case "land":
		for _, f := range facts.Feeds {
			if (nightly.FeedFacts{Code: f.Code}).Stopped() {
				d.Stopped = append(d.Stopped, f)
			}
		}
	case "resolve":
		d.People = facts.Subjects
	case "select":
		var chosen struct {
			Eligible int64
			Withheld []struct{ N int64 }
		}
		if json.Unmarshal([]byte(s.Facts), &chosen) == nil {
			d.People = chosen.Eligible
			for _, w := range chosen.Withheld {
				d.Withheld += w.N
			}
		}
	}
}

// reports lists the run's reports, as paths inside the workspace.
func reports(ws *workspace.Workspace, run string) []string {
	out := []string{}
	for _, name := range []string{"quality.html", "quality.json"} {
		p := path.Join(workspace.ReportDir, run, name)
		if _, err := os.Stat(ws.Path(p)); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// instant is a ledger's time; 0 is none.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// elapsed gives milliseconds, 0 while something is at work.
func elapsed(from, to int64) int64 {
	if to < from {
		return 0
	}
	return (to - from) / 1000
}

func (a *app) printRun(d runDetail) error {
	p := palette(a.out)
	state := d.State
	switch {
	case state == ledger.Finished:
		state = p.green(state)
	case state != ledger.Running:
		state = p.red(state)
	}
	fmt.Fprintf(a.out, "%s  %s  attempt %d, %s, started %s, took %s, %s people\n",
		p.bold(d.Run), state, d.Attempt, d.Mode, localTime(d.Started), took(d.TookMS), thousands(d.People))
	if d.Code != "" {
		fmt.Fprintf(a.out, "failed with %s: run the same date again, it goes on where it stopped\n", d.Code)
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, s := range d.Stages {
		rows = append(rows, []string{s.Stage, s.State, localTime(s.Started), took(s.TookMS)})
	}
	if err := a.table([]string{"STAGE", "STATE", "STARTED", "TOOK"}, rows); err != nil {
		return err
	}
	if len(d.Sources) > 0 {
		fmt.Fprintln(a.out)
		if err := a.printSources(d); err != nil {
			return err
		}
	}
	for _, s := range d.Stopped {
		fmt.Fprintf(a.out, "\n%s %s: %s\n  %s %s\n", p.red("stopped"), s.Feed, s.Code+" "+s.Reason, p.bold("next:"), s.Hint)
	}
	if len(d.Reports) > 0 {
		fmt.Fprintln(a.out)
	}
	for _, r := range d.Reports {
		fmt.Fprintln(a.out, "report", r)
	}
	if h := d.Audit; h != nil {
		fmt.Fprintf(a.out, "audit  %d entries, head %d:%s signed by %s in %s\n", h.Number, h.Number, h.Chain, h.KeyID, h.Run)
	}
	return nil
}

func (a *app) printSources(d runDetail) error {
	row := func(name string, numbers ...int64) []string {
		out := []string{name}
		for _, n := range numbers {
			out = append(out, thousands(n))
		}
		return out
	}
	var rows [][]string
	for _, s := range d.Sources {
		rows = append(rows, row(s.Feed, s.Read, s.Loaded, s.Unchanged, s.Merged, s.Quarantined, s.Withheld))
	}
	rows = append(rows, row("all", d.Read, d.Loaded, d.Unchanged, d.Merged, d.Quarantined, d.Withheld))
	return a.table([]string{"SOURCE", "READ", "LOADED", "UNCHANGED", "MERGED", "QUARANTINED", "WITHHELD"}, rows)
}
