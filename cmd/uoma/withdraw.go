package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"uoma/pipelines"
	"uoma/pipelines/outgoing"
	"uoma/pipelines/survey"
	"uoma/pipelines/workspace"
)

// withdrawing is the pipeline that withdraws, and whose lease the command takes.
const withdrawing = "withdrawals"

func (a *app) deliveryWithdrawCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "withdraw",
		Short: "Tell every recipient whom it may not use any more",
		Long: `Withdraw looks at everybody who was ever sent: who objected, withdrew a consent, was restricted, left or died since, and who
was erased. Each recipient gets a signed delivery of kind withdrawal that names the rows of its earlier deliveries, and
confirms it by a receipt. What was told once is not told again. The pipeline withdrawals does the same on a schedule.`,
		Example: `  uoma delivery withdraw --dry-run     # how many rows, for which reasons
  uoma delivery withdraw`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.inWorkspace(c.Context(), func(ws *workspace.Workspace) error {
				r := a.manual(withdrawing, a.today(ws))
				r.Dry, r.Actor = dry, a.actor("")
				var facts []survey.WithdrawFacts
				err := held(c.Context(), ws, ws, r, func(ctx context.Context, h holding) error {
					all, err := withdrawersOf(ws, r, h)
					if err != nil {
						return err
					}
					out, err := survey.WithdrawStage(ws, all).Run(ctx, r)
					facts, _ = out.([]survey.WithdrawFacts)
					return err
				})
				switch {
				case err != nil:
					return err
				case a.json:
					return a.printJSON("delivery withdraw", true, facts)
				}
				a.printWithdrawn(facts)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "say how many rows there are to withdraw, and send nothing")
	return c
}

// withdrawersOf gives everything that delivers: the surveys, and the targets of the pack in force.
func withdrawersOf(ws *workspace.Workspace, r *pipelines.Run, h holding) (out []survey.Withdrawer, err error) {
	all, err := ws.Pipelines()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var x survey.Withdrawer
		switch def := all[name]; {
		case def.Survey != nil:
			x, err = surveyOf(ws, def, r, h)
		case def.Target != "":
			x, err = targetOf(ws, def.Target, r, h)
		default:
			continue
		}
		switch {
		case errors.Is(err, outgoing.ErrPack): // another notice's
			continue
		case err != nil:
			x = survey.Untold(err)
		}
		out = append(out, x)
	}
	return out, nil
}

func (a *app) printWithdrawn(facts []survey.WithdrawFacts) {
	for _, f := range facts {
		var why []string
		for _, reason := range slices.Sorted(maps.Keys(f.Reasons)) {
			why = append(why, fmt.Sprintf("%d %s", f.Reasons[reason], reason))
		}
		fmt.Fprintf(a.out, "%s %s: %s rows to withdraw", f.Recipient, f.Dataset, thousands(int64(f.Rows)))
		if len(why) > 0 {
			fmt.Fprintf(a.out, " (%s)", strings.Join(why, ", "))
		}
		if f.Delivery != "" {
			fmt.Fprintf(a.out, "; delivery %s, number %d: %s, %s", f.Delivery, f.Sequence, f.State, f.Level)
		}
		fmt.Fprintln(a.out)
	}
}
