package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"uoma/pipelines/backup"
	"uoma/pipelines/workspace"
)

func (a *app) backupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "backup",
		Short: "Save the workspace, prove what was saved, put it back",
		Example: `  uoma backup create --to /srv/backups/campus-2026-11-22.uoma
  uoma backup verify /srv/backups/campus-2026-11-22.uoma --identity backup.key
  uoma backup restore /srv/backups/campus-2026-11-22.uoma --identity backup.key --keys key-copy --erasures book.jsonl --to campus`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.backupCreateCommand(), a.backupVerifyCommand(), a.backupRestoreCommand())
	return c
}

func (a *app) backupCreateCommand() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "create --to FILE",
		Short: "Save register, vault and files into one encrypted and signed file",
		Long: `Save both stores, as one moment had them, and the workspace's files into a new file that only the recipients in
backup.recipients of uoma.yaml open. No pipeline is at work meanwhile. The keys are not in it (uoma key escrow), nor is the
book of erasures, which has to be copied on its own.`,
		Example: "  uoma backup create --to /srv/backups/campus-2026-11-22.uoma",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if to == "" {
				return usageError{errors.New("--to is needed")}
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				return a.alone(c.Context(), ws, func(ctx context.Context) error {
					out, err := backup.Create(ctx, ws, to, version, a.keeper())
					if err != nil {
						return err
					}
					if a.json {
						return a.printJSON("backup create", true, out)
					}
					_, err = fmt.Fprintf(a.out, "saved %s rows in %s parts, %s bytes before compression, in %s\nmanifest %s\nnext: uoma backup verify it, and copy the book of erasures on its own\n",
						thousands(out.Rows), thousands(int64(out.Parts)), thousands(out.Bytes), out.File, out.Digest)
					return err
				})
			})
		},
	}
	c.Flags().StringVar(&to, "to", "", "file that is not there yet, outside of the workspace")
	return c
}

// alone runs f while no pipeline of the workspace is at work.
func (a *app) alone(ctx context.Context, ws *workspace.Workspace, f func(context.Context) error) (err error) {
	all, err := ws.Pipelines()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		r := a.manual(name, a.today(ws))
		journal := ws.NewJournal(version, "", "")
		if ctx, err = journal.Hold(ctx, r); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, journal.Free(context.WithoutCancel(ctx))) }()
	}
	return f(ctx)
}

func (a *app) printVerified(command string, v backup.Verified, said string) error {
	if a.json {
		return a.printJSON(command, true, v)
	}
	_, err := fmt.Fprintf(a.out, "%s: made %s by %s for institution %s, %s rows in %s parts\n", said, v.Made.Format(time.RFC3339), v.Facts["software"], v.Facts["institution"],
		thousands(v.Rows), thousands(int64(v.Parts)))
	return err
}

func (a *app) backupVerifyCommand() *cobra.Command {
	var identity, keys string
	c := &cobra.Command{
		Use:     "verify FILE --identity KEY",
		Short:   "Prove that a backup opens, is whole, and was made by the workspace",
		Long:    "Read a backup to its end: every part has the digest that the signed manifest says. Nothing is written.",
		Example: "  uoma backup verify campus-2026-11-22.uoma --identity backup.key --keys key-copy",
		Args:    exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if identity == "" {
				return usageError{errors.New("--identity is needed")}
			}
			out, err := backup.Verify(args[0], identity, keys)
			if err != nil {
				return err
			}
			return a.printVerified("backup verify", out, "whole")
		},
	}
	c.Flags().StringVar(&identity, "identity", "", "file of the age identity that opens backups")
	c.Flags().StringVar(&keys, "keys", workspace.KeysDir, "folder with signing.pub of the workspace")
	return c
}

func (a *app) backupRestoreCommand() *cobra.Command {
	var o backup.Options
	c := &cobra.Command{
		Use:   "restore FILE --identity KEY --keys DIR --erasures BOOK --to DIR",
		Short: "Put a backup into a new folder, without anybody who was erased since",
		Long: `Prove a backup and put it into a folder that is not there yet, and into stores that are empty: SQLite files in it, or the
databases that its settings and keys name. --keys is a folder with master.key, storage.key, signing and signing.pub, and the
DSNs of stores on a server; it is copied. The latest book of erasures is needed, as no backup has it: everybody in it is
erased again before the folder has its name. Killed anywhere, the same command begins anew.`,
		Example: "  uoma backup restore campus-2026-11-22.uoma --identity backup.key --keys key-copy --erasures book.jsonl --to campus",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Identity == "" || o.Keys == "" || o.To == "" {
				return usageError{errors.New("--identity, --keys and --to are needed")}
			}
			o.File = args[0]
			out, err := backup.Restore(c.Context(), o, a.keeper())
			if err != nil {
				return err
			}
			return a.printVerified("backup restore", out, "restored into "+o.To)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Identity, "identity", "", "file of the age identity that opens backups")
	f.StringVar(&o.Keys, "keys", "", "folder with the keys, which no backup has")
	f.StringVar(&o.Book, "erasures", "", "the latest book of erasures")
	f.BoolVar(&o.NobodyErased, "nobody-erased", false, "there is no book, as nobody was ever erased")
	f.StringVar(&o.Settings, "settings", "", "another uoma.yaml in the place of the backup's, as for stores of another kind")
	f.StringVar(&o.To, "to", "", "folder that is not there yet")
	return c
}
