package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

var (
	errSends = fault.New("UOMA-BKF-SENDS", "the pipeline delivers to somebody outside, which a replay of the past must not do", "send with uoma run, or compute with uoma run --dry-run")
	errRange = fault.New("UOMA-BKF-RANGE", "--from is after --to", "swap the dates")
)

// backfillDir is where replays keep their own stores, below the workspace.
const backfillDir = "backfills"

// replayed is how one date of a backfill ended.
type replayed struct {
	Date   string          `json:"date"`
	State  pipelines.State `json:"state"`
	Digest string          `json:"register_digest"`
	Report string          `json:"report"`
}

// planned is what a backfill of a date would read.
type planned struct {
	Date      string            `json:"date"`
	Snapshots map[string]string `json:"snapshots"` // by feed
}

func (a *app) backfillCommand() *cobra.Command {
	var from, to string
	var dry bool
	c := &cobra.Command{
		Use:   "backfill PIPELINE --from D --to D",
		Short: "Replay past dates from their snapshots, on stores of their own",
		Long: `Replay the nights of past dates over the snapshots that their runs took, under the policy in force on each date. The
replay has a register of its own below backfills/; the workspace's register, vault and high-water marks are not touched,
and nothing is sent. What was erased since stays erased. The identities it needed are removed at the end.`,
		Example: `  uoma backfill nightly --from 2026-11-01 --to 2026-11-07 --dry-run   # which snapshots
  uoma backfill nightly --from 2026-11-01 --to 2026-11-07`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			first, err1 := canon.ParseDate(from)
			last, err2 := canon.ParseDate(to)
			switch {
			case err1 != nil || err2 != nil:
				return usageError{errDate}
			case first > last:
				return usageError{errRange}
			}
			ws, err := a.open(c.Context(), false)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, ws.Close()) }()
			def, err := ws.Pipeline(args[0])
			if err != nil {
				return err
			}
			if sends(def) {
				return errSends
			}
			if dry {
				return a.planBackfill(c.Context(), ws, args[0], first, last)
			}
			return a.backfill(c.Context(), ws, def, first, last)
		},
	}
	c.Flags().StringVar(&from, "from", "", "first date")
	c.Flags().StringVar(&to, "to", "", "last date")
	c.Flags().BoolVar(&dry, "dry-run", false, "say which snapshots each date would read, and do nothing")
	return c
}

func (a *app) planBackfill(ctx context.Context, ws *workspace.Workspace, pipeline string, first, last canon.Date) error {
	var plan []planned
	for d := first; d <= last; d++ {
		taken, err := nightly.Taken(ctx, ws, pipeline, d)
		if err != nil {
			return err
		}
		p := planned{Date: d.String(), Snapshots: map[string]string{}}
		for feed, f := range taken {
			p.Snapshots[feed] = f.Digest
		}
		plan = append(plan, p)
	}
	if a.json {
		return a.printJSON("backfill", true, plan)
	}
	for _, p := range plan {
		fmt.Fprintf(a.out, "%s  snapshots of %d feeds\n", p.Date, len(p.Snapshots))
	}
	return nil
}

func (a *app) backfill(ctx context.Context, ws *workspace.Workspace, def *pipelines.Definition, first, last canon.Date) (err error) {
	dir := filepath.Join(backfillDir, fmt.Sprintf("%s-%s-%s", def.Pipeline, first, last))
	// A replay begins with nothing: what an earlier one of the same dates left would take part in it.
	if err := os.RemoveAll(ws.Path(dir)); err != nil {
		return err
	}
	scratch, err := workspace.OpenScratch(ctx, ws, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Close(), removeIdentities(scratch)) }()
	if err := nightly.Prepare(ctx, scratch, ws); err != nil {
		return err
	}
	var out []replayed
	for d := first; d <= last; d++ {
		one, err := a.replay(ctx, scratch, ws, def, d)
		if err != nil {
			return err
		}
		out = append(out, one)
		if !a.json {
			fmt.Fprintf(a.out, "%s  %-8s  register %s…  %s\n", one.Date, one.State, one.Digest[:12], one.Report)
		}
	}
	if a.json {
		return a.printJSON("backfill", true, out)
	}
	fmt.Fprintf(a.out, "register and reports are in %s; remove the folder when you are done with it\n", ws.Path(dir))
	return nil
}

func (a *app) replay(ctx context.Context, scratch, ws *workspace.Workspace, def *pipelines.Definition, d canon.Date) (one replayed, err error) {
	log := a.logger()
	r := &pipelines.Run{Pipeline: def.Pipeline, Date: d, Mode: pipelines.Backfill, Now: a.now, Log: log, Progress: a.newProgress(log)}
	err = held(ctx, scratch, ws, r, func(ctx context.Context, h holding) error {
		n := nightly.NewReplay(scratch, ws, h.layouts, h.pack, h.journal.Check)
		defer n.Close()
		out, err := pipelines.Execute(ctx, r, n.Stages(), h.journal)
		if err != nil {
			return err
		}
		one = replayed{Date: d.String(), State: out.State, Report: scratch.Path(workspace.ReportDir, r.ID(), "quality.html")}
		one.Digest, err = scratch.Register.Digest(ctx)
		return err
	})
	return one, err
}

// removeIdentities removes what a backfill keeps of who people are, however it ended.
func removeIdentities(scratch *workspace.Workspace) error {
	var errs []error
	for _, name := range []string{"vault.db", "vault.db-wal", "vault.db-shm", workspace.StateDir, workspace.QuarantineDir, workspace.WorkDir} {
		errs = append(errs, os.RemoveAll(scratch.Path(name)))
	}
	return errors.Join(errs...)
}
