package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"uoma/pipelines/feedback"
)

func (a *app) feedbackCommand() *cobra.Command {
	var about, answer string
	c := &cobra.Command{
		Use:   "feedback FILE --about COLUMN --answer COLUMN",
		Short: "Compile feedback into totals that tell of nobody",
		Long: `Feedback counts the answers in a CSV or Parquet file, by what each is about, and prints totals alone: who answered, and every
other column, is never read into anything. Fewer than 10 answers about one thing come together with others; an answer that
fewer than 10 gave is counted among the rest, and the rest is never a few. Nothing is stored: remove the file when it is compiled.`,
		Example: "  uoma feedback answers.csv --about service --answer score",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if about == "" || answer == "" {
				return usageError{errors.New("--about and --answer are needed")}
			}
			out, err := feedback.Compile(c.Context(), args[0], about, answer)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON("feedback", true, out)
			}
			var rows [][]string
			for _, t := range out.Totals {
				thing := cmp.Or(printable(t.About), "(together)")
				for _, g := range t.Given {
					rows = append(rows, []string{thing, printable(g.Answer), fmt.Sprint(g.Times)})
				}
				if t.Rest > 0 {
					rows = append(rows, []string{thing, "(rest)", fmt.Sprint(t.Rest)})
				}
			}
			if err := a.table([]string{"ABOUT", "ANSWER", "TIMES"}, rows); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "%s rows with an answer, %s without one, %s that could not be read\n", thousands(out.Rows), thousands(out.Empty), thousands(out.Bad))
			return err
		},
	}
	c.Flags().StringVar(&about, "about", "", "column that says what the feedback is about")
	c.Flags().StringVar(&answer, "answer", "", "column of the answer")
	return c
}
