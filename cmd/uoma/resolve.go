package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines/linker"
	"uoma/pipelines/workspace"
	"uoma/transforms/golden"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
)

// inputFlags say what to read and by what to link.
type inputFlags struct {
	layout, feed, settings, model string
	columns                       []string
	threshold, review             float64
}

// resolveFlags are those of uoma resolve.
type resolveFlags struct {
	inputFlags
	out                  linker.Outputs
	golden               string
	precedence, modified string
}

var (
	errColumns    = fault.New("UOMA-CLI-COLUMNS", "--columns is not a list of NAME=KIND", "write --columns mail=email,pid=identifier:hetu")
	errPrecedence = fault.New("UOMA-CLI-PRECEDENCE", "the precedence file cannot be read", "name a YAML file, or one of default, seamk, xamk; docs/resolution.md shows one")
)

func (a *app) resolveCommand() *cobra.Command {
	var f resolveFlags
	c := &cobra.Command{
		Use:   "resolve FILE... --out clusters.csv",
		Short: "Find the people in any CSV or Parquet files of person records",
		Long: `Find out which records of the files are the same person, and write a row for each record: record_id, cluster_id,
confidence. A cluster is named by the first of its records' ids; without a column of ids a record's id is its line.

What the columns mean is guessed from their names and values, and said before the work begins; --columns corrects it.
Every row is a record of the outcome, or reported with its line. No workspace is needed, and nothing is kept.

How much each kind of agreement says is learned from the records themselves; --model takes what was learned before. What is
estimated of the outcome, and how it differs between groups of people, is said at the end.`,
		Example: `  uoma resolve people.csv --out clusters.csv
  uoma resolve staff.csv students.parquet --out clusters.csv
  uoma resolve people.csv --out clusters.csv --columns mail=email,pid=identifier:hetu,note=ignored
  uoma resolve crm.csv hr.csv --out clusters.csv --golden golden.csv --precedence order.yaml --modified changed
  uoma resolve people.csv --out clusters.csv --pairs pairs.csv --review -5
  uoma resolve peppi_alumnit_20261122.csv --out clusters.csv --layout peppi`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("%s takes at least one file", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			defer thrifty(c.Context())()
			job, err := f.open(a, c, args)
			if err != nil {
				return err
			}
			if f.out.Golden, err = f.goldenOutput(); err != nil {
				return err
			}
			if f.out.Golden != nil {
				if err := a.noteValues(c.Context(), "resolve-golden"); err != nil {
					return err
				}
			}
			if !a.quiet {
				a.printMeanings(job.Columns())
			}
			rep, err := job.Run(c.Context(), f.out, linker.Tools{Now: a.now, Progress: a.newProgress(a.logger())})
			if err != nil {
				return err
			}
			return a.printResolution(rep)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.out.Clusters, "out", "", "file to write each record's cluster to")
	fl.StringVar(&f.out.Pairs, "pairs", "", "file to write the pairs of records to that may be one person's, with their weight")
	fl.StringVar(&f.out.Model, "save-model", "", "file to write to what was learned about the records, as JSON; it holds no value of any")
	f.register(c)
	fl.StringVar(&f.golden, "golden", "", "file to write one record of each person to; NAME.provenance.csv beside it says where its values come from")
	fl.StringVar(&f.precedence, "precedence", "default", "with --golden: whose word counts, a YAML file or a shipped one: default, seamk, xamk")
	fl.StringVar(&f.modified, "modified", "", "with --golden: the column that tells when a record last changed")
	_ = c.MarkFlagRequired("out") // fails only for a flag that is not there
	c.AddCommand(a.explainCommand(), a.modelCommand())
	return c
}

// register adds the flags to a command.
func (f *inputFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringSliceVar(&f.columns, "columns", nil, "what columns mean, instead of a guess: NAME=KIND or NAME=KIND:WHICH")
	fl.StringVar(&f.settings, "config", "", "settings in a YAML file: columns, unique, clean, passes, threshold, review")
	fl.Float64Var(&f.threshold, "threshold", linkage.Defaults().Threshold, "bits of evidence above which records are one person's; 0 is even odds")
	fl.Float64Var(&f.review, "review", linkage.Defaults().Review, "bits of evidence down to which pairs are listed and judged")
	fl.StringVar(&f.model, "model", "", "link by what was learned before: a file that --save-model wrote")
	fl.StringVar(&f.layout, "layout", "", "layout that describes the files: a YAML file, or the name of a shipped one")
	fl.StringVar(&f.feed, "feed", "", "with --layout: the feed, where the files' names do not tell it, or a file has the rows of several")
	for flag, kind := range map[string]string{"layout": "yaml", "config": "yaml", "model": "json"} {
		_ = c.MarkFlagFilename(flag, kind) // fails only for a flag that is not there
	}
}

// open understands the files. What is wrong with what was asked is a mistake of usage.
func (f *inputFlags) open(a *app, c *cobra.Command, files []string) (*linker.Job, error) {
	var s linker.Settings
	var err error
	if f.settings != "" {
		if s, err = linker.ReadSettings(f.settings); err != nil {
			return nil, usageError{err}
		}
	}
	for _, text := range f.columns {
		name, kind, ok := strings.Cut(text, "=")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, usageError{errColumns}
		}
		s.Set(strings.TrimSpace(name), strings.TrimSpace(kind))
	}
	if c.Flags().Changed("threshold") {
		s.Threshold = &f.threshold
	}
	if c.Flags().Changed("review") {
		s.Review = &f.review
	}
	if f.model != "" {
		if s.Model, err = linker.ReadModel(f.model); err != nil {
			return nil, usageError{err}
		}
	}
	var by *linker.Layout
	if f.layout != "" {
		l, err := a.namedLayout(f.layout)
		if err != nil {
			return nil, err
		}
		by = &linker.Layout{Layout: l, Feed: f.feed}
	}
	job, err := linker.Open(files, by, s)
	if err != nil {
		return nil, usageError{err}
	}
	return job, nil
}

// goldenOutput gives what golden records are made by, nil when none are wanted.
func (f resolveFlags) goldenOutput() (*linker.Golden, error) {
	if f.golden == "" {
		return nil, nil
	}
	g := &linker.Golden{Modified: f.modified, Records: f.golden}
	g.Provenance = strings.TrimSuffix(f.golden, filepath.Ext(f.golden)) + ".provenance.csv"
	if shipped, ok := golden.Shipped(f.precedence); ok {
		g.Rules = shipped
		return g, nil
	}
	src, err := os.ReadFile(f.precedence)
	if err != nil {
		return nil, usageError{errPrecedence.At(fault.Place{File: f.precedence}).Wrap(err)}
	}
	g.Rules, err = golden.Parse(f.precedence, src)
	return g, err
}

// namedLayout finds a layout by its name, the workspace's own before a shipped one, or reads a layout's file.
func (a *app) namedLayout(name string) (*layout.Layout, error) {
	files, err := workspace.LayoutFiles(a.workspace)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.File != workspace.Shipped && f.Layout.Name() == name {
			return f.Layout, nil
		}
	}
	for _, f := range files { // parsed already, unless the workspace has one of the same system
		if f.Layout.Name() == name {
			return f.Layout, nil
		}
	}
	shipped, err := layout.Shipped()
	if err != nil {
		return nil, err
	}
	for _, l := range shipped {
		if l.Name() == name {
			return l, nil
		}
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError{errNoLayout.At(fault.Place{File: name}).Wrap(err)}
	}
	return layout.ParseWith(name, src, workspace.Beside(filepath.Dir(name)))
}
