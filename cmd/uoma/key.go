package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"uoma/pipelines/custody"
	"uoma/pipelines/workspace"
)

func (a *app) keyCommand() *cobra.Command {
	list := a.keyListCommand()
	c := &cobra.Command{
		Use:   "key",
		Short: "See, rotate, escrow and restore the keys",
		Example: `  uoma key
  uoma key rotate master --dry-run
  uoma key escrow --shares 5 --needed 3 --out /media/shares
  uoma key drill share-1.txt share-3.txt share-4.txt`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.AddCommand(list, a.keyRotateCommand(), a.keyEscrowCommand(), a.keyDrillCommand(), a.keyRecoverCommand())
	return c
}

func (a *app) keyListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the keys that have epochs, and how much each master key wraps",
		Example: "  uoma key list",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inRotation(c.Context(), func(ws *workspace.Workspace) error {
				lines, err := custody.List(c.Context(), ws)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("key list", true, lines)
				}
				var rows [][]string
				for _, l := range lines {
					rows = append(rows, []string{l.Key, fmt.Sprint(l.Epoch), l.State, cmp.Or(l.ID, "-"), thousands(l.Rows)})
				}
				return a.table([]string{"KEY", "EPOCH", "STATE", "ID", "WRAPS"}, rows)
			})
		},
	}
}

// keeper is who acts with the keys.
func (a *app) keeper() custody.Author { return custody.Author{Actor: a.actor(""), At: a.now()} }

// inRotation opens the workspace also where a rotation was cut off.
func (a *app) inRotation(ctx context.Context, f func(*workspace.Workspace) error) error {
	ws, err := workspace.OpenRotating(ctx, a.workspace)
	if err != nil {
		return err
	}
	return errors.Join(f(ws), ws.Close())
}

// keeping runs f under the nightly's lease, as the nights use the keys.
func (a *app) keeping(ctx context.Context, f func(context.Context, *workspace.Workspace, custody.Author) error) error {
	return a.inRotation(ctx, func(ws *workspace.Workspace) error {
		return held(ctx, ws, ws, a.manual("nightly", a.today(ws)), func(ctx context.Context, h holding) error {
			by := a.keeper()
			by.Check = h.journal.Check
			return f(ctx, ws, by)
		})
	})
}

func (a *app) keyRotateCommand() *cobra.Command {
	var dry bool
	var epoch int64
	c := &cobra.Command{
		Use:   "rotate master | domain RECIPIENT/DATASET | index | register | suppression | rectification",
		Short: "Put a new key in the place of an old one",
		Long: `rotate master: let keys.next in uoma.yaml say where the new master key is (a file or KMS key that is not there yet is
made), and run it. Every subject's key is wrapped anew; nothing that was derived changes. Cut off anywhere, the same
command goes on: both keys open until nothing is left that the old one wraps. Then let keys.master name the new one.

rotate domain: the next extract or file for the recipient has other pseudonyms, which nobody can join with those before.

rotate index, register, suppression or rectification: every token of rows and records, of the register's people, of erased
people's marks, or of values that sources have to correct is put under a new key, in vault and register; nothing else changes, and recipients' pseudonyms stay. While it is at
work, and after it was cut off, the workspace opens for nothing else: the same command goes on. The old key is destroyed at
the end.`,
		Example: `  uoma key rotate master --dry-run
  uoma key rotate master
  uoma key rotate domain csc/uraseuranta --epoch 2     # again, it changes nothing
  uoma key rotate index`,
		Args: between(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case args[0] == "master" && len(args) == 1:
				return a.rotateMaster(c.Context(), dry)
			case slices.Contains(workspace.TokenKinds(), args[0]) && len(args) == 1:
				return a.rotateTokens(c.Context(), args[0], epoch, dry)
			case args[0] == "domain" && len(args) == 2:
				return a.keeping(c.Context(), func(ctx context.Context, ws *workspace.Workspace, by custody.Author) error {
					if err := knownDomain(ws, args[1]); err != nil {
						return err
					}
					out, err := custody.RotateDomain(ctx, ws, args[1], epoch, dry, by, custody.Options{})
					if err != nil {
						return err
					}
					return a.printRotated(out, dry)
				})
			}
			return usageError{errors.New("name master, index, register, suppression, rectification, or domain and RECIPIENT/DATASET")}
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and change nothing")
	c.Flags().Int64Var(&epoch, "epoch", 0, "the epoch that domain or tokens are to be in, so that a repetition changes nothing; the next when missing")
	return c
}

func (a *app) rotateMaster(ctx context.Context, dry bool) error {
	if dry {
		return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
			out, err := custody.PlanMaster(ctx, ws)
			if err != nil {
				return err
			}
			return a.printRotated(out, true)
		})
	}
	return a.keeping(ctx, func(ctx context.Context, ws *workspace.Workspace, by custody.Author) error {
		out, err := custody.RotateMaster(ctx, ws, by, custody.Options{})
		if err != nil {
			return err
		}
		return a.printRotated(out, false)
	})
}

