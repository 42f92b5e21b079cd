package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// policyLine is one version of a pack.
type policyLine struct {
	ID       string             `json:"id"`
	Version  string             `json:"version"`
	From     string             `json:"from"`
	To       string             `json:"to,omitempty"`
	File     string             `json:"file"`
	Digest   string             `json:"digest"`
	Notice   string             `json:"notice"`
	Purposes []string           `json:"purposes,omitempty"`
	Clauses  []policy.ClauseUse `json:"clauses,omitempty"`
}

func lineOf(f workspace.PolicyFile) policyLine {
	p := f.Pack
	return policyLine{ID: p.ID, Version: p.Version, From: p.InForce.From, To: p.InForce.To, File: f.File, Digest: p.Digest(), Notice: p.Notice.Title}
}

var (
	errNoPack = fault.New("UOMA-CLI-POLICY", "there is no such policy pack", "uoma policy list shows what there is")
	errFile   = fault.New("UOMA-CLI-FILE", "the file cannot be read", "name a file that the run user may read")
)

func (a *app) policyCommand() *cobra.Command {
	list := a.policyListCommand()
	c := &cobra.Command{
		Use:   "policy",
		Short: "List, show, check and compare policy packs, and tell which rule of the notice each holds",
		Example: `  uoma policy list
  uoma policy show xamk
  uoma policy check policies/xamk-2027.yaml
  uoma policy diff xamk policies/xamk-2027.yaml
  uoma policy coverage xamk
  uoma policy sign policies/xamk-2027.yaml --key ~/.ssh/id_ed25519`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.AddCommand(list, a.policyShowCommand(), a.policyDiffCommand(), a.policyCoverageCommand(), a.policyChangesCommand(), a.policyAnnouncedCommand(), a.policySignCommand(),
		a.checkFileCommand("policy", "policies/xamk-2027.yaml", workspace.CheckPack))
	return c
}

func (a *app) policyListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the policy packs that the workspace can use",
		Example: "  uoma policy list --json",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			files, err := workspace.PolicyFiles(a.workspace)
			if err != nil {
				return err
			}
			lines := make([]policyLine, 0, len(files))
			var rows [][]string
			for _, f := range files {
				l := lineOf(f)
				lines = append(lines, l)
				rows = append(rows, []string{l.ID, l.Version, l.From, cmp.Or(l.To, "-"), l.File, l.Notice})
			}
			if a.json {
				return a.printJSON("policy list", true, lines)
			}
			return a.table([]string{"POLICY", "VERSION", "FROM", "TO", "FILE", "NOTICE"}, rows)
		},
	}
}

func (a *app) policyShowCommand() *cobra.Command {
	var source bool
	c := &cobra.Command{
		Use:               "show ID",
		Short:             "Show every rule of a pack with the clauses of the notice that it carries out",
		Example:           "  uoma policy show xamk\n  uoma policy show xamk --source > mine.yaml",
		Args:              exactly(1),
		ValidArgsFunction: a.completeDocuments(a.packIDs),
		RunE: func(_ *cobra.Command, args []string) error {
			if source {
				src, err := a.packSource(args[0])
				if err == nil {
					_, err = a.out.Write(src)
				}
				return err
			}
			files, err := workspace.PolicyFiles(a.workspace)
			if err != nil {
				return err
			}
			lines := []policyLine{}
			for _, f := range files {
				if f.Pack.ID != args[0] {
					continue
				}
				l := lineOf(f)
				l.Clauses = f.Pack.Clauses()
				for _, p := range f.Pack.Purposes {
					l.Purposes = append(l.Purposes, p.ID)
				}
				lines = append(lines, l)
				if !a.json {
					fmt.Fprint(a.out, f.Pack.Describe())
				}
			}
			switch {
			case len(lines) == 0:
				return usageError{errNoPack}
			case a.json:
				return a.printJSON("policy show", true, lines)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&source, "source", false, "print the file itself, to be copied and changed; ID may be a file, or ID@VERSION")
	return c
}

// checkFileCommand checks one document before it is put into the workspace.
func (a *app) checkFileCommand(kind, example string, check func(file string, src []byte) []workspace.Finding) *cobra.Command {
	return &cobra.Command{
		Use:     "check FILE",
		Short:   "Check a file before it is used: every finding with line and column",
		Example: fmt.Sprintf("  uoma %s check %s", kind, example),
		Args:    exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			src, err := os.ReadFile(args[0])
			if err != nil {
				return usageError{errFile.At(fault.Place{File: args[0]}).Wrap(err)}
			}
			return a.printFindings(kind+" check", check(args[0], src))
		},
	}
}
