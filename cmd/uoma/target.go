package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/target"
)

// targetLine is one target.
type targetLine struct {
	Target    string             `json:"target"`
	Title     string             `json:"title"`
	Policy    string             `json:"policy"`
	Purpose   string             `json:"purpose"`
	Recipient string             `json:"recipient,omitempty"`
	System    string             `json:"system"`
	Form      string             `json:"form"`
	Seal      string             `json:"seal"`
	File      string             `json:"file,omitempty"`
	Table     string             `json:"table,omitempty"` // entity set, of rows in a table
	Asked     string             `json:"asked,omitempty"`
	Answers   string             `json:"answers,omitempty"` // file in the inbox, of a target of orders
	Needs     []string           `json:"needs,omitempty"`   // columns and elements without any of which there is no row
	From      string             `json:"definition"`        // where the target comes from
	Columns   []targetColumnLine `json:"columns,omitempty"`
}

type targetColumnLine struct {
	Row      string   `json:"row"` // canonical table of which each row is one of the file
	Name     string   `json:"name"`
	From     []string `json:"from"`
	Value    string   `json:"value,omitempty"`
	Required bool     `json:"required"`
}

// kept tells what the recipient gets.
func (l *targetLine) kept() string {
	if l.Table != "" {
		return "table"
	}
	return "file"
}

func targetLineOf(f workspace.TargetFile, columns bool) targetLine {
	t := f.Target
	l := targetLine{Target: t.Name, Title: t.Title, Policy: t.Policy, Purpose: t.Purpose, Recipient: t.Recipient, System: t.System,
		Form: t.Form.Type, Seal: t.Seal, File: t.File, Table: t.Form.Set, From: f.File}
	if t.Asked != nil {
		l.Asked = workspace.AskedDir + "/" + t.Name + "/" + t.Asked.File
	}
	if t.Orders != nil {
		l.Answers = t.System + "/" + t.Orders.Answers
	}
	if !columns {
		return l
	}
	for _, b := range t.Blocks() {
		for _, c := range b.Columns {
			x := targetColumnLine{Row: b.Each, Name: strings.TrimPrefix(b.Path+"/"+c.Name, "/"), From: append([]string{}, c.From...), Value: c.Value, Required: c.Required}
			if c.Copy {
				x.Value = "as asked"
			}
			l.Columns = append(l.Columns, x)
		}
		for _, need := range b.Needs {
			l.Needs = append(l.Needs, strings.TrimPrefix(b.Path+"/"+need, "/"))
		}
	}
	return l
}

var errNoTarget = fault.New("UOMA-CLI-TARGET", "there is no such target", "uoma target list shows what there is; write targets/NAME.yaml for another recipient")

func (a *app) targetCommand() *cobra.Command {
	list := a.targetListCommand()
	c := &cobra.Command{
		Use:   "target",
		Short: "List, show and check the files that go to recipients",
		Long: `List, show and check the files that go to recipients.

Each target is a pipeline of its name: uoma run TARGET. A file in the workspace's folder targets replaces the shipped one of the
same name.`,
		Example: `  uoma target list
  uoma target show mailing-house
  uoma target show mailing-house --source > targets/mailing-house.yaml    # a copy to change
  uoma run mailing-house --date 2026-11-22 --dry-run`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.AddCommand(list, a.targetShowCommand(), a.checkFileCommand("target", "targets/mailing-house.yaml", func(file string, src []byte) []workspace.Finding {
		_, err := target.Parse(file, src)
		return workspace.Findings(err)
	}))
	return c
}

func (a *app) targetListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the targets that the workspace can use",
		Example: "  uoma target list --json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			files, err := workspace.TargetFiles(a.workspace)
			if err != nil {
				return err
			}
			lines := []targetLine{}
			var rows [][]string
			for _, f := range files {
				l := targetLineOf(f, false)
				lines = append(lines, l)
				rows = append(rows, []string{l.Target, l.Policy, l.Purpose, cmp.Or(l.Recipient, "-"), l.Form, l.Seal, l.From})
			}
			if a.json {
				return a.printJSON("target list", true, lines)
			}
			return a.table([]string{"TARGET", "POLICY", "PURPOSE", "RECIPIENT", "FORM", "SEAL", "FROM"}, rows)
		},
	}
}

func (a *app) targetShowCommand() *cobra.Command {
	var source bool
	c := &cobra.Command{
		Use:   "show TARGET",
		Short: "Show what a file holds, for whom and why",
		Example: `  uoma target show virta
  uoma target show virta --source > targets/virta.yaml    # a copy to change`,
		Args: exactly(1),
		ValidArgsFunction: a.completeDocuments(func() (names []string) {
			files, _ := workspace.TargetFiles(a.workspace) // completion has nobody to tell
			for _, f := range files {
				names = append(names, f.Target.Name)
			}
			return names
		}),
		RunE: func(_ *cobra.Command, args []string) error {
			files, err := workspace.TargetFiles(a.workspace)
			if err != nil {
				return err
			}
			for _, f := range files {
				if f.Target.Name != args[0] {
					continue
				}
				if source {
					_, err := a.out.Write(f.Source)
					return err
				}
				return a.printTargetFile(targetLineOf(f, true))
			}
			return usageError{errNoTarget}
		},
	}
	c.Flags().BoolVar(&source, "source", false, "print the file itself, to be copied and changed")
	return c
}

func (a *app) printTargetFile(l targetLine) error {
	if a.json {
		return a.printJSON("target show", true, l)
	}
	fmt.Fprintf(a.out, "%s: %s (%s)\n", l.Target, l.Title, l.From)
	for _, x := range [][2]string{{"pack", l.Policy}, {"purpose", l.Purpose}, {"recipient", cmp.Or(l.Recipient, "none: the controller's own system")},
		{l.kept(), l.File + l.Table + " (" + l.Form + ", sealed: " + l.Seal + ")"}, {"asked by", cmp.Or(l.Asked, "nobody: whom the pack lets go")}, {"answers", l.Answers}} {
		if x[1] == "" || l.Answers != "" && x[0] == "asked by" {
			continue
		}
		fmt.Fprintf(a.out, "%-10s %s\n", x[0], x[1])
	}
	if len(l.Needs) > 0 {
		fmt.Fprintf(a.out, "%-10s %s\n", "needs", strings.Join(l.Needs, ", "))
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, c := range l.Columns {
		required := ""
		if c.Required {
			required = "required"
		}
		rows = append(rows, []string{c.Row, c.Name, cmp.Or(strings.Join(c.From, ", "), c.Value), required})
	}
	return a.table([]string{"ROW OF", "COLUMN", "HOLDS", ""}, rows)
}