func (a *app) rotateTokens(ctx context.Context, kind string, epoch int64, dry bool) error {
	if dry {
		return a.inWorkspace(ctx, func(ws *workspace.Workspace) error {
			out, err := custody.PlanTokens(ctx, ws, kind)
			if err != nil {
				return err
			}
			return a.printRotated(out, true)
		})
	}
	return a.keeping(ctx, func(ctx context.Context, ws *workspace.Workspace, by custody.Author) error {
		out, err := custody.RotateTokens(ctx, ws, kind, epoch, by, custody.Options{})
		if err != nil {
			return err
		}
		return a.printRotated(out, false)
	})
}

// knownDomain refuses a domain in which nobody is called by a pseudonym: there is one of each survey, and of each target whose
// file has any.
func knownDomain(ws *workspace.Workspace, name string) error {
	all, err := ws.Pipelines()
	if err != nil {
		return err
	}
	var names []string
	for _, d := range all {
		if d.Survey != nil {
			names = append(names, d.Survey.Recipient+"/"+d.Survey.Dataset)
		}
	}
	targets, err := workspace.TargetFiles(ws.HomePath())
	if err != nil {
		return err
	}
	for _, f := range targets {
		if f.Target.Pseudonymous() {
			names = append(names, f.Target.To()+"/"+f.Target.Name)
		}
	}
	if !slices.Contains(names, name) {
		slices.Sort(names)
		return usageError{fmt.Errorf("no pipeline sends pseudonyms of that domain; there is %v", slices.Compact(names))}
	}
	return nil
}

func (a *app) printRotated(out custody.Rotated, dry bool) error {
	if a.json {
		return a.printJSON("key rotate", true, out)
	}
	if slices.Contains(workspace.TokenKinds(), out.Key) {
		said := "%s is in epoch %d; the tokens of %s rows were put under its key\n"
		if dry {
			said = "%s would come to epoch %d; the tokens of %s rows would be put under its key\n"
		}
		_, err := fmt.Fprintf(a.out, said, out.Key, out.Epoch, thousands(out.Rows))
		return err
	}
	if dry {
		_, err := fmt.Fprintf(a.out, "%s would come to epoch %d; %s keys of subjects would be wrapped anew\n", out.Key, out.Epoch, thousands(out.Left))
		return err
	}
	fmt.Fprintf(a.out, "%s is in epoch %d; %s keys of subjects were wrapped anew\n", out.Key, out.Epoch, thousands(out.Rewrapped))
	if out.Key == "master" {
		fmt.Fprintln(a.out, "next: let keys.master in uoma.yaml name what keys.next names, and remove keys.next\n      uoma key escrow, as the shares are of the old key")
	}
	return nil
}

func (a *app) keyEscrowCommand() *cobra.Command {
	var shares, needed int
	var out string
	c := &cobra.Command{
		Use:   "escrow --shares N --needed K --out DIR",
		Short: "Split the master key and the storage key into shares for several people",
		Long: `Write N files of which any K give back the master key and the storage key, and fewer say nothing (Shamir's secret
sharing). Hand each to another person, on paper or a disk of its own, and remove the files. The backup of the workspace
is needed besides them.`,
		Example: "  uoma key escrow --shares 5 --needed 3 --out /media/shares",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				return usageError{errors.New("--out is needed")}
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				made, err := custody.Escrow(c.Context(), ws, out, shares, needed, rand.Reader, a.keeper())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("key escrow", true, made)
				}
				for _, f := range made.Files {
					fmt.Fprintln(a.out, f)
				}
				_, err = fmt.Fprintf(a.out, "any %d of these %d shares give the keys back; hand each to another person, then prove them with uoma key drill\n",
					made.Needed, len(made.Files))
				return err
			})
		},
	}
	c.Flags().IntVar(&shares, "shares", 5, "how many shares")
	c.Flags().IntVar(&needed, "needed", 3, "how many of them give the keys back")
	c.Flags().StringVar(&out, "out", "", "folder for the files, outside the workspace")
	return c
}

func (a *app) keyDrillCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "drill SHARE...",
		Short:   "Prove that shares give back the keys in use, and note it",
		Long:    "Put shares together in memory, hold the result against the keys in use, and note the drill in the audit log. uoma check\nwarns when that was more than 12 months ago.",
		Example: "  uoma key drill share-1.txt share-3.txt share-4.txt",
		Args:    between(1, many),
		RunE: func(c *cobra.Command, args []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				set, err := custody.Drill(c.Context(), ws, args, a.keeper())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("key drill", true, map[string]string{"set": set})
				}
				_, err = fmt.Fprintf(a.out, "the shares of set %s give back the keys in use\n", set)
				return err
			})
		},
	}
}

func (a *app) keyRecoverCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:     "recover --out DIR SHARE...",
		Short:   "Write the keys that shares give back into files, when the originals are lost",
		Example: "  uoma key recover --out keys share-1.txt share-3.txt share-4.txt",
		Args:    between(1, many),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return usageError{errors.New("--out is needed")}
			}
			files, err := custody.Recover(out, args)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON("key recover", true, files)
			}
			for _, f := range files {
				fmt.Fprintln(a.out, f)
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "folder for master.key and storage.key, which must not be there")
	return c
}
