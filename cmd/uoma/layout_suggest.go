package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/pipelines/authoring"
	"uoma/pipelines/workspace"
	"uoma/transforms/layout"
)

func (a *app) layoutSuggestCommand() *cobra.Command {
	var o authoring.SuggestOptions
	c := &cobra.Command{
		Use:   "suggest EXPORT",
		Short: "Draft a layout of an export, from its header, its values and the layouts that are known",
		Long: `Draft a layout of an export that no layout describes: delimited text, a workbook, JSON, NDJSON, XML, Parquet or LDIF, alone, in
gzip or zstd, or in a ZIP. Each table in it becomes a feed: a sheet below its titles, a member of the archive, the records of
a document, which are found. Where columns of fixed width begin stands in no export: that is said, and nothing is drafted.

What a column is follows from the layouts of the workspace and the shipped ones where they have a column of its name, else
from its name and values; each line says how sure that is. Columns that nobody claimed are dropped in the draft: nothing is
read by accident. The draft holds no value of the export.`,
		Example: `  uoma layout suggest kirjasto_asiakkaat_20261122.csv > layouts/kirjasto.yaml
  uoma layout suggest people.csv --system hr --controller 10118
  uoma layout suggest borrowers_20261122.xlsx > layouts/library.yaml`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			files, err := workspace.LayoutFiles(a.workspace)
			if err != nil {
				return err
			}
			var known []*layout.Layout
			for _, f := range files {
				known = append(known, f.Layout)
			}
			o.RunDate = canon.DateOf(a.now())
			s, err := authoring.Suggest(c.Context(), args[0], known, o)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON("layout suggest", true, s)
			}
			_, err = fmt.Fprint(a.out, s.Layout)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.System, "system", "", "name of the system; without it the file's name tells one")
	f.StringVar(&o.Region, "region", "", "FI, NO or GB: the country of phone numbers and postcodes that name none (FI when absent)")
	f.StringVar(&o.Controller, "controller", "00000", "institution code of the controller")
	return c
}
