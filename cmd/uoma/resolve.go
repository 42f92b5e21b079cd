package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines/linker"
	"uoma/transforms/golden"
	"uoma/transforms/layout"
	"uoma/transforms/linkage"
)

// resolveFlags are those of uoma resolve.
type resolveFlags struct {
	layout, feed, settings string
	columns                []string
	threshold              float64
	out                    linker.Outputs
	golden                 string
	precedence, modified   string
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
Every row is a record of the outcome, or reported with its line. No workspace is needed, and nothing is kept.`,
		Example: `  uoma resolve people.csv --out clusters.csv
  uoma resolve staff.csv students.parquet --out clusters.csv
  uoma resolve people.csv --out clusters.csv --columns mail=email,pid=identifier:hetu,note=ignored
  uoma resolve crm.csv hr.csv --out clusters.csv --golden golden.csv --precedence order.yaml --modified changed
  uoma resolve peppi_alumnit_20261122.csv --out clusters.csv --layout peppi`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("%s takes at least one file", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			job, err := a.openJob(c, args, f)
			if err != nil {
				return err
			}
			if f.out.Golden, err = f.goldenOutput(); err != nil {
				return err
			}
			if !a.quiet {
				a.printMeanings(job.Columns())
			}
			defer thrifty()()
			rep, err := job.Run(c.Context(), f.out, linker.Tools{Now: a.now, Progress: a.newProgress(a.logger())})
			if err != nil {
				return err
			}
			return a.printResolution(rep)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.out.Clusters, "out", "", "file to write each record's cluster to")
	fl.StringVar(&f.out.Model, "save-model", "", "file to write to what was learned about the records, as JSON; it holds no value of any")
	fl.StringSliceVar(&f.columns, "columns", nil, "what columns mean, instead of a guess: NAME=KIND or NAME=KIND:WHICH")
	fl.StringVar(&f.settings, "config", "", "settings in a YAML file: columns, unique, threshold")
	fl.Float64Var(&f.threshold, "threshold", linkage.Defaults().Threshold, "bits of evidence above which records are one person's; 0 is even odds")
	fl.StringVar(&f.layout, "layout", "", "layout that describes the files: a YAML file, or the name of a shipped one")
	fl.StringVar(&f.feed, "feed", "", "with --layout: the feed, where the files' names do not tell it")
	fl.StringVar(&f.golden, "golden", "", "file to write one record of each person to; NAME.provenance.csv beside it says where its values come from")
	fl.StringVar(&f.precedence, "precedence", "default", "with --golden: whose word counts, a YAML file or a shipped one: default, seamk, xamk")
	fl.StringVar(&f.modified, "modified", "", "with --golden: the column that tells when a record last changed")
	_ = c.MarkFlagRequired("out") // fails only for a flag that is not there
	_ = c.MarkFlagFilename("layout", "yaml")
	_ = c.MarkFlagFilename("config", "yaml")
	return c
}

// linkPercent is [gcPercent] while records are linked: nearly all that lives then holds no pointers, so that collecting
// often costs little, and a tenth of the memory is saved.
const linkPercent = 20

// thrifty collects garbage more often until the function that it gives is called.
func thrifty() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(linkPercent)
	return func() { debug.SetGCPercent(before) }
}

// openJob understands the files. What is wrong with what was asked is a mistake of usage.
func (a *app) openJob(c *cobra.Command, files []string, f resolveFlags) (*linker.Job, error) {
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
	by, err := namedLayout(f.layout, f.feed)
	if err != nil {
		return nil, err
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

// namedLayout reads a layout's file, or finds a shipped one by its system's name.
func namedLayout(name, feed string) (*linker.Layout, error) {
	if name == "" {
		return nil, nil
	}
	shipped, err := layout.Shipped()
	if err != nil {
		return nil, err
	}
	for _, l := range shipped {
		if l.System == name {
			return &linker.Layout{Layout: l, Feed: feed}, nil
		}
	}
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, usageError{errNoLayout.At(fault.Place{File: name}).Wrap(err)}
	}
	l, err := layout.Parse(name, src)
	if err != nil {
		return nil, err
	}
	return &linker.Layout{Layout: l, Feed: feed}, nil
}

// printMeanings says on standard error what the columns were taken for. Files with the same columns are shown once.
func (a *app) printMeanings(files []linker.FileReport) {
	before, guessed := "", false
	for _, f := range files {
		var b strings.Builder
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "COLUMN\tMEANING\tSURE\tWHY")
		for _, c := range f.Columns {
			fmt.Fprintf(w, "%s\t%s\t%.0f %%\t%s\n", c.Name, c.Meaning, 100*c.Confidence, c.Why)
			guessed = guessed || c.Confidence < 1
		}
		w.Flush()
		if b.String() == before {
			fmt.Fprintf(a.err, "%s: the same columns\n", f.File)
			continue
		}
		before = b.String()
		fmt.Fprintf(a.err, "%s: %s\n%s\n", f.File, formOf(f), before)
	}
	if guessed {
		fmt.Fprintln(a.err, "Not so? --columns NAME=KIND,... says what a column means; NAME=ignored leaves it out.")
	}
}

// formOf says how a file was read.
func formOf(f linker.FileReport) string {
	if f.Format != "csv" {
		return f.Format
	}
	delimiter := map[string]string{",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[f.Delimiter]
	if delimiter == "" {
		delimiter = f.Delimiter
	}
	return fmt.Sprintf("csv, %s, %s", delimiter, f.Encoding)
}

// printedRejections is how many bad rows are shown to a person one by one.
const printedRejections = 20

// printResolution sums up for people on standard error; with --json the report is on standard output.
func (a *app) printResolution(r *linker.Report) error {
	if a.json {
		if err := a.printJSON("resolve", r.Rejected == 0, r); err != nil {
			return err
		}
	} else {
		a.sayResolution(r)
	}
	if r.Rejected > 0 {
		return statusError(exitPartial)
	}
	return nil
}

func (a *app) sayResolution(r *linker.Report) {
	p := palette(a.err)
	for i, x := range r.Rejection {
		if i == printedRejections {
			break
		}
		fmt.Fprintf(a.err, "%s %s:%d: %s: %s\n", p.red("bad row"), x.File, x.Line, x.Code, x.Reason)
	}
	if n := r.Rejected - printedRejections; n > 0 {
		fmt.Fprintf(a.err, "and %s bad rows more; --json lists %d\n", thousands(n), len(r.Rejection))
	}
	fmt.Fprintf(a.err, "%s records of %s people; the largest cluster has %s records\n",
		thousands(int64(r.Records)), thousands(int64(r.People)), thousands(int64(r.Largest)))
	for _, f := range r.Files {
		skipped := ""
		for _, reason := range slices.Sorted(maps.Keys(f.Skipped)) {
			skipped += fmt.Sprintf(", %s %s", thousands(f.Skipped[reason]), reason)
		}
		fmt.Fprintf(a.err, "  %s: %s records, %s bad rows%s\n", f.File, thousands(f.Records), thousands(f.Rejected), skipped)
	}
	if r.Unnamed > 0 {
		fmt.Fprintf(a.err, "  %s records have no id and are named by their line\n", thousands(r.Unnamed))
	}
	if len(r.Passes) > 0 {
		fmt.Fprintf(a.err, "  %s pairs compared, of %d passes that find an estimated %.1f %% of all: %s\n",
			thousands(r.Compared), len(r.Passes), 100*r.Recall, strings.Join(r.Passes, "; "))
	}
	fmt.Fprintf(a.err, "  %.1f s reading, %.1f s linking, %.1f s writing\n", r.Seconds.Read, r.Seconds.Link, r.Seconds.Write)
}
