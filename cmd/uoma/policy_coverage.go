package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/policy"
)

// ruleLine is one rule of a notice and what holds it.
type ruleLine struct {
	Rule     string   `json:"rule"`
	Section  string   `json:"section"`
	Says     string   `json:"says"`
	Held     bool     `json:"held"`
	Entries  []string `json:"entries"`
	Examples int      `json:"examples"`
	Test     string   `json:"test,omitempty"`
	Program  []string `json:"program,omitempty"`
	Open     string   `json:"open,omitempty"`
	Rest     string   `json:"rest,omitempty"` // what of a held rule is open
}

func ruleLineOf(c *policy.Coverage) ruleLine {
	l := ruleLine{Rule: c.ID, Section: c.Section, Says: c.Says, Held: c.Held(), Entries: []string{}, Examples: len(c.Examples), Program: c.Program, Open: c.Open, Rest: c.Rest}
	for _, e := range c.Entries {
		l.Entries = append(l.Entries, e.Name)
	}
	if l.Examples > 0 {
		l.Test = "TestRules/" + c.ID
	}
	return l
}

// by says in a few words what holds the rule.
func (l *ruleLine) by() string {
	var by []string
	if len(l.Entries) > 0 && l.Examples > 0 {
		by = append(by, fmt.Sprintf("%s; %s, %s", strings.Join(l.Entries, ", "), counted(l.Examples, "example"), l.Test))
	}
	if len(l.Program) > 0 {
		by = append(by, "the program: "+strings.Join(l.Program, ", "))
	}
	if rest := cmp.Or(l.Open, l.Rest); rest != "" {
		by = append(by, "open: "+rest)
	}
	return cmp.Or(strings.Join(by, "; "), "NOTHING")
}

// packCoverage is what holds the rules of one pack.
type packCoverage struct {
	Pack    string              `json:"pack"`
	Version string              `json:"version"`
	Rules   []ruleLine          `json:"rules"`
	Held    int                 `json:"held"`
	Open    int                 `json:"open"`
	Gaps    []workspace.Finding `json:"gaps"`
}

func (a *app) policyCoverageCommand() *cobra.Command {
	var open bool
	c := &cobra.Command{
		Use:   "coverage [ID]",
		Short: "Tell what holds each rule of a notice, and which data no rule covers",
		Long: `Coverage lists every rule of the notice with the entries of the pack that carry it out and the examples that show it,
or the tests of the program where the rule is a duty of the program itself, or the reason why nothing holds it yet. A rule
that nothing holds or excuses, and data that no rule covers, are errors.`,
		Example: `  uoma policy coverage xamk
  uoma policy coverage --open`,
		Args:              between(0, 1),
		ValidArgsFunction: a.completeDocuments(a.packIDs),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := workspace.Coverage(a.workspace)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				all = slices.DeleteFunc(all, func(c workspace.PackCoverage) bool { return c.Pack.ID != args[0] })
			}
			if len(all) == 0 {
				return usageError{errNoPack}
			}
			return a.printCoverage(all, open)
		},
	}
	c.Flags().BoolVar(&open, "open", false, "only the rules that nothing holds yet")
	return c
}

func (a *app) printCoverage(all []workspace.PackCoverage, open bool) error {
	packs := []packCoverage{}
	var gaps []workspace.Finding
	for _, c := range all {
		p := packCoverage{Pack: c.Pack.ID, Version: c.Pack.Version, Rules: []ruleLine{}, Gaps: append([]workspace.Finding{}, c.Gaps...)}
		for i := range c.Rules {
			l := ruleLineOf(&c.Rules[i])
			if l.Held {
				p.Held++
			} else {
				p.Open++
			}
			if !open || !l.Held {
				p.Rules = append(p.Rules, l)
			}
		}
		packs, gaps = append(packs, p), append(gaps, c.Gaps...)
	}
	if a.json {
		if err := a.printJSON("policy coverage", len(gaps) == 0, packs); err != nil {
			return err
		}
	} else if err := a.writeCoverage(packs); err != nil {
		return err
	}
	if len(gaps) > 0 {
		return statusError(exitFindings)
	}
	return nil
}

func (a *app) writeCoverage(packs []packCoverage) error {
	for _, p := range packs {
		var rows [][]string
		for _, l := range p.Rules {
			rows = append(rows, []string{l.Rule, l.Says, l.by()})
		}
		if err := a.table([]string{"RULE", "SAYS", "HELD BY"}, rows); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s %s: %d rules held, %d open\n", p.Pack, p.Version, p.Held, p.Open)
		for _, g := range p.Gaps {
			fmt.Fprintf(a.out, "%s %s: %s (%s)\n", palette(a.out).red("error"), g.Place, g.Message, g.Code)
		}
	}
	return nil
}

func (a *app) policyDiffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two versions of a pack: entry by entry, and in what they answer",
		Long: `Diff takes two files, or ids of packs (ID or ID@VERSION). It tells entry by entry what the newer version adds, takes
away or changes, and which examples of the notice's rules it answers otherwise.`,
		Example: `  uoma policy diff xamk policies/xamk-2027.yaml
  uoma policy diff xamk@2022-12-08.4 xamk@2027-01-01.1`,
		Args:              exactly(2),
		ValidArgsFunction: a.completeDocuments(a.packIDs),
		RunE: func(_ *cobra.Command, args []string) error {
			older, err := a.packSource(args[0])
			if err != nil {
				return err
			}
			newer, err := a.packSource(args[1])
			if err != nil {
				return err
			}
			d, err := workspace.DiffPacks(args[0], older, args[1], newer)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON("policy diff", true, d)
			}
			a.writeDiff(d)
			return nil
		},
	}
}

func (a *app) writeDiff(d workspace.PackDiff) {
	for _, f := range d.Fields {
		switch {
		case f.Old == "":
			fmt.Fprintf(a.out, "+ %s: %s %s\n", f.Entry, f.Field, f.New)
		case f.New == "":
			fmt.Fprintf(a.out, "- %s: %s %s\n", f.Entry, f.Field, f.Old)
		default:
			fmt.Fprintf(a.out, "~ %s: %s %s -> %s\n", f.Entry, f.Field, f.Old, f.New)
		}
	}
	for _, f := range d.Answers {
		fmt.Fprintf(a.out, "! %s\n", strings.TrimPrefix(f.Message, "the pack answers an example otherwise: "))
	}
	fmt.Fprintf(a.out, "%s, %s answered otherwise\n", counted(len(d.Fields), "changed field"), counted(len(d.Answers), "example"))
}

// packSource gives the document of a pack by file, id, or id@version. Of several versions of an id the last counts.
func (a *app) packSource(name string) ([]byte, error) {
	if src, err := os.ReadFile(name); err == nil {
		return src, nil
	} else if strings.ContainsAny(name, "/.") && !strings.Contains(name, "@") {
		return nil, usageError{errFile.At(fault.Place{File: name}).Wrap(err)}
	}
	files, err := workspace.PolicyFiles(a.workspace)
	if err != nil {
		return nil, err
	}
	id, version, named := strings.Cut(name, "@")
	for _, f := range slices.Backward(files) {
		if f.Pack.ID == id && (!named || f.Pack.Version == version) {
			return f.Source, nil
		}
	}
	return nil, usageError{errNoPack.At(fault.Place{Field: name})}
}

// packIDs lists packs for completion, which has nobody to tell of an error.
func (a *app) packIDs() (ids []string) {
	files, _ := workspace.PolicyFiles(a.workspace)
	for _, f := range files {
		ids = append(ids, f.Pack.ID)
	}
	return ids
}
