package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
)

var errConfirm = fault.New("UOMA-ERA-CONFIRM", "an erasure cannot be undone", "repeat the command with --yes")

func (a *app) eraseCommand() *cobra.Command {
	var system, clause string
	var yes bool
	c := &cobra.Command{
		Use:   "erase --system S --clause C",
		Short: "Erase a person: destroy the key, remove the rows, keep the next export's rows out",
		Long: `Erase the person of one record: the person's key in the vault is destroyed, every row of every system about the
person leaves vault, register, snapshots and quarantine, and keyed marks stay behind by which later exports' rows are
withheld. It is noted in the audit log, and in the book of erasures, so that restoring a backup brings nobody back. It
cannot be undone.

The record's person key is read from standard input, so that neither the list of processes nor the shell's history names
the person. Parts of a composite key are joined by |.`,
		Example: `  uoma erase --system student-register --clause XAMK-39 --yes < key.txt`,
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if system == "" || clause == "" {
				return usageError{errors.New("--system and --clause are needed")}
			}
			if !yes {
				return errConfirm
			}
			key, err := readKey(c.InOrStdin())
			if err != nil {
				return err
			}
			out, err := a.erase(c.Context(), system, key, clause)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON("erase", true, out)
			}
			if out.Before {
				_, err = fmt.Fprintf(a.out, "erased already, by the run %s\n", out.Run)
				return err
			}
			_, err = fmt.Fprintf(a.out, "erased: %d records, %d register rows, %d vault entries, %d rows of snapshots, %d quarantined rows; %d marks keep the person out\n",
				out.Records, out.Rows, out.Entries, out.Raw, out.Quarantined, out.Marks)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&system, "system", "", "system of one of the person's records")
	f.StringVar(&clause, "clause", "", "clause of the notice, or article of law, under which the person is erased")
	f.BoolVar(&yes, "yes", false, "do it")
	return c
}

// maxKey is longer than any key of a system.
const maxKey = 1024

// readKey reads a person key from a person or a pipe.
func readKey(in io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, maxKey))
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(b))
	if key == "" {
		return "", usageError{errors.New("the person key is read from standard input, which was empty")}
	}
	return strings.ReplaceAll(key, "|", canon.KeySeparator), nil
}

func (a *app) erase(ctx context.Context, system, key, clause string) (out nightly.Erased, err error) {
	ws, err := a.open(ctx, false)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, ws.Close()) }()
	// The run stands under the nightly's lease, as it changes what the nightly would.
	r := a.manual("nightly", a.today(ws))
	r.Actor = a.actor("")
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
