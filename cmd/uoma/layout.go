package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

// feedLine is one feed of a layout.
type feedLine struct {
	Feed    string        `json:"feed"`
	File    string        `json:"file"`
	Member  string        `json:"member,omitempty"`
	Format  string        `json:"format"`
	From    string        `json:"layout"` // where the layout comes from
	Sidecar string        `json:"sidecar,omitempty"`
	Says    []sidecarLine `json:"sidecar_keys,omitempty"`
	Columns []columnLine  `json:"columns,omitempty"`
}

type columnLine struct {
	Name     string   `json:"name"`
	Rule     string   `json:"rule"`
	To       []string `json:"to"`
	Required bool     `json:"required"`
}

// sidecarLine is one key of a side-car.
type sidecarLine struct {
	Key      string   `json:"key"`
	As       string   `json:"as"`
	Only     []string `json:"only,omitempty"`
	Required bool     `json:"required"`
}

func feedsOf(f workspace.LayoutFile, columns bool) []feedLine {
	var out []feedLine
	all := slices.Concat(f.Layout.Feeds, f.Layout.Holders)
	for i := range all {
		x := &all[i]
		l := feedLine{Feed: x.FullName(), Member: x.Member, Format: x.Kind(), From: f.File}
		if lies := cmp.Or(x.File, x.Query); lies != "" {
			l.File = f.Layout.System + "/" + lies
		}
		if columns && x.Sidecar != nil {
			l.Sidecar = f.Layout.System + "/" + x.SidecarName(x.File)
			for _, k := range x.Sidecar.Keys {
				l.Says = append(l.Says, sidecarLine{k.Name, cmp.Or(k.As, "text"), k.Only, k.Required})
			}
		}
		for _, c := range x.Columns {
			if columns {
				l.Columns = append(l.Columns, columnLine{c.Name, cmp.Or(c.As, "text"), append([]string{}, c.To...), c.Required})
			}
		}
		out = append(out, l)
	}
	return out
}

var errNoLayout = fault.New("UOMA-CLI-LAYOUT", "no layout describes the system", "uoma layout list shows what there is; write layouts/SYSTEM.yaml for another system")

func (a *app) layoutCommand() *cobra.Command {
	list := a.layoutListCommand()
	c := &cobra.Command{
		Use:   "layout",
		Short: "List, show, draft, try and check the layouts of source systems",
		Example: `  uoma layout list
  uoma layout show peppi
  uoma layout show peppi --source > layouts/peppi.yaml    # a copy to change
  uoma layout check layouts/peppi.yaml`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.AddCommand(list, a.layoutShowCommand(), a.layoutTryCommand(), a.layoutSuggestCommand(), a.layoutDiffCommand(), a.layoutTemplateCommand(), a.checkFileCommand("layout", "layouts/peppi.yaml", func(file string, src []byte) []workspace.Finding {
		_, err := layout.ParseWith(file, src, workspace.Beside(filepath.Dir(file)))
		return workspace.Findings(err)
	}))
	return c
}

func (a *app) layoutListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the feeds that the workspace can read, and the files they are expected in",
		Example: "  uoma layout list --json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			files, err := workspace.LayoutFiles(a.workspace)
			if err != nil {
				return err
			}
			feeds := []feedLine{}
			for _, f := range files {
				feeds = append(feeds, feedsOf(f, false)...)
			}
			if a.json {
				return a.printJSON("layout list", true, feeds)
			}
			var rows [][]string
			for _, f := range feeds {
				rows = append(rows, []string{f.Feed, f.Format, cmp.Or(f.File, "-"), cmp.Or(f.Member, "-"), f.From})
			}
			return a.table([]string{"FEED", "FORMAT", "FILE IN THE INBOX", "MEMBER", "LAYOUT"}, rows)
		},
	}
}

func (a *app) layoutShowCommand() *cobra.Command {
	var source bool
	c := &cobra.Command{
		Use:   "show SYSTEM",
		Short: "Show a system's feeds, columns and what they fill",
		Example: `  uoma layout show peppi
  uoma layout show peppi --source > layouts/peppi.yaml    # a copy to change`,
		Args: exactly(1),
		ValidArgsFunction: a.completeDocuments(func() (systems []string) {
			files, _ := workspace.LayoutFiles(a.workspace) // completion has nobody to tell
			for _, f := range files {
				systems = append(systems, f.Layout.Name())
			}
			return systems
		}),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := workspace.LayoutFiles(a.workspace)
			if err != nil {
				return err
			}
			for _, f := range files {
				if f.Layout.Name() != args[0] {
					continue
				}
				if source {
					_, err := a.out.Write(f.Source)
					return err
				}
				return a.printLayout(f)
			}
			return usageError{errNoLayout}
		},
	}
	c.Flags().BoolVar(&source, "source", false, "print the file itself, to be copied and changed")
	return c
}

func (a *app) layoutTemplateCommand() *cobra.Command {
	const extension = ".yaml"
	var systems []string
	for _, file := range layout.Templates() {
		systems = append(systems, strings.TrimSuffix(file, extension))
	}
	return &cobra.Command{
		Use:   "template [SYSTEM]",
		Short: "List layouts of services for copying into the workspace, or print one",
		Example: `  uoma layout template
  uoma layout template raisers-edge > layouts/raisers-edge.yaml`,
		Args:      between(0, 1),
		ValidArgs: systems,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				fmt.Fprintln(a.out, strings.Join(systems, "\n"))
				return nil
			}
			if !slices.Contains(systems, args[0]) {
				return usageError{errNoLayout}
			}
			src, err := layout.TemplateSource(args[0] + extension)
			if err != nil {
				return err
			}
			_, err = a.out.Write(src)
			return err
		},
	}
}

func (a *app) printLayout(f workspace.LayoutFile) error {
	feeds := feedsOf(f, true)
	if a.json {
		return a.printJSON("layout show", true, map[string]any{"system": f.Layout.System, "title": f.Layout.Title, "digest": f.Layout.Digest(), "feeds": feeds})
	}
	fmt.Fprintf(a.out, "%s: %s (%s)\n", f.Layout.System, f.Layout.Title, f.File)
	for _, x := range feeds {
		fmt.Fprintf(a.out, "\n%s  %s\n", x.Feed, strings.TrimSuffix(x.File+" → "+x.Member, " → "))
		var rows [][]string
		for _, c := range x.Columns {
			required := ""
			if c.Required {
				required = "required"
			}
			rows = append(rows, []string{c.Name, c.Rule, cmp.Or(strings.Join(c.To, ", "), "-"), required})
		}
		if err := a.table([]string{"COLUMN", "RULE", "FILLS", ""}, rows); err != nil {
			return err
		}
		if x.Sidecar == "" {
			continue
		}
		fmt.Fprintf(a.out, "\nside-car  %s\n", x.Sidecar)
		rows = nil
		for _, k := range x.Says {
			required := ""
			if k.Required {
				required = "required"
			}
			rows = append(rows, []string{k.Key, k.As, cmp.Or(strings.Join(k.Only, ", "), "-"), required})
		}
		if err := a.table([]string{"KEY", "AS", "ONLY", ""}, rows); err != nil {
			return err
		}
	}
	return nil
}
