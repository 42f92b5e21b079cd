package main

import "github.com/spf13/cobra"

// commands lists every subcommand.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.initCommand(),
		a.runCommand(),
		a.scheduleCommand(),
		a.generateCommand(),
		a.versionCommand(),
	}
}
