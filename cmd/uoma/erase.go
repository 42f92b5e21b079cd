package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

var errConfirm = fault.New("UOMA-ERA-CONFIRM", "an erasure cannot be undone", "repeat the command with --yes")

func (a *app) eraseCommand() *cobra.Command {
	var system, key, clause string
	var yes bool
	c := &cobra.Command{
		Use:   "erase --system S --key K --clause C",
		Short: "Erase a person: destroy the key, remove the rows, keep the next export's rows out",
		Long: `Erase the person of one record: the person's key in the vault is destroyed, every row of every system about the
person leaves vault and register, and keyed marks stay behind by which later exports' rows are withheld. It cannot be
undone. Encrypted snapshots keep the exports as they came until they are removed by their own retention.`,
		Example: `  uoma erase --system student-register --key 12345 --clause XAMK-39 --yes
  uoma erase --system peppi --key '10118|2100001' --clause XAMK-39 --yes`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if system == "" || key == "" || clause == "" {
				return usageError{errors.New("--system, --key and --clause are needed")}
			}
			if !yes {
				return errConfirm
			}
			out, err := a.erase(c.Context(), system, strings.ReplaceAll(key, "|", canon.KeySeparator), clause)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON("erase", true, out)
			}
			_, err = fmt.Fprintf(a.out, "erased: %d records, %d register rows, %d vault entries; %d marks keep the person out\n",
				out.Records, out.Rows, out.Entries, out.Marks)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&system, "system", "", "system of one of the person's records")
	f.StringVar(&key, "key", "", "the record's person key; parts joined by |")
	f.StringVar(&clause, "clause", "", "clause of the notice, or article of law, under which the person is erased")
	f.BoolVar(&yes, "yes", false, "do it")
	return c
}

func (a *app) erase(ctx context.Context, system, key, clause string) (out nightly.Erased, err error) {
	ws, err := workspace.Open(ctx, a.workspace)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, ws.Close()) }()
	today := canon.DateOf(a.now().In(ws.Settings.Location))
	// The run stands under the nightly's lease, as it changes what the nightly would.
	r := &pipelines.Run{Pipeline: "nightly", Date: today, Mode: pipelines.Manual, Now: a.now, Log: a.logger(), Progress: &progress{}}
	err = held(ctx, ws, ws, r, func(ctx context.Context, h holding) error {
		n := nightly.New(ws, h.layouts, h.pack, nil, h.journal.Check)
		defer n.Close()
		erasure := *r
		erasure.Pipeline = "erase"
		out, err = n.Erase(ctx, &erasure, "nightly", system, key, clause)
		return err
	})
	return out, err
}
