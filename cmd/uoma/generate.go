package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"uoma/fixtures/campus"
	"uoma/internal/canon"
)

func (a *app) generateCommand() *cobra.Command {
	o := campus.Options{People: 1000, Seed: 1, Nights: 1, Change: 0.01}
	var flat campus.RecordOptions
	var out, date, records string
	c := &cobra.Command{
		Use:   "generate --people N --seed S [--out DIR | --records FILE.csv]",
		Short: "Write a synthetic campus: every system's exports, and the truth beside them",
		Long: `Write the exports of an institution's systems about made-up people into DIR/inbox, and who is who into DIR/truth. The
same seed gives the same bytes. No name, number or address belongs to a real person. Without --institution it is the
university of six systems that everything else is measured with.

With --records, write one CSV instead, as a linker gets it: a row for each record of a person in a system, with the
systems' mistakes (names mistyped, swapped, shortened or from before a marriage, old addresses, shared telephones, twins,
numbers missing), under ids and in an order that tell nothing. Whose each record is stands in FILE.truth.csv.`,
		Example: `  uoma generate --people 100000 --seed 7 --out campus
  uoma generate --people 1000 --seed 7 --out campus --nights 30 --change 0.01 --date 2026-11-01
  uoma generate --institution nmbu --people 200 --out made-up
  uoma generate --record-count 1000000 --seed 7 --records people.csv --identifiers 0`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			day, err := canon.ParseDate(date)
			if err != nil {
				return usageError{errDate}
			}
			o.Date = day
			if records != "" {
				flat.People, flat.Seed, flat.Date = o.People, o.Seed, day
				return a.generateRecords(c, records, flat)
			}
			if err := os.MkdirAll(out, 0o700); err != nil {
				return err
			}
			if o.Out, err = os.OpenRoot(out); err != nil {
				return err
			}
			defer o.Out.Close()
			log := a.logger()
			p := a.newProgress(log)
			p.Begin("generate")
			last := 0
			o.Progress = func(done, _ int) {
				p.Advance(int64(done-last), "people")
				last = done
			}
			started := a.now()
			sum, err := campus.Generate(c.Context(), o)
			if err != nil {
				return err
			}
			p.End("generate", a.now().Sub(started))
			if a.json {
				return a.printJSON("generate", true, sum)
			}
			for _, n := range sum.Nights {
				fmt.Fprintf(a.out, "%s  %s rows about %s people\n", n.Date, thousands(int64(n.Rows())), thousands(int64(sum.People)))
			}
			_, err = fmt.Fprintf(a.out, "exports in %s, truth in %s\n", filepath.Join(out, "inbox"), filepath.Join(out, "truth"))
			return err
		},
	}
	f := c.Flags()
	f.IntVar(&o.People, "people", o.People, "number of people")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "seed; the same seed gives the same bytes")
	f.StringVar(&out, "out", "campus", "folder to write to")
	f.IntVar(&o.Nights, "nights", o.Nights, "successive nightly exports")
	f.Float64Var(&o.Change, "change", o.Change, "share of people whose data changes from night to night")
	f.StringVar(&o.Institution, "institution", campus.Institutions()[0], "whose systems: "+strings.Join(campus.Institutions(), ", "))
	f.StringVar(&date, "date", "2026-11-22", "date of the first night")
	f.StringVar(&records, "records", "", "write one CSV of person records to this file, and FILE.truth.csv beside it")
	f.IntVar(&flat.Count, "record-count", 0, "with --records: how many records, instead of --people")
	f.Float64Var(&flat.Identifiers, "identifiers", 1, "with --records: largest share of records with an identity code or other number of the person")
	for _, nights := range []string{"out", "nights", "change", "institution"} {
		c.MarkFlagsMutuallyExclusive("records", nights)
	}
	c.MarkFlagsMutuallyExclusive("people", "record-count")
	return c
}

// generateRecords writes one file of person records and its truth.
func (a *app) generateRecords(c *cobra.Command, file string, o campus.RecordOptions) error {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer root.Close()
	o.Out, o.Name = root, filepath.Base(file)
	p := a.newProgress(a.logger())
	p.Begin("generate")
	o.Progress = func(people int) { p.Advance(int64(people), "people") }
	started := a.now()
	sum, err := campus.Records(c.Context(), o)
	if err != nil {
		return err
	}
	p.End("generate", a.now().Sub(started))
	if a.json {
		return a.printJSON("generate", true, sum)
	}
	_, err = fmt.Fprintf(a.out, `%s records of %s people; %s records with an identifier
%s people share a home as couples, %s as siblings, %s as parent and child, %s are twins
records in %s, truth in %s
`, thousands(int64(sum.Records)), thousands(int64(sum.People)), thousands(int64(sum.Identified)), thousands(int64(sum.Couples)),
		thousands(int64(sum.Siblings)), thousands(int64(sum.Generations)), thousands(int64(sum.Twins)), file, campus.TruthName(file))
	return err
}
