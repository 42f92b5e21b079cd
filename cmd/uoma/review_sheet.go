package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/review"
	"uoma/pipelines/workspace"
	"uoma/transforms/clerical"
)

var (
	errSheetThere = fault.New("UOMA-REV-EXISTS", "the file is there already, and may hold decisions", "name another file, or remove it")
	errSheetFile  = fault.New("UOMA-REV-FILE", "the sheet cannot be opened", "check its name and who may read and write there")
)

func (a *app) reviewExportCommand() *cobra.Command {
	var flags listFlags
	c := &cobra.Command{
		Use:   "export FILE.csv",
		Short: "Write the list as a sheet, to decide in a spreadsheet",
		Long: `Write the pairs as CSV: numbers, tokens, weights, systems, and no value of a person. Fill in the column decision with
same, different or unsure, and perhaps reason, and take it back with uoma review import.`,
		Example: "  uoma review export pairs.csv --apart --least 0.5",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.atDesk(c.Context(), func(d *review.Desk) error {
				lines := d.Lines(flags.chosen())
				if err := writeSheet(args[0], lines); err != nil {
					return err
				}
				if a.json {
					return a.printJSON("review export", true, map[string]int{"pairs": len(lines)})
				}
				_, err := fmt.Fprintf(a.out, "%d pairs\n", len(lines))
				return err
			})
		},
	}
	flags.add(c)
	return c
}

func writeSheet(path string, lines []clerical.Line) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return errSheetThere.At(fault.Place{File: path})
	case err != nil:
		return errSheetFile.At(fault.Place{File: path}).Wrap(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return clerical.WriteSheet(f, lines)
}

func (a *app) reviewImportCommand() *cobra.Command {
	var by string
	c := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Take the decisions of a sheet",
		Long: `Take the decisions of a sheet that uoma review export wrote. Every row is taken, stands already, has no decision, or is
refused with its line and why; the right rows are taken in one commit even when others are refused (exit code 4). The same
sheet again changes nothing.`,
		Example: "  uoma review import pairs.csv --by virtanen",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return errSheetFile.At(fault.Place{File: args[0]}).Wrap(err)
			}
			defer f.Close()
			return a.decideAt(c.Context(), a.named(by), func(ctx context.Context, d *review.Desk, author review.Author) error {
				out, err := d.Import(ctx, f, author)
				if err != nil {
					return err
				}
				return a.printImported(args[0], out)
			})
		},
	}
	c.Flags().StringVar(&by, "by", "", "who decided (the user of the machine)")
	return c
}

func (a *app) printImported(file string, out review.Imported) error {
	good := len(out.Refused) == 0
	if a.json {
		if err := a.printJSON("review import", good, out); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "%d rows: %d decisions taken, %d stood already, %d without a decision, %d refused\n",
			out.Rows, out.Taken, out.Already, out.Empty, len(out.Refused))
		for _, r := range out.Refused {
			fmt.Fprintf(a.out, "%s:%d: %s %s\n  next: %s\n", file, r.Line, r.Code, r.Reason, r.Hint)
		}
	}
	if !good {
		return statusError(exitFindings)
	}
	return nil
}

func (a *app) reviewStatsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stats",
		Short: "Say how many links are right, as far as the sample was reviewed",
		Long: `Say for each stratum of the sample that was drawn last, and for all links, which share of links is right, with an
interval of 95 % (E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927) 209-212). For all links, strata count by how many links
they have, and the interval is that of the effective number of pairs 1 / sum(W^2/n) (L. Kish, Survey Sampling, 1965). Pairs
that are unsure or not yet decided are in no share: the more there are, the less it says.`,
		Example: "  uoma review stats --json",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.atDesk(c.Context(), func(d *review.Desk) error {
				s, err := d.Estimate()
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("review stats", true, s)
				}
				return a.printStats(s)
			})
		},
	}
}

func (a *app) printStats(s review.Stats) error {
	var rows [][]string
	for _, e := range slices.Concat(s.Strata, []clerical.Estimate{s.All}) {
		precision := "-"
		if e.Same+e.Different > 0 {
			precision = fmt.Sprintf("%.4f", e.Precision)
		}
		rows = append(rows, []string{e.Stratum, thousands(e.Links), thousands(e.Sampled), thousands(e.Same), thousands(e.Different), thousands(e.Unsure),
			thousands(e.Sampled - e.Same - e.Different - e.Unsure), precision, fmt.Sprintf("%.4f to %.4f", e.Low, e.High)})
	}
	if err := a.table([]string{"STRATUM", "LINKS", "SAMPLED", "SAME", "DIFFERENT", "UNSURE", "OPEN", "PRECISION", "95 % INTERVAL"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "links of %s, seed %d; the last line speaks of %.1f %% of them\n", s.Run, s.Seed, 100*s.Covered)
	return err
}

// logLine is a decision, or a look at values.
type logLine struct {
	Number  int64  `json:"number"`
	At      string `json:"at"`
	By      string `json:"by"`
	What    string `json:"what"` // same, different, unsure, or look
	RecordA string `json:"record_a"`
	RecordB string `json:"record_b"`
	Reason  string `json:"reason,omitempty"`
	Run     string `json:"run,omitempty"`
}

func (a *app) reviewLogCommand() *cobra.Command {
	var looks bool
	c := &cobra.Command{
		Use:     "log",
		Short:   "List all decisions, or who looked at values",
		Example: "  uoma review log\n  uoma review log --looks",
		Args:    exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				lines, err := reviewLog(c.Context(), ws, looks)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON("review log", true, lines)
				}
				var rows [][]string
				for _, l := range lines {
					rows = append(rows, []string{fmt.Sprint(l.Number), l.At, l.By, l.What, l.RecordA + ":" + l.RecordB, dash(l.Reason), dash(l.Run)})
				}
				return a.table([]string{"NUMBER", "AT", "BY", "WHAT", "PAIR", "REASON", "RUN"}, rows)
			})
		},
	}
	c.Flags().BoolVar(&looks, "looks", false, "list who looked at values instead of decisions")
	return c
}

func reviewLog(ctx context.Context, ws *workspace.Workspace, looks bool) ([]logLine, error) {
	out := []logLine{}
	if looks {
		all, err := ledger.Accesses(ctx, ws.RegisterDB)
		for _, x := range all {
			out = append(out, logLine{x.Number, localTime(instant(x.SeenAt)), x.SeenBy, "look", x.A, x.B, x.Reason, ""})
		}
		return out, err
	}
	all, err := ledger.Decisions(ctx, ws.RegisterDB)
	for _, x := range all {
		out = append(out, logLine{x.Number, localTime(instant(x.DecidedAt)), x.DecidedBy, x.Decision, x.A, x.B, x.Reason, x.Run})
	}
	return out, err
}

func dash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "-"
	}
	return s
}
