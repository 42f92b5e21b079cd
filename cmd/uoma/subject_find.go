package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/pipelines/subject"
	"uoma/pipelines/workspace"
	"uoma/transforms/pseudonym"
)

func (a *app) subjectFindCommand() *cobra.Command {
	var showValues bool
	var by string
	c := &cobra.Command{
		Use:   "find",
		Short: "Find a person by what they say of themselves, and give the token that other commands take",
		Long: `Find looks for people of whom everything is true that the requester said, and gives each one's token. What was said
is read from standard input, or asked for on a terminal, so that neither the list of processes nor the shell's history
names the person. Lines are

  identifier: any code, number, user name or key of a system
  email: an address
  name: with a birth date beside it
  born: 1990-01-31

Upper and lower case, accents and the order of names make no difference. Who the people are is shown with --show-values
alone. Every look is noted.`,
		Example: `  uoma subject find < words.txt
  uoma subject find --show-values`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			words, err := a.readWords(c.InOrStdin())
			if err != nil {
				return err
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				found, err := subject.Find(c.Context(), ws, words, showValues)
				if err != nil {
					return err
				}
				refs := make([]string, len(found))
				for i := range found {
					refs[i] = found[i].Ref
				}
				if len(refs) == 0 {
					refs = []string{""} // nobody
				}
				reason := ""
				if showValues {
					reason = "values"
				}
				if err := a.noteLooks(c.Context(), ws, ledger.SubjectFind, by, reason, refs...); err != nil {
					return err
				}
				if a.json {
					return a.printJSON("subject find", true, found)
				}
				return a.printFound(found)
			})
		},
	}
	c.Flags().BoolVar(&showValues, "show-values", false, "show who the people are")
	c.Flags().StringVar(&by, "by", "", "who looks; the user of the machine when absent")
	return c
}

// readWords reads what the requester says, asking for it when a person sits there.
func (a *app) readWords(in io.Reader) (subject.Words, error) {
	if f, ok := in.(*os.File); ok && isTerminal(f) {
		fmt.Fprint(a.err, "identifier: …, email: …, or name: … and born: 1990-01-31, a line each; an end of file (Ctrl-D) ends them\n")
	}
	w, err := subject.ParseWords(in)
	if err != nil {
		return w, usageError{err}
	}
	return w, nil
}

func (a *app) printFound(found []subject.Found) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(a.err, "nobody of whom all of that is true is in the register")
		return err
	}
	rows := make([][]string, len(found))
	for i, f := range found {
		rows[i] = []string{pseudonym.Shown(f.Ref), fmt.Sprint(f.Records), strings.Join(f.Systems, ","), strings.Join(f.By, ",")}
	}
	if err := a.table([]string{"TOKEN", "RECORDS", "SYSTEMS", "FOUND BY"}, rows); err != nil {
		return err
	}
	for _, f := range found {
		if len(f.Values) == 0 {
			continue
		}
		fmt.Fprintf(a.out, "\n%s\n", pseudonym.Shown(f.Ref))
		rows = nil
		for _, v := range f.Values {
			rows = append(rows, []string{v.System, v.Column, printable(v.Value)})
		}
		if err := a.table([]string{"SYSTEM", "COLUMN", "VALUE"}, rows); err != nil {
			return err
		}
	}
	return nil
}
