package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"uoma/fixtures/campus"
	"uoma/internal/canon"
)

func (a *app) generateCommand() *cobra.Command {
	o := campus.Options{People: 1000, Seed: 1, Nights: 1, Change: 0.01}
	var out, date string
	c := &cobra.Command{
		Use:   "generate --people N --seed S --out DIR",
		Short: "Write a synthetic campus: every system's exports, and the truth beside them",
		Long: `Write the exports of six systems about made-up people into DIR/inbox, and who is who into DIR/truth. The same seed
gives the same bytes. No name, number or address belongs to a real person.`,
		Example: `  uoma generate --people 100000 --seed 7 --out campus
  uoma generate --people 1000 --seed 7 --out campus --nights 30 --change 0.01 --date 2026-11-01`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			day, err := canon.ParseDate(date)
			if err != nil {
				return usageError{errDate}
			}
			o.Date = day
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
	f.StringVar(&date, "date", "2026-11-22", "date of the first night")
	return c
}
