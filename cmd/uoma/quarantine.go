package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/internal/fault"
	"uoma/pipelines/nightly"
	"uoma/pipelines/workspace"
)

const (
	quarantineRuns = 30        // latest runs that a list without --run looks at
	quarantineRows = 1_000_000 // rows of a run that are counted
)

// quarantineCount is how many rows a run quarantined of a feed under a code.
type quarantineCount struct {
	Run  string `json:"run"`
	Feed string `json:"feed"`
	Code string `json:"code"`
	Rows int64  `json:"rows"`
}

// quarantinePlace is one quarantined row without its values.
type quarantinePlace struct {
	Run    string `json:"run"`
	Feed   string `json:"feed"`
	Line   int64  `json:"line"`
	Field  string `json:"field,omitempty"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Stage  string `json:"stage"`
	Row    string `json:"row,omitempty"` // as it was; only with --show-values
}

func place(q ledger.Quarantined) quarantinePlace {
	return quarantinePlace{Run: q.Run, Feed: q.Feed, Line: q.Line, Field: q.Field, Code: q.Code, Reason: q.Reason, Stage: q.Stage}
}

func (a *app) quarantineCommand() *cobra.Command {
	list := a.quarantineListCommand()
	c := &cobra.Command{
		Use:   "quarantine",
		Short: "See which rows could not be used, and why",
		Example: `  uoma quarantine
  uoma quarantine list --run nightly-2026-11-22 --feed peppi/alumnit --rows
  uoma quarantine show nightly-2026-11-22 peppi/alumnit 17`,
		Args: exactly(0),
		RunE: list.RunE,
	}
	c.Flags().AddFlagSet(list.Flags())
	c.AddCommand(list, a.quarantineShowCommand())
	return c
}

func (a *app) quarantineListCommand() *cobra.Command {
	var run, feed string
	var rows bool
	c := &cobra.Command{
		Use:   "list",
		Short: "Count the quarantined rows by run, feed and code, or list their places",
		Example: `  uoma quarantine list --run nightly-2026-11-22
  uoma quarantine list --run nightly-2026-11-22 --feed peppi/alumnit --rows`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				all, err := quarantined(c.Context(), ws, run, feed)
				if err != nil {
					return err
				}
				if rows {
					return a.printPlaces(all)
				}
				return a.printCounts(all)
			})
		},
	}
	c.Flags().StringVar(&run, "run", "", "only this run")
	c.Flags().StringVar(&feed, "feed", "", "only this feed, such as peppi/alumnit")
	c.Flags().BoolVar(&rows, "rows", false, "list every row's place and reason")
	_ = c.RegisterFlagCompletionFunc("run", a.completeRuns) // fails only for a flag that is not there
	return c
}

// quarantined gives what a run, or each of the latest runs, quarantined.
func quarantined(ctx context.Context, ws *workspace.Workspace, run, feed string) ([]ledger.Quarantined, error) {
	if run != "" {
		if _, err := findRun(ctx, ws, run); err != nil {
			return nil, err
		}
		return ledger.QuarantineOf(ctx, ws.RegisterDB, run, feed, quarantineRows)
	}
	runs, err := ledger.Runs(ctx, ws.RegisterDB, "", quarantineRuns)
	if err != nil {
		return nil, err
	}
	var out []ledger.Quarantined
	for _, r := range runs {
		rows, err := ledger.QuarantineOf(ctx, ws.RegisterDB, r.ID, feed, quarantineRows)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func (a *app) printCounts(all []ledger.Quarantined) error {
	counts := make([]quarantineCount, 0)
	at := map[quarantineCount]int{}
	for _, q := range all {
		k := quarantineCount{Run: q.Run, Feed: q.Feed, Code: q.Code}
		i, known := at[k]
		if !known {
			i, at[k] = len(counts), len(counts)
			counts = append(counts, k)
		}
		counts[i].Rows++
	}
	slices.SortStableFunc(counts, func(x, y quarantineCount) int {
		if x.Run != y.Run {
			return 0 // newest first, as they came
		}
		return cmp.Or(strings.Compare(x.Feed, y.Feed), cmp.Compare(y.Rows, x.Rows), strings.Compare(x.Code, y.Code))
	})
	if a.json {
		return a.printJSON("quarantine list", true, counts)
	}
	var rows [][]string
	for _, k := range counts {
		rows = append(rows, []string{k.Run, k.Feed, k.Code, thousands(k.Rows)})
	}
	return a.table([]string{"RUN", "FEED", "CODE", "ROWS"}, rows)
}

func (a *app) printPlaces(all []ledger.Quarantined) error {
	places := make([]quarantinePlace, 0, len(all))
	var rows [][]string
	for _, q := range all {
		places = append(places, place(q))
		rows = append(rows, []string{q.Run, q.Feed, fmt.Sprint(q.Line), cmp.Or(q.Field, "-"), q.Code, q.Reason})
	}
	if a.json {
		return a.printJSON("quarantine list", true, places)
	}
	return a.table([]string{"RUN", "FEED", "LINE", "FIELD", "CODE", "REASON"}, rows)
}

var errNoRow = fault.New("UOMA-CLI-ROW", "nothing was quarantined at this place", "uoma quarantine list --run RUN --rows shows every place")

func (a *app) quarantineShowCommand() *cobra.Command {
	var values bool
	c := &cobra.Command{
		Use:   "show RUN FEED LINE",
		Short: "Show why a row was quarantined, and with --show-values the row itself",
		Example: `  uoma quarantine show nightly-2026-11-22 peppi/alumnit 17
  uoma quarantine show nightly-2026-11-22 peppi/alumnit 17 --show-values   # personal data on the screen; the look is noted`,
		Args:              exactly(3),
		ValidArgsFunction: a.completeRuns,
		RunE: func(c *cobra.Command, args []string) error {
			line, err := strconv.ParseInt(args[2], 10, 64)
			if err != nil {
				return usageError{fmt.Errorf("the line is a number, as uoma quarantine list --rows shows it")}
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				all, err := quarantined(c.Context(), ws, args[0], args[1])
				if err != nil {
					return err
				}
				all = slices.DeleteFunc(all, func(q ledger.Quarantined) bool { return q.Line != line })
				if len(all) == 0 {
					return usageError{errNoRow}
				}
				return a.showRows(c.Context(), ws, all, values)
			})
		},
	}
	c.Flags().BoolVar(&values, "show-values", false, "print the row as it was: personal data")
	return c
}

