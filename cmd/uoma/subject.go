package main

import (
	"context"

	"github.com/spf13/cobra"

	"uoma/pipelines/workspace"
)

// subjectCommand gathers what is done for one person of the register.
func (a *app) subjectCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "subject",
		Short: "Find a person, and answer what the person asks of the controller",
		Example: `  uoma subject find < words.txt
  uoma subject export REF --out answer`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.subjectFindCommand(), a.subjectExportCommand())
	return c
}

// look is one look at people, by the register's references.
type look struct {
	command string
	refs    []string
	shown   bool   // values of the people are shown
	by      string // who looks; the user of the machine when ""
}

// noteLook tells the log who looked at whom, before anything is shown.
func (a *app) noteLook(_ context.Context, _ *workspace.Workspace, l look) error {
	a.logger().Info("a person was looked at", "command", l.command, "refs", l.refs, "shown", l.shown, "by", operator(l.by))
	return nil
}
