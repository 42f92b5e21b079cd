package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/transforms/access"
)

// app is what every subcommand shares: where the workspace is and how to speak.
type app struct {
	out, err  io.Writer
	workspace string
	json      bool
	quiet     bool
	now       func() time.Time
	account   func() access.Account // who is at the keyboard
}

// execute runs the command line and gives the exit code.
func execute(ctx context.Context, args []string, out, errOut io.Writer) int {
	a := &app{out: out, err: errOut, now: time.Now, account: sync.OnceValue(atKeyboard)}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	c, err := root.ExecuteContextC(ctx)
	var said statusError
	if err != nil && !errors.As(err, &said) {
		a.complain(c.CommandPath(), err)
	}
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "uoma",
		Short: "From a university's source systems to one register of people, and on to the national survey",
		Long: `Uoma reads the exports of student, HR, project, CRM and alumni systems, finds out which records are the same
person, keeps identity in an encrypted vault and everything else in a pseudonymous register, applies the privacy
notice to each datum, reports the quality of the data, and delivers encrypted extracts against a signed receipt.`,
		Example: `  uoma init campus                                 # make a workspace
  uoma run nightly --date 2026-11-22 -w campus     # load the night's exports
  uoma run career-survey --date 2026-11-22 -w campus
  uoma runs list -w campus`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := c.PersistentFlags()
	f.StringVarP(&a.workspace, "workspace", "w", envOr("UOMA_WORKSPACE", "."), "folder of the workspace (or set UOMA_WORKSPACE)")
	f.BoolVar(&a.json, "json", false, "print one JSON object on standard output")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress")
	c.AddCommand(a.commands()...)
	c.PersistentPreRunE = a.authorize
	return c
}

func envOr(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

// exactly is cobra.ExactArgs as a usage error.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s takes %s, got %d: %s", c.CommandPath(), counted(n, "argument"), len(args), c.UseLine())}
		}
		return nil
	}
}

// many is no limit to the number of arguments.
const many = math.MaxInt

// between is cobra.RangeArgs as a usage error.
func between(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageError{fmt.Errorf("%s takes at least %s, got %d: %s", c.CommandPath(), counted(least, "argument"), len(args), c.UseLine())}
		case len(args) > most:
			return usageError{fmt.Errorf("%s takes at most %s, got %d: %s", c.CommandPath(), counted(most, "argument"), len(args), c.UseLine())}
		}
		return nil
	}
}

// logger writes to standard error what is not for a terminal's progress line.
func (a *app) logger() *slog.Logger {
	if a.quiet {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// complain prints an error of a command for the person who reads it: code, place, what happened, what to do.
func (a *app) complain(command string, err error) {
	p := palette(a.err)
	if isTerminal(a.err) {
		fmt.Fprint(a.err, "\r\x1b[K") // a progress line may stand there, cut off
	}
	var list fault.List
	if errors.As(err, &list) {
		for _, e := range list {
			fmt.Fprintf(a.err, "%s %s\n", p.red("error:"), e.Error())
		}
		if len(list) > 0 {
			fmt.Fprintf(a.err, "  %s %s\n", p.bold("next:"), list[0].Hint)
		}
		return
	}
	fmt.Fprintf(a.err, "%s %s\n", p.red("error:"), err.Error())
	var e *fault.Error
	if errors.As(err, &e) && e.Hint != "" {
		fmt.Fprintf(a.err, "  %s %s\n", p.bold("next:"), e.Hint)
	}
	if e == nil && exitCode(err) == exitUsage {
		fmt.Fprintf(a.err, "  %s %s --help\n", p.bold("next:"), command)
	}
}