func (a *app) showRows(ctx context.Context, ws *workspace.Workspace, all []ledger.Quarantined, values bool) error {
	if values {
		look := ledger.Entry{At: a.now().UnixMicro(), Actor: a.actor(""), Verb: ledger.QuarantineValue,
			Reason: fmt.Sprintf("%s:%d", all[0].Feed, all[0].Line), Run: all[0].Run}
		if err := ws.Note(ctx, look); err != nil {
			return err
		}
		fmt.Fprintln(a.err, "warning: what follows is personal data; do not keep, send or paste it")
	}
	places := make([]quarantinePlace, 0, len(all))
	for _, q := range all {
		p := place(q)
		if values {
			row, err := originalRow(ws, q)
			if err != nil {
				return err
			}
			p.Row = row
		}
		places = append(places, p)
	}
	if a.json {
		return a.printJSON("quarantine show", true, places)
	}
	for _, p := range places {
		fmt.Fprintf(a.out, "%s %s line %d", p.Run, p.Feed, p.Line)
		if p.Field != "" {
			fmt.Fprintf(a.out, " field %s", p.Field)
		}
		fmt.Fprintf(a.out, "\n  %s: %s (stage %s)\n", p.Code, p.Reason, p.Stage)
		if p.Row != "" {
			fmt.Fprintf(a.out, "  %s\n", printable(p.Row))
		}
	}
	return nil
}

// originalRow reads the row itself from the encrypted quarantine.
func originalRow(ws *workspace.Workspace, q ledger.Quarantined) (string, error) {
	rows, err := nightly.ReadRejections(ws.Quarantine, q.Ref)
	if err != nil {
		return "", err
	}
	for _, x := range rows {
		if x.Line == q.Line && x.Field == q.Field && x.Code == q.Code {
			return string(x.Raw), nil
		}
	}
	return "", nil
}

// printable escapes what could steer a terminal: the row came from outside.
func printable(s string) string {
	var b strings.Builder
	for _, r := range strings.TrimRight(s, "\r\n") {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
