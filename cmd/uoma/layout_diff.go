package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/authoring"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

var errSince = fault.New("UOMA-CLI-SINCE", "there is nothing to compare with", "name an export, or --since last or a date such as 2026-11-22")

// sinceLast is the value of --since that means the last good night.
const sinceLast = "last"

func (a *app) layoutDiffCommand() *cobra.Command {
	var feed, since string
	c := &cobra.Command{
		Use:   "diff FILE [EXPORT]",
		Short: "Show how an export's columns differ from the layout's, or from an earlier night's",
		Long: `Show which columns of an export are new, missing or perhaps renamed. FILE is a layout or the name of a shipped one.

Without --since the export is compared with the layout. With --since it is compared with what the last good snapshot on or
before that night had ("last" is the latest); where no export is named, what the newest night found is compared.

Exit codes: 0 the columns are the same, 4 they are not.`,
		Example: `  uoma layout diff layouts/peppi.yaml peppi_alumnit_20261122.csv
  uoma layout diff peppi --since last
  uoma layout diff peppi peppi_alumnit_20261122.csv --since 2026-11-01`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{fmt.Errorf("%s takes a layout and at most one export", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			l, err := a.namedLayout(args[0])
			if err != nil {
				return err
			}
			export := strings.Join(args[1:], "")
			d, err := a.diffLayout(c.Context(), l, export, feed, since)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON("layout diff", d.Same(), d)
			} else {
				err = a.printDiff(d)
			}
			if err == nil && !d.Same() {
				return statusError(exitFindings)
			}
			return err
		},
	}
	c.Flags().StringVar(&feed, "feed", "", "the feed, where the file's name does not tell it")
	c.Flags().StringVar(&since, "since", "", "compare with the last good night on or before a date, or last")
	return c
}

func (a *app) diffLayout(ctx context.Context, l *layout.Layout, export, feed, since string) (*authoring.Columns, error) {
	if since == "" {
		if export == "" {
			return nil, usageError{errSince}
		}
		return authoring.Compare(ctx, export, l, feed)
	}
	if since == sinceLast {
		since = ""
	} else if _, err := canon.ParseDate(since); err != nil {
		return nil, usageError{errSince}
	}
	w, err := workspace.Open(ctx, a.workspace)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return authoring.CompareSince(ctx, w, export, l, feed, since)
}

func (a *app) printDiff(d *authoring.Columns) error {
	fmt.Fprintf(a.out, "%s against %s\n", d.Feed, cmp.Or(d.Since, "the layout"))
	a.printColumns(d)
	if d.Same() {
		_, err := fmt.Fprintln(a.out, "the columns are the same")
		return err
	}
	return nil
}

// printColumns prints what is different, one line a column.
func (a *app) printColumns(d *authoring.Columns) {
	for _, name := range d.Missing {
		fmt.Fprintf(a.out, "missing  %s\n", name)
	}
	for _, name := range d.New {
		fmt.Fprintf(a.out, "new      %s\n", name)
	}
	for _, pair := range d.Renamed {
		fmt.Fprintf(a.out, "perhaps  %s is now %s: add it as an alias\n", pair[0], pair[1])
	}
	if d.Reordered {
		fmt.Fprintln(a.out, "the columns stand in another order, which changes nothing")
	}
	if len(d.Required) > 0 && d.Drift != layout.Fail {
		fmt.Fprintf(a.out, "a night would: %s (required: %s)\n", answers[layout.Quarantine], strings.Join(d.Required, ", "))
		return
	}
	if len(d.Missing) > 0 || len(d.New) > 0 && d.Drift == layout.Fail {
		fmt.Fprintf(a.out, "a night would: %s (drift: %s)\n", answers[d.Drift], d.Drift)
	}
}

var answers = map[string]string{layout.Evolve: "load the rows without the missing columns, and report them", layout.Ignore: "load the rows without the missing columns",
	layout.Quarantine: "stop this source", layout.Fail: "stop as a whole"}
