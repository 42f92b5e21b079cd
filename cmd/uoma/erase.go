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
	"uoma/pipelines"
	"uoma/pipelines/nightly"
)

var errConfirm = fault.New("UOMA-ERA-CONFIRM", "an erasure cannot be undone", "repeat the command with --yes")

func (a *app) eraseCommand() *cobra.Command {
	var system string
	e := &erasing{a: a}
	c := &cobra.Command{
		Use:   "erase --system S --clause C",
		Short: "Erase a person: destroy the key, remove the rows, keep the next export's rows out",
		Long: `Erase the person of one record: the person's key in the vault is destroyed, every row of every system about the
person leaves vault, register, snapshots and quarantine, and keyed marks stay behind by which later exports' rows are
withheld. It is noted in the audit log, and in the book of erasures, so that restoring a backup brings nobody back. It
cannot be undone.

The record's person key is read from standard input, so that neither the list of processes nor the shell's history names
the person. Parts of a composite key are joined by |. uoma subject erase takes what uoma subject find gives.`,
		Example: `  uoma erase --system student-register --clause XAMK-39 --yes < key.txt`,
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if system == "" || e.clause == "" {
				return usageError{errors.New("--system and --clause are needed")}
			}
			if !e.yes {
				return errConfirm
			}
			key, err := readKey(c.InOrStdin())
			if err != nil {
				return err
			}
			return e.run(c.Context(), "erase", func(ctx context.Context, n *nightly.Night, r *pipelines.Run) (nightly.Erased, error) {
				return n.Erase(ctx, r, "nightly", system, key, e.clause)
			})
		},
	}
	e.flags(c)
	c.Flags().StringVar(&system, "system", "", "system of one of the person's records")
	return c
}

func (a *app) subjectEraseCommand() *cobra.Command {
	e := &erasing{a: a}
	c := &cobra.Command{
		Use:   "erase TOKEN --clause C",
		Short: "Erase a person (GDPR 17): destroy the key, remove the rows, keep the next export's rows out",
		Long: `Erase does what uoma erase does, of the person whose token uoma subject find gave. A hold or a restriction stands before
it. It cannot be undone.`,
		Example: `  uoma subject erase 4f1c… --clause XAMK-39 --yes`,
		Args:    typedTokens(exactly(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if e.clause == "" {
				return usageError{errors.New("--clause is needed")}
			}
			if !e.yes {
				return errConfirm
			}
			return e.run(c.Context(), "subject erase", func(ctx context.Context, n *nightly.Night, r *pipelines.Run) (nightly.Erased, error) {
				return n.ErasePerson(ctx, r, "nightly", args[0], e.clause)
			})
		},
	}
	e.flags(c)
	return c
}

// erasing is what both commands share.
type erasing struct {
	a      *app
	clause string
	yes    bool
}

func (e *erasing) flags(c *cobra.Command) {
	c.Flags().StringVar(&e.clause, "clause", "", "clause of the notice, or article of law, under which the person is erased")
	c.Flags().BoolVar(&e.yes, "yes", false, "do it")
}

// run erases under the nightly's lease, as it changes what the nightly would, and tells what went.
func (e *erasing) run(ctx context.Context, command string, erase func(context.Context, *nightly.Night, *pipelines.Run) (nightly.Erased, error)) error {
	out, err := e.held(ctx, erase)
	if err != nil {
		return err
	}
	if e.a.json {
		return e.a.printJSON(command, true, out)
	}
	if out.Before {
		_, err = fmt.Fprintf(e.a.out, "erased already, by the run %s\n", out.Run)
		return err
	}
	_, err = fmt.Fprintf(e.a.out, "erased: %d records, %d register rows, %d vault entries, %d rows of snapshots, %d quarantined rows; %d marks keep the person out\n",
		out.Records, out.Rows, out.Entries, out.Raw, out.Quarantined, out.Marks)
	return err
}

func (e *erasing) held(ctx context.Context, erase func(context.Context, *nightly.Night, *pipelines.Run) (nightly.Erased, error)) (out nightly.Erased, err error) {
	ws, err := e.a.open(ctx, false)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, ws.Close()) }()
	r := e.a.manual("nightly", e.a.today(ws))
	r.Actor = e.a.actor("")
	err = held(ctx, ws, ws, r, func(ctx context.Context, h holding) error {
		n := nightly.New(ws, h.layouts, h.pack, nil, h.journal.Check)
		defer n.Close()
		of := *r
		of.Pipeline = "erase"
		out, err = erase(ctx, n, &of)
		return err
	})
	return out, err
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
