package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines"
	"uoma/pipelines/workspace"
)

// completionsOffered is how many of the latest runs a shell offers.
const completionsOffered = 50

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print a script that lets a shell complete commands, pipelines and runs",
		Example: `  source <(uoma completion bash)
  uoma completion bash > /etc/bash_completion.d/uoma
  uoma completion zsh > "${fpath[1]}/_uoma"
  uoma completion fish > ~/.config/fish/completions/uoma.fish`,
		Args:      exactly(1),
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(c *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return c.Root().GenBashCompletionV2(a.out, true)
			case "zsh":
				return c.Root().GenZshCompletion(a.out)
			case "fish":
				return c.Root().GenFishCompletion(a.out, true)
			}
			return usageError{errors.New("the shell is bash, zsh or fish")}
		},
	}
}

// completing makes a shell complete a command's first argument.
func completing(c *cobra.Command, f cobra.CompletionFunc) *cobra.Command {
	c.ValidArgsFunction = f
	return c
}

// completeDocuments offers names for a command's first argument.
func (a *app) completeDocuments(names func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return names(), cobra.ShellCompDirectiveNoFileComp
	}
}

// completePipelines offers the pipelines of the workspace.
func (a *app) completePipelines(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.completeDocuments(func() []string {
		all, err := pipelines.Shipped()
		if err != nil {
			return nil // completion has nobody to tell
		}
		names := make([]string, 0, len(all))
		for name, d := range all {
			names = append(names, name+"\t"+d.Title)
		}
		for _, own := range workspace.OwnPipelines(a.workspace) {
			if all[own.Pipeline] == nil {
				names = append(names, own.Pipeline+"\t"+own.Title)
			}
		}
		slices.Sort(names)
		return names
	})(c, args, word)
}

// completeRuns offers the latest runs.
func (a *app) completeRuns(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.completeDocuments(func() (ids []string) {
		_ = a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error { // completion has nobody to tell
			runs, err := ledger.Runs(c.Context(), ws.RegisterDB, "", completionsOffered)
			for _, r := range runs {
				ids = append(ids, r.ID+"\t"+r.State)
			}
			return err
		})
		return ids
	})(c, args, word)
}
