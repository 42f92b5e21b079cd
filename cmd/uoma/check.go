package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"uoma/pipelines/workspace"
	"uoma/schedules"
)

func (a *app) checkCommand() *cobra.Command {
	var connect bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Find every fault of the workspace, changing nothing",
		Long: `Find every fault of the workspace at once: settings, permissions, keys, layouts, policies, pipelines, schedules, inbox,
stores, snapshots, runs and deliveries that were left, pinned recipients, certificates, targets, free space. Nothing is
written and nothing is sent. With --connect it also asks database servers, sources and targets over a network and the
recipients' endpoints.

Exit codes: 0 no error (there may be warnings and notes), 4 at least one error.`,
		Example: `  uoma check -w campus
  uoma check --connect --json`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			o := workspace.CheckOptions{Now: a.now(), Connect: connect, Free: freeBytes}
			found, err := workspace.Check(c.Context(), a.workspace, o)
			if err != nil {
				return err
			}
			if _, err := os.Stat(filepath.Join(a.workspace, workspace.FileName)); err == nil {
				_, err = schedules.Load(os.DirFS(a.workspace))
				found = append(found, workspace.Findings(err)...)
			}
			return a.printFindings("check", found)
		},
	}
	c.Flags().BoolVar(&connect, "connect", false, "also ask database servers, sources, targets and recipients' endpoints")
	return c
}

// freeBytes gives what the run user may still write.
func freeBytes(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}

// printFindings prints findings, and ends with their exit code when one is an error.
func (a *app) printFindings(command string, found []workspace.Finding) error {
	count := map[workspace.Severity]int{}
	for _, f := range found {
		count[f.Severity]++
	}
	ok := count[workspace.Error] == 0
	if err := a.writeFindings(command, ok, found, count); err != nil {
		return err
	}
	if !ok {
		return statusError(exitFindings)
	}
	return nil
}

func (a *app) writeFindings(command string, ok bool, found []workspace.Finding, count map[workspace.Severity]int) error {
	if a.json {
		if found == nil {
			found = []workspace.Finding{}
		}
		return a.printJSON(command, ok, map[string]any{"findings": found,
			"errors": count[workspace.Error], "warnings": count[workspace.Warning], "notes": count[workspace.Note]})
	}
	p := palette(a.out)
	for _, f := range found {
		severity := fmt.Sprintf("%-8s", f.Severity)
		if f.Severity == workspace.Error {
			severity = p.red(severity)
		}
		at := f.Place.String()
		if at != "" {
			at += ": "
		}
		fmt.Fprintf(a.out, "%s %s%s (%s)\n", severity, at, f.Message, f.Code)
		if f.Severity != workspace.Note {
			fmt.Fprintf(a.out, "         %s %s\n", p.bold("next:"), f.Hint)
		}
	}
	_, err := fmt.Fprintf(a.out, "%s, %s, %s\n", counted(count[workspace.Error], "error"), counted(count[workspace.Warning], "warning"), counted(count[workspace.Note], "note"))
	return err
}
