package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"uoma/connectors/ledger"
	"uoma/connectors/snapshot"
	"uoma/fixtures/truth"
	"uoma/internal/canon"
	"uoma/internal/fault"
	"uoma/pipelines/workspace"
	"uoma/transforms/resolve"
)

// score is how well a kind of pairs was resolved.
type score struct {
	A         string  `json:"a,omitempty"`
	B         string  `json:"b,omitempty"`
	Pairs     int64   `json:"pairs"`
	TP        int64   `json:"tp"`
	FP        int64   `json:"fp"`
	FN        int64   `json:"fn"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

func scoreOf(a, b string, c truth.Counts) score {
	return score{a, b, c.Pairs(), c.TP, c.FP, c.FN, c.Precision(), c.Recall(), c.F1()}
}

// evaluation holds counts alone.
type evaluation struct {
	Run     string  `json:"run"`
	Records int     `json:"records"`
	Missing int     `json:"missing"`
	Unknown int     `json:"unknown"`
	Overall score   `json:"overall"`
	Systems []score `json:"systems"`
}

var (
	errTruth    = fault.New("UOMA-CLI-TRUTH", "the truth cannot be read", "name a file that uoma generate wrote: DIR/truth/DATE.csv")
	errNoNights = fault.New("UOMA-CLI-NO-NIGHT", "no night has been loaded yet", "uoma run nightly --date DATE")
)

func (a *app) evaluateCommand() *cobra.Command {
	var file, clusters string
	c := &cobra.Command{
		Use:   "evaluate --truth FILE [--clusters FILE]",
		Short: "Tell how well people were recognised, given the truth about a synthetic campus",
		Long: `Compare who is who after the last night with the truth that uoma generate wrote beside the exports, pair by pair of
records: precision is the share of right pairs among those found, recall the share of pairs found among the right ones.
Only counts are printed.

With --clusters, compare two CSV files instead, of any tool: the columns record_id and cluster (or cluster_id, person), or
else the first two. B-cubed scores weigh every record the same; an exactly right person has all of their records in one
cluster, and no other. No workspace is needed.`,
		Example: `  uoma generate --people 10000 --seed 7 --out campus
  uoma evaluate --truth campus/truth/2026-11-22.csv

  uoma generate --people 10000 --seed 7 --records people.csv
  uoma evaluate --truth people.truth.csv --clusters clusters.csv`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if clusters != "" {
				return a.evaluateClusters(file, clusters)
			}
			src, err := os.Open(file)
			if err != nil {
				return usageError{errTruth.At(fault.Place{File: file}).Wrap(err)}
			}
			defer src.Close()
			want, err := truth.Load(src)
			if err != nil {
				return errTruth.At(fault.Place{File: file}).Wrap(err)
			}
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				run, got, err := resolution(c.Context(), ws)
				if err != nil {
					return err
				}
				return a.printEvaluation(run, truth.Score(want, got))
			})
		},
	}
	c.Flags().StringVar(&file, "truth", "", "truth file of the generator")
	c.Flags().StringVar(&clusters, "clusters", "", "clusters of records that some tool found")
	_ = c.MarkFlagRequired("truth") // fails only for a flag that is not there
	return c
}

// resolution reads who is who from the resolver's state after the last night.
func resolution(ctx context.Context, ws *workspace.Workspace) (run string, who map[truth.Record]string, err error) {
	state, found, err := ledger.FindState(ctx, ws.RegisterDB, "nightly", workspace.StateMembers)
	if err != nil {
		return "", nil, err
	}
	if !found {
		return "", nil, errNoNights
	}
	members, err := snapshot.ReadRows[resolve.Member](ws.State, state.Digest)
	if err != nil {
		return "", nil, err
	}
	who = make(map[truth.Record]string, len(members))
	for i := range members {
		m := &members[i]
		who[truth.Record{System: canon.SystemOf(m.Feed), Key: truth.Key(m.PersonKey)}] = m.Subject
	}
	return state.Run, who, nil
}

func (a *app) printEvaluation(run string, c truth.Comparison) error {
	e := evaluation{Run: run, Records: c.Records, Missing: c.Missing, Unknown: c.Unknown, Overall: scoreOf("", "", c.Counts), Systems: []score{}}
	for _, p := range c.Parts {
		e.Systems = append(e.Systems, scoreOf(p.A, p.B, p.Counts))
	}
	if a.json {
		return a.printJSON("evaluate", true, e)
	}
	row := func(name string, s score) []string {
		return []string{name, thousands(s.Pairs), thousands(s.TP), thousands(s.FP), thousands(s.FN),
			fmt.Sprintf("%.4f", s.Precision), fmt.Sprintf("%.4f", s.Recall), fmt.Sprintf("%.4f", s.F1)}
	}
	rows := [][]string{row("all", e.Overall)}
	for _, s := range e.Systems {
		rows = append(rows, row(s.A+" × "+s.B, s))
	}
	fmt.Fprintf(a.out, "%s: %s records, %s not in the result, %s not in the truth\n\n",
		e.Run, thousands(int64(e.Records)), thousands(int64(e.Missing)), thousands(int64(e.Unknown)))
	return a.table([]string{"SYSTEMS", "PAIRS", "RIGHT", "WRONG", "MISSED", "PRECISION", "RECALL", "F1"}, rows)
}
