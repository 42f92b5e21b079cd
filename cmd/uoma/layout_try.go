package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/pipelines/authoring"
	"uoma/transforms/conform"
)

func (a *app) layoutTryCommand() *cobra.Command {
	var o authoring.TryOptions
	c := &cobra.Command{
		Use:   "try FILE EXPORT",
		Short: "Read an export by a layout and show its first rows as canonical fields",
		Long: `Read a whole export by a layout, as a night would, and show the first rows as canonical fields, and every problem with its
line and column. FILE is a layout or the name of a shipped one. Nothing is stored; no workspace is needed.

No value of the export is printed without --show-values.`,
		Example: `  uoma layout try layouts/kirjasto.yaml kirjasto_asiakkaat_20261122.csv
  uoma layout try peppi peppi_alumnit_20261122.csv --rows 3 --show-values`,
		Args: exactly(2),
		RunE: func(c *cobra.Command, args []string) error {
			l, err := a.namedLayout(args[0])
			if err != nil {
				return err
			}
			o.Settings = conform.Settings{RunDate: canon.DateOf(a.now()), AllowTemporary: true, AllowSynthetic: true}
			t, err := authoring.Try(c.Context(), args[1], l, o)
			if err != nil {
				return err
			}
			if o.Values {
				if err := a.noteValues(c.Context(), "layout-try"); err != nil {
					return err
				}
			}
			if a.json {
				return a.printJSON("layout try", true, t)
			}
			return a.printTrial(t)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Feed, "feed", "", "the feed, where the file's name does not tell it")
	f.IntVar(&o.Rows, "rows", 5, "how many rows to show")
	f.BoolVar(&o.Values, "show-values", false, "print what the fields hold: personal data, on your screen")
	return c
}

func (a *app) printTrial(t *authoring.Trial) error {
	fmt.Fprintf(a.out, "%s: %s rows read, %s conformed, %s refused\n", t.Feed, thousands(t.Read), thousands(t.Conformed), thousands(t.Refused))
	a.printColumns(&t.Columns)
	if t.Mojibake > 0 {
		fmt.Fprintf(a.out, "%s cells look decoded twice (Ã¤ for ä): it was read as %s; look at the layout's encoding, then ask the source\n", thousands(t.Mojibake), t.Encoding)
	}
	for _, r := range t.Rows {
		fmt.Fprintf(a.out, "\nline %d\n", r.Line)
		for _, f := range r.Fields {
			value := f.Value
			if value == "" {
				value = "(" + f.Type + ")"
			}
			fmt.Fprintf(a.out, "  %-32s %s\n", f.Target, strings.ReplaceAll(value, canon.KeySeparator, " / "))
		}
	}
	if len(t.Listed) > 0 {
		fmt.Fprintln(a.out)
	}
	for _, p := range t.Listed {
		fmt.Fprintf(a.out, "%s: %s, %s\n", p.Place, p.Code, p.Outcome)
	}
	_, err := fmt.Fprintf(a.out, "%s problems\n", thousands(t.Problems))
	return err
}
