package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"uoma/pipelines/workspace"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Make a workspace: folders, settings, keys",
		Long: `Make a workspace in DIR with keys of its own. Nothing is overwritten.

Copy keys/master.key and keys/storage.key to a safe place at once, or split them with uoma key escrow: without them neither vault nor snapshots can be read again.`,
		Example: "  uoma init /var/lib/uoma/campus",
		Args:    exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := workspace.Init(args[0], nil); err != nil {
				return err
			}
			if a.json {
				return a.printJSON("init", true, map[string]string{"workspace": args[0]})
			}
			_, err := fmt.Fprintf(a.out, `made %[1]s
next: edit %[1]s/uoma.yaml, put exports into %[1]s/inbox/SYSTEM/, then
      uoma check -w %[1]s
      uoma run nightly -w %[1]s
keep a copy of %[1]s/keys in a safe place, or split it: uoma key escrow -w %[1]s --out DIR
`, args[0])
			return err
		},
	}
}
