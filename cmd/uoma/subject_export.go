package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/subject"
	"uoma/pipelines/workspace"
)

// exported is what an export came to; it names the person by token alone.
type exported struct {
	Ref        string   `json:"ref"`
	Kind       string   `json:"kind"`
	Files      []string `json:"files"`
	Data       int      `json:"data"`
	Values     int      `json:"values"`
	Recipients int      `json:"recipients"`
}

func (a *app) subjectExportCommand() *cobra.Command {
	var out, by string
	var portability bool
	c := &cobra.Command{
		Use:   "export TOKEN --out DIR|FILE",
		Short: "Write everything that is held of a person, for the person (GDPR 15 and 20)",
		Long: `Export writes a folder with subject.json (its schema is published) and subject.html, a page to read or print, or, to a name
that ends in .json or .html, one of them. It holds the values, the clause and legal basis of each, its end, its source,
purposes, consents, and the recipients who were sent the person; and it says what it leaves out, and why. With
--portability it holds what the person gave themselves under a consent or a contract.

The files are for the person's eyes: they have mode 0600, and a folder that others may read is refused.`,
		Example: `  uoma subject export 4f1c… --out answer
  uoma subject export 4f1c… --out answer/portable.json --portability`,
		Args: typedTokens(exactly(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return usageError{errors.New("--out is needed")}
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				d, err := subject.Gather(c.Context(), ws, args[0], a.today(ws))
				if err != nil {
					return err
				}
				if portability {
					d = d.Portable()
				}
				if err := a.noteLooks(c.Context(), ws, ledger.SubjectExport, by, d.Kind, d.Person); err != nil {
					return err
				}
				x := exported{Ref: d.Person, Kind: d.Kind, Data: len(d.Data), Recipients: len(d.Recipients)}
				for i := range d.Data {
					x.Values += len(d.Data[i].Values)
				}
				if x.Files, err = subject.Write(d, out); err != nil {
					return err
				}
				if a.json {
					return a.printJSON("subject export", true, x)
				}
				for _, f := range x.Files {
					fmt.Fprintln(a.out, f)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder, or file ending in .json or .html")
	c.Flags().StringVar(&by, "by", "", "who looks; the user of the machine when absent")
	c.Flags().BoolVar(&portability, "portability", false, "only what the person gave under a consent or a contract (GDPR 20)")
	return c
}
