package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"uoma/connectors/parcel"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/outgoing"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
	"uoma/transforms/policy"
)

func (a *app) runCommand() *cobra.Command {
	var date string
	var dry, scheduled, drift bool
	c := &cobra.Command{
		Use:   "run PIPELINE",
		Short: "Run a pipeline for a date, or finish a run that was killed",
		Long: `Run a pipeline for a logical date. A run that is finished is not repeated; one that was killed goes on where it
stopped; one that ended in part (some source failed) is tried again for the sources that failed.

Exit codes: 0 finished, 3 finished but a source failed, 1 stopped, 6 another process runs the pipeline, 7 the delivery was refused.`,
		Example: `  uoma run nightly --date 2026-11-22
  uoma run nightly --date 2026-11-22 --dry-run     # compute everything, write nothing
  uoma run career-survey --date auto --json`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			mode := pipelines.Manual
			if scheduled {
				mode = pipelines.Nightly
			}
			out, err := a.runPipeline(c.Context(), args[0], date, mode, dry, drift)
			if err != nil {
				return err
			}
			if err := a.printOutcome(out, dry); err != nil {
				return err
			}
			if out.State == pipelines.Part {
				return statusError(exitPartial)
			}
			return nil
		},
	}
	c.Flags().StringVar(&date, "date", "auto", "logical date YYYY-MM-DD; auto is today in the workspace's time zone")
	c.Flags().BoolVar(&dry, "dry-run", false, "read and compute everything, write and send nothing")
	c.Flags().BoolVar(&drift, "accept-drift", false, "what records of one person have in common changed and is right: learn it anew")
	c.Flags().BoolVar(&scheduled, "scheduled", false, "the run was started by a schedule")
	return c
}

// runPipeline opens the workspace and runs a pipeline in it.
func (a *app) runPipeline(ctx context.Context, name, date string, mode pipelines.Mode, dry, drift bool) (out pipelines.Outcome, err error) {
	ws, err := a.open(ctx, dry)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, ws.Close()) }()
	day, err := a.logicalDate(ws, date)
	if err != nil {
		return out, err
	}
	log := a.logger()
	r := &pipelines.Run{Pipeline: name, Date: day, Mode: mode, Dry: dry, AcceptDrift: drift, Now: a.now, Log: log, Progress: a.newProgress(log)}
	def, err := ws.Pipeline(name)
	if err != nil {
		return out, err
	}
	hand := a.byHand(ws, mode)
	if err := a.mayDeliver(ctx, ws, def, hand, day); err != nil {
		return out, err
	}
	if hand {
		r.Actor = a.actor("")
	}
	return runIn(ctx, ws, def, r)
}

// runIn runs one pipeline in an open workspace.
func runIn(ctx context.Context, ws *workspace.Workspace, def *pipelines.Definition, r *pipelines.Run) (out pipelines.Outcome, err error) {
	err = held(ctx, ws, ws, r, func(ctx context.Context, h holding) error {
		stages, done, err := stagesOf(ws, def, r, h)
		if err != nil {
			return err
		}
		defer done()
		stages = slices.DeleteFunc(stages, func(s pipelines.Stage) bool { return !slices.Contains(def.Stages, s.Name()) })
		var journal pipelines.Journal = h.journal
		if r.Dry {
			journal = workspace.DryJournal{}
		}
		out, err = pipelines.Execute(ctx, r, stages, journal)
		return err
	})
	return out, err
}

func stagesOf(ws *workspace.Workspace, def *pipelines.Definition, r *pipelines.Run, h holding) (stages []pipelines.Stage, done func(), err error) {
	if def.Survey != nil {
		s, err := surveyOf(ws, def, r, h)
		if err != nil {
			return nil, nil, err
		}
		return s.Stages(), func() {}, nil
	}
	if def.Target != "" {
		f, err := targetOf(ws, def.Target, r, h)
		if err != nil {
			return nil, nil, err
		}
		return f.Stages(), func() {}, nil
	}
	if slices.Contains(def.Stages, survey.WithdrawName) {
		all, err := withdrawersOf(ws, r, h)
		return []pipelines.Stage{survey.WithdrawStage(ws, all)}, func() {}, err
	}
	n := nightly.New(ws, h.layouts, h.pack, nightly.InboxOf{Workspace: ws}, h.journal.Check)
	return n.Stages(), n.Close, nil
}

func surveyOf(ws *workspace.Workspace, def *pipelines.Definition, r *pipelines.Run, h holding) (*survey.Survey, error) {
	return survey.New(ws, def, h.pack, survey.Options{Rand: rand.Reader, Holder: holder(r), Software: parcel.Software{Name: "uoma", Version: version}})
}

func targetOf(ws *workspace.Workspace, name string, r *pipelines.Run, h holding) (*outgoing.File, error) {
	t, err := ws.Target(name)
	if err != nil {
		return nil, err
	}
	return outgoing.New(ws, t, h.pack, outgoing.Options{Rand: rand.Reader, Holder: holder(r)})
}

// holding is what work under a pipeline's lease has at hand.
type holding struct {
	pack    *policy.Pack
	layouts []*layout.Layout
	journal *workspace.Journal
}

// held runs f under the lease of r's pipeline in ws, with the policy and the layouts of rules. A dry run takes no lease.
func held(ctx context.Context, ws, rules *workspace.Workspace, r *pipelines.Run, f func(context.Context, holding) error) (err error) {
	h := holding{}
	var read sync.WaitGroup
	var errLayouts error
	read.Go(func() { h.layouts, errLayouts = rules.Layouts() })
	h.pack, err = rules.Policy(r.Date)
	read.Wait()
	if err = cmp.Or(err, errLayouts); err != nil { // of two, that of the policy is told
		return err
	}
	h.journal = ws.NewJournal(version, nightly.ConfigDigest(rules, h.layouts, h.pack), h.pack.Digest())
	h.journal.SignedBy(h.pack.SignedBy)
	if r.Dry {
		return f(ctx, h)
	}
	if ctx, err = h.journal.Hold(ctx, r); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.journal.Free(context.WithoutCancel(ctx))) }()
	return f(ctx, h)
}

var errDate = fault.New("UOMA-CFG-DATE", "the date is not of the form YYYY-MM-DD", "write --date 2026-11-22, or --date auto for today")

// today is the day in the controller's time zone.
func (a *app) today(ws *workspace.Workspace) canon.Date {
	return canon.DateOf(a.now().In(ws.Settings.Location))
}

// manual is a run that somebody starts by hand, and of which no progress is shown.
func (a *app) manual(pipeline string, day canon.Date) *pipelines.Run {
	return &pipelines.Run{Pipeline: pipeline, Date: day, Mode: pipelines.Manual, Now: a.now, Log: a.logger(), Progress: &progress{}}
}

// logicalDate reads --date; auto is today in the controller's time zone.
func (a *app) logicalDate(ws *workspace.Workspace, s string) (canon.Date, error) {
	if s == "auto" || s == "" {
		return a.today(ws), nil
	}
	d, err := canon.ParseDate(s)
	if err != nil {
		return 0, usageError{errDate}
	}
	return d, nil
}

// holder names this process for leases, unlike any other.
func holder(r *pipelines.Run) string { return fmt.Sprintf("%d-%d", os.Getpid(), r.Now().UnixNano()) }
